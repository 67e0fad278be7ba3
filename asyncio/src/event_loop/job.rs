//! [`Job`]: what the loop does with a spawned future, whatever that is; [`Outcome`]: where it leaves the result;
//! [`Seat`]: what a task leaves to the next one.

use std::cell::RefCell;
use std::future::Future;
use std::panic::{self, AssertUnwindSafe};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{Ordering::Acquire, fence};
use std::task::{Context, Poll, Waker};

use super::JoinError;
use super::ready::{Ready, Task};

/// A future and what it comes to. The loop sees it as a [`Job`], the handle as a [`Join`].
pub(super) struct Spawned<F: Future> {
    /// `None` once it is over.
    future: RefCell<Option<Pin<Box<F>>>>,
    outcome: RefCell<Outcome<F::Output>>,
    /// `None` once it is over.
    seat: RefCell<Option<Seat>>,
}

/// What a task has for as long as it is there, and leaves to another one. It is in the job, so that the handle reaches
/// it without a reference of its own, which would be counted across threads.
pub(super) struct Seat {
    pub(super) task: Arc<Task>,
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

    fn seat(&self) -> &RefCell<Option<Seat>>;
}

/// The handle's side: with the type of the result.
pub(super) trait Join<T> {
    fn outcome(&self) -> &RefCell<Outcome<T>>;

    fn seat(&self) -> &RefCell<Option<Seat>>;
}

impl Seat {
    pub(super) fn new(number: usize, ready: &Arc<Ready>) -> Self {
        let task = Task::new(number, ready);
        let waker = Waker::from(Arc::clone(&task));
        Self { task, waker }
    }

    /// Whether nobody has a waker of the task any more; they can only be made from one.
    pub(super) fn is_nobodys(&self) -> bool {
        let ours = 2; // the two fields
        if Arc::strong_count(&self.task) > ours {
            return false;
        }
        // What others did to its state was before they let go of it, and so before what comes next.
        fence(Acquire);
        true
    }
}

impl<F: Future> Spawned<F> {
    pub(super) fn new(future: F, seat: Option<Seat>) -> Self {
        Self {
            future: RefCell::new(Some(Box::pin(future))),
            outcome: RefCell::new(Outcome::Awaited(None)),
            seat: RefCell::new(seat),
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
        let seat = self.seat.borrow();
        let Some(Seat { task, waker }) = &*seat else {
            return Turn::Over;
        };
        if !task.state.begin() {
            self.cancel();
            return Turn::Over;
        }
        match self.poll(&mut Context::from_waker(waker)) {
            true => Turn::Over,
            false if task.state.suspend() => Turn::Woken,
            false => Turn::Idle,
        }
    }

    fn cancel(&self) {
        self.end(Err(JoinError::Cancelled));
    }

    fn seat(&self) -> &RefCell<Option<Seat>> {
        &self.seat
    }
}

impl<F: Future> Join<F::Output> for Spawned<F> {
    fn outcome(&self) -> &RefCell<Outcome<F::Output>> {
        &self.outcome
    }

    fn seat(&self) -> &RefCell<Option<Seat>> {
        &self.seat
    }
}

/// Runs a task's own code. A panic there must not end the loop; the panic hook has reported it.
pub(super) fn catch<R>(run: impl FnOnce() -> R) -> Result<R, JoinError> {
    // What the code was in the middle of is the task's own: it is dropped, not looked at.
    panic::catch_unwind(AssertUnwindSafe(run)).map_err(JoinError::panicked)
}
