//! A holder that panics, with the lock or without it.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, scope};

use gil_demo::gil::AlreadyHeld;

use crate::support::{panic_text, with_gil};
use crate::{MILLISECOND, NEVER, compute, lock};

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
