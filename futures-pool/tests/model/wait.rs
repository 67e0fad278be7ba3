//! Several futures at once: nobody who waits is forgotten, and no future is lost, whenever the results and
//! the time-out come.

use std::sync::Arc;
use std::task::{Wake, Waker};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::future::{Failure, FutureError, FutureId, Promise, promise};
use crate::several::{Future, Several};
use crate::wait::ReturnWhen::{AllCompleted, FirstCompleted, FirstException};
use crate::{SOON, Watched, kernel};

/// Ends a future.
type End = fn(Promise<Watched>);

fn set(promise: Promise<Watched>) {
    promise.set_result(Watched::new());
}

fn fail(promise: Promise<Watched>) {
    promise.set_exception(FutureError::Failed(Failure::new(&"failed")));
}

/// Futures, each of which a thread of its own ends.
fn ended(by: &[End]) -> (Vec<Future>, Ids, Vec<JoinHandle<()>>) {
    let (promises, futures): (Vec<_>, Vec<_>) = by.iter().map(|_| promise()).unzip();
    let workers = promises.into_iter().zip(by);
    let workers = workers.map(|(promise, &end)| thread::spawn(move || end(promise)));
    let ids = Ids(futures.iter().map(Future::id).collect());
    (futures, ids, workers.collect())
}

fn join(workers: Vec<JoinHandle<()>>) {
    for worker in workers {
        worker.join().unwrap();
    }
}

/// Knows futures by their numbers.
struct Ids(Vec<FutureId>);

impl Ids {
    /// The numbers of `futures`, in order.
    fn of(&self, futures: &[Future]) -> String {
        futures.iter().map(|future| self.number(future)).collect()
    }

    fn number(&self, future: &Future) -> char {
        let place = self.0.iter().position(|id| *id == future.id());
        char::from(b'0' + place.expect("one of them") as u8)
    }
}

/// Takes the results out of futures that are done.
fn use_up(futures: impl IntoIterator<Item = Future>) {
    for future in futures {
        assert!(future.done());
        if let Ok(result) = future.into_result() {
            result.write();
        }
    }
}

// ---- wait

/// All of two.
pub fn all<S: Several>() {
    let (futures, ids, workers) = ended(&[set, fail]);
    let (done, not_done) = S::wait(futures, None, AllCompleted);
    assert_eq!(ids.of(&done), "01");
    assert!(not_done.is_empty());
    use_up(done);
    join(workers);
}

/// The first of two, and then the other: it is not forgotten though it was watched before. The outcome is
/// which were done first.
pub fn one_by_one<S: Several>() -> String {
    let (futures, ids, workers) = ended(&[set, Promise::cancel]);
    let (done, rest) = S::wait(futures, None, FirstCompleted);
    assert_eq!(done.len() + rest.len(), 2, "one is lost");
    let first = ids.of(&done);
    assert!(!first.is_empty());
    use_up(done);
    let (done, not_done) = S::wait(rest, None, FirstCompleted);
    assert_eq!(done.len() + first.len(), 2);
    assert!(not_done.is_empty());
    use_up(done);
    join(workers);
    first
}

/// A result is waited through to the failure. The outcome is which were done then.
pub fn first_failure<S: Several>() -> String {
    let (futures, ids, workers) = ended(&[set, fail]);
    let (done, rest) = S::wait(futures, None, FirstException);
    let first = ids.of(&done);
    assert!(done.iter().any(Future::has_failed));
    let (last, _) = S::wait(rest, None, AllCompleted);
    assert_eq!(last.len() + done.len(), 2, "one is lost");
    use_up(done.into_iter().chain(last));
    join(workers);
    first
}

/// Without a failure, to the end: a cancelled one is none.
pub fn no_failure<S: Several>() {
    let (futures, ids, workers) = ended(&[Promise::cancel, set]);
    let (done, _) = S::wait(futures, None, FirstException);
    assert_eq!(ids.of(&done), "01", "returned early");
    use_up(done);
    join(workers);
}

/// One may be in time; it is in the one list or in the other, and then can be waited for again. The outcome
/// is whether it was in time.
pub fn wait_against_the_clock<S: Several>() -> bool {
    let (futures, _, workers) = ended(&[set]);
    let clock = thread::spawn(kernel::expire);
    let (done, rest) = S::wait(futures, SOON, AllCompleted);
    assert_eq!(done.len() + rest.len(), 1, "one is lost");
    assert!(rest.is_empty() || kernel::expired(), "gave up too early");
    let in_time = !done.is_empty();
    let (late, _) = S::wait(rest, None, AllCompleted);
    use_up(done.into_iter().chain(late));
    join(workers);
    clock.join().unwrap();
    in_time
}

/// The clock stands still, so only the result can wake the waiter.
pub fn wait_in_time<S: Several>() {
    let (futures, _, workers) = ended(&[set]);
    let (done, _) = S::wait(futures, SOON, FirstCompleted);
    assert_eq!(done.len(), 1);
    use_up(done);
    join(workers);
}

/// The time is up before the sleeper runs, but not before the result.
pub fn wait_at_the_last_moment<S: Several>() {
    let (promise, future) = promise();
    let waiter = thread::spawn(|| S::wait(vec![future], SOON, FirstCompleted).0.len());
    kernel::until_asleep(1);
    set(promise);
    kernel::expire();
    assert_eq!(waiter.join().unwrap(), 1);
}

/// Woken for no reason, a waiter waits on.
pub fn wait_disturbed<S: Several>() {
    let (futures, ids, workers) = ended(&[set]);
    let disturber = thread::spawn(kernel::disturb);
    let (done, _) = S::wait(futures, None, AllCompleted);
    assert_eq!(ids.of(&done), "0");
    use_up(done);
    join(workers);
    disturber.join().unwrap();
}

/// There is no result in time. Afterwards nobody is left to be woken.
pub fn wait_only_the_clock<S: Several>() {
    let (promise, future) = promise();
    let clock = thread::spawn(kernel::expire);
    let (done, rest) = S::wait(vec![future], SOON, AllCompleted);
    assert!(done.is_empty() && kernel::expired());
    let before = kernel::notifications();
    set(promise);
    assert_eq!(kernel::notifications(), before, "somebody is still told");
    use_up(rest);
    clock.join().unwrap();
}

// ---- as_completed

/// Each of two once. The outcome is the order.
pub fn completed<S: Several>() -> String {
    let (futures, ids, workers) = ended(&[set, set]);
    let mut order = String::new();
    for future in S::as_completed(futures, None) {
        let future = future.expect("there is no time-out");
        order.push(ids.number(&future));
        use_up([future]);
    }
    join(workers);
    order
}

/// 1 is done before 0, and so comes first, unless both were done when the call looked. The outcome is the order.
pub fn completed_in_order<S: Several>() -> String {
    let (first, zero) = promise();
    let (second, one) = promise();
    let futures = vec![zero, one];
    let ids = Ids(futures.iter().map(Future::id).collect());
    let ends = Arc::new(real_std::sync::Mutex::new(0)); // outside of the model, orders nothing
    let ending = ends.clone();
    let worker = thread::spawn(move || {
        for promise in [second, first] {
            *ending.lock().unwrap() += 1;
            set(promise);
        }
    });
    let completed = S::as_completed(futures, None);
    let ends = *ends.lock().unwrap();
    let done: Vec<_> = completed.map(Result::unwrap).collect();
    let order = ids.of(&done);
    assert!(order == "10" || ends == 2, "0 has overtaken 1");
    use_up(done);
    worker.join().unwrap();
    order
}

/// Ends a future when it is dropped, unused.
struct Ends(real_std::sync::Mutex<Option<Promise<Watched>>>);

impl Wake for Ends {
    fn wake(self: Arc<Self>) {}
}

impl Drop for Ends {
    fn drop(&mut self) {
        self.0.lock().unwrap().take().map(set).unwrap();
    }
}

/// 2 is done before the call, 0 is done while the call is about to look at 1, and 1 at last.
pub fn completed_meanwhile<S: Several>() -> String {
    let (promises, mut futures): (Vec<_>, Vec<_>) = (0..3).map(|_| promise()).unzip();
    let ids = Ids(futures.iter().map(Future::id).collect());
    let [zero, one, two] = <[_; 3]>::try_from(promises).unwrap();
    set(two);
    // To watch 1 is to drop this waker, the only place where the call can be held up.
    let ends = Ends(real_std::sync::Mutex::new(Some(zero)));
    futures[1].watch(Waker::from(Arc::new(ends)));
    let completed = S::as_completed(futures, None);
    let worker = thread::spawn(move || set(one));
    let done: Vec<_> = completed.map(Result::unwrap).collect();
    let order = ids.of(&done);
    use_up(done);
    worker.join().unwrap();
    order
}

/// One may be in time; if not, it can be had back, and waited for again. The outcome is whether it was.
pub fn completed_against_the_clock<S: Several>() -> bool {
    let (futures, _, workers) = ended(&[set]);
    let clock = thread::spawn(kernel::expire);
    let mut completed = S::as_completed(futures, SOON);
    let in_time = match completed.next().unwrap() {
        Ok(future) => {
            use_up([future]);
            true
        }
        Err(unfinished) => {
            assert!(kernel::expired(), "gave up too early");
            assert_eq!(unfinished.to_string(), "1 (of 1) futures unfinished");
            false
        }
    };
    assert!(completed.next().is_none());
    let rest = S::into_rest(completed);
    assert_eq!(rest.len(), usize::from(!in_time));
    use_up(S::as_completed(rest, None).map(Result::unwrap));
    join(workers);
    clock.join().unwrap();
    in_time
}

/// The time is up before the sleeper runs, but not before the result.
pub fn completed_at_the_last_moment<S: Several>() {
    let (promise, future) = promise();
    let waiter = thread::spawn(|| S::as_completed(vec![future], SOON).next().unwrap().is_ok());
    kernel::until_asleep(1);
    set(promise);
    kernel::expire();
    assert!(waiter.join().unwrap(), "it was in time");
}

/// Who stops after the first of two has the other, and its result in any other way.
pub fn stopped_early<S: Several>() -> String {
    let (futures, ids, workers) = ended(&[set, set]);
    let mut completed = S::as_completed(futures, None);
    let first = completed.next().unwrap().unwrap();
    let number = ids.number(&first);
    use_up([first]);
    for future in S::into_rest(completed) {
        future.into_result().unwrap().write();
    }
    join(workers);
    number.into()
}

/// Woken for no reason, the iterator waits on; no time at all is over at once, done or not.
pub fn completed_disturbed<S: Several>() {
    let (futures, _, workers) = ended(&[set]);
    let disturber = thread::spawn(kernel::disturb);
    let mut late = S::as_completed(futures, Some(Duration::ZERO));
    let future = match late.next().unwrap() {
        Ok(future) => future,
        Err(_) => S::into_rest(late).remove(0),
    };
    use_up(S::as_completed(vec![future], Some(Duration::MAX)).map(Result::unwrap));
    join(workers);
    disturber.join().unwrap();
}
