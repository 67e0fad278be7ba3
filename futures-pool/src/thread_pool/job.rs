//! [`Job`]: a task, and whom it owes its result.

use super::queue::Busy;
use crate::common::attempt;
use crate::future::FutureError;
use crate::future::Promise;

/// What the queue holds: tasks of any type.
pub(super) trait Job: Send {
    /// Runs the task, unless it was cancelled, and gives its result. `busy` is dropped before anybody
    /// can learn of that: who submits another task then finds this worker free.
    fn run(self: Box<Self>, busy: Busy<'_>);

    /// Gives up the task, which has not begun.
    fn refuse(self: Box<Self>, why: FutureError);
}

/// A task that returns an `R`.
pub(super) struct Task<F, R> {
    pub(super) promise: Promise<R>,
    pub(super) function: F,
}

impl<F, R> Job for Task<F, R>
where
    F: FnOnce() -> Result<R, FutureError> + Send,
    R: Send,
{
    fn run(self: Box<Self>, busy: Busy<'_>) {
        let Self { promise, function } = *self;
        if promise.start() {
            promise.set_keeping(busy, attempt(function));
        }
    }

    fn refuse(self: Box<Self>, why: FutureError) {
        match why {
            FutureError::Cancelled => self.promise.cancel(),
            why => self.promise.set_exception(why),
        }
    }
}
