//! [`JoinHandle`]: a task for who wants its result, and [`JoinError`]: why it has none.

use std::any::Any;
use std::error::Error;
use std::fmt;
use std::future::Future;
use std::mem;
use std::panic::{self, AssertUnwindSafe};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use super::job::{Join, Outcome};

/// Why a task has no result.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JoinError {
    /// It was aborted, or its loop was closed, before it returned. Python's `CancelledError`.
    Cancelled,
    /// It panicked, or a destructor of its future did.
    Panicked {
        /// What it panicked with, if that was a text.
        message: String,
    },
}

impl JoinError {
    /// Whether it is [`Cancelled`](Self::Cancelled).
    pub fn is_cancelled(&self) -> bool {
        matches!(self, Self::Cancelled)
    }

    /// Whether it is [`Panicked`](Self::Panicked).
    pub fn is_panic(&self) -> bool {
        matches!(self, Self::Panicked { .. })
    }

    /// What was thrown is dropped here, and may panic once more; so may what that throws, which is leaked.
    pub(super) fn panicked(payload: Box<dyn Any + Send>) -> Self {
        let text = payload.downcast_ref::<&str>().copied();
        let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
        let message = text.unwrap_or("(not a text)").to_owned();
        let dropped = panic::catch_unwind(AssertUnwindSafe(|| drop(payload)));
        dropped.unwrap_or_else(mem::forget);
        Self::Panicked { message }
    }
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cancelled => f.write_str("the task was cancelled"),
            Self::Panicked { message } => write!(f, "the task panicked: {message}"),
        }
    }
}

impl Error for JoinError {}

/// A task. Awaiting it gives what it comes to, once; a second poll after that panics. Python: `asyncio.Task`.
///
/// Dropping it changes nothing for the task, which goes on; its result is dropped then, and a panic of it shows on
/// stderr only.
#[must_use = "the task goes on without it, but nobody hears of its result or panic"]
pub struct JoinHandle<T> {
    job: Rc<dyn Join<T>>,
}

impl<T> JoinHandle<T> {
    pub(super) fn new(job: Rc<dyn Join<T>>) -> Self {
        Self { job }
    }

    /// Has the task dropped at its next turn, in place of a poll: its destructors run. One that has not begun never
    /// does. Whether this call asked for it: not if the task is done, or was aborted before.
    ///
    /// Does not wait: await the handle to know that it is over. A task that aborts itself goes on to the next place
    /// where it has to wait, or to its end, which counts then. Python: `Task.cancel`.
    pub fn abort(&self) -> bool {
        let task = self.job.task();
        let queue = task.state.abort();
        if queue == Some(true) {
            task.queue();
        }
        queue.is_some()
    }

    /// Whether the task is over and its future gone. Does not wait. Python: `Task.done`.
    pub fn is_finished(&self) -> bool {
        !matches!(*self.job.outcome().borrow(), Outcome::Awaited(_))
    }
}

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let next = match self.is_finished() {
            true => Outcome::Taken,
            // A new waker each time: the one of an earlier poll may be another task's.
            false => Outcome::Awaited(Some(context.waker().clone())),
        };
        match self.job.outcome().replace(next) {
            Outcome::Awaited(_earlier) => Poll::Pending,
            Outcome::Known(result) => Poll::Ready(result),
            Outcome::Taken => panic!("a JoinHandle was polled after it was ready"),
        }
    }
}

/// Lets go of the waker of the last poll.
impl<T> Drop for JoinHandle<T> {
    fn drop(&mut self) {
        let waker = match &mut *self.job.outcome().borrow_mut() {
            Outcome::Awaited(waker) => waker.take(),
            Outcome::Known(_) | Outcome::Taken => None,
        };
        drop(waker); // when the outcome is no longer borrowed
    }
}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.is_finished() {
            true => "JoinHandle(finished)",
            false => "JoinHandle(pending)",
        })
    }
}
