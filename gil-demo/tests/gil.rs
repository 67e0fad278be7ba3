//! `gil.rs` with real threads. What must hold in every interleaving is in `model.rs`; here are the
//! clocks, the panics and the numbers, which the models leave out.
//!
//! Every test ends with a look at who had the lock when (`support::with_gil`): no two at once.

mod support;

#[path = "gil/accounts.rs"]
mod accounts;
#[path = "gil/interval.rs"]
mod interval;
#[path = "gil/panics.rs"]
mod panics;

use std::hint::black_box;
use std::sync::Barrier;
use std::thread::{self, ThreadId, scope};
use std::time::{Duration, Instant};

use gil_demo::gil::{Account, AlreadyHeld, Gil, GilGuard};
use support::{bounded, with_gil};

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

/// F01's kind: a guard that is leaked keeps the lock after its thread's end too. Nobody else passes for its thread,
/// and the value can still be taken out of the lock.
#[test]
fn a_leaked_guard_keeps_the_lock() {
    bounded(|| {
        let gil = Gil::new(vec![7]);
        scope(|scope| {
            scope.spawn(|| {
                std::mem::forget(lock(&gil));
                assert_eq!(gil.acquire().map(drop), Err(AlreadyHeld));
            });
        });
        assert_eq!(format!("{gil:?}"), "Gil(held)");
        assert_eq!(gil.into_inner(), [7]);
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
