//! [`task_group`]: tasks that end together, before the block that started them does. Python's `asyncio.TaskGroup`.
//!
//! The first error, of a child or of the body, cancels all the others, and the group gives the errors when all
//! are gone: nothing that was started in it still runs after it.
//!
//! Where Rust differs: the body is cancelled by being dropped at its `await`, so it cannot react. Python's block is a
//! closure here, since no destructor can wait for the children. A child borrows nothing from the body: whoever holds the
//! group's future may forget it, and the children would run on (E0597 below).
//!
//! If the group's own future is dropped, that is if the task it is in is cancelled, all children are cancelled, but
//! nothing waits for them: that is the one way in which they can outlast it, by as long as they need to reach an `await`.
//!
//! To copy: this file, the folder `task_group` and the block `task`. Needs: `tokio = { version = "1.50", features = ["macros", "rt", "sync"] }`,
//! `pin-project-lite = "0.2"`.

use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use tokio::task::{JoinError, JoinSet};

use crate::task::with_next_name;
use crate::task::{Panic, TaskError};

mod added; // what is still to be begun
mod child; // what came of one
mod error; // what went wrong in the group

pub use child::Child;
pub use error::{GroupClosed, GroupError};

use added::{Added, Adder};

/// What a child runs. Its value goes another way, so all children are of one type.
type Work<E> = Pin<Box<dyn Future<Output = Result<(), E>> + Send>>;

/// Runs `body`, which starts children in the group it is given, and waits for all of them.
///
/// ```
/// use asyncio::task::TaskError;
/// use asyncio::task_group::task_group;
///
/// let sum = asyncio::run::run(async {
///     task_group(async |group| {
///         let one = group.spawn(async { Ok::<_, TaskError>(1) })?;
///         let two = group.spawn(async { Ok(2) })?;
///         Ok(one.await.unwrap_or(0) + two.await.unwrap_or(0))
///     })
///     .await
/// })?;
/// assert_eq!(sum.unwrap(), 3);
/// # Ok::<(), asyncio::run::RunError>(())
/// ```
///
/// A child takes what it needs along:
///
/// ```compile_fail,E0597
/// # use asyncio::task::TaskError;
/// # use asyncio::task_group::task_group;
/// # asyncio::run::run(async {
/// let text = String::from("text");
/// task_group(async |group| {
///     group.spawn(async { Ok::<_, TaskError>(text.len()) })?;
///     Ok(())
/// })
/// .await
/// # }).unwrap().unwrap();
/// ```
///
/// ```
/// # use asyncio::task::TaskError;
/// # use asyncio::task_group::task_group;
/// # asyncio::run::run(async {
/// let text = String::from("text");
/// task_group(async move |group| {
///     group.spawn(async move { Ok::<_, TaskError>(text.len()) })?;
///     Ok(())
/// })
/// .await
/// # }).unwrap().unwrap();
/// ```
///
/// A child that never comes to an `await` cannot be cancelled, and is waited for. The group ends when there is a moment without
/// a child: whoever adds them faster than they end keeps it going.
///
/// # Errors
///
/// All errors there were: of children, of the body, and a [`TaskError`] made into an `E` for each child that panicked. A
/// child that was cancelled by itself ([`Child::cancel`]) is none.
///
/// # Panics
///
/// With what the body panicked with, after all children were cancelled and are gone. Outside of a runtime.
pub async fn task_group<T, E, F>(body: F) -> Result<T, GroupError<E>>
where
    F: AsyncFnOnce(TaskGroup<E>) -> Result<T, E>,
    E: From<TaskError> + Send + 'static,
{
    let (adder, added) = added::channel();
    let mut children = Children {
        added,
        running: JoinSet::new(),
    };
    // Its call and its drop are caught as well: it may be a plain function, and its destructors may panic.
    let mut body = pin!(Some(async { body(TaskGroup { adder }).await }));
    let ended = poll_fn(|context| {
        // The children first: when one has failed, the body must not run any further. What the body adds
        // after that wakes this once more.
        if let Poll::Ready(Some(error)) = children.poll(context) {
            return Poll::Ready(Ok(Err(error)));
        }
        let body = body.as_mut().as_pin_mut().expect("it is dropped below");
        // After a panic it is only dropped.
        match catch_unwind(AssertUnwindSafe(|| body.poll(context))) {
            Ok(polled) => polled.map(Ok),
            Err(payload) => Poll::Ready(Err(payload)),
        }
    })
    .await;
    // The body is dropped before the children's ends are waited for.
    let ended = catch_unwind(AssertUnwindSafe(|| body.set(None))).and(ended);
    match ended {
        Ok(Ok(value)) => match children.all_ended().await {
            None => Ok(value),
            Some(error) => Err(GroupError::new(error, children.cancel().await)),
        },
        Ok(Err(error)) => Err(GroupError::new(error, children.cancel().await)),
        Err(payload) => {
            children.cancel().await;
            resume_unwind(payload)
        }
    }
}

/// The children, as the group's future sees them. Dropping this cancels them all.
struct Children<E> {
    /// Those that are still to be begun. Begun from here and not where they are added, they belong to one owner: no lock
    /// is held when one is dropped. Where this is closed the group is.
    added: Added<Work<E>>,
    running: JoinSet<Result<(), E>>,
}

impl<E: From<TaskError> + Send + 'static> Children<E> {
    /// Begins what was added, and looks for an error among those that are over. `None`: none runs.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<E>> {
        for work in self.added.take(context.waker()) {
            self.running.spawn(work);
        }
        while let Some(ended) = ready!(self.running.poll_join_next(context)) {
            if let Some(error) = error_of(ended) {
                return Poll::Ready(Some(error));
            }
        }
        Poll::Ready(None)
    }

    /// Waits until no child is left, those that are added meanwhile included, and closes the group; or until one fails.
    async fn all_ended(&mut self) -> Option<E> {
        loop {
            if let Some(error) = poll_fn(|context| self.poll(context)).await {
                return Some(error);
            }
            // The last that ran may have added one before it ended, after the others were begun.
            if self.added.close_if_empty() {
                return None;
            }
        }
    }

    /// Closes the group, cancels all children and waits until they are gone. What errors they leave.
    async fn cancel(&mut self) -> Vec<E> {
        let never_begun = self.added.close();
        self.running.abort_all();
        let mut errors = Vec::new();
        for work in never_begun {
            if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(work))) {
                errors.push(TaskError::Panicked(Panic::new(payload)).into());
            }
        }
        while let Some(ended) = self.running.join_next().await {
            errors.extend(error_of(ended));
        }
        errors
    }
}

fn error_of<E: From<TaskError>>(ended: Result<Result<(), E>, JoinError>) -> Option<E> {
    match ended {
        Ok(result) => result.err(),
        Err(error) if error.is_cancelled() => None,
        Err(error) => Some(TaskError::from(error).into()),
    }
}

/// Where children are added. From [`task_group`]; a child that is to start others takes a clone along.
///
/// Dropping it changes nothing.
pub struct TaskGroup<E> {
    adder: Adder<Work<E>>,
}

impl<E: Send + 'static> TaskGroup<E> {
    /// Starts a child: a task that begins when the group's future comes to an `await`. Python's `create_task`.
    ///
    /// # Errors
    ///
    /// [`GroupClosed`], from a clone of the group, when a child or the body has failed or all are over. The future is
    /// dropped and was not begun. The body itself does not see this: it is dropped when a child fails.
    pub fn spawn<T: Send + 'static>(
        &self,
        future: impl Future<Output = Result<T, E>> + Send + 'static,
    ) -> Result<Child<T>, GroupClosed> {
        let (work, child) = child::new(future);
        let work = Box::pin(with_next_name(work));
        match self.adder.add(work) {
            Ok(()) => Ok(child),
            Err(_) => Err(GroupClosed),
        }
    }
}

impl<E> Clone for TaskGroup<E> {
    fn clone(&self) -> Self {
        Self {
            adder: self.adder.clone(),
        }
    }
}

impl<E> fmt::Debug for TaskGroup<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.adder.is_closed() {
            false => "open",
            true => "closed",
        };
        write!(f, "TaskGroup({state})")
    }
}
