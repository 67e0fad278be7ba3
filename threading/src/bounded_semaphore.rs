//! [`BoundedSemaphore`]: a semaphore that notices one release too many. Python's
//! `threading.BoundedSemaphore`.
//!
//! Python compares the value with its start, so it misses an extra release while another permit is
//! out. Here a permit that is a guard goes back by itself, once, and `release` is only for permits
//! that were forgotten: those are counted, and an extra release is refused whatever else is out.
//!
//! To copy: this file and `semaphore.rs`. Needs: std only.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::semaphore::{Permit, ReleaseError, Semaphore};

/// A [`Semaphore`] whose number of permits never passes the one it began with.
///
/// ```
/// use threading::bounded_semaphore::BoundedSemaphore;
///
/// let semaphore = BoundedSemaphore::new(2);
/// semaphore.acquire().forget();
/// semaphore.release(1)?; // the forgotten one
/// assert!(semaphore.release(1).is_err()); // one too many: refused,
/// assert_eq!(semaphore.available_permits(), 2); // and nothing changed
/// # Ok::<(), threading::semaphore::ReleaseError>(())
/// ```
pub struct BoundedSemaphore {
    semaphore: Semaphore,
    bound: usize,
    /// Permits that are out without a guard: what `release` may give back.
    ///
    /// Release in `forget`, acquire in `release`: what was done under the forgotten permit comes
    /// before whatever is done under it next. The semaphore's own lock does not order that, since
    /// who forgets a permit does not pass through it again.
    forgotten: AtomicUsize,
}

impl BoundedSemaphore {
    /// A semaphore with `bound` permits, and never more.
    ///
    /// # Panics
    ///
    /// If `bound` is greater than [`Semaphore::MAX_PERMITS`].
    pub const fn new(bound: usize) -> Self {
        Self {
            semaphore: Semaphore::new(bound),
            bound,
            forgotten: AtomicUsize::new(0),
        }
    }

    /// Takes a permit, waiting until there is one. Python's `acquire()` and `with`.
    pub fn acquire(&self) -> BoundedPermit<'_> {
        self.guard(self.semaphore.acquire())
    }

    /// Takes a permit if there is one now. Python's `acquire(blocking=False)`.
    pub fn try_acquire(&self) -> Option<BoundedPermit<'_>> {
        self.semaphore
            .try_acquire()
            .map(|permit| self.guard(permit))
    }

    /// Takes a permit, waiting for at most `timeout`. Python's `acquire(timeout=…)`.
    pub fn try_acquire_for(&self, timeout: Duration) -> Option<BoundedPermit<'_>> {
        let permit = self.semaphore.try_acquire_for(timeout)?;
        Some(self.guard(permit))
    }

    /// Gives back `n` permits that were [forgotten](BoundedPermit::forget), and wakes up to `n`
    /// threads. Python's `release(n)`.
    ///
    /// # Errors
    ///
    /// [`ReleaseError`] (Python: `ValueError`) if `n` is zero or fewer than `n` are out without a
    /// guard; nothing is released then.
    pub fn release(&self, n: usize) -> Result<(), ReleaseError> {
        self.forgotten
            .fetch_update(Ordering::Acquire, Ordering::Relaxed, |forgotten| match n {
                0 => None,
                n => forgotten.checked_sub(n),
            })
            .map_err(|room| ReleaseError { n, room })?;
        self.semaphore.release(n)
    }

    /// How many permits could be taken now. Another thread may change it at any time.
    pub fn available_permits(&self) -> usize {
        self.semaphore.available_permits()
    }

    /// The number of permits it began with.
    pub fn bound(&self) -> usize {
        self.bound
    }

    fn guard<'a>(&'a self, permit: Permit<'a>) -> BoundedPermit<'a> {
        let forgotten = &self.forgotten;
        BoundedPermit { permit, forgotten }
    }
}

impl fmt::Debug for BoundedSemaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "BoundedSemaphore({}/{})",
            self.available_permits(),
            self.bound
        )
    }
}

/// A permit of a [`BoundedSemaphore`]. Dropping it gives it back. It may be sent to another thread.
///
/// One that is leaked (`mem::forget`) is lost: it is not counted as [forgotten](Self::forget), so
/// [`BoundedSemaphore::release`] cannot give it back.
#[must_use = "the permit goes back at once if it is not kept"]
#[derive(Debug)]
pub struct BoundedPermit<'a> {
    permit: Permit<'a>,
    forgotten: &'a AtomicUsize,
}

impl BoundedPermit<'_> {
    /// Keeps the permit out until somebody calls [`BoundedSemaphore::release`].
    pub fn forget(self) {
        self.forgotten.fetch_add(1, Ordering::Release);
        self.permit.forget();
    }
}
