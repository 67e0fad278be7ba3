//! [`Job`]: what the loop does with a spawned future, whatever that is, and [`Outcome`]: where it leaves the result.

use std::cell::RefCell;
use std::future::Future;
use std::panic::{self, AssertUnwindSafe};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use super::JoinError;

/// A future and what it comes to. The loop sees it as a [`Job`], the handle as a [`Join`].
pub(super) struct Spawned<F: Future> {
    /// `None` once it is over.
    future: RefCell<Option<Pin<Box<F>>>>,
    outcome: RefCell<Outcome<F::Output>>,
}

/// What a task comes to, on its way to the handle.
pub(super) enum Outcome<T> {
    /// Not known yet. Whom to wake for it.
    Awaited(Option<Waker>),
    Known(Result<T, JoinError>),
    Taken,
}

/// The loop's side: without the future's type.
pub(super) trait Job {
    /// Whether it is over.
    fn poll(&self, context: &mut Context<'_>) -> bool;

    /// Drops the future where it stands.
    fn cancel(&self);
}

/// The handle's side: with the type of the result.
pub(super) trait Join<T> {
    fn outcome(&self) -> &RefCell<Outcome<T>>;
}

impl<F: Future> Spawned<F> {
    pub(super) fn new(future: F) -> Self {
        Self {
            future: RefCell::new(Some(Box::pin(future))),
            outcome: RefCell::new(Outcome::Awaited(None)),
        }
    }

    /// Drops the future, then says what it came to: whoever hears of that knows that the destructors have run.
    fn end(&self, result: Result<F::Output, JoinError>) {
        let future = self.future.take();
        let result = catch(|| drop(future)).and(result);
        let before = self.outcome.replace(Outcome::Known(result));
        if let Outcome::Awaited(Some(waker)) = before {
            waker.wake();
        }
    }
}

impl<F: Future> Job for Spawned<F> {
    fn poll(&self, context: &mut Context<'_>) -> bool {
        let polled = match &mut *self.future.borrow_mut() {
            Some(future) => catch(|| future.as_mut().poll(context)),
            None => return true,
        };
        match polled {
            Ok(Poll::Pending) => return false,
            Ok(Poll::Ready(value)) => self.end(Ok(value)),
            Err(panicked) => self.end(Err(panicked)),
        }
        true
    }

    fn cancel(&self) {
        self.end(Err(JoinError::Cancelled));
    }
}

impl<F: Future> Join<F::Output> for Spawned<F> {
    fn outcome(&self) -> &RefCell<Outcome<F::Output>> {
        &self.outcome
    }
}

/// Runs a task's own code. A panic there must not end the loop; the panic hook has reported it.
pub(super) fn catch<R>(run: impl FnOnce() -> R) -> Result<R, JoinError> {
    // What the code was in the middle of is the task's own: it is dropped, not looked at.
    panic::catch_unwind(AssertUnwindSafe(run)).map_err(|payload| JoinError::panicked(&*payload))
}
