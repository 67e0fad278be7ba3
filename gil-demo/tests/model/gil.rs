//! Models of `gil.rs`: one holder at a time, no waiter is forgotten, and who was asked to let go does
//! not have the lock again before another had it.
//!
//! A model's outcome is mostly its log: who had the lock, in order. `m` is the model's main thread.

use std::ops::Deref;
use std::sync::Arc;
use std::thread::{self, JoinHandle, ThreadId};

use crate::faulty::{self, Faulty};
use crate::gil::{Gil, GilGuard};
use crate::{Watched, check, check_bounded, kernel};

/// What the lock protects.
pub struct Value {
    watched: Watched,
    /// A mutex outside of the model, which orders nothing.
    log: real_std::sync::Mutex<String>,
}

impl Value {
    pub fn new() -> Self {
        Self {
            watched: Watched::new(),
            log: Default::default(),
        }
    }

    /// Uses the value, and notes who did.
    #[track_caller]
    fn note(&self, who: char) {
        self.watched.write();
        self.log.lock().unwrap().push(who);
    }

    fn log(&self) -> String {
        self.watched.write();
        self.log.lock().unwrap().clone()
    }
}

pub trait Lock: Send + Sync + 'static {
    type Guard<'a>: Deref<Target = Value>;

    fn free() -> Self;
    /// `None` if this thread has it.
    fn acquire(&self) -> Option<Self::Guard<'_>>;
    fn check(guard: &mut Self::Guard<'_>);
    fn allow_threads<R>(guard: &mut Self::Guard<'_>, f: impl FnOnce() -> R) -> R;
    fn switches(&self) -> u64;
    /// Who let go, in order.
    fn holders(&self) -> Vec<ThreadId>;

    fn lock(&self) -> Self::Guard<'_> {
        self.acquire().expect("this thread does not have it")
    }
}

impl Lock for Gil<Value> {
    type Guard<'a> = GilGuard<'a, Value>;

    fn free() -> Self {
        let gil = Self::new(Value::new());
        gil.record();
        gil
    }

    fn acquire(&self) -> Option<Self::Guard<'_>> {
        self.acquire().ok()
    }

    fn check(guard: &mut Self::Guard<'_>) {
        guard.check();
    }

    fn allow_threads<R>(guard: &mut Self::Guard<'_>, f: impl FnOnce() -> R) -> R {
        guard.allow_threads(f)
    }

    fn switches(&self) -> u64 {
        let switches = self.switches();
        let accounts = self.accounts();
        let hand_overs = accounts.iter().map(|account| account.hand_overs);
        assert!(hand_overs.sum::<u64>() >= switches, "one is in no account");
        switches
    }

    fn holders(&self) -> Vec<ThreadId> {
        let timeline = self.timeline();
        let disjoint = |two: &[crate::gil::Span]| two[0].to <= two[1].from;
        assert!(timeline.windows(2).all(disjoint), "two had the lock");
        timeline.iter().map(|span| span.thread).collect()
    }
}

/// A thread that takes the lock, and looks for a request while it has it.
fn visitor<L: Lock>(lock: &Arc<L>, who: char) -> JoinHandle<()> {
    let lock = lock.clone();
    thread::spawn(move || visit(&*lock, who))
}

fn visit<L: Lock>(lock: &L, who: char) {
    let mut guard = lock.lock();
    guard.note(who);
    L::check(&mut guard);
    guard.note(who);
}

/// A thread that takes the lock once.
fn guest<L: Lock>(lock: &Arc<L>, who: char) -> JoinHandle<()> {
    let lock = lock.clone();
    thread::spawn(move || lock.lock().note(who))
}

/// The interval of the one thread that waits is over. When this returns, it has asked.
fn until_asked<L: Lock>(lock: &L) {
    kernel::until_asleep(1);
    kernel::expire(1);
    kernel::until_asleep(1); // in its next wait
    lock.switches(); // under the mutex, so that the request is seen without it, too
}

/// Nobody has the lock, nobody is counted as waiting, and no request is left; the log.
///
/// `switches` must be what the holders' order says.
fn assert_idle<L: Lock>(lock: &L) -> String {
    drop(lock.lock()); // from now on the last holder
    let before = kernel::notifications();
    let mut guard = lock.lock();
    L::check(&mut guard); // or else waits for ever, for somebody to take the lock
    let log = guard.log();
    drop(guard);
    assert_eq!(kernel::notifications(), before, "somebody left the count");
    let mut switches = lock.holders();
    switches.dedup();
    assert_eq!(lock.switches(), switches.len() as u64);
    log
}

/// Only for models in which nobody takes the lock again but in `check`.
fn assert_followed_by_another<L: Lock>(lock: &L) {
    let holders = lock.holders();
    let other = |two: &[ThreadId]| two[0] != two[1];
    assert!(
        holders.windows(2).all(other),
        "was back at once: {holders:?}"
    );
}

// ---- one holder

/// Three threads use the value; the clock stands still.
fn one_holder<L: Lock>() {
    let lock = Arc::new(L::free());
    let others = ['a', 'b'].map(|who| visitor(&lock, who));
    visit(&*lock, 'm');
    for other in others {
        other.join().unwrap();
    }
    assert_followed_by_another(&*lock);
    assert_idle(&*lock);
}

/// Two use it while intervals end, at any moment. The outcome is how often it was let go: without a
/// request, on one, and on one in each thread.
fn one_holder_against_the_clock<L: Lock>() -> usize {
    let lock = Arc::new(L::free());
    let others = ['a', 'b'].map(|who| visitor(&lock, who));
    kernel::expire(1);
    kernel::expire(1);
    for other in others {
        other.join().unwrap();
    }
    assert_followed_by_another(&*lock);
    let holds = lock.holders().len();
    assert_idle(&*lock);
    holds
}

// ---- requests

/// Who has asked gets the lock, and then the holder gets it back.
fn asked<L: Lock>() -> String {
    let lock = Arc::new(L::free());
    let mut guard = lock.lock();
    guard.note('m');
    let other = guest(&lock, 'a');
    until_asked(&*lock);
    L::check(&mut guard);
    guard.note('m');
    drop(guard);
    other.join().unwrap();
    assert_idle(&*lock)
}

/// The holder that let go asks in its turn.
fn asked_back<L: Lock>() -> String {
    let lock = Arc::new(L::free());
    let mut guard = lock.lock();
    guard.note('m');
    let other = thread::spawn({
        let lock = lock.clone();
        move || {
            let mut guard = lock.lock();
            guard.note('a');
            until_asked(&*lock);
            L::check(&mut guard);
            guard.note('a');
        }
    });
    until_asked(&*lock);
    L::check(&mut guard);
    guard.note('m');
    drop(guard);
    other.join().unwrap();
    assert_followed_by_another(&*lock);
    assert_idle(&*lock)
}

/// The holder looks three times while the interval ends. Its request is honoured at one of the looks,
/// or when the holder has done, and no more than once.
fn asked_at_any_time<L: Lock>() -> String {
    let lock = Arc::new(L::free());
    let mut guard = lock.lock();
    let other = guest(&lock, 'a');
    let clock = thread::spawn(|| kernel::expire(1));
    for _ in 0..3 {
        guard.note('m');
        L::check(&mut guard);
    }
    guard.note('m');
    drop(guard);
    other.join().unwrap();
    clock.join().unwrap();
    assert_followed_by_another(&*lock);
    assert_idle(&*lock)
}

/// Two have asked. The holder has the lock again when one of them had it, or both.
fn two_asked<L: Lock>() -> String {
    let lock = Arc::new(L::free());
    let mut guard = lock.lock();
    guard.note('m');
    let others = ['a', 'b'].map(|who| guest(&lock, who));
    kernel::until_asleep(2);
    kernel::expire(2);
    kernel::until_asleep(2);
    lock.switches();
    L::check(&mut guard);
    guard.note('m');
    drop(guard);
    for other in others {
        other.join().unwrap();
    }
    assert_followed_by_another(&*lock);
    assert_idle(&*lock)
}

/// One of two waiters asks; it may be the other one that gets the lock for it, and be asked in turn.
/// Whoever lets go on a request does not wait in vain.
fn one_of_two_asked<L: Lock>() -> usize {
    let lock = Arc::new(L::free());
    let mut guard = lock.lock();
    let others = ['a', 'b'].map(|who| visitor(&lock, who));
    kernel::expire(1);
    L::check(&mut guard);
    guard.note('m');
    kernel::expire(1);
    L::check(&mut guard);
    guard.note('m');
    drop(guard);
    for other in others {
        other.join().unwrap();
    }
    assert_followed_by_another(&*lock);
    let holds = lock.holders().len();
    assert_idle(&*lock);
    holds
}

/// `a` asks for main's lock; main lets go for another reason, and `b` may have it by then. The outcome
/// is what main has seen afterwards, of `a` and `b`.
fn served_otherwise<L: Lock>() -> String {
    let lock = Arc::new(L::free());
    let mut guard = lock.lock();
    let a = guest(&lock, 'a');
    kernel::until_asleep(1);
    kernel::expire(1); // the request comes at any time from here on, if at all
    let b = visitor(&lock, 'b');
    L::allow_threads(&mut guard, thread::yield_now);
    let seen = guard.log();
    L::check(&mut guard);
    drop(guard);
    for other in [a, b] {
        other.join().unwrap();
    }
    assert_idle(&*lock);
    seen
}

/// A request is about an interval in which nothing happened. One that saw a switch counts from then.
fn a_switch_starts_the_interval_anew<L: Lock>() -> String {
    /// Whoever is first has the other wait, in the wait in which it saw the switch.
    fn first_or_second<L: Lock>(lock: &L, who: char) {
        let mut guard = lock.lock();
        guard.note(who);
        if guard.log().len() == 1 {
            until_asked(lock); // it has not
            L::check(&mut guard);
            assert_eq!(guard.log().len(), 1, "was asked as soon as it came");
            guard.note(who);
            until_asked(lock);
            L::check(&mut guard);
            guard.note(who);
        }
    }
    let lock = Arc::new(L::free());
    let guard = lock.lock();
    let others = ['a', 'b'].map(|who| {
        let lock = lock.clone();
        thread::spawn(move || first_or_second(&*lock, who))
    });
    kernel::until_asleep(2);
    drop(guard);
    for other in others {
        other.join().unwrap();
    }
    assert_followed_by_another(&*lock);
    assert_idle(&*lock)
}

// ---- letting go without a request

/// A waiter gets in while the holder does without, and the clock stands still.
fn let_in<L: Lock>() -> String {
    let lock = Arc::new(L::free());
    let mut guard = lock.lock();
    guard.note('m');
    let other = guest(&lock, 'a');
    L::allow_threads(&mut guard, || other.join().unwrap());
    guard.note('m');
    drop(guard);
    assert_idle(&*lock)
}

/// The same with two, and an interval that is over at any moment.
fn two_let_in_against_the_clock<L: Lock>() -> usize {
    let lock = Arc::new(L::free());
    let mut guard = lock.lock();
    guard.note('m');
    let others = ['a', 'b'].map(|who| guest(&lock, who));
    kernel::expire(1);
    L::allow_threads(&mut guard, || {
        for other in others {
            other.join().unwrap();
        }
    });
    guard.note('m');
    drop(guard);
    assert_idle(&*lock).len()
}

/// The interval may end before the holder lets go, meanwhile, after that, or when it is back.
fn let_in_against_the_clock<L: Lock>() -> String {
    let lock = Arc::new(L::free());
    let mut guard = lock.lock();
    guard.note('m');
    let other = guest(&lock, 'a');
    let clock = thread::spawn(|| kernel::expire(1));
    L::allow_threads(&mut guard, || other.join().unwrap());
    guard.note('m');
    drop(guard);
    clock.join().unwrap();
    assert_idle(&*lock)
}

/// Nobody asks, so nobody is waited for: the holder may be back before the waiter has woken.
fn overtaken<L: Lock>() -> String {
    let lock = Arc::new(L::free());
    let mut guard = lock.lock();
    guard.note('m');
    let other = guest(&lock, 'a');
    kernel::until_asleep(1);
    for _ in 0..2 {
        L::allow_threads(&mut guard, || ());
        guard.note('m');
    }
    drop(guard);
    other.join().unwrap();
    assert_idle(&*lock)
}

/// Who asked gets the lock before the holder does without.
fn asked_then_let_in<L: Lock>() -> String {
    let lock = Arc::new(L::free());
    let mut guard = lock.lock();
    guard.note('m');
    let other = guest(&lock, 'a');
    until_asked(&*lock);
    L::allow_threads(&mut guard, || ());
    guard.note('m');
    drop(guard);
    other.join().unwrap();
    assert_idle(&*lock)
}

/// A request that is pending when the holder has done is honoured, and ends with that.
fn dropped_when_asked<L: Lock>() -> String {
    let lock = Arc::new(L::free());
    let guard = lock.lock();
    guard.note('m');
    let other = guest(&lock, 'a');
    until_asked(&*lock);
    drop(guard);
    assert_eq!(lock.switches(), 2, "has not waited for the switch");
    visit(&*lock, 'm');
    other.join().unwrap();
    assert_idle(&*lock)
}

/// The same when it is not known whether there is a request.
fn dropped_against_the_clock<L: Lock>() -> u64 {
    let lock = Arc::new(L::free());
    let guard = lock.lock();
    guard.note('m');
    let other = guest(&lock, 'a');
    let clock = thread::spawn(|| kernel::expire(1));
    drop(guard);
    let switches = lock.switches();
    other.join().unwrap();
    clock.join().unwrap();
    assert_idle(&*lock);
    switches
}

/// Woken for no reason, a thread waits on: for the lock as for the switch.
fn disturbed<L: Lock>() -> String {
    let lock = Arc::new(L::free());
    let mut guard = lock.lock();
    guard.note('m');
    let other = guest(&lock, 'a');
    let disturber = thread::spawn(kernel::disturb);
    until_asked_or_disturbed(&*lock);
    L::check(&mut guard);
    guard.note('m');
    drop(guard);
    other.join().unwrap();
    disturber.join().unwrap();
    assert_followed_by_another(&*lock);
    assert_idle(&*lock)
}

/// The disturber may come between, so that there is no request; a wait is not over then.
fn until_asked_or_disturbed<L: Lock>(lock: &L) {
    kernel::until_asleep(1);
    kernel::expire(1);
    lock.switches();
}

// ---- panics, and the same thread

// Loom runs all threads on one, so while one panics all seem to, and a mutex that another one then
// unlocks would be poisoned. So the others sleep when it begins.

/// A panic lets go.
fn panicked<L: Lock>() -> String {
    let lock = Arc::new(L::free());
    let guard = lock.lock();
    guard.note('m');
    let other = guest(&lock, 'a');
    kernel::until_asleep(1);
    kernel::catch(move || {
        let _guard = guard;
        kernel::throw();
    });
    other.join().unwrap();
    assert_idle(&*lock)
}

/// A panic that lets go on a request waits for the switch.
fn panicked_when_asked<L: Lock>() -> String {
    let lock = Arc::new(L::free());
    let guard = lock.lock();
    guard.note('m');
    let other = guest(&lock, 'a');
    until_asked(&*lock);
    kernel::catch(move || {
        let _guard = guard;
        kernel::throw();
    });
    assert_eq!(lock.switches(), 2, "has not waited for the switch");
    other.join().unwrap();
    assert_idle(&*lock)
}

/// A panic without the lock takes it again.
fn panicked_without_it<L: Lock>() -> String {
    let lock = Arc::new(L::free());
    let mut guard = lock.lock();
    let other = guest(&lock, 'a');
    kernel::catch(|| {
        L::allow_threads(&mut guard, || {
            other.join().unwrap();
            kernel::throw();
        });
    });
    assert!(
        lock.acquire().is_none(),
        "the guard is there, but not the lock"
    );
    guard.note('m');
    drop(guard);
    assert_idle(&*lock)
}

/// A thread is refused the lock that it has, and only that; the lock is none the worse.
fn twice<L: Lock>() {
    fn try_twice<L: Lock>(lock: &L) {
        let mut guard = lock.lock();
        assert!(lock.acquire().is_none());
        guard.note('?');
        L::allow_threads(&mut guard, || ());
        assert!(lock.acquire().is_none());
    }
    let lock = Arc::new(L::free());
    let other = thread::spawn({
        let lock = lock.clone();
        move || try_twice(&*lock)
    });
    try_twice(&*lock);
    other.join().unwrap();
    assert_idle(&*lock);
}

type Real = Gil<Value>;

#[test]
fn gil_one_holder() {
    check_bounded(5, one_holder::<Real>, &[()]);
}

#[test]
fn gil_one_holder_against_the_clock() {
    check_bounded(4, one_holder_against_the_clock::<Real>, &[2, 3, 4]);
}

#[test]
fn gil_asked() {
    check(asked::<Real>, &["mam".into()]);
}

#[test]
fn gil_asked_back() {
    check(asked_back::<Real>, &["mama".into()]);
}

#[test]
fn gil_asked_at_any_time() {
    let logs = ["mammm", "mmamm", "mmmam", "mmmma"].map(String::from);
    check_bounded(5, asked_at_any_time::<Real>, &logs);
}

#[test]
fn gil_two_asked() {
    let logs = ["mabm", "mamb", "mbam", "mbma"].map(String::from);
    check_bounded(3, two_asked::<Real>, &logs);
}

#[test]
fn gil_one_of_two_asked() {
    check_bounded(3, one_of_two_asked::<Real>, &[3, 4]);
}

#[test]
fn gil_served_otherwise() {
    let seen = ["", "a", "abb", "bb", "bba"].map(String::from);
    check_bounded(4, served_otherwise::<Real>, &seen);
}

#[test]
fn gil_a_switch_starts_the_interval_anew() {
    let logs = ["aaba", "bbab"].map(String::from);
    check_bounded(4, a_switch_starts_the_interval_anew::<Real>, &logs);
}

#[test]
fn gil_let_in() {
    check(let_in::<Real>, &["mam".into()]);
}

#[test]
fn gil_let_in_against_the_clock() {
    check(let_in_against_the_clock::<Real>, &["mam".into()]);
}

#[test]
fn gil_two_let_in_against_the_clock() {
    check_bounded(5, two_let_in_against_the_clock::<Real>, &[4]);
}

#[test]
fn gil_overtaken() {
    let logs = ["mamm", "mmam", "mmma"].map(String::from);
    check(overtaken::<Real>, &logs);
}

#[test]
fn gil_asked_then_let_in() {
    check(asked_then_let_in::<Real>, &["mam".into()]);
}

#[test]
fn gil_dropped_when_asked() {
    check(dropped_when_asked::<Real>, &["mamm".into()]);
}

#[test]
fn gil_dropped_against_the_clock() {
    check(dropped_against_the_clock::<Real>, &[1, 2]);
}

#[test]
fn gil_disturbed() {
    let logs = ["mam", "mma"].map(String::from);
    check_bounded(3, disturbed::<Real>, &logs);
}

#[test]
fn gil_panicked() {
    check(panicked::<Real>, &["ma".into()]);
}

#[test]
fn gil_panicked_when_asked() {
    check(panicked_when_asked::<Real>, &["ma".into()]);
}

#[test]
fn gil_panicked_without_it() {
    check(panicked_without_it::<Real>, &["am".into()]);
}

/// A guard that has let go is its thread's guard still, whoever has the lock meanwhile.
#[test]
fn gil_twice_while_it_has_let_go() {
    check_bounded(
        3,
        || {
            let lock = Arc::new(Real::free());
            let other = thread::spawn({
                let lock = lock.clone();
                move || drop(lock.lock())
            });
            let mut guard = lock.lock();
            guard.allow_threads(|| assert!(lock.acquire().is_err()));
            drop(guard);
            other.join().unwrap();
            assert_idle(&*lock);
        },
        &[()],
    );
}

#[test]
fn gil_twice() {
    check_bounded(5, twice::<Real>, &[()]);
}

// ---- the same with a mistake

#[test]
fn a_faulty_lock_without_a_mistake_passes() {
    type Sound = Faulty<{ faulty::NONE }>;
    check_bounded(2, one_holder::<Sound>, &[()]);
    check(asked::<Sound>, &["mam".into()]);
    check(asked_then_let_in::<Sound>, &["mam".into()]);
    check(dropped_when_asked::<Sound>, &["mamm".into()]);
    let logs = ["aaba", "bbab"].map(String::from);
    check_bounded(2, a_switch_starts_the_interval_anew::<Sound>, &logs);
    check(let_in::<Sound>, &["mam".into()]);
    check(panicked::<Sound>, &["ma".into()]);
    check_bounded(2, twice::<Sound>, &[()]);
}

#[test]
#[should_panic(expected = "Causality violation")]
fn a_lock_that_looks_once_has_two_holders() {
    check_bounded(2, one_holder::<Faulty<{ faulty::LOOKS_ONCE }>>, &[()]);
}

#[test]
#[should_panic(expected = "deadlock")]
fn a_lock_that_wakes_nobody_forgets_who_asked() {
    check(asked::<Faulty<{ faulty::WAKES_NOBODY }>>, &["mam".into()]);
}

#[test]
#[should_panic(expected = "deadlock")]
fn a_lock_that_wakes_nobody_lets_nobody_in() {
    check(let_in::<Faulty<{ faulty::WAKES_NOBODY }>>, &["mam".into()]);
}

/// Starvation: the one that asked has not had the lock when the one that was asked has it again.
#[test]
#[should_panic(expected = r#"came to {"mam", "mma"}"#)]
fn a_lock_that_does_not_force_the_switch_is_back_at_once() {
    check(asked::<Faulty<{ faulty::NOT_FORCED }>>, &["mam".into()]);
}

#[test]
#[should_panic(expected = "was back at once")]
fn a_lock_that_does_not_force_the_switch_starves_at_any_time() {
    let logs = ["mammm", "mmamm", "mmmam", "mmmma"].map(String::from);
    check_bounded(
        2,
        asked_at_any_time::<Faulty<{ faulty::NOT_FORCED }>>,
        &logs,
    );
}

#[test]
#[should_panic(expected = "has not waited for the switch")]
fn a_lock_that_does_not_force_the_switch_does_not_when_dropped() {
    check(
        dropped_when_asked::<Faulty<{ faulty::NOT_FORCED }>>,
        &["mamm".into()],
    );
}

#[test]
#[should_panic(expected = "deadlock")]
fn a_lock_that_forces_a_switch_nobody_asked_for_waits_for_ever() {
    check(overtaken::<Faulty<{ faulty::ALWAYS_FORCED }>>, &[]);
}

#[test]
#[should_panic(expected = "deadlock")]
fn a_lock_that_switches_silently_leaves_who_waits_for_it() {
    check(
        asked::<Faulty<{ faulty::SWITCHES_SILENTLY }>>,
        &["mam".into()],
    );
}

#[test]
#[should_panic(expected = "deadlock")]
fn a_lock_that_notes_its_holder_first_sees_no_switch() {
    check(asked::<Faulty<{ faulty::NOTES_FIRST }>>, &["mam".into()]);
}

#[test]
#[should_panic(expected = "deadlock")]
fn a_lock_that_keeps_the_request_waits_for_who_has_gone() {
    check(asked::<Faulty<{ faulty::KEEPS_REQUEST }>>, &["mam".into()]);
}

#[test]
#[should_panic(expected = "was asked as soon as it came")]
fn an_impatient_lock_asks_who_has_just_come() {
    let logs = ["aaba", "bbab"].map(String::from);
    check_bounded(
        2,
        a_switch_starts_the_interval_anew::<Faulty<{ faulty::IMPATIENT }>>,
        &logs,
    );
}

#[test]
#[should_panic(expected = "deadlock")]
fn a_lock_that_a_panic_does_not_let_go_is_lost() {
    check(
        panicked::<Faulty<{ faulty::STAYS_IN_PANIC }>>,
        &["ma".into()],
    );
}

#[test]
#[should_panic(expected = "deadlock")]
fn a_lock_that_does_not_know_its_holder_waits_for_itself() {
    check_bounded(2, twice::<Faulty<{ faulty::WAITS_FOR_ITSELF }>>, &[()]);
}
