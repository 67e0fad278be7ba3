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

use std::cell::UnsafeCell;
use std::fmt;
use std::marker::PhantomData;
use std::mem;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::{Duration, Instant};

mod awaited; // `.await`
mod error; // why there is no result
mod promised; // the other half

pub use awaited::Awaited;
pub use error::{Broken, Failure, FutureError};
pub use promised::{Promise, promise};

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
#[must_use = "a future that nobody keeps tells nobody what its task came to"]
pub struct Future<T> {
    cell: Arc<Cell<T>>,
    /// By reference it gives the result by reference: it may be shared if a `T` may.
    shared_as: PhantomData<T>,
}

/// What promise and future share.
struct Cell<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
    /// Written once, before the phase becomes a done one, and read only after that.
    outcome: UnsafeCell<Option<Result<T, FutureError>>>,
}

struct State<T> {
    phase: Phase,
    /// Threads that wait for a change. With none, nobody need be woken.
    waiting: usize,
    wakers: Vec<Waker>,
    callbacks: Vec<Callback<T>>,
    /// Callbacks are running, and have the future by reference: nobody may take the result out.
    calling: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Pending,
    Running,
    Cancelled,
    Finished,
}

impl Phase {
    const fn is_done(self) -> bool {
        matches!(self, Self::Cancelled | Self::Finished)
    }
}

type Callback<T> = Box<dyn FnOnce(&Future<T>) + Send>;

// SAFETY: `outcome` is written by the one thread that makes the phase a done one, under the mutex, and
// read by others only after they have seen that phase under the mutex: it goes from one thread to another
// (`T: Send`). They read it through a `Future`, of which there is one, in one thread if `T` is not `Sync`;
// and a second one only while callbacks run, which can only be added if it is. Who takes the outcome
// out owns the first one, and waits until the second is gone.
unsafe impl<T: Send> Sync for Cell<T> {}

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
    /// [`FutureError::Timeout`] and [`FutureError::Cancelled`]: then there is no such error either.
    pub fn exception(
        &self,
        timeout: Option<Duration>,
    ) -> Result<Option<&FutureError>, FutureError> {
        self.cell.wait_done(timeout)?;
        match self.outcome() {
            Err(FutureError::Cancelled) => Err(FutureError::Cancelled),
            outcome => Ok(outcome.as_ref().err()),
        }
    }

    /// Waits until the future is done, and until the callbacks that were added before have returned,
    /// and takes the result out. So a callback must not wait for whoever does this.
    ///
    /// # Errors
    ///
    /// [`FutureError`], but never that it is not done yet.
    pub fn into_result(self) -> Result<T, FutureError> {
        let mut state = self.cell.lock();
        while !state.phase.is_done() || state.calling {
            state = self.cell.wait(state);
        }
        drop(state);
        self.take()
    }

    /// Whether it is done: finished or cancelled. Does not wait.
    pub fn done(&self) -> bool {
        self.cell.lock().phase.is_done()
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
                    .complete(state, Phase::Cancelled, Err(FutureError::Cancelled), ());
                true
            }
            phase => phase == Phase::Cancelled,
        }
    }

    /// Has `callback` called with the future when it is done, in the thread that makes it so; at once
    /// if it is done already. Callbacks are called in the order in which they were added. One that panics
    /// is reported on stderr, and the others are called all the same.
    pub fn add_done_callback(&self, callback: impl FnOnce(&Self) + Send + 'static)
    where
        T: Sync, // the callback's thread and this one may look at the result at the same time
    {
        let mut state = self.cell.lock();
        if state.phase.is_done() {
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
    pub(crate) fn watch(&self, waker: &Waker) -> bool {
        let mut state = self.cell.lock();
        if !state.phase.is_done() {
            state.wakers.push(waker.clone());
        }
        state.phase.is_done()
    }

    /// Takes back what [`watch`](Self::watch) asked for.
    pub(crate) fn unwatch(&self, waker: &Waker) {
        let mut state = self.cell.lock();
        state.wakers.retain(|known| !known.will_wake(waker));
    }

    /// Whether it finished with an error. It must be done.
    pub(crate) fn has_failed(&self) -> bool {
        matches!(self.outcome(), Err(error) if !error.is_cancelled())
    }

    /// Its outcome. It must be done.
    fn outcome(&self) -> &Result<T, FutureError> {
        // SAFETY: the future is done, so nobody writes any more; and who takes the outcome out owns
        // the future, which is borrowed here.
        let outcome = unsafe { &*self.cell.outcome.get() };
        outcome.as_ref().expect("set when it was done, and there")
    }

    /// Takes the outcome out. It must be done, and no callback be running.
    fn take(self) -> Result<T, FutureError> {
        // SAFETY: the future is done, so nobody writes any more. References to the outcome come from
        // a `Future` only: this one is owned, and no callback, whose future is of the same cell, is running
        // or will ever run, since those added later are called by their adder, with this very `Future`.
        let outcome = unsafe { &mut *self.cell.outcome.get() };
        outcome
            .take()
            .expect("set when it was done, and taken once")
    }
}

impl<T> Cell<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        // No user's code runs under the mutex, so it cannot be poisoned.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a change.
    fn wait<'s>(&self, mut state: MutexGuard<'s, State<T>>) -> MutexGuard<'s, State<T>> {
        state.waiting += 1;
        state = self
            .changed
            .wait(state)
            .unwrap_or_else(PoisonError::into_inner);
        state.waiting -= 1;
        state
    }

    fn wait_done(&self, timeout: Option<Duration>) -> Result<(), FutureError> {
        let mut state = self.lock();
        if state.phase.is_done() {
            return Ok(());
        }
        // A time that no clock can show is for ever.
        let until = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        while !state.phase.is_done() {
            let Some(until) = until else {
                state = self.wait(state);
                continue;
            };
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(FutureError::Timeout);
            }
            state.waiting += 1;
            let waited = self.changed.wait_timeout(state, left);
            (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
            state.waiting -= 1;
        }
        Ok(())
    }

    /// Makes the future done, which it must not be, and tells everybody. `kept` is dropped when nothing
    /// but that is left to do, under the mutex if nobody is called back.
    fn complete<K>(
        self: &Arc<Self>,
        mut state: MutexGuard<'_, State<T>>,
        phase: Phase,
        outcome: Result<T, FutureError>,
        kept: K,
    ) {
        // SAFETY: it is not done, so nobody reads; and this is under the mutex, with the phase changed
        // before it is free again, so nobody else writes.
        unsafe { *self.outcome.get() = Some(outcome) };
        state.phase = phase;
        let callbacks = mem::take(&mut state.callbacks);
        state.calling = !callbacks.is_empty();
        if callbacks.is_empty() {
            drop(kept);
            return self.tell(state);
        }
        self.tell(state);
        let future = Future {
            cell: Arc::clone(self),
            shared_as: PhantomData,
        };
        for callback in callbacks {
            call(callback, &future);
        }
        drop(future); // before anybody may take the result out
        drop(kept);
        let mut state = self.lock();
        state.calling = false;
        self.tell(state);
    }

    /// Wakes everybody who waits for a change.
    fn tell(&self, mut state: MutexGuard<'_, State<T>>) {
        let wakers = mem::take(&mut state.wakers);
        let waiting = state.waiting > 0;
        drop(state);
        if waiting {
            self.changed.notify_all();
        }
        wakers.into_iter().for_each(Waker::wake);
    }
}

/// Calls it; a panic is reported by the panic hook and ends there.
fn call<T>(callback: Callback<T>, future: &Future<T>) {
    // Whatever it was in the middle of is its own: it is gone with the panic.
    let _ = panic::catch_unwind(AssertUnwindSafe(|| callback(future)));
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
