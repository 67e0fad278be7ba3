//! [`create_task`] and [`Task`]: a future that runs by itself from now on. Python's `asyncio.create_task`, `asyncio.Task`.
//!
//! A future alone does nothing until it is awaited. As a task it is run by the runtime, at the same time as
//! others, and whoever has the [`Task`] can await what it comes to, or cancel it.
//!
//! Where Rust differs:
//!
//! | | Python | here |
//! |---|---|---|
//! | cancel | throws `CancelledError` in at the `await` | the future is dropped at the `await`: destructors run |
//! | cleanup | `finally` may await, and may refuse the cancel | `Drop`, which can do neither |
//! | the task is lost | it may be collected before its end | it goes on to its end; a panic then only shows on stderr |
//! | `await task`, the waiter is cancelled | so is the task; not with `shield(task)` | it goes on: as if shielded; not with `task.`[`cancel_on_drop()`](Task::cancel_on_drop) |
//! | awaited twice | the same result again | does not compile: the result is moved out |
//! | main | is a task, `Task-1` | is none, it has no name |
//!
//! On a runtime of several threads a task moves between them, so the future and its result must be `Send`. That is
//! why the guard of a `std::sync::Mutex` cannot be kept across an `await` in a task: the compiler refuses it.
//!
//! To copy: this file and the folder `task`. Needs: `tokio = { version = "1.50", features = ["rt"] }`,
//! `pin-project-lite = "0.2"`, which tokio needs too.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll, ready};

use tokio::task::JoinHandle;

mod error; // why there is no result
mod record; // what is known of a task, and its name
mod watched; // a future, and whether it came to its end

pub use error::{Panic, TaskError};
pub use record::{current_task_name, with_name, with_next_name};

use record::Record;

/// Makes a task of `future`. It is begun by the runtime, whether it is awaited or not: on a runtime of one thread
/// when the caller comes to an `await`, on one of several threads perhaps at once.
///
/// ```standalone_crate
/// use asyncio::task::create_task;
///
/// let text = String::from("text");
/// let length = asyncio::run::run(async {
///     let task = create_task(async move { text.len() });
///     assert_eq!(task.name(), "Task-1"); // the first of this process
///     task.await
/// })?;
/// assert_eq!(length.unwrap(), 4);
/// # Ok::<(), asyncio::run::RunError>(())
/// ```
///
/// It may outlive the caller, so it borrows nothing from it:
///
/// ```compile_fail,E0597
/// use asyncio::task::create_task;
///
/// let text = String::from("text");
/// let length = asyncio::run::run(async {
///     let task = create_task(async { text.len() });
///     task.await
/// })?;
/// assert_eq!(length.unwrap(), 4);
/// # Ok::<(), asyncio::run::RunError>(())
/// ```
///
/// # Panics
///
/// Outside of a runtime. Another thread enters it first: `let _inside = handle.enter();`.
#[track_caller]
pub fn create_task<F>(future: F) -> Task<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    start(Record::numbered(), future)
}

/// [`create_task`] with a name, not necessarily one of its own. Python's `create_task(future, name=name)`.
///
/// # Panics
///
/// As [`create_task`] does.
#[track_caller]
pub fn create_named_task<F>(name: impl Into<Arc<str>>, future: F) -> Task<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    start(Record::named(name.into()), future)
}

#[track_caller]
fn start<F>(record: Record, future: F) -> Task<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let record = Arc::new(record);
    let watched = watched::new(Arc::clone(&record), future);
    let handle = tokio::spawn(record::CURRENT.scope(Arc::clone(&record), watched));
    Task { handle, record }
}

/// A future that runs by itself. Awaiting it gives what it comes to; once only, a second poll after that panics.
///
/// Dropping it changes nothing for the task: it goes on, and nobody hears of its result. At the end of
/// [`run`](crate::run::run) it is cancelled.
///
/// Its result is moved to who awaits it, so that is done once:
///
/// ```compile_fail,E0382
/// use asyncio::task::create_task;
///
/// # asyncio::run::run(async {
/// let task = create_task(async { 1 });
/// let first = task.await;
/// let second = task.await;
/// # }).unwrap();
/// ```
///
/// What two want is cloned or shared, or sent to both:
///
/// ```
/// use asyncio::task::create_task;
///
/// # asyncio::run::run(async {
/// let task = create_task(async { 1 });
/// let first = task.await.unwrap();
/// let second = first;
/// assert_eq!(first + second, 2);
/// # }).unwrap();
/// ```
pub struct Task<T> {
    handle: JoinHandle<T>,
    record: Arc<Record>,
}

impl<T> Task<T> {
    /// Its name. Python's `get_name`.
    pub fn name(&self) -> &str {
        self.record.name()
    }

    /// Asks the task to end at the `await` where it is, or at the next it comes to: its future is dropped there.
    /// One that has not begun never does. Whether this made a difference: not if it is done, or was asked before
    /// (Python: `True` as long as it is not done).
    ///
    /// Does not wait; await the task to know that its destructors have run. It may still come to a result, if no
    /// `await` where it has to wait is left. A task may cancel itself.
    pub fn cancel(&self) -> bool {
        if self.done() || self.record.asked.swap(true, Relaxed) {
            return false;
        }
        self.handle.abort();
        true
    }

    /// Whether it is over, with a result, by a panic or cancelled, and its future is gone. Does not wait.
    pub fn done(&self) -> bool {
        self.handle.is_finished()
    }

    /// Whether it is done because it was cancelled, by [`cancel`](Self::cancel) or with the runtime. If a destructor
    /// panicked meanwhile, this is so all the same, but awaiting it gives the panic.
    pub fn cancelled(&self) -> bool {
        self.done() && self.record.cut_off.load(Relaxed)
    }

    /// The same to await, but dropped before the task is done it cancels it.
    ///
    /// Python's `await task`, where this is the rule and `shield(task)` the exception.
    pub fn cancel_on_drop(self) -> CancelOnDrop<T> {
        CancelOnDrop(self)
    }
}

impl<T> Future for Task<T> {
    type Output = Result<T, TaskError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let ended = ready!(Pin::new(&mut self.handle).poll(context));
        Poll::Ready(ended.map_err(TaskError::from))
    }
}

impl<T> fmt::Debug for Task<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match (self.done(), self.cancelled()) {
            (false, _) => "pending",
            (true, false) => "finished",
            (true, true) => "cancelled",
        };
        write!(f, "Task({:?}, {state})", self.name())
    }
}

/// A task that is cancelled when this is dropped, without waiting for its end. From [`Task::cancel_on_drop`].
#[must_use = "dropped at once it cancels its task"]
#[derive(Debug)]
pub struct CancelOnDrop<T>(Task<T>);

impl<T> Future for CancelOnDrop<T> {
    type Output = Result<T, TaskError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context)
    }
}

impl<T> Drop for CancelOnDrop<T> {
    fn drop(&mut self) {
        self.0.cancel();
    }
}
