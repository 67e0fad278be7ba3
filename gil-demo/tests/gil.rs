//! `gil.rs` with real threads. What must hold in every interleaving is in `model.rs`; here are the
//! clocks, the panics and the numbers, which the models leave out.
//!
//! Every test ends with a look at who had the lock when (`support::with_gil`): no two at once.

mod support;

use std::hint::black_box;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, ThreadId, scope};
use std::time::{Duration, Instant};

use gil_demo::gil::{Account, AlreadyHeld, Gil, GilGuard};
use support::{panic_text, with_gil};

/// Hand-overs in which a test has to see something that is not sure to happen in the first.
const SOME: u64 = 10;

const MILLISECOND: Duration = Duration::from_millis(1);

/// An interval that is not over while a test lasts.
const NEVER: Duration = Duration::MAX;

/// Takes a free lock, or waits for it.
#[track_caller]
fn lock<T>(gil: &Gil<T>) -> GilGuard<'_, T> {
    gil.acquire().expect("this thread does not have it")
}

/// The account of a thread that has had the lock.
#[track_caller]
fn account<T>(gil: &Gil<T>, thread: ThreadId) -> Account {
    let accounts = gil.accounts();
    let account = accounts.into_iter().find(|a| a.thread == thread);
    account.expect("the thread has had the lock")
}

/// Computes for about so long, as a holder: with looks for a request. Wall-clock time, so that a busy
/// machine makes it less work and no longer.
fn compute<T>(guard: &mut GilGuard<'_, T>, time: Duration) {
    let start = Instant::now();
    while start.elapsed() < time {
        (0..200).for_each(|i| _ = black_box(i));
        guard.check();
    }
}

/// A free lock is taken at once; letting go and taking it again is no switch, the first taking is one.
#[test]
fn alone() {
    with_gil(7, |gil| {
        assert_eq!(format!("{gil:?}"), "Gil(free)");
        let mut guard = lock(gil);
        assert_eq!(format!("{gil:?}"), "Gil(held)");
        *guard += 1;
        guard.check();
        assert_eq!(guard.allow_threads(|| 5), 5);
        assert_eq!(*guard, 8);
        drop(guard);
        assert_eq!(format!("{gil:?}"), "Gil(free)");
        assert_eq!(*lock(gil), 8);
        assert_eq!(gil.switches(), 1);
        let spans = gil.timeline();
        assert_eq!(spans.len(), 3); // to allow_threads, to the end, and the last one
        assert!(spans.iter().all(|s| s.thread == thread::current().id()));
    });
}

/// The value comes out as it was left.
#[test]
fn into_inner() {
    let gil = Gil::new(String::from("a"));
    lock(&gil).push('b');
    assert_eq!(gil.into_inner(), "ab");
}

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

/// GD-02: `+= 1` is a read and a write, and exact all the same: four threads, who let each other in between
/// any two of them.
#[test]
fn counting_is_exact() {
    const EACH: u64 = 200_000;
    with_gil(0_u64, |gil| {
        gil.set_switch_interval(MILLISECOND / 10);
        let start = Barrier::new(4);
        scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    start.wait();
                    let mut count = lock(gil);
                    for _ in 0..EACH {
                        let before = black_box(*count);
                        *count = black_box(before + 1);
                        count.check();
                    }
                });
            }
        });
        assert_eq!(*lock(gil), 4 * EACH);
        assert!(gil.switches() >= 4, "each had it");
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

/// GD-05: two threads are without the lock at once: each waits there for the other. The interval is never
/// over, so neither was asked.
#[test]
fn two_without_the_lock_meet() {
    with_gil(0, |gil| {
        gil.set_switch_interval(NEVER);
        let meeting = Barrier::new(2);
        scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    let mut guard = lock(gil);
                    guard.allow_threads(|| meeting.wait());
                    *guard += 1;
                });
            }
        });
        assert_eq!(*lock(gil), 2);
    });
}

/// While one thread is without the lock another one has it, however long its interval.
#[test]
fn another_has_it_meanwhile() {
    with_gil(Vec::new(), |gil| {
        gil.set_switch_interval(NEVER);
        let mut order = lock(gil);
        order.push("before");
        order.allow_threads(|| {
            scope(|scope| _ = scope.spawn(|| lock(gil).push("meanwhile")));
        });
        order.push("after");
        assert_eq!(*order, ["before", "meanwhile", "after"]);
        drop(order);
        assert_eq!(gil.switches(), 3);
    });
}

/// GD-02: four threads do all there is to do with the lock, at the shortest interval. Nobody is forgotten, and
/// each count is right.
#[test]
fn all_at_once() {
    const ROUNDS: usize = 2000;
    with_gil(0_usize, |gil| {
        gil.set_switch_interval(Duration::ZERO);
        let start = Barrier::new(4);
        scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    start.wait();
                    for round in 0..ROUNDS {
                        let mut guard = lock(gil);
                        for _ in 0..round % 7 {
                            guard.check();
                        }
                        *guard += 1;
                        if round % 3 == 0 {
                            guard.allow_threads(thread::yield_now);
                        }
                        *guard += 1;
                    }
                });
            }
        });
        assert_eq!(*lock(gil), 4 * 2 * ROUNDS);
    });
}

/// A holder that panics lets go, and the lock is as good as before: nothing is poisoned.
#[test]
fn a_panic_lets_go() {
    with_gil(0, |gil| {
        scope(|scope| {
            let panicking = scope.spawn(|| {
                let mut guard = lock(gil);
                *guard = 1;
                panic!("with the lock");
            });
            let text = panic_text(panicking.join().expect_err("it panics"));
            assert_eq!(text, "with the lock");
        });
        assert_eq!(*lock(gil), 1);
    });
}

/// The same with a waiter that comes before or after the panic, and many times.
#[test]
fn a_panic_lets_a_waiter_in() {
    with_gil(0, |gil| {
        gil.set_switch_interval(NEVER);
        for _ in 0..200 {
            scope(|scope| {
                let mut guard = lock(gil);
                let waiter = scope.spawn(|| *lock(gil) += 1);
                let unwound = catch_unwind(AssertUnwindSafe(move || {
                    *guard += 1;
                    resume_unwind(Box::new(())); // a panic without a message
                }));
                unwound.expect_err("it panics");
                waiter.join().expect("no panic");
            });
        }
        assert_eq!(*lock(gil), 400);
    });
}

/// A panic without the lock takes it again before it goes on: the holder may use the value after.
#[test]
fn a_panic_without_the_lock_takes_it_again() {
    with_gil(0, |gil| {
        gil.set_switch_interval(NEVER); // or else the other one would be asked, and need the lock again
        let mut guard = lock(gil);
        let held = AtomicBool::new(false);
        let unwound = scope(|scope| {
            let unwound = catch_unwind(AssertUnwindSafe(|| {
                guard.allow_threads(|| {
                    // It has the lock when the panic begins, so the panic has to wait.
                    scope.spawn(|| {
                        let mut other = lock(gil);
                        held.store(true, Ordering::Release);
                        compute(&mut other, 3 * MILLISECOND);
                        *other += 1;
                    });
                    while !held.load(Ordering::Acquire) {
                        thread::yield_now();
                    }
                    panic!("without the lock");
                })
            }));
            assert_eq!(gil.acquire().map(drop), Err(AlreadyHeld), "not taken again");
            *guard += 1;
            unwound
        });
        let text = panic_text(unwound.expect_err("it panics"));
        assert_eq!(text, "without the lock");
        assert_eq!(*guard, 2);
        drop(guard);
        assert_eq!(*lock(gil), 2);
    });
}

/// To wait for oneself would never end, so it is refused; the lock is none the worse for it.
#[test]
fn twice_in_a_thread() {
    with_gil(1, |gil| {
        let mut guard = lock(gil);
        let refused = gil.acquire().map(drop).expect_err("this thread has it");
        assert_eq!(refused, AlreadyHeld);
        assert_eq!(
            refused.to_string(),
            "this thread has a guard of the lock already: use that one"
        );
        *guard += 1;
        assert_eq!(gil.switches(), 1);
        guard.allow_threads(|| {
            assert_eq!(gil.acquire().map(drop), Err(AlreadyHeld));
        });
        assert_eq!(gil.acquire().map(drop), Err(AlreadyHeld));
        drop(guard);
        scope(|scope| {
            scope.spawn(|| *lock(gil) += 1);
        });
        assert_eq!(*lock(gil), 3);
    });
}

/// One thread's guard is no other's: a second thread is not refused, it waits.
#[test]
fn another_thread_waits() {
    with_gil((), |gil| {
        gil.set_switch_interval(MILLISECOND);
        let mut guard = lock(gil);
        scope(|scope| {
            let other = scope.spawn(|| gil.acquire().map(drop));
            while gil.switches() < 2 {
                guard.check(); // it asks
            }
            assert_eq!(other.join().expect("no panic"), Ok(()));
        });
    });
}

/// The interval is kept in whole microseconds, at least one; CPython's begins at 5 ms.
#[test]
fn the_interval() {
    let gil = Gil::new(());
    assert_eq!(gil.switch_interval(), Duration::from_millis(5));
    assert_eq!(Gil::<()>::SWITCH_INTERVAL, Duration::from_millis(5));
    for (set, kept) in [
        (Duration::from_secs(2), Duration::from_secs(2)),
        (Duration::from_nanos(2_999), Duration::from_micros(2)),
        (Duration::from_nanos(1_000), Duration::from_micros(1)),
        (Duration::from_nanos(999), Duration::from_micros(1)),
        (Duration::ZERO, Duration::from_micros(1)),
        (
            Duration::from_micros(u64::MAX),
            Duration::from_micros(u64::MAX),
        ),
        (
            Duration::from_micros(u64::MAX) + Duration::from_micros(1),
            Duration::from_micros(u64::MAX),
        ),
        (Duration::MAX, Duration::from_micros(u64::MAX)),
    ] {
        gil.set_switch_interval(set);
        assert_eq!(gil.switch_interval(), kept, "{set:?}");
    }
}

/// The longest interval is waited for like any other: nobody asks, and a release ends the wait.
#[test]
fn the_longest_interval() {
    with_gil(0, |gil| {
        gil.set_switch_interval(Duration::MAX);
        let waits = AtomicBool::new(false);
        scope(|scope| {
            let mut guard = lock(gil);
            let waiter = scope.spawn(|| {
                waits.store(true, Ordering::Release);
                *lock(gil) += 1;
            });
            while !waits.load(Ordering::Acquire) {
                thread::yield_now();
            }
            compute(&mut guard, 20 * MILLISECOND);
            assert_eq!((*guard, gil.switches()), (0, 1), "somebody asked");
            drop(guard);
            waiter.join().expect("no panic");
        });
        assert_eq!(*lock(gil), 1);
    });
}

/// An interval that is set while others wait is for the waits that begin then.
#[test]
fn the_interval_is_set_while_others_wait() {
    with_gil((), |gil| {
        gil.set_switch_interval(MILLISECOND);
        scope(|scope| {
            let mut guard = lock(gil);
            scope.spawn(|| drop(lock(gil)));
            gil.set_switch_interval(MILLISECOND / 2); // whichever it begins with is over soon
            while gil.switches() < 2 {
                guard.check();
            }
        });
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

/// A lock may be moved to and shared with another thread, when its value may be moved there.
#[test]
fn send_and_sync() {
    fn both<T: Send + Sync>() {}
    both::<Gil<u8>>();
    both::<Gil<std::cell::Cell<u8>>>(); // that is not `Sync`, and need not be
    both::<AlreadyHeld>();
    both::<Account>();
}
