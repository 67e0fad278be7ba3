//! The same once more, with a mistake that is easily made. The models must catch it.

use std::mem;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::Waker;

use crate::kind::{Adds, Kind};

/// No mistake, to show that it is the mistake that a model catches.
pub const NONE: u8 = 0;
/// Whoever adds wakes nobody.
pub const ADDS_SILENTLY: u8 = 1;
/// Who takes leaves its waker when it has looked.
pub const SLEEPS_LATE: u8 = 2;
/// It closes, and looks then whether something was left. As a channel does that is closed and emptied.
pub const CLOSES_FIRST: u8 = 3;
/// It looks whether something is left, and closes then.
pub const CLOSES_LATE: u8 = 4;
/// Whoever adds looks first whether it is closed, and adds then.
pub const ADDS_LATE: u8 = 5;
/// Dropping the group leaves what was added where it is.
pub const KEEPS_WHAT_IS_LEFT: u8 = 6;

pub struct Faulty<W, const MISTAKE: u8>(Shared<W>);

pub struct FaultyAdder<W, const MISTAKE: u8>(Shared<W>);

type Shared<W> = Arc<Mutex<State<W>>>;

struct State<W> {
    is_closed: bool,
    waiting: Vec<W>,
    group: Option<Waker>,
}

fn lock<W>(state: &Shared<W>) -> MutexGuard<'_, State<W>> {
    state.lock().unwrap()
}

impl<W: Send + 'static, const MISTAKE: u8> Kind<W> for Faulty<W, MISTAKE> {
    type Adder = FaultyAdder<W, MISTAKE>;

    fn channel() -> (Self::Adder, Self) {
        let state = Arc::new(Mutex::new(State {
            is_closed: false,
            waiting: Vec::new(),
            group: None,
        }));
        (FaultyAdder(state.clone()), Self(state))
    }

    fn take(&mut self, waker: &Waker) -> Vec<W> {
        let mut state = lock(&self.0);
        let waiting = mem::take(&mut state.waiting);
        if MISTAKE == SLEEPS_LATE {
            drop(state);
            state = lock(&self.0);
        }
        state.group = Some(waker.clone());
        waiting
    }

    fn close_if_empty(&mut self) -> bool {
        let mut state = lock(&self.0);
        let is_empty = state.waiting.is_empty();
        if MISTAKE == CLOSES_LATE {
            drop(state);
            state = lock(&self.0);
        }
        state.is_closed |= is_empty || MISTAKE == CLOSES_FIRST;
        is_empty
    }

    fn close(&mut self) -> Vec<W> {
        let mut state = lock(&self.0);
        state.is_closed = true;
        mem::take(&mut state.waiting)
    }
}

impl<W, const MISTAKE: u8> Drop for Faulty<W, MISTAKE> {
    fn drop(&mut self) {
        let mut state = lock(&self.0);
        state.is_closed = true;
        if MISTAKE != KEEPS_WHAT_IS_LEFT {
            state.waiting.clear();
        }
    }
}

impl<W: Send + 'static, const MISTAKE: u8> Adds<W> for FaultyAdder<W, MISTAKE> {
    fn add(&self, work: W) -> Result<(), W> {
        let mut state = lock(&self.0);
        if state.is_closed {
            return Err(work);
        }
        if MISTAKE == ADDS_LATE {
            drop(state);
            state = lock(&self.0);
        }
        state.waiting.push(work);
        let group = state.group.take().filter(|_| MISTAKE != ADDS_SILENTLY);
        drop(state);
        group.into_iter().for_each(Waker::wake);
        Ok(())
    }

    fn is_closed(&self) -> bool {
        lock(&self.0).is_closed
    }
}

impl<W, const MISTAKE: u8> Clone for FaultyAdder<W, MISTAKE> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}
