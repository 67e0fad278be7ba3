//! [`gather`]: runs futures at the same time and gives their results in the order of the futures. Python's `asyncio.gather`.
//!
//! Each future becomes a task, at the call and not at the `await`. What to use when:
//!
//! | | futures | run as | at the first error | dropped before the end |
//! |---|---|---|---|---|
//! | [`gather`]`(…).await` | any number, one type | tasks: on several threads where there are | gives it; the others **go on** | cancels all |
//! | `gather(…).`[`return_exceptions()`](Gather::return_exceptions) | the same | tasks | goes on, gives all | cancels all |
//! | [`task_group`](crate::task_group::task_group) | any number, any type, added while it runs | tasks | cancels the others and waits until they are gone | cancels all |
//! | `tokio::join!` | a fixed number, any type; may borrow | parts of the caller | goes on, gives all | drops all |
//! | `tokio::try_join!` | the same | parts of the caller | drops the others | drops all |
//! | `tokio::task::JoinSet` | any number, one type | tasks | is yours: results come as they are ready | cancels all |
//!
//! - `join!` where the futures are few and known, and where they borrow: nothing is allocated, but they share one
//!   thread, and one that blocks it stops all.
//! - `gather` where a list of equal jobs is to give a list of results.
//! - `JoinSet` where results are wanted as they come (Python's `as_completed`, `wait`).
//! - A task group where one failure makes the rest pointless. It leaves nothing behind; after a `gather` that
//!   failed, tasks still run that nobody looks after any more.
//!
//! To copy: this file and the block `task`. Needs: `tokio = { version = "1.50", features = ["rt"] }`,
//! `pin-project-lite = "0.2"`.

use std::collections::HashMap;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::task::{Id, JoinSet};

use crate::task::TaskError;
use crate::task::with_next_name;

/// Makes a task of each of the futures and collects what they come to.
///
/// They return a `Result`, as a Python coroutine returns or raises. One that panics or is cancelled with the runtime
/// gives an error too, a [`TaskError`] made into an `E`; `anyhow::Error` can be, as can a `TaskError` itself.
///
/// Awaiting it gives all results in the order of the futures, or the first error there is, at once. The others then go
/// on, and what they come to is lost. Without futures there are no results. That is its end: polled again it panics.
///
/// Dropped before that, awaited or not, it cancels all that are still running. It does not wait for their ends.
///
/// ```
/// use asyncio::gather::gather;
/// use asyncio::task::TaskError;
///
/// async fn double(number: u32) -> Result<u32, TaskError> {
///     Ok(2 * number)
/// }
///
/// let doubled = asyncio::run::run(async { gather([double(1), double(2), double(3)]).await })?;
/// assert_eq!(doubled.unwrap(), [2, 4, 6]);
/// # Ok::<(), asyncio::run::RunError>(())
/// ```
///
/// In Python the same coroutine may be named twice and runs once. Here it is moved in, and cannot be there twice:
///
/// ```compile_fail,E0382
/// # use asyncio::gather::gather;
/// # use asyncio::task::TaskError;
/// # async fn double(number: u32) -> Result<u32, TaskError> { Ok(2 * number) }
/// # asyncio::run::run(async {
/// let future = double(1);
/// let doubled = gather([future, future]).await;
/// # }).unwrap();
/// ```
///
/// ```
/// # use asyncio::gather::gather;
/// # use asyncio::task::TaskError;
/// # async fn double(number: u32) -> Result<u32, TaskError> { Ok(2 * number) }
/// # asyncio::run::run(async {
/// let future = || double(1); // makes one each time
/// let doubled = gather([future(), future()]).await;
/// # assert_eq!(doubled.unwrap(), [2, 2]);
/// # }).unwrap();
/// ```
///
/// A [`Task`](crate::task::Task) is such a future as well: `gather([first, second])`. To have it cancelled along with
/// the others, as in Python, give `first.cancel_on_drop()`.
///
/// # Panics
///
/// Outside of a runtime.
#[track_caller]
pub fn gather<I, T, E>(futures: I) -> Gather<T, E>
where
    I: IntoIterator,
    I::Item: Future<Output = Result<T, E>> + Send + 'static,
    T: Send + 'static,
    E: From<TaskError> + Send + 'static,
{
    let mut tasks = JoinSet::new();
    let mut places = HashMap::new();
    for (place, future) in futures.into_iter().enumerate() {
        let task = tasks.spawn(with_next_name(future));
        places.insert(task.id(), place);
    }
    Gather {
        results: Some(places.iter().map(|_| None).collect()),
        tasks,
        places,
    }
}

/// Tasks whose results are collected. From [`gather`].
#[must_use = "dropped at once it cancels its tasks"]
pub struct Gather<T, E> {
    /// Cancels what is in it when it is dropped.
    tasks: JoinSet<Result<T, E>>,
    /// Which place in the list a task has: of one that panicked, only its id comes back.
    places: HashMap<Id, usize>,
    /// The results there are so far. `None` after the end, and after a panic of `E::from`.
    results: Option<Vec<Option<T>>>,
}

// Nothing in it is pinned.
impl<T, E> Unpin for Gather<T, E> {}

impl<T, E> Gather<T, E>
where
    T: 'static,
    E: From<TaskError> + 'static,
{
    /// Waits for all and gives what each came to, in the order of the futures: results, errors and panics. What was
    /// ready before this, when the gather was polled by `select!` say, counts as well.
    ///
    /// Python's `gather(…, return_exceptions=True)`. Dropped before its end it cancels all that are still running.
    ///
    /// # Panics
    ///
    /// If the gather has given its results or its error already.
    pub async fn return_exceptions(mut self) -> Vec<Result<T, E>> {
        let so_far = self.results.take().expect(OVER).into_iter();
        let mut results: Vec<_> = so_far.map(|result| result.map(Ok)).collect();
        while let Some((place, result)) = poll_fn(|context| self.poll_next(context)).await {
            results[place] = Some(result);
        }
        all_of(results)
    }

    /// The place and the result of the next task that is over; `None` when all were.
    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<(usize, Result<T, E>)>> {
        let next = ready!(self.tasks.poll_join_next_with_id(context));
        let next = next.map(|ended| match ended {
            Ok((id, result)) => (id, result),
            Err(error) => (error.id(), Err(TaskError::from(error).into())),
        });
        Poll::Ready(next.map(|(id, result)| (self.places[&id], result)))
    }
}

impl<T, E> Future for Gather<T, E>
where
    T: 'static,
    E: From<TaskError> + 'static,
{
    type Output = Result<Vec<T>, E>;

    /// # Panics
    ///
    /// When it was ready before.
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut results = self.results.take().expect(OVER);
        loop {
            match self.poll_next(context) {
                Poll::Pending => {
                    self.results = Some(results);
                    return Poll::Pending;
                }
                Poll::Ready(None) => return Poll::Ready(Ok(all_of(results))),
                Poll::Ready(Some((place, Ok(value)))) => results[place] = Some(value),
                Poll::Ready(Some((_, Err(error)))) => {
                    self.tasks.detach_all(); // else they were cancelled with this
                    return Poll::Ready(Err(error));
                }
            }
        }
    }
}

const OVER: &str = "a Gather was polled after it was ready";

/// Every task is over, and each was put in its place.
fn all_of<R>(results: Vec<Option<R>>) -> Vec<R> {
    let each = results.into_iter();
    each.map(|result| result.expect("each task comes to something once"))
        .collect()
}

impl<T, E> fmt::Debug for Gather<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Gather({} of {} running)",
            self.tasks.len(),
            self.places.len()
        )
    }
}
