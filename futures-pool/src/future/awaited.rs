//! `.await` on a [`Future`](super::Future), on any runtime: the result wakes whoever polls.

use std::future::IntoFuture;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::{Future, FutureError};

/// A [`Future`] that is being awaited. Dropping it, as a lost `select!` branch does, changes nothing for
/// the task, and its result is lost.
#[must_use = "it does nothing unless it is awaited"]
#[derive(Debug)]
pub struct Awaited<T> {
    /// `None` once it is over.
    future: Option<Future<T>>,
}

impl<T> std::future::Future for Awaited<T> {
    type Output = Result<T, FutureError>;

    /// # Panics
    ///
    /// When it was ready before.
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let future = self.future.as_ref().expect("not polled after it was ready");
        {
            let mut state = future.cell.lock();
            if !state.phase.is_done() || state.calling {
                // The one of an earlier poll may be for another task.
                state.wakers.clear();
                state.wakers.push(context.waker().clone());
                return Poll::Pending;
            }
        }
        let future = self.future.take().expect("it was there");
        Poll::Ready(future.take())
    }
}

/// Waits without a thread. As [`Future::into_result`], also for callbacks.
impl<T> IntoFuture for Future<T> {
    type Output = Result<T, FutureError>;
    type IntoFuture = Awaited<T>;

    fn into_future(self) -> Awaited<T> {
        Awaited { future: Some(self) }
    }
}
