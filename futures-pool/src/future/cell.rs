//! What a promise and its future share, and all that is `unsafe` about it.

use std::cell::UnsafeCell;
use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::{Duration, Instant};

use super::{Future, FutureError, catch};

pub(super) struct Cell<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
    /// Written once, before the phase becomes a done one, and read only after that.
    outcome: UnsafeCell<Option<Result<T, FutureError>>>,
}

pub(super) struct State<T> {
    pub phase: Phase,
    /// Threads that wait for a change. With none, nobody need be woken.
    waiting: usize,
    /// Is woken by the next change. There is one at most: who leaves it has the future for itself.
    waker: Option<Waker>,
    pub callbacks: Vec<Callback<T>>,
    /// Callbacks are running, and have the future by reference: nobody may take the result out.
    calling: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Pending,
    Running,
    Cancelled,
    Finished,
}

pub(super) type Callback<T> = Box<dyn FnOnce(&Future<T>) + Send>;

// SAFETY: `outcome` is written by the one thread that makes the phase a done one, under the mutex, and
// read by others only after they have seen that phase under the mutex: it goes from one thread to another
// (`T: Send`). They read it through a `Future`, of which there is one, in one thread if `T` is not `Sync`;
// and a second one only while callbacks run, which can only be added if it is. Who takes the outcome
// out owns the first one, and waits until the second is gone.
unsafe impl<T: Send> Sync for Cell<T> {}

impl<T> State<T> {
    pub const fn is_done(&self) -> bool {
        matches!(self.phase, Phase::Cancelled | Phase::Finished)
    }

    /// Whether the outcome may be taken out.
    pub const fn is_over(&self) -> bool {
        self.is_done() && !self.calling
    }
}

impl<T> Cell<T> {
    pub fn new() -> Self {
        let state = State {
            phase: Phase::Pending,
            waiting: 0,
            waker: None,
            callbacks: Vec::new(),
            calling: false,
        };
        Self {
            state: Mutex::new(state),
            changed: Condvar::new(),
            outcome: UnsafeCell::new(None),
        }
    }

    pub fn lock(&self) -> MutexGuard<'_, State<T>> {
        // No user's code runs under the mutex, so it cannot be poisoned.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the outcome may be looked at, and says of which kind it is.
    pub fn wait_done(&self, timeout: Option<Duration>) -> Result<Phase, FutureError> {
        let mut state = self.lock();
        if state.is_done() {
            return Ok(state.phase);
        }
        // A time that no clock can show is for ever.
        let until = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        while !state.is_done() {
            let Some(until) = until else {
                state = self.wait(state);
                continue;
            };
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(FutureError::Timeout);
            }
            state.waiting += 1;
            let waited = self.changed.wait_timeout(state, left);
            (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
            state.waiting -= 1;
        }
        Ok(state.phase)
    }

    /// Waits until the outcome may be taken out.
    pub fn wait_over(&self) {
        let mut state = self.lock();
        while !state.is_over() {
            state = self.wait(state);
        }
    }

    fn wait<'s>(&self, mut state: MutexGuard<'s, State<T>>) -> MutexGuard<'s, State<T>> {
        state.waiting += 1;
        let waited = self.changed.wait(state);
        state = waited.unwrap_or_else(PoisonError::into_inner);
        state.waiting -= 1;
        state
    }

    /// Leaves `waker` to be woken by the next change, in place of the one before. Unless `is_so` holds,
    /// which is returned: then none is left. Only for who has the future for itself.
    pub fn watch(&self, waker: Waker, is_so: fn(&State<T>) -> bool) -> bool {
        let mut state = self.lock();
        let is_so = is_so(&state);
        let waker = (!is_so).then_some(waker);
        let before = mem::replace(&mut state.waker, waker);
        drop(state);
        drop(before); // what it wakes may go with it, and with that a promise: not under the mutex
        is_so
    }

    /// Takes the waker back; whether the future is done.
    pub fn unwatch(&self) -> bool {
        let mut state = self.lock();
        let (done, waker) = (state.is_done(), state.waker.take());
        drop(state);
        drop(waker);
        done
    }

    /// Makes the future done, which it must not be, and tells everybody.
    pub fn complete(
        self: &Arc<Self>,
        state: MutexGuard<'_, State<T>>,
        phase: Phase,
        outcome: Result<T, FutureError>,
    ) {
        self.complete_keeping((), state, phase, outcome);
    }

    /// The same, and drops `kept` when nothing is left to do but to tell: under the mutex, before anybody
    /// is told; if there are callbacks, after the last. It is given back if the future is gone: the
    /// outcome is then dropped with this cell.
    pub fn complete_keeping<K>(
        self: &Arc<Self>,
        kept: K,
        mut state: MutexGuard<'_, State<T>>,
        phase: Phase,
        outcome: Result<T, FutureError>,
    ) -> Option<K> {
        // SAFETY: it is not done, so nobody reads; and this is under the mutex, with the phase changed
        // before it is free again, so nobody else writes.
        unsafe { *self.outcome.get() = Some(outcome) };
        state.phase = phase;
        let callbacks = mem::take(&mut state.callbacks);
        state.calling = !callbacks.is_empty();
        if callbacks.is_empty() {
            let kept = self.is_last().then_some(kept);
            self.tell(state);
            return kept;
        }
        self.tell(state);
        let future = Future::of(self);
        for callback in callbacks {
            call(callback, &future);
        }
        drop(future); // before anybody may take the outcome out
        let kept = self.is_last().then_some(kept);
        let mut state = self.lock();
        state.calling = false;
        self.tell(state);
        kept
    }

    fn is_last(self: &Arc<Self>) -> bool {
        Arc::strong_count(self) == 1
    }

    /// Wakes everybody who waits for a change.
    fn tell(&self, mut state: MutexGuard<'_, State<T>>) {
        let waker = state.waker.take();
        let waiting = state.waiting > 0;
        drop(state);
        if waiting {
            self.changed.notify_all();
        }
        if let Some(waker) = waker {
            let _reported = catch(|| waker.wake()); // others are still to be told
        }
    }
}

impl<T> Future<T> {
    /// Its outcome. It must be done.
    pub(super) fn outcome(&self) -> &Result<T, FutureError> {
        // SAFETY: the future is done, so nobody writes any more; and who takes the outcome out owns
        // the future, which is borrowed here.
        let outcome = unsafe { &*self.cell.outcome.get() };
        outcome.as_ref().expect("set when it was done, and there")
    }

    /// Takes the outcome out. It must be over.
    pub(super) fn take(self) -> Result<T, FutureError> {
        // SAFETY: the future is done, so nobody writes any more. References to the outcome come from
        // a `Future` only: this one is owned, and no callback, whose future is of the same cell, is running
        // or will ever run, since those added later are called by their adder, with this very `Future`.
        let outcome = unsafe { &mut *self.cell.outcome.get() };
        outcome
            .take()
            .expect("set when it was done, and taken once")
    }
}

/// Calls it; a panic is reported by the panic hook and ends there.
pub(super) fn call<T>(callback: Callback<T>, future: &Future<T>) {
    let _reported = catch(|| callback(future));
}
