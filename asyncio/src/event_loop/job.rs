//! [`Job`]: what the loop does with a spawned future, whatever that is; [`Outcome`]: where it leaves the result.

use std::cell::RefCell;
use std::future::Future;
use std::panic::{self, AssertUnwindSafe};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use super::JoinError;
use super::ready::Task;

/// A future and what it comes to. The loop sees it as a [`Job`], the handle as a [`Join`].
pub(super) struct Spawned<F: Future> {
    /// `None` once it is over.
    future: RefCell<Option<Pin<Box<F>>>>,
    outcome: RefCell<Outcome<F::Output>>,
    task: Arc<Task>,
    /// Points to `task`; here, so that it is not made anew for each poll.
    waker: Waker,
}

/// What a task comes to, on its way to the handle.
pub(super) enum Outcome<T> {
    /// Not known yet. Whom to wake for it.
    Awaited(Option<Waker>),
    Known(Result<T, JoinError>),
    Taken,
}

/// How a turn ended.
pub(super) enum Turn {
    /// The task is over.
    Over,
    /// It waits.
    Idle,
    /// It was woken meanwhile, and has to be queued again.
    Woken,
}

/// The loop's side: without the future's type.
pub(super) trait Job {
    /// Polls the future, or drops it if the task was aborted.
    fn turn(&self) -> Turn;

    /// Drops the future where it stands.
    fn cancel(&self);

    fn task(&self) -> &Arc<Task>;
}

/// The handle's side: with the type of the result.
pub(super) trait Join<T> {
    fn outcome(&self) -> &RefCell<Outcome<T>>;

    fn task(&self) -> &Arc<Task>;
}

impl<F: Future> Spawned<F> {
    pub(super) fn new(future: F, task: Arc<Task>) -> Self {
        Self {
            future: RefCell::new(Some(Box::pin(future))),
            outcome: RefCell::new(Outcome::Awaited(None)),
            waker: Waker::from(Arc::clone(&task)),
            task,
        }
    }

    /// Whether it is over.
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
    fn turn(&self) -> Turn {
        if !self.task.state.begin() {
            self.cancel();
            return Turn::Over;
        }
        match self.poll(&mut Context::from_waker(&self.waker)) {
            true => Turn::Over,
            false if self.task.state.suspend() => Turn::Woken,
            false => Turn::Idle,
        }
    }

    fn cancel(&self) {
        self.end(Err(JoinError::Cancelled));
    }

    fn task(&self) -> &Arc<Task> {
        &self.task
    }
}

impl<F: Future> Join<F::Output> for Spawned<F> {
    fn outcome(&self) -> &RefCell<Outcome<F::Output>> {
        &self.outcome
    }

    fn task(&self) -> &Arc<Task> {
        &self.task
    }
}

/// Runs a task's own code. A panic there must not end the loop; the panic hook has reported it.
pub(super) fn catch<R>(run: impl FnOnce() -> R) -> Result<R, JoinError> {
    // What the code was in the middle of is the task's own: it is dropped, not looked at.
    panic::catch_unwind(AssertUnwindSafe(run)).map_err(JoinError::panicked)
}
