//! [`Semaphore`]: at most so many at once. Python's `threading.Semaphore`.
//!
//! A permit is a guard: it goes back when it is dropped, on a panic too. What Python writes as
//! `acquire()` here and `release()` elsewhere is [`Permit::forget`] here and
//! [`Semaphore::release`] elsewhere.
//!
//! To copy: this file. Needs: std only.

use std::error::Error;
use std::fmt;
use std::mem;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A number of permits, taken one at a time.
///
/// Who waits longest is not served first for certain: a thread that arrives as a permit comes back
/// may take it before the one that was woken for it, which then goes on waiting (as in CPython).
///
/// ```
/// use threading::semaphore::Semaphore;
///
/// let semaphore = Semaphore::new(1);
/// let permit = semaphore.acquire();
/// assert!(semaphore.try_acquire().is_none());
/// drop(permit);
/// assert_eq!(semaphore.available_permits(), 1);
/// ```
pub struct Semaphore {
    state: Mutex<State>,
    released: Condvar,
}

struct State {
    permits: usize,
    /// Threads in a wait. With none, a release need not enter the kernel to wake somebody.
    waiting: usize,
}

impl Semaphore {
    /// The most permits a semaphore can have. The room above it is for guards that are still out.
    pub const MAX_PERMITS: usize = usize::MAX / 8;

    /// A semaphore with `permits` permits. Python's default is 1.
    ///
    /// # Panics
    ///
    /// If `permits` is greater than [`MAX_PERMITS`](Self::MAX_PERMITS).
    pub const fn new(permits: usize) -> Self {
        assert!(
            permits <= Self::MAX_PERMITS,
            "more permits than Semaphore::MAX_PERMITS"
        );
        let state = State {
            permits,
            waiting: 0,
        };
        Self {
            state: Mutex::new(state),
            released: Condvar::new(),
        }
    }

    /// Takes a permit, waiting until there is one. Python's `acquire()` and `with`.
    pub fn acquire(&self) -> Permit<'_> {
        let mut state = self.lock();
        state.waiting += 1;
        let mut state = self
            .released
            .wait_while(state, |state| state.permits == 0)
            .unwrap_or_else(PoisonError::into_inner);
        state.waiting -= 1;
        state.permits -= 1;
        Permit { semaphore: self }
    }

    /// Takes a permit if there is one now. Python's `acquire(blocking=False)`.
    pub fn try_acquire(&self) -> Option<Permit<'_>> {
        let mut state = self.lock();
        state.permits = state.permits.checked_sub(1)?;
        Some(Permit { semaphore: self })
    }

    /// Takes a permit, waiting for at most `timeout`. Python's `acquire(timeout=…)`.
    ///
    /// A zero timeout is [`try_acquire`](Self::try_acquire); `Duration::MAX` waits for ever.
    pub fn try_acquire_for(&self, timeout: Duration) -> Option<Permit<'_>> {
        let mut state = self.lock();
        state.waiting += 1;
        let (mut state, _) = self
            .released
            .wait_timeout_while(state, timeout, |state| state.permits == 0)
            .unwrap_or_else(PoisonError::into_inner);
        state.waiting -= 1;
        // The permit decides, not the clock: one that came at the last moment is ours.
        state.permits = state.permits.checked_sub(1)?;
        Some(Permit { semaphore: self })
    }

    /// Adds `n` permits and wakes up to `n` threads. Python's `release(n)`.
    ///
    /// This is for permits that were [forgotten](Permit::forget), and to raise the number on
    /// purpose; a permit that is dropped goes back by itself.
    ///
    /// # Errors
    ///
    /// [`ReleaseError`] if `n` is zero or the number would pass
    /// [`MAX_PERMITS`](Self::MAX_PERMITS); the number is then unchanged.
    pub fn release(&self, n: usize) -> Result<(), ReleaseError> {
        let mut state = self.lock();
        let room = Self::MAX_PERMITS.saturating_sub(state.permits);
        if n == 0 || n > room {
            return Err(ReleaseError { n, room });
        }
        state.permits += n;
        self.wake(n, state);
        Ok(())
    }

    /// How many permits could be taken now. Another thread may change it at any time.
    pub fn available_permits(&self) -> usize {
        self.lock().permits
    }

    fn wake(&self, n: usize, state: MutexGuard<'_, State>) {
        let woken = n.min(state.waiting);
        drop(state); // the woken need the lock: do not make them wait for it again
        for _ in 0..woken {
            self.released.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing in this file panics while it holds the lock, so it cannot be poisoned.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Semaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Semaphore({})", self.available_permits())
    }
}

/// A permit of a [`Semaphore`]. Dropping it gives it back. It may be sent to another thread.
///
/// One that is leaked (`mem::forget`) stays out after its thread's end too, until [`Semaphore::release`].
#[must_use = "the permit goes back at once if it is not kept"]
#[derive(Debug)]
pub struct Permit<'a> {
    semaphore: &'a Semaphore,
}

impl Permit<'_> {
    /// Keeps the permit out until somebody calls [`Semaphore::release`].
    pub fn forget(self) {
        mem::forget(self);
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        let mut state = self.semaphore.lock();
        state.permits += 1; // cannot overflow: see MAX_PERMITS
        self.semaphore.wake(1, state);
    }
}

/// A release that was refused. The semaphore is as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReleaseError {
    /// How many were to be released.
    pub n: usize,
    /// How many could have been.
    pub room: usize,
}

impl fmt::Display for ReleaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.n {
            0 => f.write_str("release at least one permit"),
            n => write!(
                f,
                "cannot release {n} permits: there is room for {}",
                self.room
            ),
        }
    }
}

impl Error for ReleaseError {}
