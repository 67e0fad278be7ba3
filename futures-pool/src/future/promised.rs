//! [`Promise`]: the half that gives the result.

use std::fmt;
use std::sync::Arc;

use super::{Cell, Future, FutureError, Phase};

/// A promise and its future, pending.
pub fn promise<T>() -> (Promise<T>, Future<T>) {
    let cell = Arc::new(Cell::new());
    let future = Future::of(&cell);
    (Promise { cell: Some(cell) }, future)
}

/// The duty to give a result, once. Dropped without one, also by a panic, the future finishes with
/// [`FutureError::Abandoned`].
///
/// A second result does not compile:
///
/// ```compile_fail,E0382
/// let (promise, _future) = futures_pool::future::promise();
/// promise.set_result(1);
/// promise.set_result(2);
/// ```
///
/// ```
/// let (promise, future) = futures_pool::future::promise();
/// promise.set_result(1);
/// assert_eq!(future.into_result(), Ok(1));
/// ```
#[must_use = "without its result the future is an error"]
pub struct Promise<T> {
    /// `None` once the result is given.
    cell: Option<Arc<Cell<T>>>,
}

impl<T> Promise<T> {
    /// Says that the task begins. `false` if it was cancelled, and need not. Python's
    /// `set_running_or_notify_cancel`.
    pub fn start(&self) -> bool {
        let Some(cell) = &self.cell else { return false };
        let mut state = cell.lock();
        if state.phase == Phase::Pending {
            state.phase = Phase::Running;
        }
        state.phase == Phase::Running
    }

    /// Gives the result; without effect if the future was cancelled.
    pub fn set_result(self, result: T) {
        self.set(Ok(result));
    }

    /// Gives an error; without effect if the future was cancelled.
    ///
    /// [`FutureError::Timeout`] and [`FutureError::Cancelled`] read as if this future were not done or
    /// cancelled, which it is not then: of a task that met them elsewhere make a
    /// [`Failure`](super::Failure).
    pub fn set_exception(self, error: FutureError) {
        self.set(Err(error));
    }

    /// Gives what the task came to; without effect if the future was cancelled.
    pub fn set(self, outcome: Result<T, FutureError>) {
        self.set_keeping((), outcome);
    }

    /// The same, and drops `kept` before anybody can learn of the result; but if there are callbacks,
    /// after the last of them has returned, and if nobody has the future any more, after the result's
    /// destructor. An executor's worker is free from then on.
    pub(crate) fn set_keeping<K>(mut self, kept: K, outcome: Result<T, FutureError>) {
        self.finish(kept, outcome);
    }

    /// Cancels the future if the task has not begun, as [`Future::cancel`] does from the other side;
    /// if it has, drops the promise.
    pub fn cancel(mut self) {
        if let Some(cell) = &self.cell {
            let state = cell.lock();
            if state.phase == Phase::Pending {
                cell.complete(state, Phase::Cancelled, Err(FutureError::Cancelled));
                self.cell = None;
            }
        }
    }

    fn finish<K>(&mut self, kept: K, outcome: Result<T, FutureError>) {
        let Some(cell) = self.cell.take() else { return };
        let state = cell.lock();
        if !state.is_done() {
            let kept = cell.complete_keeping(kept, state, Phase::Finished, outcome);
            drop(cell); // the result may go with it
            drop(kept);
        }
    }
}

impl<T> Drop for Promise<T> {
    fn drop(&mut self) {
        self.finish((), Err(FutureError::Abandoned));
    }
}

impl<T> fmt::Debug for Promise<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Promise")
    }
}
