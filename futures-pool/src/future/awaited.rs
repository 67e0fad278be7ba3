//! `.await` on a [`Future`](super::Future), on any runtime: the result wakes whoever polls.

use core::future::{Future, IntoFuture};
use std::pin::Pin;
use std::task::{Context, Poll};

use super::FutureError;
use super::cell::State;

/// A [`Future`](super::Future) that is being awaited. Dropping it, as a lost `select!` branch does, changes
/// nothing for the task, and its result is lost.
#[must_use = "it does nothing unless it is awaited"]
#[derive(Debug)]
pub struct Awaited<T> {
    /// `None` once it is over.
    future: Option<super::Future<T>>,
}

impl<T> Future for Awaited<T> {
    type Output = Result<T, FutureError>;

    /// # Panics
    ///
    /// When it was ready before.
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        // A new waker each time: the one of an earlier poll may be for another task. A clone is made by
        // the runtime's code, hence outside of the mutex.
        let waker = context.waker().clone();
        let future = self.future.take().expect("not polled after it was ready");
        if future.cell.watch(waker, State::is_over) {
            return Poll::Ready(future.take());
        }
        self.future = Some(future);
        Poll::Pending
    }
}

/// Waits without a thread. As [`into_result`](super::Future::into_result), also for callbacks.
impl<T> IntoFuture for super::Future<T> {
    type Output = Result<T, FutureError>;
    type IntoFuture = Awaited<T>;

    fn into_future(self) -> Awaited<T> {
        Awaited { future: Some(self) }
    }
}
