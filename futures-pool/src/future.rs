//! [`Future`]: a result that is still to come. Python's `concurrent.futures.Future`.
//!
//! [`promise`] makes a pair: the [`Promise`] goes to who will give the result, an executor mostly, the
//! [`Future`] to who wants it.
//!
//! | from | to | who | when |
//! |---|---|---|---|
//! | pending | running | the promise | [`start`](Promise::start): the task begins |
//! | pending | cancelled | the future | [`cancel`](Future::cancel) |
//! | pending, running | finished | the promise | it is given a result or an error, or is dropped |
//!
//! Cancelled and finished are *done*: nothing changes any more, but that the result can be taken out.
//!
//! Where Rust differs: there is one `Future` to a result, so that it can be taken out by value
//! ([`into_result`](Future::into_result), `.await`); several threads share it by reference. Setting a
//! result twice does not compile. A promise that is lost without a result is an error
//! ([`FutureError::Abandoned`]) and no hang. It can be awaited as well, on any async runtime.
//!
//! To copy: this file and the folder `future`. Needs: std only.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

mod awaited; // `.await`
mod cell; // what both halves share
mod error; // why there is no result
mod panics; // a user's code, contained
mod promised; // the other half

pub use awaited::Awaited;
pub use error::{Broken, Failure, FutureError};
pub(crate) use panics::catch;
pub use promised::{Promise, promise};

use cell::{Cell, Phase, State, call};

/// A result that is still to come.
///
/// ```
/// use futures_pool::future::promise;
///
/// let (promise, future) = promise();
/// assert!(!future.done());
/// std::thread::scope(|scope| {
///     scope.spawn(|| {
///         promise.start();
///         promise.set_result(6 * 7);
///     });
///     assert_eq!(future.result(None), Ok(&42));
/// });
/// assert_eq!(future.into_result(), Ok(42));
/// ```
///
/// Dropping it changes nothing for the task; [`cancel`](Self::cancel) does.
///
/// Threads share it if they may share the result, since each gets that by reference:
///
/// ```compile_fail,E0277
/// use futures_pool::future::promise;
/// use std::cell::Cell;
///
/// let (promise, future) = promise();
/// promise.set_result(Cell::new(1));
/// std::thread::scope(|scope| {
///     scope.spawn(|| future.result(None).map(Cell::get));
/// });
/// ```
///
/// Any other result is for one thread, whichever that is:
///
/// ```
/// use futures_pool::future::promise;
/// use std::cell::Cell;
///
/// let (promise, future) = promise();
/// promise.set_result(Cell::new(1));
/// std::thread::scope(|scope| {
///     scope.spawn(move || future.result(None).map(Cell::get));
/// });
/// ```
#[must_use = "a future that nobody keeps tells nobody what its task came to"]
pub struct Future<T> {
    cell: Arc<Cell<T>>,
    /// By reference it gives the result by reference: it may be shared if a `T` may.
    shared_as: PhantomData<T>,
}

// Nothing in it is pinned.
impl<T> Unpin for Future<T> {}

impl<T> Future<T> {
    /// Waits until the future is done, for `timeout` at most (`None`: for ever), and gives its result.
    /// Python's `result(timeout)`.
    ///
    /// # Errors
    ///
    /// [`FutureError`]: that it is not done yet, was cancelled, or what went wrong.
    pub fn result(&self, timeout: Option<Duration>) -> Result<&T, FutureError> {
        self.cell.wait_done(timeout)?;
        self.outcome().as_ref().map_err(FutureError::clone)
    }

    /// Waits as [`result`](Self::result) does, and gives the error if the task came to one. Python's
    /// `exception(timeout)`.
    ///
    /// # Errors
    ///
    /// [`FutureError::Timeout`] and [`FutureError::Cancelled`]: the task has come to nothing, or not yet.
    pub fn exception(
        &self,
        timeout: Option<Duration>,
    ) -> Result<Option<&FutureError>, FutureError> {
        match self.cell.wait_done(timeout)? {
            Phase::Cancelled => Err(FutureError::Cancelled),
            _ => Ok(self.outcome().as_ref().err()),
        }
    }

    /// Waits until the future is done, and until the callbacks that were added before have returned,
    /// and takes the result out. So a callback must not wait for whoever does this: both would for ever.
    ///
    /// # Errors
    ///
    /// [`FutureError`]: that it was cancelled, or what went wrong.
    pub fn into_result(self) -> Result<T, FutureError> {
        self.cell.wait_over();
        self.take()
    }

    /// Whether it is done: finished or cancelled. Does not wait.
    pub fn done(&self) -> bool {
        self.cell.lock().is_done()
    }

    /// Whether the task runs right now: it can no longer be cancelled.
    pub fn running(&self) -> bool {
        self.cell.lock().phase == Phase::Running
    }

    /// Whether it was cancelled.
    pub fn cancelled(&self) -> bool {
        self.cell.lock().phase == Phase::Cancelled
    }

    /// Cancels it if the task has not begun, and wakes who waits. Whether it is cancelled, by this call
    /// or an earlier one.
    pub fn cancel(&self) -> bool {
        let state = self.cell.lock();
        match state.phase {
            Phase::Pending => {
                self.cell
                    .complete(state, Phase::Cancelled, Err(FutureError::Cancelled));
                true
            }
            phase => phase == Phase::Cancelled,
        }
    }

    /// Has `callback` called with the future when it is done, in the thread that makes it so; at once
    /// if it is done already, whether or not earlier ones have returned. Callbacks are called in the
    /// order in which they were added. One that panics is reported by the panic hook, and the others are
    /// called all the same.
    ///
    /// A callback may use its future, and any other, as it likes: no lock is held.
    /// It has the result by reference, in whatever thread that is:
    ///
    /// ```compile_fail,E0277
    /// use std::cell::Cell;
    ///
    /// let (_promise, future) = futures_pool::future::promise::<Cell<i32>>();
    /// future.add_done_callback(|future| assert!(future.done()));
    /// ```
    ///
    /// ```
    /// use std::sync::Mutex;
    ///
    /// let (_promise, future) = futures_pool::future::promise::<Mutex<i32>>();
    /// future.add_done_callback(|future| assert!(future.done()));
    /// ```
    pub fn add_done_callback(&self, callback: impl FnOnce(&Self) + Send + 'static)
    where
        T: Sync, // the callback's thread and this one may look at the result at the same time
    {
        let mut state = self.cell.lock();
        if state.is_done() {
            drop(state);
            call(Box::new(callback), self);
        } else {
            state.callbacks.push(Box::new(callback));
        }
    }

    /// Which future it is: no two that are there at the same time have the same.
    pub fn id(&self) -> FutureId {
        FutureId(Arc::as_ptr(&self.cell) as *const () as usize)
    }

    /// Has `waker` woken when the future is done. `true` if it is, and will wake nobody.
    ///
    /// There is room for one waker, hence the exclusive reference.
    #[allow(dead_code)] // for `wait.rs`, which need not have been copied
    pub(crate) fn watch(&mut self, waker: Waker) -> bool {
        self.cell.watch(waker, State::is_done)
    }

    /// Takes back what [`watch`](Self::watch) asked for. Whether the future is done.
    #[allow(dead_code)] // as `watch`
    pub(crate) fn unwatch(&mut self) -> bool {
        self.cell.unwatch()
    }

    /// Whether it finished with an error. Not when it was cancelled.
    pub(crate) fn has_failed(&self) -> bool {
        let phase = self.cell.lock().phase;
        phase == Phase::Finished && self.outcome().is_err()
    }

    fn of(cell: &Arc<Cell<T>>) -> Self {
        Self {
            cell: Arc::clone(cell),
            shared_as: PhantomData,
        }
    }
}

/// Which future.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FutureId(usize);

/// The state, as in Python's `repr`.
impl<T> fmt::Debug for Future<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let phase = self.cell.lock().phase;
        f.write_str(match phase {
            Phase::Pending => "Future(pending)",
            Phase::Running => "Future(running)",
            Phase::Cancelled => "Future(cancelled)",
            Phase::Finished if self.has_failed() => "Future(finished, failed)",
            Phase::Finished => "Future(finished, returned)",
        })
    }
}
