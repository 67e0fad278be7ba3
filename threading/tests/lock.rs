//! The language's `Mutex`, as section 2.2 teaches it: Python's `threading.Lock`.
//!
//! Shown elsewhere:
//! - LK-05, LK-06, LK-11, LK-12 (timed acquisition): std's mutex has none; `ReentrantLock` does.
//! - LK-08 (release by another thread), LK-09 (release of a free lock): facts of the compiler's. A
//!   guard is not `Send`, and without a guard there is nothing to release.
//! - LK-14: belongs to processes.

mod support;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Mutex, TryLockError};
use std::thread;

use support::{Sleeper, bounded, panic_text};

fn is_locked<T>(mutex: &Mutex<T>) -> bool {
    matches!(mutex.try_lock(), Err(TryLockError::WouldBlock))
}

/// LK-01: taken and released it is free again; one that is dropped while locked does no harm.
#[test]
fn lock_and_release() {
    bounded(|| {
        let mutex = Mutex::new(0);
        for _ in 0..2 {
            *mutex.lock().unwrap() += 1;
            assert!(!is_locked(&mutex));
        }
        std::mem::forget(mutex.lock().unwrap());
        assert!(is_locked(&mutex));
        assert_eq!(mutex.into_inner().unwrap(), 2);
    });
}

/// LK-02, LK-10: a try on a free lock succeeds, on a held one it fails at once, from its own thread
/// and from another.
#[test]
fn a_try_tells_the_truth_in_two_threads() {
    bounded(|| {
        let mutex = Mutex::new(());
        let seen_elsewhere = || thread::scope(|s| s.spawn(|| is_locked(&mutex)).join().unwrap());
        for _ in 0..2 {
            assert!(!is_locked(&mutex) && !seen_elsewhere());
            let guard = mutex.try_lock().unwrap();
            assert!(is_locked(&mutex) && seen_elsewhere());
            drop(guard);
        }
    });
}

/// LK-03: of five that wait none passes while the lock is held, and all pass afterwards, singly.
#[test]
fn waiters_pass_after_the_release() {
    bounded(|| {
        let passed = Mutex::new(0);
        let sleepers: [Sleeper; 5] = Default::default();
        thread::scope(|scope| {
            let guard = passed.lock().unwrap();
            for sleeper in &sleepers {
                scope.spawn(|| {
                    sleeper.about_to_wait();
                    let mut passed = passed.lock().unwrap();
                    let before = *passed;
                    thread::yield_now(); // an invitation to the others, if they could come in
                    *passed = before + 1;
                });
            }
            sleepers.iter().for_each(Sleeper::wait_until_asleep);
            assert_eq!(*guard, 0);
        });
        assert_eq!(passed.into_inner().unwrap(), 5);
    });
}

/// LK-04: the end of the scope releases, by an early return and by a panic too.
#[test]
fn every_way_out_of_the_scope_releases() {
    fn early(mutex: &Mutex<u32>) -> Option<u32> {
        let mut value = mutex.lock().unwrap();
        *value = value.checked_sub(1)?;
        Some(*value)
    }
    bounded(|| {
        let mutex = Mutex::new(1);
        assert_eq!((early(&mutex), early(&mutex)), (Some(0), None));
        assert!(!is_locked(&mutex));
        panic_inside(&mutex);
        assert!(!is_locked(&mutex));
    });
}

/// LK-07: not re-entrant: the thread that has it does not get it again before it lets go.
#[test]
fn the_owner_does_not_get_it_twice() {
    bounded(|| {
        let mutex = Mutex::new(());
        let guard = mutex.lock().unwrap();
        assert!(is_locked(&mutex));
        drop(guard);
        assert!(mutex.try_lock().is_ok());
    });
}

/// LK-13: after a panic inside, the next lock reports it and still gives the value to whoever insists;
/// once cleared, all is as before.
#[test]
fn poison() {
    bounded(|| {
        let mutex = Mutex::new(1);
        panic_inside(&mutex);
        assert!(mutex.is_poisoned());
        assert!(matches!(mutex.try_lock(), Err(TryLockError::Poisoned(_))));
        *mutex.lock().unwrap_err().into_inner() = 2; // the lock is taken all the same
        mutex.clear_poison();
        assert_eq!(*mutex.lock().unwrap(), 2);
    });
}

/// LK-15: the debug text says whether it is locked, and only looks inside when it is not.
#[test]
fn debug_text() {
    bounded(|| {
        let mutex = Mutex::new("inside");
        assert!(format!("{mutex:?}").contains("inside"));
        let _guard = mutex.lock().unwrap();
        let text = format!("{mutex:?}");
        assert!(
            text.contains("locked") && !text.contains("inside"),
            "{text}"
        );
    });
}

fn panic_inside<T>(mutex: &Mutex<T>) {
    let inside = || {
        let _guard = mutex.lock().unwrap();
        resume_unwind(Box::new("inside"));
    };
    let payload = catch_unwind(AssertUnwindSafe(inside)).unwrap_err();
    assert_eq!(panic_text(payload), "inside");
}
