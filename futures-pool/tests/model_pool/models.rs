//! Models of `thread_pool/queue.rs`: no job is lost, forgotten or taken twice, whoever falls asleep while it
//! comes; nobody is woken without need; everybody ends when the queue is closed; for each job there is a
//! worker, however many threads submit.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};

use crate::faulty::{
    ANY_WAKE_IS_A_CALL, CALLS_EACH_TIME, CALLS_NOBODY, CLOSES_FOR_ONE, CountsSeparately, Faulty,
    GIVES_UP_UNSEEN, KEEPS_THE_SEARCH,
};
use crate::queue::{Busy, Queue};
use crate::{check, kernel};

/// Of two workers at most.
pub trait Jobs: Send + Sync + 'static {
    type Busy<'q>;

    fn with(workers: usize) -> Self;
    /// Whether it was added, and no further worker was asked for.
    fn push(&self, job: usize) -> bool;
    fn next(&self) -> Option<(usize, Self::Busy<'_>)>;
    fn close(&self);
    /// How many were taken out.
    fn clear(&self) -> usize;
}

/// How often the searcher looks. Loom takes a yield for a wait until another thread has done something:
/// who yields is never asleep before that.
const LOOKS: usize = 0;

impl Jobs for Queue<usize> {
    type Busy<'q> = Busy<'q>;

    fn with(workers: usize) -> Self {
        Self::new(workers, 2, LOOKS)
    }

    fn push(&self, job: usize) -> bool {
        let mut asked = false;
        let added = self.push(job, || {
            asked = true;
            Err(())
        });
        added.is_ok() && !asked
    }

    fn next(&self) -> Option<(usize, Busy<'_>)> {
        self.next()
    }

    fn close(&self) {
        self.close();
    }

    fn clear(&self) -> usize {
        self.clear().len()
    }
}

/// Lets nobody through before so many are there.
struct Meeting {
    missing: Mutex<usize>,
    complete: Condvar,
}

impl Meeting {
    fn of(threads: usize) -> Arc<Self> {
        let (missing, complete) = (Mutex::new(threads), Condvar::new());
        Arc::new(Self { missing, complete })
    }

    fn attend(&self) {
        let mut missing = self.missing.lock().unwrap();
        *missing -= 1;
        if *missing == 0 {
            self.complete.notify_all();
        }
        drop(self.complete.wait_while(missing, |missing| *missing > 0));
    }
}

/// A worker that calls `act` with each job. It gives the sum of the jobs, each of which is a bit.
fn worker<Q: Jobs>(queue: &Arc<Q>, act: impl Fn(usize) + Send + 'static) -> JoinHandle<usize> {
    let queue = Arc::clone(queue);
    thread::spawn(move || {
        let mut sum = 0;
        while let Some((job, busy)) = queue.next() {
            act(job);
            drop(busy);
            sum += job;
        }
        sum
    })
}

/// One job for two workers, with a searcher that looks. The outcome is what the first one did.
fn a_searcher_looks() -> usize {
    let queue = Arc::new(Queue::<usize>::new(2, 2, 1));
    let workers = [(); 2].map(|()| worker(&queue, |_| ()));
    assert!(Jobs::push(&*queue, 1));
    queue.close();
    let [first, second] = workers.map(|worker| worker.join().unwrap());
    assert_eq!(first + second, 1);
    first
}

/// Two jobs for two workers. The outcome is what the first one did; the other did the rest.
fn each_once<Q: Jobs>() -> usize {
    let queue = Arc::new(Q::with(2));
    let workers = [(); 2].map(|()| worker(&queue, |_| ()));
    assert!(queue.push(1) && queue.push(2));
    queue.close();
    let [first, second] = workers.map(|worker| worker.join().unwrap());
    assert_eq!(first + second, 3);
    first
}

/// A job comes while the only worker may be falling asleep. The outcome is how often it was woken.
fn push_against_sleep<Q: Jobs>() -> usize {
    let queue = Arc::new(Q::with(1));
    let worker = thread::spawn({
        let queue = Arc::clone(&queue);
        move || queue.next().map(|(job, _)| job)
    });
    assert!(queue.push(7));
    assert_eq!(worker.join().unwrap(), Some(7));
    kernel::notifications()
}

/// Two jobs that wait for each other, for two who sleep: both must be woken.
fn both_at_work<Q: Jobs>() {
    let (queue, meeting) = (Arc::new(Q::with(2)), Meeting::of(3));
    let workers = [(); 2].map(|()| {
        let meeting = Arc::clone(&meeting);
        worker(&queue, move |_| meeting.attend())
    });
    kernel::until_asleep(2);
    assert!(queue.push(1) && queue.push(2));
    meeting.attend();
    queue.close();
    assert_eq!(
        workers
            .map(|worker| worker.join().unwrap())
            .iter()
            .sum::<usize>(),
        3
    );
}

/// A job that adds a job and waits until the other worker, who may be falling asleep, has begun it.
fn a_job_adds_a_job<Q: Jobs>() {
    let (queue, meeting) = (Arc::new(Q::with(2)), Meeting::of(3));
    let workers = [(); 2].map(|()| {
        let (again, meeting) = (Arc::clone(&queue), Arc::clone(&meeting));
        worker(&queue, move |job| {
            assert!(job == 2 || again.push(2));
            meeting.attend();
        })
    });
    assert!(queue.push(1));
    meeting.attend();
    queue.close();
    assert_eq!(
        workers
            .map(|worker| worker.join().unwrap())
            .iter()
            .sum::<usize>(),
        3
    );
}

/// A second job comes while the only worker is on its way to the first one: it is not called again.
fn called_once<Q: Jobs>() {
    let (queue, meeting) = (Arc::new(Q::with(2)), Meeting::of(2));
    let worker = worker(&queue, {
        let meeting = Arc::clone(&meeting);
        move |job| {
            if job == 1 {
                meeting.attend();
            }
        }
    });
    kernel::until_asleep(1);
    assert!(queue.push(1) && queue.push(2));
    assert_eq!(kernel::notifications(), 1);
    meeting.attend();
    queue.close();
    assert_eq!(worker.join().unwrap(), 3);
}

/// Who sleeps is woken for no reason, sleeps on, and is still there for three jobs: one that finds it
/// asleep, one that comes meanwhile, one that finds it asleep again.
fn disturbed<Q: Jobs>() {
    let meetings = [(); 2].map(|()| Meeting::of(2));
    let queue = Arc::new(Q::with(2));
    let worker = worker(&queue, {
        let [second, third] = meetings.clone();
        move |job| match job {
            1 => (),
            2 => second.attend(),
            _ => third.attend(),
        }
    });
    kernel::until_asleep(1);
    kernel::disturb();
    kernel::until_asleep(1);
    assert!(queue.push(1) && queue.push(2));
    meetings[0].attend();
    kernel::until_asleep(1);
    assert!(queue.push(4));
    meetings[1].attend();
    queue.close();
    assert_eq!(worker.join().unwrap(), 7);
}

/// Two who sleep are woken for no reason while jobs come that wait for each other.
fn both_disturbed<Q: Jobs>() {
    let (queue, meeting) = (Arc::new(Q::with(2)), Meeting::of(3));
    let workers = [(); 2].map(|()| {
        let meeting = Arc::clone(&meeting);
        worker(&queue, move |_| meeting.attend())
    });
    kernel::until_asleep(2);
    assert!(queue.push(1));
    kernel::disturb();
    assert!(queue.push(2));
    meeting.attend();
    queue.close();
    assert_eq!(
        workers
            .map(|worker| worker.join().unwrap())
            .iter()
            .sum::<usize>(),
        3
    );
}

/// Two workers, asleep or about to be, and no job.
fn close_ends_all<Q: Jobs>() {
    let queue = Arc::new(Q::with(2));
    let workers = [(); 2].map(|()| worker(&queue, |_| unreachable!("there is none")));
    queue.close();
    assert_eq!(workers.map(|worker| worker.join().unwrap()), [0, 0]);
}

/// The outcome is how many jobs were taken out, and which were done.
fn clear_against_next<Q: Jobs>() -> (usize, usize) {
    let queue = Arc::new(Q::with(2));
    let worker = worker(&queue, |_| ());
    assert!(queue.push(1) && queue.push(2));
    queue.close();
    let cleared = queue.clear();
    (cleared, worker.join().unwrap())
}

/// Whether the only worker counts as free for who knows of its job's result. It is free before it says
/// so, as it should be, or `LATE`.
fn free_when_done<Q: Jobs, const LATE: bool>() -> bool {
    let (queue, result) = (Arc::new(Q::with(1)), Meeting::of(2));
    let worker = thread::spawn({
        let (queue, result) = (Arc::clone(&queue), Arc::clone(&result));
        move || {
            let mut taken = queue.next();
            if !LATE {
                taken = None;
            }
            result.attend();
            drop(taken);
        }
    });
    assert!(queue.push(1));
    result.attend();
    let free = queue.push(2);
    worker.join().unwrap();
    free
}

/// How it is decided to start a worker.
pub trait Staff: Send + Sync + 'static {
    /// With so many workers, and at most so many.
    fn with(workers: usize, max_workers: usize) -> Self;
    /// Whether it was added; `start` says whether it could start a worker.
    fn push(&self, job: usize, start: impl FnMut() -> bool) -> bool;
    /// The worker has finished its job.
    fn finish(&self);
}

impl Staff for Queue<usize> {
    fn with(workers: usize, max_workers: usize) -> Self {
        Self::new(workers, max_workers, LOOKS)
    }

    fn push(&self, job: usize, mut start: impl FnMut() -> bool) -> bool {
        self.push(job, || if start() { Ok(()) } else { Err(()) })
            .is_ok()
    }

    fn finish(&self) {
        drop(self.next());
    }
}

/// Two threads submit a job each. How many were accepted, and how many workers were started; the first
/// `failures` starts fail.
fn two_submit<S: Staff>(staff: &Arc<S>, failures: usize) -> (usize, usize) {
    let tried = Arc::new(AtomicUsize::new(0));
    let submit = |job| {
        let (staff, tried) = (Arc::clone(staff), Arc::clone(&tried));
        move || usize::from(staff.push(job, || tried.fetch_add(1, Ordering::Relaxed) >= failures))
    };
    let other = thread::spawn(submit(1));
    let accepted = submit(2)() + other.join().unwrap();
    let tried = tried.load(Ordering::Relaxed);
    (accepted, tried.saturating_sub(failures))
}

/// F02: with no worker yet, two are started for two jobs.
fn a_worker_for_each_job<S: Staff>() -> (usize, usize) {
    two_submit(&Arc::new(S::with(0, 2)), 0)
}

/// F02: the same while the one worker there is may finish its job. The outcome is how many were started, and
/// whether it can have finished before: if not, there must be one for each of the other jobs.
fn a_worker_ends_meanwhile<S: Staff>() -> (usize, bool) {
    let staff = Arc::new(S::with(1, 3));
    assert!(staff.push(4, || unreachable!("it has one")));
    let finishes = Arc::new(AtomicUsize::new(0));
    let worker = thread::spawn({
        let (staff, finishes) = (Arc::clone(&staff), Arc::clone(&finishes));
        move || {
            finishes.store(1, Ordering::Relaxed);
            staff.finish();
        }
    });
    let (accepted, started) = two_submit(&staff, 0);
    assert_eq!(accepted, 2);
    let finishes = finishes.load(Ordering::Relaxed) == 1;
    worker.join().unwrap();
    (started, finishes)
}

/// F04: no worker can be started, and there is none: nothing is accepted.
fn no_worker_can_be_started<S: Staff>() -> (usize, usize) {
    two_submit(&Arc::new(S::with(0, 1)), usize::MAX)
}

/// F04: the only worker there may be cannot be started at first. One submitter is refused; the other one is
/// accepted, and has a worker.
fn the_first_start_fails<S: Staff>() -> (usize, usize) {
    two_submit(&Arc::new(S::with(0, 1)), 1)
}

type Real = Queue<usize>;

#[test]
fn queue_each_once() {
    check(Some(3), each_once::<Real>, &[0, 1, 2, 3]);
}

#[test]
fn queue_a_searcher_looks() {
    check(Some(3), a_searcher_looks, &[0, 1]);
}

#[test]
fn queue_push_against_sleep() {
    check(None, push_against_sleep::<Real>, &[0, 1]);
}

#[test]
fn queue_both_at_work() {
    check(Some(2), both_at_work::<Real>, &[()]);
}

#[test]
fn queue_a_job_adds_a_job() {
    check(Some(2), a_job_adds_a_job::<Real>, &[()]);
}

#[test]
fn queue_called_once() {
    check(None, called_once::<Real>, &[()]);
}

#[test]
fn queue_disturbed() {
    check(Some(2), disturbed::<Real>, &[()]);
}

#[test]
fn queue_both_disturbed() {
    check(Some(2), both_disturbed::<Real>, &[()]);
}

#[test]
fn queue_close_ends_all() {
    check(Some(3), close_ends_all::<Real>, &[()]);
}

#[test]
fn queue_clear_against_next() {
    check(None, clear_against_next::<Real>, &[(0, 3), (1, 1), (2, 0)]);
}

#[test]
fn queue_free_when_done() {
    check(None, free_when_done::<Real, false>, &[true]);
}

/// F02
#[test]
fn queue_a_worker_for_each_job() {
    check(None, a_worker_for_each_job::<Real>, &[(2, 2)]);
}

/// F02
#[test]
fn queue_a_worker_ends_meanwhile() {
    let outcomes = [(1, true), (2, false), (2, true)];
    check(Some(3), a_worker_ends_meanwhile::<Real>, &outcomes);
}

/// F04
#[test]
fn queue_no_worker_can_be_started() {
    check(None, no_worker_can_be_started::<Real>, &[(0, 0)]);
}

/// F04
#[test]
fn queue_the_first_start_fails() {
    check(None, the_first_start_fails::<Real>, &[(1, 1)]);
}

/// F02
#[test]
#[should_panic(expected = "came to {(2, 1), (2, 2)}")]
fn who_counts_worker_and_job_apart_starts_too_few() {
    check(None, a_worker_for_each_job::<CountsSeparately>, &[(2, 2)]);
}

/// F02
#[test]
#[should_panic(expected = "came to {(0, true), (1, false), (1, true), (2, false), (2, true)}")]
fn who_counts_worker_and_job_apart_starts_too_few_beside_a_worker() {
    let outcomes = [(1, true), (2, false), (2, true)];
    check(
        Some(3),
        a_worker_ends_meanwhile::<CountsSeparately>,
        &outcomes,
    );
}

/// F04
#[test]
#[should_panic(expected = "came to {(0, 0), (1, 0)}")]
fn who_counts_worker_and_job_apart_accepts_what_nobody_runs() {
    check(
        None,
        no_worker_can_be_started::<CountsSeparately>,
        &[(0, 0)],
    );
}

#[test]
fn a_worker_that_tells_first_is_not_yet_free() {
    check(None, free_when_done::<Real, true>, &[false, true]);
}

#[test]
fn the_faulty_queue_without_a_fault_passes() {
    check(Some(2), each_once::<Faulty<0>>, &[0, 1, 2, 3]);
    check(Some(2), push_against_sleep::<Faulty<0>>, &[0, 1]);
    check(Some(2), both_at_work::<Faulty<0>>, &[()]);
    check(Some(2), called_once::<Faulty<0>>, &[()]);
    check(Some(2), disturbed::<Faulty<0>>, &[()]);
    check(Some(2), close_ends_all::<Faulty<0>>, &[()]);
}

#[test]
#[should_panic(expected = "deadlock")]
fn a_queue_that_calls_nobody_forgets_the_job() {
    check(None, push_against_sleep::<Faulty<CALLS_NOBODY>>, &[0]);
}

#[test]
#[should_panic(expected = "deadlock")]
fn a_searcher_that_does_not_look_again_forgets_the_job() {
    check(None, push_against_sleep::<Faulty<GIVES_UP_UNSEEN>>, &[0, 1]);
}

#[test]
#[should_panic(expected = "deadlock")]
fn a_searcher_that_hands_nothing_on_leaves_the_other_asleep() {
    check(Some(2), both_at_work::<Faulty<KEEPS_THE_SEARCH>>, &[()]);
}

#[test]
#[should_panic(expected = "left: 2")]
fn a_queue_that_still_counts_the_called_calls_twice() {
    check(None, called_once::<Faulty<CALLS_EACH_TIME>>, &[()]);
}

#[test]
#[should_panic(expected = "deadlock")]
fn a_queue_that_takes_any_wake_for_a_call_forgets_one() {
    check(Some(2), disturbed::<Faulty<ANY_WAKE_IS_A_CALL>>, &[()]);
}

#[test]
#[should_panic(expected = "deadlock")]
fn a_close_for_one_leaves_the_other_asleep() {
    check(Some(2), close_ends_all::<Faulty<CLOSES_FOR_ONE>>, &[()]);
}
