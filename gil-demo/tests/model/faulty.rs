//! The lock once more, as short as can be and with a mistake that is easily made. The models must
//! catch it.

use std::ops::Deref;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex};
use std::thread::{self, ThreadId};
use std::time::Duration;

use crate::lock::{Lock, Value};

/// No mistake, to show that it is the mistake that a model catches.
pub const NONE: u8 = 0;
/// A release wakes no waiter.
pub const WAKES_NOBODY: u8 = 1;
/// Who lets go on request does not wait for the switch. CPython without `FORCE_SWITCHING`.
pub const NOT_FORCED: u8 = 2;
/// Who lets go waits for a switch although nobody may have asked.
pub const ALWAYS_FORCED: u8 = 3;
/// Who takes the lock does not tell the one that waits for the switch.
pub const SWITCHES_SILENTLY: u8 = 4;
/// The request is never taken back.
pub const KEEPS_REQUEST: u8 = 5;
/// A waiter asks at the end of an interval although the lock changed hands in it.
pub const IMPATIENT: u8 = 6;
/// Who was woken does not look whether the lock is free.
pub const LOOKS_ONCE: u8 = 7;
/// A panic does not let go.
pub const STAYS_IN_PANIC: u8 = 8;
/// Does not know its holder: waits for itself.
pub const WAITS_FOR_ITSELF: u8 = 9;
/// The taker notes itself as the last holder before it looks whether that is a switch.
pub const NOTES_FIRST: u8 = 10;
/// A waiter asks when it was woken in vain, though its interval is not over.
pub const HASTY: u8 = 11;

pub struct Faulty<const MISTAKE: u8> {
    state: Mutex<State>,
    released: Condvar,
    switched: Condvar,
    request: AtomicBool,
    value: Value,
}

#[derive(Default)]
struct State {
    holder: Option<ThreadId>,
    last_holder: Option<ThreadId>,
    switches: u64,
    waiting: usize,
    holders: Vec<ThreadId>,
}

pub struct FaultyGuard<'a, const MISTAKE: u8> {
    lock: &'a Faulty<MISTAKE>,
    me: ThreadId,
}

impl<const MISTAKE: u8> Faulty<MISTAKE> {
    fn take(&self, me: ThreadId) {
        let mut state = self.state.lock().unwrap();
        while state.holder.is_some() {
            let seen = state.switches;
            state.waiting += 1;
            let (after, result) = self
                .released
                .wait_timeout(state, Duration::from_millis(5))
                .unwrap();
            state = after;
            state.waiting -= 1;
            let patient = MISTAKE != IMPATIENT && state.switches != seen;
            let over = MISTAKE == HASTY || result.timed_out();
            if over && state.holder.is_some() && !patient {
                self.request.store(true, Ordering::Relaxed);
            } else if MISTAKE == LOOKS_ONCE {
                break;
            }
        }
        state.holder = Some(me);
        if MISTAKE == NOTES_FIRST {
            state.last_holder = Some(me);
        }
        if state.last_holder != Some(me) {
            state.last_holder = Some(me);
            state.switches += 1;
            if MISTAKE != SWITCHES_SILENTLY {
                self.switched.notify_all();
            }
        }
    }

    fn release(&self, me: ThreadId) {
        let mut state = self.state.lock().unwrap();
        state.holder = None;
        state.holders.push(me);
        if state.waiting > 0 && MISTAKE != WAKES_NOBODY {
            self.released.notify_one();
        }
        let mut request = self.request.load(Ordering::Relaxed);
        if request && MISTAKE != KEEPS_REQUEST {
            self.request.store(false, Ordering::Relaxed);
        }
        request |= MISTAKE == ALWAYS_FORCED;
        if request && MISTAKE != NOT_FORCED {
            let state = self
                .switched
                .wait_while(state, |state| state.last_holder == Some(me));
            drop(state);
        }
    }
}

impl<const MISTAKE: u8> Lock for Faulty<MISTAKE> {
    type Guard<'a> = FaultyGuard<'a, MISTAKE>;

    fn free() -> Self {
        Self {
            state: Mutex::new(State::default()),
            released: Condvar::new(),
            switched: Condvar::new(),
            request: AtomicBool::new(false),
            value: Value::new(),
        }
    }

    fn acquire(&self) -> Option<Self::Guard<'_>> {
        let me = thread::current().id();
        if MISTAKE != WAITS_FOR_ITSELF && self.state.lock().unwrap().holder == Some(me) {
            return None;
        }
        self.take(me);
        Some(FaultyGuard { lock: self, me })
    }

    fn check(guard: &mut Self::Guard<'_>) {
        if guard.lock.request.load(Ordering::Relaxed) {
            guard.lock.release(guard.me);
            guard.lock.take(guard.me);
        }
    }

    fn allow_threads<R>(guard: &mut Self::Guard<'_>, f: impl FnOnce() -> R) -> R {
        guard.lock.release(guard.me);
        let result = f();
        guard.lock.take(guard.me);
        result
    }

    fn switches(&self) -> u64 {
        self.state.lock().unwrap().switches
    }

    fn holders(&self) -> Vec<ThreadId> {
        self.state.lock().unwrap().holders.clone()
    }
}

impl<const MISTAKE: u8> Deref for FaultyGuard<'_, MISTAKE> {
    type Target = Value;

    fn deref(&self) -> &Value {
        &self.lock.value
    }
}

impl<const MISTAKE: u8> Drop for FaultyGuard<'_, MISTAKE> {
    fn drop(&mut self) {
        if MISTAKE != STAYS_IN_PANIC || !thread::panicking() {
            self.lock.release(self.me);
        }
    }
}
