//! The lock as the models see it, so that a copy with a mistake can take its place.

use std::ops::Deref;
use std::sync::Arc;
use std::thread::{self, JoinHandle, ThreadId};

use crate::gil::{Gil, GilGuard, Span};
use crate::{Watched, kernel};

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
    pub fn note(&self, who: char) {
        self.watched.write();
        self.log.lock().unwrap().push(who);
    }

    pub fn log(&self) -> String {
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
        let disjoint = |two: &[Span]| two[0].to <= two[1].from;
        assert!(timeline.windows(2).all(disjoint), "two had the lock");
        timeline.iter().map(|span| span.thread).collect()
    }
}

// ---- threads that take the lock

/// Takes the lock, and looks for a request while it has it.
pub fn visit<L: Lock>(lock: &Arc<L>, who: char) {
    let mut guard = lock.lock();
    guard.note(who);
    L::check(&mut guard);
    guard.note(who);
}

/// Takes the lock once.
pub fn call<L: Lock>(lock: &Arc<L>, who: char) {
    lock.lock().note(who);
}

/// What a model has beside its main thread.
pub struct Others {
    threads: Vec<JoinHandle<()>>,
    events: Vec<JoinHandle<()>>,
}

impl Others {
    /// A thread for each of `names`, which does `what`.
    pub fn start<L: Lock>(lock: &Arc<L>, what: fn(&Arc<L>, char), names: &str) -> Self {
        let start = |who| {
            let lock = lock.clone();
            thread::spawn(move || what(&lock, who))
        };
        Self {
            threads: names.chars().map(start).collect(),
            events: Vec::new(),
        }
    }

    /// `event` comes at any moment from here on; nobody waits for it before the end.
    pub fn any_time(&mut self, event: fn()) {
        self.events.push(thread::spawn(event));
    }

    /// Waits for the threads to end.
    pub fn join(&mut self) {
        for thread in self.threads.drain(..) {
            thread.join().unwrap();
        }
    }
}

/// Main has the lock and notes so, `names` come to do `what`, and main does what `host` says, until it
/// drops its guard; the lock when all have done.
pub fn hosting<L: Lock>(
    what: fn(&Arc<L>, char),
    names: &str,
    host: impl for<'a> FnOnce(&'a Arc<L>, L::Guard<'a>, &mut Others),
) -> Arc<L> {
    let lock = Arc::new(L::free());
    let guard = lock.lock();
    guard.note('m');
    let mut others = Others::start(&lock, what, names);
    host(&lock, guard, &mut others);
    others.join();
    for event in others.events {
        event.join().unwrap();
    }
    lock
}

/// The interval of the one thread that waits is over. When this returns, it has asked.
pub fn until_asked<L: Lock>(lock: &Arc<L>) {
    until_all_asked(lock, 1);
}

/// The same with `n` that wait.
pub fn until_all_asked<L: Lock>(lock: &Arc<L>, n: usize) {
    kernel::until_asleep(n);
    kernel::expire(n);
    kernel::until_asleep(n); // in their next wait
    lock.switches(); // under the mutex, so that the request is seen without it, too
}

// ---- what must hold in the end

/// The log. Nobody has the lock, nobody is counted as waiting, and no request is left.
///
/// `switches` must be what the holders' order says.
pub fn idle<L: Lock>(lock: &Arc<L>) -> String {
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

/// The same, and nobody was back at once; how often the lock was let go before.
///
/// Only for models in which nobody takes the lock again but in `check`.
pub fn idle_and_fair<L: Lock>(lock: &Arc<L>) -> (String, usize) {
    let holders = lock.holders();
    let other = |two: &[ThreadId]| two[0] != two[1];
    assert!(
        holders.windows(2).all(other),
        "was back at once: {holders:?}"
    );
    (idle(lock), holders.len())
}
