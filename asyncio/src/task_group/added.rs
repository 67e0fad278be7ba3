//! What was added to a group and not begun yet. A channel with one difference: [`Added::close_if_empty`] looks and closes
//! in one step, so that a child which was added is never one of a group that is closed.

use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

/// Both ends. It is open.
pub(super) fn channel<W>() -> (Adder<W>, Added<W>) {
    let state = Arc::new(Mutex::new(State {
        is_closed: false,
        waiting: Vec::new(),
        group: None,
    }));
    (Adder(Arc::clone(&state)), Added(state))
}

struct State<W> {
    is_closed: bool,
    waiting: Vec<W>,
    /// Of who takes, since it last took.
    group: Option<Waker>,
}

/// Nothing of a user's runs under the lock, wakers and dropped work included, so nothing can panic there.
fn lock<W>(state: &Mutex<State<W>>) -> MutexGuard<'_, State<W>> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The end of those who add. Dropping it changes nothing.
pub(super) struct Adder<W>(Arc<Mutex<State<W>>>);

impl<W> Adder<W> {
    /// Adds `work`, and wakes who takes.
    ///
    /// # Errors
    ///
    /// It is closed. The work is given back.
    pub(super) fn add(&self, work: W) -> Result<(), W> {
        let group = {
            let mut state = lock(&self.0);
            if state.is_closed {
                return Err(work);
            }
            state.waiting.push(work);
            state.group.take()
        };
        if let Some(group) = group {
            group.wake();
        }
        Ok(())
    }

    pub(super) fn is_closed(&self) -> bool {
        lock(&self.0).is_closed
    }
}

impl<W> Clone for Adder<W> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// The end of the group. Dropping it closes, and drops what is left.
pub(super) struct Added<W>(Arc<Mutex<State<W>>>);

impl<W> Added<W> {
    /// All that was added since, in that order. `waker` is called at the next.
    pub(super) fn take(&mut self, waker: &Waker) -> Vec<W> {
        let waker = Some(waker.clone());
        let mut state = lock(&self.0);
        let waiting = mem::take(&mut state.waiting);
        let before = mem::replace(&mut state.group, waker);
        drop(state);
        drop(before);
        waiting
    }

    /// Closes, unless something waits to be taken. Whether it did.
    pub(super) fn close_if_empty(&mut self) -> bool {
        let mut state = lock(&self.0);
        state.is_closed |= state.waiting.is_empty();
        state.is_closed
    }

    /// Closes. What is left is the caller's.
    pub(super) fn close(&mut self) -> Vec<W> {
        let mut state = lock(&self.0);
        state.is_closed = true;
        let waiting = mem::take(&mut state.waiting);
        let waker = state.group.take();
        drop(state);
        drop(waker);
        waiting
    }
}

impl<W> Drop for Added<W> {
    fn drop(&mut self) {
        self.close();
    }
}
