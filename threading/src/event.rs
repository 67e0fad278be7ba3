//! [`Event`]: a flag that threads wait for. Python's `threading.Event`.
//!
//! `clear` right after `set` loses nobody: a waiter looks not only at the flag, which may already be
//! down again by the time it runs, but also at how often the flag has gone up since it began to wait.
//!
//! To copy: this file. Needs: std only.

use std::fmt;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A flag that is down at first, that any thread may raise and lower, and that threads wait for.
///
/// ```
/// use std::thread;
/// use threading::event::Event;
///
/// let ready = Event::new();
/// thread::scope(|scope| {
///     scope.spawn(|| ready.wait());
///     ready.set(); // wakes everyone who waits, now and until `clear`
/// });
/// assert!(ready.is_set());
/// ```
pub struct Event {
    state: Mutex<State>,
    raised: Condvar,
}

/// `set()` is the only one that changes `raises`, and only together with `is_set`: false → true.
struct State {
    is_set: bool,
    /// How often the flag went up. A waiter leaves when this differs from what it saw on arrival.
    raises: u64,
}

impl Event {
    /// An event whose flag is down.
    pub const fn new() -> Self {
        let state = State {
            is_set: false,
            raises: 0,
        };
        Self {
            state: Mutex::new(state),
            raised: Condvar::new(),
        }
    }

    /// Raises the flag and wakes every waiting thread. Nothing happens if it is up already.
    pub fn set(&self) {
        let mut state = self.lock();
        if !state.is_set {
            state.is_set = true;
            state.raises += 1;
            drop(state); // the woken need the lock: do not make them wait for it again
            self.raised.notify_all();
        }
    }

    /// Lowers the flag. Threads that were waiting when it went up return all the same.
    pub fn clear(&self) {
        self.lock().is_set = false;
    }

    /// Whether the flag is up now.
    pub fn is_set(&self) -> bool {
        self.lock().is_set
    }

    /// Blocks until the flag is up; returns at once if it is.
    pub fn wait(&self) {
        let state = self.lock();
        let seen = state.raises;
        let _state = self
            .raised
            .wait_while(state, |state| state.is_down_since(seen))
            .unwrap_or_else(PoisonError::into_inner);
    }

    /// Like [`wait`](Self::wait), for at most `timeout`: whether the flag went up in that time.
    ///
    /// A zero timeout only looks; `Duration::MAX` waits for ever. Python's `wait(timeout=…)`.
    pub fn wait_timeout(&self, timeout: Duration) -> bool {
        let state = self.lock();
        let seen = state.raises;
        let (state, _) = self
            .raised
            .wait_timeout_while(state, timeout, |state| state.is_down_since(seen))
            .unwrap_or_else(PoisonError::into_inner);
        !state.is_down_since(seen)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing in this file panics while it holds the lock, so it cannot be poisoned.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn is_down_since(&self, seen: u64) -> bool {
        !self.is_set && self.raises == seen
    }
}

impl Default for Event {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_set() {
            "Event(set)"
        } else {
            "Event(unset)"
        })
    }
}
