//! `reentrant_lock.rs`: Python's `threading.RLock`, and what `threading.Lock` says of time-outs.
//!
//! Facts of the compiler's, as doc tests in the block's header: RL-02 and RL-03 (a release without a
//! guard, or by another thread), RL-13's first half (a guard gives no `&mut`). LK-11's negative
//! time-outs: a `Duration` has no sign, and a try without waiting takes no time-out. LK-12 (signals
//! during a wait) is in `signals.rs`, and what costs no system call in `no_system_call.rs`.

mod support;

use std::cell::RefCell;
use std::mem::forget;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::thread::{self, scope};
use std::time::{Duration, Instant};

use support::{CEILING, Sleeper, assert_lasted, bounded};
use threading::reentrant_lock::ReentrantLock;

const SHORT: Duration = Duration::from_millis(50);

/// What `look` says in another thread.
fn elsewhere<T: Send>(look: impl FnOnce() -> T + Send) -> T {
    scope(|scope| scope.spawn(look).join().unwrap())
}

fn is_free<T: Send>(lock: &ReentrantLock<T>) -> bool {
    elsewhere(|| lock.try_lock().is_some())
}

/// RL-01, RL-05: the owner enters as often as it likes and has to leave as often; the depth counts
/// along: 0, 1, 3, 2, 0.
#[test]
fn as_many_releases_as_locks() {
    bounded(|| {
        let lock = ReentrantLock::new(());
        for _ in 0..2 {
            assert_eq!(lock.depth(), 0);
            let first = lock.lock();
            assert_eq!(lock.depth(), 1);
            let second = lock.try_lock().unwrap();
            let third = lock.try_lock_for(CEILING).unwrap();
            assert_eq!(lock.depth(), 3);
            drop(third);
            assert_eq!(lock.depth(), 2);
            drop(second);
            assert!(!is_free(&lock), "one level is left");
            drop(first);
            assert_eq!(lock.depth(), 0);
            assert!(is_free(&lock));
        }
    });
}

/// RL-04, RL-05: only the owner sees itself as the owner; another's levels are 0 for everybody else.
#[test]
fn only_the_owner_owns() {
    bounded(|| {
        let lock = ReentrantLock::new(());
        assert_eq!(lock.owner(), None);
        let _guards = (lock.lock(), lock.lock());
        let me = thread::current().id();
        assert_eq!((lock.owner(), lock.depth()), (Some(me), 2));
        assert_eq!(elsewhere(|| (lock.owner(), lock.depth())), (Some(me), 0));
    });
}

/// RL-06, RL-07: nobody else gets in at any depth, neither by waiting nor by trying, before the last
/// release; then all do, singly.
#[test]
fn others_enter_after_the_last_release() {
    bounded(|| {
        let lock = ReentrantLock::new(RefCell::new(0));
        let sleepers: [Sleeper; 5] = Default::default();
        scope(|scope| {
            let mut guards = vec![lock.lock(), lock.lock(), lock.lock()];
            for sleeper in &sleepers {
                scope.spawn(|| {
                    sleeper.about_to_wait();
                    let (outer, inner) = (lock.lock(), lock.lock());
                    let before = *inner.borrow();
                    thread::yield_now(); // an invitation to the others, if they could come in
                    *outer.borrow_mut() = before + 1;
                });
            }
            sleepers.iter().for_each(Sleeper::wait_until_asleep);
            while let Some(guard) = guards.pop() {
                assert!(elsewhere(|| lock.try_lock().is_none()));
                assert_eq!(*guard.borrow(), 0, "somebody has been inside");
            }
        });
        assert_eq!(lock.into_inner().into_inner(), 5);
    });
}

/// RL-08: guards may go in any order.
#[test]
fn guards_go_in_any_order() {
    bounded(|| {
        let lock = ReentrantLock::new(());
        let (first, second, third) = (lock.lock(), lock.lock(), lock.lock());
        drop(first);
        assert_eq!((lock.depth(), is_free(&lock)), (2, false));
        drop(third);
        assert_eq!((lock.depth(), is_free(&lock)), (1, false));
        drop(second);
        assert_eq!((lock.depth(), is_free(&lock)), (0, true));
    });
}

/// RL-09: a panic at depth two releases both levels, and nothing is poisoned.
#[test]
fn a_panic_releases_every_level() {
    bounded(|| {
        let lock = ReentrantLock::new(1);
        let two_levels = || {
            let _guards = (lock.lock(), lock.lock());
            resume_unwind(Box::new("at depth two"));
        };
        catch_unwind(AssertUnwindSafe(two_levels)).unwrap_err();
        assert_eq!((lock.depth(), is_free(&lock)), (0, true));
        assert_eq!(*lock.lock(), 1);
    });
}

/// RL-10, RL-11: a guard that is leaked keeps the lock for its thread after the thread's end; no
/// later thread, which the system may give the same stack and number, passes for the owner.
#[test]
fn a_leaked_guard_outlives_its_thread() {
    bounded(|| {
        let lock = ReentrantLock::new(());
        elsewhere(|| forget(lock.lock()));
        for _ in 0..100 {
            assert!(!is_free(&lock));
        }
        assert!(lock.try_lock().is_none() && lock.owner().is_some());
    });
}

/// RL-12, LK-05: a free lock is taken at once whatever the time-out; of a held one, zero only looks,
/// and a time-out is waited out.
#[test]
fn timed_lock() {
    bounded(|| {
        let lock = ReentrantLock::new(());
        for timeout in [Duration::ZERO, SHORT, Duration::MAX] {
            assert!(lock.try_lock_for(timeout).is_some());
        }
        let _guard = lock.lock();
        assert!(elsewhere(|| lock.try_lock_for(Duration::ZERO).is_none()));
        let start = Instant::now();
        assert!(elsewhere(|| lock.try_lock_for(SHORT).is_none()));
        assert_lasted(start, SHORT);
    });
}

/// RL-12, LK-06: after a time-out the lock is as before: held by its owner only, then free, then
/// taken by a waiter.
#[test]
fn a_timeout_leaves_no_trace() {
    bounded(|| {
        let lock = ReentrantLock::new(());
        for _ in 0..2 {
            let guard = lock.lock();
            assert!(elsewhere(|| lock.try_lock_for(SHORT).is_none()));
            assert_eq!(lock.depth(), 1);
            let sleeper = Sleeper::default();
            scope(|scope| {
                let waiter = scope.spawn(|| {
                    sleeper.about_to_wait();
                    drop(lock.lock());
                });
                sleeper.wait_until_asleep();
                drop(guard);
                waiter.join().unwrap();
            });
            assert!(is_free(&lock) && lock.try_lock().is_some());
        }
    });
}

/// RL-12, LK-11: the longest time-out there is waits until the lock is free, and takes it.
#[test]
fn the_longest_timeout_waits_for_ever() {
    bounded(|| {
        let lock = ReentrantLock::new(());
        let sleeper = Sleeper::default();
        scope(|scope| {
            let guard = lock.lock();
            let waiter = scope.spawn(|| {
                sleeper.about_to_wait();
                lock.try_lock_for(Duration::MAX).is_some()
            });
            sleeper.wait_until_asleep();
            drop(guard);
            assert!(waiter.join().unwrap());
        });
    });
}

/// RL-13: two guards at once share the value; what is inside must do its own borrowing.
#[test]
fn guards_share_the_value() {
    bounded(|| {
        let mut lock = ReentrantLock::new(RefCell::new(vec![1]));
        let (outer, inner) = (lock.lock(), lock.lock());
        inner.borrow_mut().push(2);
        let reader = outer.borrow();
        assert_eq!(*reader, [1, 2]);
        assert!(
            inner.try_borrow_mut().is_err(),
            "borrowed by the other guard"
        );
        drop(reader);
        drop((outer, inner));
        lock.get_mut().get_mut().push(3);
        assert_eq!(lock.into_inner().into_inner(), [1, 2, 3]);
    });
}

/// LK-15: the debug text says whether it is locked and by whom, and looks inside when it may.
#[test]
fn debug_text() {
    bounded(|| {
        let lock = ReentrantLock::new(7);
        assert_eq!(format!("{lock:?}"), "ReentrantLock(unlocked, 7)");
        let (outer, _inner) = (lock.lock(), lock.lock());
        assert_eq!(format!("{lock:?}"), "ReentrantLock(locked, depth 2, 7)");
        assert_eq!(format!("{outer:?}"), "7");
        let foreign = elsewhere(|| format!("{lock:?}"));
        assert_eq!(foreign, "ReentrantLock(locked by another thread)");
        assert_eq!(lock.depth(), 2, "looking changed nothing");
    });
}
