//! `async with`: something that is acquired by awaiting and released by awaiting, whatever happens in between.
//!
//! Rust has no asynchronous destructor: `Drop::drop` is a plain function, and a plain function cannot await.
//! So the release is not `Drop` but a method, [`AsyncContext::exit`], and [`with`] calls it. What is left for
//! `Drop` is the one way out on which nobody polls any more:
//!
//! | the body | what runs | it may await |
//! |---|---|---|
//! | returns a value | [`exit`](AsyncContext::exit) with [`Exit::Finished`] | yes |
//! | returns an error | `exit` with [`Exit::Failed`], then the error goes on | yes |
//! | panics | `exit` with [`Exit::Panicked`], then the panic goes on | yes |
//! | is cancelled: the future is dropped | [`abandon`](AsyncContext::abandon), out of a destructor | **no** |
//!
//! In Python a cancellation is an exception that is raised at the `await`, and `__aexit__` may await even
//! then. Where a release must await (a transaction's roll-back), send the resource to a task that
//! does so, from `abandon`; or spawn the whole `with` as a task, so that dropping the handle does not drop it.
//!
//! Copy this file. Dependencies: none.

use std::any::Any;
use std::error::Error;
use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::task::Poll;

/// What can be entered and left. Python: a class with `__aenter__` and `__aexit__`.
pub trait AsyncContext {
    /// Why it can be neither entered nor left.
    type Error;

    /// Acquires it. Python: `__aenter__`.
    ///
    /// # Errors
    ///
    /// When it could not be acquired: then the body does not run, and nothing is released.
    fn enter(&mut self) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Releases it: called once for each successful [`enter`](Self::enter), unless that is abandoned.
    /// Python: `__aexit__`; it cannot suppress the body's error, that is for the caller to do.
    ///
    /// # Errors
    ///
    /// When it could not be released.
    fn exit(&mut self, exit: Exit) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Called instead of [`exit`](Self::exit), or in the middle of it, when the future is dropped. Runs in a
    /// destructor: it cannot await and should neither block nor panic. Does nothing unless implemented.
    fn abandon(&mut self) {}
}

/// How the body ended. Python: the arguments of `__aexit__`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// It returned a value.
    Finished,
    /// It returned an error.
    Failed,
    /// It panicked.
    Panicked,
}

/// Why [`with`] has no result: `E` is the body's error, `C` the context's.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WithError<E, C> {
    /// The context was not entered, and the body did not run.
    Enter(C),
    /// The body failed; the context was left in order.
    Body(E),
    /// The context was not left in order. If the body had failed, its error is here too; Python chains them.
    Exit {
        /// Why not.
        error: C,
        /// What the body had failed with.
        body: Option<E>,
    },
}

impl<E: fmt::Display, C: fmt::Display> fmt::Display for WithError<E, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Enter(error) => write!(f, "cannot acquire: {error}"),
            Self::Body(error) => error.fmt(f),
            Self::Exit { error, body: None } => write!(f, "cannot release: {error}"),
            Self::Exit {
                error,
                body: Some(body),
            } => {
                write!(f, "cannot release: {error}, after: {body}")
            }
        }
    }
}

impl<E: fmt::Debug + fmt::Display, C: fmt::Debug + fmt::Display> Error for WithError<E, C> {}

/// Enters the context, runs the body with it, and leaves it. Python: `async with context as c: body`.
///
/// If this future is dropped before `exit` has come to its end, [`AsyncContext::abandon`] runs. A panic in
/// the body goes on after `exit`, whose own error is lost then; a panic in `exit` takes its place.
///
/// Several contexts are nested closures; the inner one is left first. Python's `AsyncExitStack`, for a
/// number that is known only at run time, has no counterpart here.
///
/// # Errors
///
/// [`WithError`] tells the three apart.
///
/// # Examples
///
/// ```
/// use asyncio::context::{AsyncContext, Exit, with};
///
/// struct Connection { open: bool }
///
/// impl AsyncContext for Connection {
///     type Error = std::io::Error;
///     async fn enter(&mut self) -> Result<(), Self::Error> {
///         self.open = true; // awaiting what has to be awaited
///         Ok(())
///     }
///     async fn exit(&mut self, _: Exit) -> Result<(), Self::Error> {
///         self.open = false;
///         Ok(())
///     }
/// }
///
/// # asyncio::run::run(async {
/// let answer = with(Connection { open: false }, async |connection| {
///     assert!(connection.open);
///     Ok::<_, std::num::ParseIntError>("42".parse::<u32>()?)
/// });
/// assert_eq!(answer.await.unwrap(), 42);
/// # })?;
/// # Ok::<(), asyncio::run::RunError>(())
/// ```
///
/// Nothing of the context can leave the body, so it cannot be used after its release:
///
/// ```compile_fail,E0521
/// # use asyncio::context::{AsyncContext, with};
/// async fn leak<C: AsyncContext>(context: C) {
///     let mut outside = None;
///     let body = async |inside: &mut C| {
///         outside = Some(inside);
///         Ok::<(), ()>(())
///     };
///     let _ = with(context, body).await;
/// }
/// ```
///
/// ```
/// # use asyncio::context::{AsyncContext, with};
/// async fn keep<C: AsyncContext>(context: C) {
///     let mut size = None;
///     let body = async |inside: &mut C| {
///         size = Some(size_of_val(inside));
///         Ok::<(), ()>(())
///     };
///     let _ = with(context, body).await;
/// }
/// ```
pub async fn with<C, T, E>(
    context: C,
    body: impl AsyncFnOnce(&mut C) -> Result<T, E>,
) -> Result<T, WithError<E, C::Error>>
where
    C: AsyncContext,
{
    let mut entered = Entered {
        context,
        armed: false,
    };
    entered.context.enter().await.map_err(WithError::Enter)?;
    // From here to the end of `exit` a drop of this future is an abandonment.
    entered.armed = true;
    // The call is caught too: a body may be a plain function that panics before it has made its future.
    let ended = caught(async { body(&mut entered.context).await }).await;
    let how = match &ended {
        Ok(Ok(_)) => Exit::Finished,
        Ok(Err(_)) => Exit::Failed,
        Err(_) => Exit::Panicked,
    };
    let left = entered.context.exit(how).await;
    entered.armed = false;

    let ended = ended.unwrap_or_else(|payload| resume_unwind(payload));
    match (ended, left) {
        (Ok(value), Ok(())) => Ok(value),
        (Err(error), Ok(())) => Err(WithError::Body(error)),
        (ended, Err(error)) => Err(WithError::Exit {
            error,
            body: ended.err(),
        }),
    }
}

/// A context that has been entered and not left while it is armed.
struct Entered<C: AsyncContext> {
    context: C,
    armed: bool,
}

impl<C: AsyncContext> Drop for Entered<C> {
    fn drop(&mut self) {
        if self.armed {
            self.context.abandon();
        }
    }
}

/// What the future returns, or what it panicked with.
async fn caught<F: Future>(future: F) -> Result<F::Output, Box<dyn Any + Send>> {
    let mut future = pin!(future);
    poll_fn(|context| {
        // Unwind safe: after a panic the future is not polled again, and the panic goes on in the end.
        match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
            Ok(polled) => polled.map(Ok),
            Err(payload) => Poll::Ready(Err(payload)),
        }
    })
    .await
}
