//! One holder at a time, and who is asked lets another one in.

use std::sync::Arc;
use std::thread;

use crate::kernel;
use crate::lock::{
    Lock, Others, call, hosting, idle, idle_and_fair, until_all_asked, until_asked, visit,
};

/// Three threads use the value; the clock stands still.
pub fn one_holder<L: Lock>() {
    let lock = Arc::new(L::free());
    let mut others = Others::start(&lock, visit, "ab");
    visit(&lock, 'm');
    others.join();
    idle_and_fair(&lock);
}

/// Two use it while intervals end, at any moment. The outcome is how often it was let go: without a
/// request, on one, and on one in each thread.
pub fn one_holder_against_the_clock<L: Lock>() -> usize {
    let lock = Arc::new(L::free());
    let mut others = Others::start(&lock, visit, "ab");
    kernel::expire(1);
    kernel::expire(1);
    others.join();
    idle_and_fair(&lock).1
}

/// Who has asked gets the lock, and then the holder gets it back.
pub fn asked<L: Lock>() -> String {
    idle(&hosting(call::<L>, "a", |lock, mut guard, _| {
        until_asked(lock);
        L::check(&mut guard);
        guard.note('m');
    }))
}

/// The holder that let go asks in its turn.
pub fn asked_back<L: Lock>() -> String {
    fn once_asked<L: Lock>(lock: &Arc<L>, who: char) {
        let mut guard = lock.lock();
        guard.note(who);
        until_asked(lock);
        L::check(&mut guard);
        guard.note(who);
    }
    let lock = hosting(once_asked::<L>, "a", |lock, mut guard, _| {
        until_asked(lock);
        L::check(&mut guard);
        guard.note('m');
    });
    idle_and_fair(&lock).0
}

/// The holder looks three times while the interval ends. Its request is honoured at one of the looks,
/// or when the holder has done, and no more than once.
pub fn asked_at_any_time<L: Lock>() -> String {
    let lock = hosting(call::<L>, "a", |_, mut guard, others| {
        others.any_time(|| kernel::expire(1));
        for _ in 0..3 {
            L::check(&mut guard);
            guard.note('m');
        }
    });
    idle_and_fair(&lock).0
}

/// Two have asked. The holder has the lock again when one of them had it, or both.
pub fn two_asked<L: Lock>() -> String {
    let lock = hosting(call::<L>, "ab", |lock, mut guard, _| {
        until_all_asked(lock, 2);
        L::check(&mut guard);
        guard.note('m');
    });
    idle_and_fair(&lock).0
}

/// One of two waiters asks; it may be the other one that gets the lock for it, and be asked in turn.
/// Whoever lets go on a request does not wait in vain. The outcome is how often it was let go.
pub fn one_of_two_asked<L: Lock>() -> usize {
    let lock = hosting(visit::<L>, "ab", |_, mut guard, _| {
        for _ in 0..2 {
            kernel::expire(1);
            L::check(&mut guard);
            guard.note('m');
        }
    });
    idle_and_fair(&lock).1
}

/// `a` asks for main's lock; main lets go for another reason, and `b` may have it by then. The outcome
/// is what main has seen afterwards, of `a` and `b`.
pub fn served_otherwise<L: Lock>() -> String {
    let mut seen = String::new();
    let lock = hosting(call::<L>, "a", |lock, mut guard, _| {
        kernel::until_asleep(1);
        kernel::expire(1); // the request comes at any time from here on, if at all
        let mut b = Others::start(lock, visit, "b");
        L::allow_threads(&mut guard, thread::yield_now);
        seen = guard.log();
        L::check(&mut guard);
        drop(guard);
        b.join();
    });
    idle(&lock);
    seen
}

/// A request is about an interval in which nothing happened. One that saw a switch counts from then.
pub fn a_switch_starts_the_interval_anew<L: Lock>() -> String {
    /// Whoever is first has the other wait, in the wait in which it saw the switch.
    fn first_or_second<L: Lock>(lock: &Arc<L>, who: char) {
        let mut guard = lock.lock();
        guard.note(who);
        if guard.log().len() == 2 {
            until_asked(lock); // it has not
            L::check(&mut guard);
            assert_eq!(guard.log().len(), 2, "was asked as soon as it came");
            guard.note(who);
            until_asked(lock);
            L::check(&mut guard);
            guard.note(who);
        }
    }
    let lock = hosting(first_or_second::<L>, "ab", |_, _guard, _| {
        kernel::until_asleep(2);
    });
    idle_and_fair(&lock).0
}
