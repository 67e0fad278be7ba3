//! Models of `reentrant_lock.rs`: one owner at a time, and a free lock does not go unnoticed.

use std::ops::Deref;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crate::faulty::FaultyLock;
use crate::reentrant_lock::{ReentrantLock, ReentrantLockGuard};
use crate::{SOON, Watched, check, kernel};

pub trait Lock: Send + Sync + 'static {
    type Guard<'a>: Deref<Target = Watched>;

    fn free() -> Self;
    fn lock_for(&self, timeout: Duration) -> Option<Self::Guard<'_>>;
    fn lock(&self) -> Self::Guard<'_>;
}

impl Lock for ReentrantLock<Watched> {
    type Guard<'a> = ReentrantLockGuard<'a, Watched>;

    fn free() -> Self {
        Self::new(Watched::new())
    }

    fn lock_for(&self, timeout: Duration) -> Option<Self::Guard<'_>> {
        self.try_lock_for(timeout)
    }

    fn lock(&self) -> Self::Guard<'_> {
        self.lock()
    }
}

/// Takes the lock twice and drops the guards in the order in which they were made.
fn twice<L: Lock>(lock: &L) {
    let outer = lock.lock();
    outer.write();
    let inner = lock.lock();
    drop(outer);
    inner.write();
}

/// Nobody has the lock, and nobody is counted as waiting: a release wakes nobody.
fn assert_idle<L: Lock>(lock: &L) {
    let before = kernel::notifications();
    let guard = lock.lock_for(Duration::ZERO).expect("the lock is free");
    guard.write();
    drop(guard);
    assert_eq!(kernel::notifications(), before, "somebody left the count");
}

fn one_owner<L: Lock>() {
    let lock = Arc::new(L::free());
    let other = thread::spawn({
        let lock = lock.clone();
        move || twice(&*lock)
    });
    twice(&*lock);
    other.join().unwrap();
    assert_idle(&*lock);
}

/// Both get the lock: the one that is woken first wakes the other.
fn two_wait<L: Lock>() {
    let lock = Arc::new(L::free());
    let guard = lock.lock();
    let waiters = [(); 2].map(|()| {
        let lock = lock.clone();
        thread::spawn(move || twice(&*lock))
    });
    guard.write();
    drop(guard);
    for waiter in waiters {
        waiter.join().unwrap();
    }
    assert_idle(&*lock);
}

/// The clock stands still, so only the release can wake the waiter.
fn release_in_time<L: Lock>() {
    let lock = Arc::new(L::free());
    let guard = lock.lock();
    let waiter = thread::spawn({
        let lock = lock.clone();
        move || lock.lock_for(SOON).expect("there is time").write()
    });
    guard.write();
    drop(guard);
    waiter.join().unwrap();
    assert_idle(&*lock);
}

/// The lock is free in the end, whether the waiter had it or gave up.
fn release_against_the_clock<L: Lock>() -> bool {
    let lock = Arc::new(L::free());
    let guard = lock.lock();
    let waiter = thread::spawn({
        let lock = lock.clone();
        move || match lock.lock_for(SOON) {
            Some(guard) => {
                guard.write();
                true
            }
            None => {
                assert!(kernel::expired(), "gave up too early");
                false
            }
        }
    });
    let clock = thread::spawn(kernel::expire);
    guard.write();
    drop(guard);
    let taken = waiter.join().unwrap();
    clock.join().unwrap();
    assert_idle(&*lock);
    taken
}

/// The lock is not released in time, and the owner can still take it again.
fn only_the_clock<L: Lock>() {
    let lock = Arc::new(L::free());
    let guard = lock.lock();
    let waiter = thread::spawn({
        let lock = lock.clone();
        move || assert!(lock.lock_for(SOON).is_none(), "it is held")
    });
    kernel::expire();
    drop(lock.lock_for(SOON).expect("the owner need not wait"));
    waiter.join().unwrap();
    guard.write();
    drop(guard);
    assert_idle(&*lock);
}

/// One waiter may give up at any moment of the release. The other must get the lock all the same.
fn who_gives_up_wakes_nobody_less<L: Lock>() -> bool {
    let lock = Arc::new(L::free());
    let guard = lock.lock();
    let hasty = thread::spawn({
        let lock = lock.clone();
        move || lock.lock_for(SOON).map(|guard| guard.write()).is_some()
    });
    let patient = thread::spawn({
        let lock = lock.clone();
        move || lock.lock().write()
    });
    kernel::until_asleep(2);
    let clock = thread::spawn(kernel::expire);
    drop(guard);
    let taken = hasty.join().unwrap();
    patient.join().unwrap();
    clock.join().unwrap();
    assert_idle(&*lock);
    taken
}

/// Woken for no reason, a thread goes on waiting; or takes the lock before the one it was meant for.
fn disturbed<L: Lock>() {
    let lock = Arc::new(L::free());
    let guard = lock.lock();
    let waiters = [(); 2].map(|()| {
        let lock = lock.clone();
        thread::spawn(move || lock.lock_for(Duration::MAX).expect("for ever").write())
    });
    kernel::disturb();
    guard.write();
    drop(guard);
    for waiter in waiters {
        waiter.join().unwrap();
    }
    assert_idle(&*lock);
}

/// Each thread is told of its own guards only.
fn depths() {
    fn levels(lock: &ReentrantLock<()>) {
        assert_eq!(lock.depth(), 0);
        let outer = lock.lock();
        assert_eq!(lock.depth(), 1);
        let inner = lock.try_lock().expect("it is ours");
        assert_eq!(lock.owner(), Some(thread::current().id()));
        assert_eq!(lock.depth(), 2);
        drop(outer);
        assert_eq!(lock.depth(), 1);
        drop(inner);
        assert_eq!(lock.depth(), 0);
    }
    let lock = Arc::new(ReentrantLock::new(()));
    let other = thread::spawn({
        let lock = lock.clone();
        move || levels(&lock)
    });
    levels(&lock);
    other.join().unwrap();
}

type Real = ReentrantLock<Watched>;

#[test]
fn lock_one_owner() {
    check(one_owner::<Real>, &[()]);
}

#[test]
fn lock_two_wait() {
    check(two_wait::<Real>, &[()]);
}

#[test]
fn lock_release_in_time() {
    check(release_in_time::<Real>, &[()]);
}

#[test]
fn lock_release_against_the_clock() {
    check(release_against_the_clock::<Real>, &[false, true]);
}

#[test]
fn lock_only_the_clock() {
    check(only_the_clock::<Real>, &[()]);
}

#[test]
fn lock_who_gives_up_wakes_nobody_less() {
    check(who_gives_up_wakes_nobody_less::<Real>, &[false, true]);
}

#[test]
fn lock_disturbed() {
    check(disturbed::<Real>, &[()]);
}

#[test]
fn lock_depths() {
    check(depths, &[()]);
}

#[test]
fn a_lock_that_counts_passes() {
    check(one_owner::<FaultyLock<true, true>>, &[()]);
    check(release_in_time::<FaultyLock<true, true>>, &[()]);
}

#[test]
#[should_panic(expected = "deadlock")]
fn a_lock_that_does_not_count_timed_waiters_forgets_them() {
    check(release_in_time::<FaultyLock<false, true>>, &[()]);
}

#[test]
#[should_panic(expected = "Causality violation")]
fn a_lock_that_does_not_count_guards_has_two_owners() {
    check(one_owner::<FaultyLock<true, false>>, &[()]);
}
