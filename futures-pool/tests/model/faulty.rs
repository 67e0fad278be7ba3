//! The future once more, as short as can be and with a mistake that is easily made. The models must
//! catch it.

use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

use crate::Watched;
use crate::future::FutureError;
use crate::pair::{Callback, Pair, Seen};

/// No mistake, to show that it is the mistake that a model catches.
pub const NONE: u8 = 0;
/// The future is done before its outcome is there.
pub const DONE_FIRST: u8 = 1;
/// One of those who wait is woken.
pub const WAKES_ONE: u8 = 2;
/// A wait looks at the clock before it looks at the state.
pub const CLOCK_FIRST: u8 = 3;
/// A cancel looks whether the task has begun, and then ends the future.
pub const CANCELS_LATE: u8 = 4;
/// A callback is added though the future may be done since it was looked at.
pub const ADDS_LATE: u8 = 5;
/// A callback is added, and called if the future is done then.
pub const ADDS_AND_CALLS: u8 = 6;
/// The result is taken out while callbacks have it.
pub const TAKES_FROM_CALLBACKS: u8 = 7;
/// Nobody is told that the callbacks have returned.
pub const RETURNS_SILENTLY: u8 = 8;
/// The waker of the first poll stays.
pub const KEEPS_WAKER: u8 = 9;
/// A poll leaves its waker though the future may be done since it was looked at.
pub const WATCHES_LATE: u8 = 10;
/// A lost promise says nothing.
pub const DROPS_SILENTLY: u8 = 11;
/// Who was woken does not look whether the future is done.
pub const LOOKS_ONCE: u8 = 12;
/// A timed wait that is over stays in the count of those who wait.
pub const STAYS_IN_COUNT: u8 = 13;
/// Who gives the result does not look whether the future was cancelled.
pub const SETS_ANYWAY: u8 = 14;

pub struct Faulty<const MISTAKE: u8>;

pub struct FaultyPromise<const MISTAKE: u8>(Option<Arc<Cell<MISTAKE>>>);

pub struct FaultyFuture<const MISTAKE: u8>(Arc<Cell<MISTAKE>>);

pub struct Cell<const MISTAKE: u8> {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    running: bool,
    done: bool,
    outcome: Option<Outcome>,
    waiting: usize,
    waker: Option<Waker>,
    callbacks: Vec<Callback>,
    calling: bool,
}

type Outcome = Result<Arc<Watched>, FutureError>;

impl State {
    fn outcome(&self) -> Outcome {
        self.outcome.clone().expect("set when it was done")
    }
}

impl<const MISTAKE: u8> Cell<MISTAKE> {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    fn complete<'a>(&'a self, mut state: MutexGuard<'a, State>, outcome: Outcome) {
        state.done = true;
        if MISTAKE == DONE_FIRST {
            drop(state);
            state = self.lock();
        }
        state.outcome = Some(outcome.clone());
        let callbacks = mem::take(&mut state.callbacks);
        state.calling = !callbacks.is_empty() && MISTAKE != TAKES_FROM_CALLBACKS;
        self.tell(state);
        if callbacks.is_empty() {
            return;
        }
        for callback in callbacks {
            callback(outcome.as_deref().map_err(Clone::clone));
        }
        let mut state = self.lock();
        state.calling = false;
        if MISTAKE != RETURNS_SILENTLY {
            self.tell(state);
        }
    }

    fn tell(&self, mut state: MutexGuard<'_, State>) {
        let waker = state.waker.take();
        let waiting = state.waiting > 0;
        drop(state);
        match MISTAKE {
            _ if !waiting => {}
            WAKES_ONE => self.changed.notify_one(),
            _ => self.changed.notify_all(),
        }
        waker.into_iter().for_each(Waker::wake);
    }

    fn wait(
        &self,
        timeout: Option<Duration>,
        over: fn(&State) -> bool,
    ) -> Result<MutexGuard<'_, State>, FutureError> {
        let until = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let left = || until.map(|until| until.saturating_duration_since(Instant::now()));
        let mut state = self.lock();
        while !over(&state) {
            let Some(left) = left() else {
                state.waiting += 1;
                state = self.changed.wait(state).unwrap();
                state.waiting -= 1;
                if MISTAKE == LOOKS_ONCE {
                    break;
                }
                continue;
            };
            if left.is_zero() {
                return Err(FutureError::Timeout);
            }
            state.waiting += 1;
            (state, _) = self.changed.wait_timeout(state, left).unwrap();
            let over = until
                .is_some_and(|until| until.saturating_duration_since(Instant::now()).is_zero());
            if !over || MISTAKE != STAYS_IN_COUNT {
                state.waiting -= 1;
            }
            if over && MISTAKE == CLOCK_FIRST {
                return Err(FutureError::Timeout);
            }
        }
        Ok(state)
    }
}

impl<const MISTAKE: u8> FaultyPromise<MISTAKE> {
    fn end(&mut self, outcome: Outcome) {
        let Some(cell) = self.0.take() else { return };
        let state = cell.lock();
        if !state.done || MISTAKE == SETS_ANYWAY {
            cell.complete(state, outcome);
        }
    }
}

impl<const MISTAKE: u8> Drop for FaultyPromise<MISTAKE> {
    fn drop(&mut self) {
        if MISTAKE != DROPS_SILENTLY {
            self.end(Err(FutureError::Abandoned));
        }
    }
}

impl<const MISTAKE: u8> Pair for Faulty<MISTAKE> {
    type Promise = FaultyPromise<MISTAKE>;
    type Future = FaultyFuture<MISTAKE>;
    type Awaited = FaultyFuture<MISTAKE>;

    fn pair() -> (Self::Promise, Self::Future) {
        let cell = Arc::new(Cell {
            state: Mutex::new(State::default()),
            changed: Condvar::new(),
        });
        (FaultyPromise(Some(cell.clone())), FaultyFuture(cell))
    }

    fn start(promise: &Self::Promise) -> bool {
        let mut state = promise.0.as_ref().unwrap().lock();
        state.running |= !state.done;
        state.running
    }

    fn set(mut promise: Self::Promise) {
        promise.end(Ok(Arc::new(Watched::new())));
    }

    fn cancel(future: &Self::Future) -> bool {
        let mut state = future.0.lock();
        if !state.done && !state.running {
            if MISTAKE == CANCELS_LATE {
                drop(state);
                state = future.0.lock();
                if state.done {
                    return false;
                }
            }
            future.0.complete(state, Err(FutureError::Cancelled));
            return true;
        }
        state.done && state.outcome().is_err_and(|error| error.is_cancelled())
    }

    fn add(future: &Self::Future, callback: Callback) {
        let mut state = future.0.lock();
        let callback = Arc::new(Mutex::new(Some(callback)));
        let call = |outcome: Outcome| {
            let outcome = outcome.as_deref().map_err(Clone::clone);
            let callback = callback.lock().unwrap().take();
            callback.expect("called once")(outcome);
        };
        if state.done {
            let outcome = state.outcome();
            drop(state);
            return call(outcome);
        }
        if MISTAKE == ADDS_LATE {
            drop(state);
            state = future.0.lock();
        }
        let added = callback.clone();
        state.callbacks.push(Box::new(move |outcome| {
            let callback = added.lock().unwrap().take();
            callback.expect("called once")(outcome);
        }));
        drop(state);
        if MISTAKE == ADDS_AND_CALLS {
            let state = future.0.lock();
            if state.done {
                let outcome = state.outcome();
                drop(state);
                call(outcome);
            }
        }
    }

    fn look(future: &Self::Future, timeout: Option<Duration>) -> Seen {
        let state = future.0.wait(timeout, |state| state.done)?;
        let outcome = state.outcome();
        drop(state);
        outcome.map(|result| result.read())
    }

    fn take(future: Self::Future) -> Seen {
        let state = future.0.wait(None, |state| state.done && !state.calling)?;
        let outcome = state.outcome();
        drop(state);
        outcome.map(|result| result.write())
    }

    fn awaited(future: Self::Future) -> Self::Awaited {
        future
    }

    fn poll(awaited: &mut Self::Awaited, waker: &Waker) -> Poll<Seen> {
        let mut state = awaited.0.lock();
        if !state.done || state.calling {
            if MISTAKE == WATCHES_LATE {
                drop(state);
                state = awaited.0.lock();
            }
            if MISTAKE != KEEPS_WAKER || state.waker.is_none() {
                state.waker = Some(waker.clone());
            }
            return Poll::Pending;
        }
        let outcome = state.outcome();
        drop(state);
        Poll::Ready(outcome.map(|result| result.write()))
    }
}
