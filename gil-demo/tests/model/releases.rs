//! To let go without having been asked, or for the last time, or by a panic; and a thread that takes the
//! lock that it has.

use std::sync::Arc;

use crate::kernel;
use crate::lock::{Lock, Others, call, hosting, idle, idle_and_fair, until_asked, visit};

// ---- letting go for a while

/// A waiter gets in while the holder does without, and the clock stands still.
pub fn let_in<L: Lock>() -> String {
    idle(&hosting(call::<L>, "a", |_, mut guard, others| {
        L::allow_threads(&mut guard, || others.join());
        guard.note('m');
    }))
}

/// The same with two, and an interval that is over at any moment.
pub fn two_let_in_against_the_clock<L: Lock>() -> usize {
    let lock = hosting(call::<L>, "ab", |_, mut guard, others| {
        kernel::expire(1);
        L::allow_threads(&mut guard, || others.join());
        guard.note('m');
    });
    idle(&lock).len()
}

/// The interval may end before the holder lets go, meanwhile, after that, or when it is back.
pub fn let_in_against_the_clock<L: Lock>() -> String {
    idle(&hosting(call::<L>, "a", |_, mut guard, others| {
        others.any_time(|| kernel::expire(1));
        L::allow_threads(&mut guard, || others.join());
        guard.note('m');
    }))
}

/// Nobody asks, so nobody is waited for: the holder may be back before the waiter has woken.
pub fn overtaken<L: Lock>() -> String {
    idle(&hosting(call::<L>, "a", |_, mut guard, _| {
        kernel::until_asleep(1);
        for _ in 0..2 {
            L::allow_threads(&mut guard, || ());
            guard.note('m');
        }
    }))
}

/// Woken in vain, a waiter begins a new interval, and has not asked before that is over.
pub fn woken_in_vain<L: Lock>() -> String {
    idle(&hosting(call::<L>, "a", |lock, mut guard, _| {
        kernel::until_asleep(1);
        L::allow_threads(&mut guard, || ());
        if guard.log() == "m" {
            kernel::until_asleep(1); // again
            lock.switches();
            L::check(&mut guard);
            assert_eq!(guard.log(), "m", "was asked within the interval");
        }
        guard.note('m');
    }))
}

/// Who asked gets the lock before the holder does without.
pub fn asked_then_let_in<L: Lock>() -> String {
    idle(&hosting(call::<L>, "a", |lock, mut guard, _| {
        until_asked(lock);
        L::allow_threads(&mut guard, || ());
        guard.note('m');
    }))
}

// ---- letting go for the last time

/// A request that is pending when the holder has done is honoured, and ends with that.
pub fn dropped_when_asked<L: Lock>() -> String {
    idle(&hosting(call::<L>, "a", |lock, guard, _| {
        until_asked(lock);
        drop(guard);
        assert_eq!(lock.switches(), 2, "has not waited for the switch");
        visit(lock, 'm');
    }))
}

/// The same when it is not known whether there is a request. The outcome is how many switches there were.
pub fn dropped_against_the_clock<L: Lock>() -> u64 {
    let mut switches = 0;
    let lock = hosting(call::<L>, "a", |lock, guard, others| {
        others.any_time(|| kernel::expire(1));
        drop(guard);
        switches = lock.switches();
    });
    idle(&lock);
    switches
}

/// Woken for no reason, a thread waits on: for the lock as for the switch.
pub fn disturbed<L: Lock>() -> String {
    let lock = hosting(call::<L>, "a", |lock, mut guard, others| {
        others.any_time(kernel::disturb);
        // It may come between, so that there is no request; a wait is not over then.
        kernel::until_asleep(1);
        kernel::expire(1);
        lock.switches();
        L::check(&mut guard);
        guard.note('m');
    });
    idle_and_fair(&lock).0
}

// ---- panics, and the same thread

// Loom runs all threads on one, so while one panics all seem to, and a mutex that another one then
// unlocks would be poisoned. So the others sleep when it begins.

/// A panic lets go.
pub fn panicked<L: Lock>() -> String {
    idle(&hosting(call::<L>, "a", |_, guard, _| {
        kernel::until_asleep(1);
        kernel::catch(move || {
            let _guard = guard;
            kernel::throw();
        });
    }))
}

/// A panic that lets go on a request waits for the switch.
pub fn panicked_when_asked<L: Lock>() -> String {
    idle(&hosting(call::<L>, "a", |lock, guard, _| {
        until_asked(lock);
        kernel::catch(move || {
            let _guard = guard;
            kernel::throw();
        });
        assert_eq!(lock.switches(), 2, "has not waited for the switch");
    }))
}

/// A panic without the lock takes it again.
pub fn panicked_without_it<L: Lock>() -> String {
    idle(&hosting(call::<L>, "a", |lock, mut guard, others| {
        kernel::catch(|| {
            L::allow_threads(&mut guard, || {
                others.join();
                kernel::throw();
            });
        });
        let again = lock.acquire();
        assert!(again.is_none(), "the guard is there, but not the lock");
        guard.note('m');
    }))
}

/// A thread is refused the lock that it has, and only that; the lock is none the worse.
pub fn twice<L: Lock>() {
    fn try_twice<L: Lock>(lock: &Arc<L>, who: char) {
        let mut guard = lock.lock();
        assert!(lock.acquire().is_none());
        guard.note(who);
        L::allow_threads(&mut guard, || ());
        assert!(lock.acquire().is_none());
    }
    let lock = Arc::new(L::free());
    let mut other = Others::start(&lock, try_twice, "a");
    try_twice(&lock, 'm');
    other.join();
    idle(&lock);
}

/// A guard that has let go is its thread's guard still, whoever has the lock meanwhile.
pub fn twice_while_it_has_let_go<L: Lock>() {
    let lock = Arc::new(L::free());
    let mut other = Others::start(&lock, |lock, _| drop(lock.lock()), "a");
    let mut guard = lock.lock();
    L::allow_threads(&mut guard, || assert!(lock.acquire().is_none()));
    drop(guard);
    other.join();
    idle(&lock);
}
