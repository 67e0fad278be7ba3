//! What the lock says of its threads: their times, and who had it when.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Barrier, LazyLock, Mutex};
use std::thread::{self, scope};
use std::time::{Duration, Instant};

use gil_demo::gil::Gil;

use crate::support::{bounded, with_gil};
use crate::{MILLISECOND, account, compute, lock};

/// Hand-overs in which a test has to see something that is not sure to happen in the first.
const SOME: u64 = 10;

/// Nothing is kept before `record`, and a second call keeps what there is.
#[test]
fn recorded_from_then_on() {
    let gil = Gil::new(());
    drop(lock(&gil));
    assert_eq!(gil.timeline(), []);
    gil.record();
    drop(lock(&gil));
    assert_eq!(gil.timeline().len(), 1);
    gil.record();
    assert_eq!(gil.timeline().len(), 1);
}

/// F31: what is recorded does not grow for ever: the first spans are kept, the lock works on.
#[test]
fn recorded_up_to_a_limit() {
    bounded(|| {
        let gil = Gil::new(0_usize);
        gil.record();
        let mut guard = lock(&gil);
        for _ in 0..Gil::<()>::KEPT_SPANS + 10 {
            guard.allow_threads(|| ());
            *guard += 1;
        }
        drop(guard);
        let spans = gil.timeline();
        assert_eq!(spans.len(), Gil::<()>::KEPT_SPANS);
        assert!(spans.is_sorted_by_key(|span| span.from));
        assert_eq!(gil.into_inner(), Gil::<()>::KEPT_SPANS + 10);
    });
}

/// Held, waited and released are the whole of a thread's time, within 2 %.
///
/// That is so on a busy machine too. All three are wall-clock times, as the whole is: a thread that is
/// not given a processor is booked for what it does meanwhile, to hold, to wait or to do without. They
/// cannot overlap either, so their sum never exceeds the whole. What they may miss is between two
/// readings of the clock, the end of one time and the begin of the next: a few instructions, but the
/// system may choose that moment to run somebody else. So an attempt may fail by bad luck, and only
/// the best of several counts. A time that is booked wrongly is missing in every one of them.
#[test]
fn the_times_add_up() {
    const ATTEMPTS: usize = 8;
    with_gil((), |gil| {
        gil.set_switch_interval(5 * MILLISECOND);
        let mut missing = Vec::new();
        for _ in 0..ATTEMPTS {
            missing.push(most_missing(gil));
            if missing.last() < Some(&0.02) {
                return;
            }
        }
        panic!("of the whole were missing at least {missing:?}");
    });
}

/// Three threads compute and block. The part of its time that a thread's account lacks, at most.
fn most_missing(gil: &Gil<()>) -> f64 {
    let start = Barrier::new(3);
    let part = || {
        start.wait();
        let begin = Instant::now();
        let mut guard = lock(gil);
        for _ in 0..3 {
            compute(&mut guard, 70 * MILLISECOND);
            guard.allow_threads(|| {
                // why a sleep: it is what blocks; nothing waits for its end.
                thread::sleep(20 * MILLISECOND);
            });
        }
        drop(guard);
        let whole = begin.elapsed();
        assert!(whole >= Duration::from_millis(200));
        let account = account(gil, thread::current().id());
        assert!(account.held > Duration::ZERO);
        assert!(account.released >= 3 * 20 * MILLISECOND, "{account:?}");
        let booked = account.held + account.waited + account.released;
        assert!(booked <= whole, "{account:?} in {whole:?}");
        (whole - booked).div_duration_f64(whole)
    };
    scope(|scope| {
        let threads = [(); 3].map(|()| scope.spawn(part));
        let missing = threads.map(|thread| thread.join().expect("no panic"));
        missing.into_iter().fold(0.0, f64::max)
    })
}

/// Two that only compute take turns, for as long as both want it: they are asked, since neither lets
/// go of itself. Each goes on until the other has got the lock from it a number of times.
#[test]
fn two_that_compute_take_turns() {
    with_gil([0_u64; 2], |gil| {
        gil.set_switch_interval(MILLISECOND);
        let done = AtomicUsize::new(0);
        scope(|scope| {
            for me in 0..2 {
                let done = &done;
                scope.spawn(move || {
                    let mut progress = lock(gil);
                    let mut counted = false;
                    // Until both have done: or else the other one would have nobody to take turns with.
                    while done.load(Ordering::Relaxed) < 2 {
                        progress[me] += 1;
                        progress.check();
                        if !counted && progress[me] & 0x3ff == 0 {
                            let here = account(gil, thread::current().id());
                            counted = here.hand_overs >= SOME;
                            done.fetch_add(usize::from(counted), Ordering::Relaxed);
                        }
                    }
                });
            }
        });
        let accounts = gil.accounts();
        assert_eq!(accounts.len(), 2);
        assert!(accounts.iter().all(|a| a.hand_overs >= SOME));
        assert!(accounts.iter().all(|a| a.waited > Duration::ZERO));
        assert!(gil.switches() >= 2 * SOME);
        let hand_overs = accounts.iter().map(|account| account.hand_overs);
        assert_eq!(hand_overs.sum::<u64>(), gil.switches());
        // Who let go was asked to, so it was not the next one (it dropped its guard but once).
        let timeline = gil.timeline();
        assert!(
            timeline
                .windows(2)
                .all(|two| two[0].thread != two[1].thread)
        );
        assert!(lock(gil).iter().all(|&progress| progress >= 0x400));
    });
}

/// F31: threads come and go, and no more accounts of theirs are kept than the limit says: the last ones. What a
/// thread did that is still alive is kept, although it came first and its account is the oldest.
#[test]
fn accounts_of_ended_threads_are_forgotten() {
    bounded(|| {
        let gil = Gil::new(());
        let me = thread::current().id();
        drop(lock(&gil));
        let visit = || {
            drop(lock(&gil));
            thread::current().id()
        };
        let ended: Vec<_> = (0..3 * Gil::<()>::KEPT_ACCOUNTS)
            .map(|_| scope(|scope| scope.spawn(visit).join().expect("no panic")))
            .collect();
        drop(lock(&gil));
        let accounts = gil.accounts();
        let most = 1 + Gil::<()>::KEPT_ACCOUNTS + 1; // this one's, and the last one's, who came on top
        assert!(accounts.len() <= most, "{} accounts", accounts.len());
        assert_eq!((accounts[0].thread, accounts[0].hand_overs), (me, 2));
        let last = ended.iter().rev().take(Gil::<()>::KEPT_ACCOUNTS);
        let kept = accounts[1..].iter().rev().map(|account| &account.thread);
        assert!(last.eq(kept.take(Gil::<()>::KEPT_ACCOUNTS)), "not the last");
    });
}

/// F31: also a thread that uses the lock in its last destructors, when it passes for an ended one already, is
/// refused a second guard, and is forgotten only when it has none.
#[test]
fn a_thread_in_its_last_destructors_is_known() {
    static SEEN: Mutex<Vec<bool>> = Mutex::new(Vec::new());
    static GIL: LazyLock<Gil<()>> = LazyLock::new(|| Gil::new(()));
    struct Last;
    impl Drop for Last {
        fn drop(&mut self) {
            let mut guard = lock(&GIL);
            // So many others come that those are forgotten which have ended.
            guard.allow_threads(|| {
                for _ in 0..2 * Gil::<()>::KEPT_ACCOUNTS {
                    scope(|scope| drop(scope.spawn(|| drop(lock(&GIL)))));
                }
                SEEN.lock().unwrap().push(GIL.acquire().is_err());
            });
            SEEN.lock().unwrap().push(GIL.acquire().is_err());
        }
    }
    thread_local! {
        static LAST: Last = const { Last };
    }
    bounded(|| {
        let uses = || {
            LAST.with(|_| ());
            drop(lock(&GIL));
        };
        thread::spawn(uses).join().expect("no panic");
        assert_eq!(*SEEN.lock().unwrap(), [true, true]);
    });
}

/// Whoever held it last need not be alive: a thread's end leaves no trace but its account.
#[test]
fn the_last_holder_may_be_gone() {
    with_gil(0, |gil| {
        for n in 1..=20 {
            scope(|scope| _ = scope.spawn(|| *lock(gil) += 1));
            assert_eq!(*lock(gil), n);
        }
        assert_eq!(gil.accounts().len(), 21);
        assert_eq!(gil.switches(), 40);
    });
}
