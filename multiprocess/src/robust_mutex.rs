//! [`RobustMutex`]: a lock in shared memory that is not lost when its owner is killed.
//!
//! Python's `multiprocessing.Lock` is a semaphore, which has no owner: if the process that took it
//! dies, nobody gets it again. Here the kernel knows the owner (robust futexes,
//! `PTHREAD_MUTEX_ROBUST`), and the next one who locks is told that what the lock protects may be
//! half changed.
//!
//! It must be in [`SharedMemory`](crate::shared_memory::SharedMemory) that was there before the fork.
//!
//! To copy: this file. Needs: libc.

use std::cell::UnsafeCell;
use std::error::Error;
use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use libc::c_int;

/// The longest wait by the wall clock, which somebody may set meanwhile.
const SLICE: Duration = Duration::from_millis(200);

/// A lock for processes and threads alike. It is where it was [initialised](Self::init), and never
/// moves.
#[repr(transparent)]
pub struct RobustMutex(UnsafeCell<libc::pthread_mutex_t>);

// SAFETY: it is made to be used by several threads, and by several processes.
unsafe impl Send for RobustMutex {}
// SAFETY: as above.
unsafe impl Sync for RobustMutex {}

impl RobustMutex {
    /// Makes a mutex, free, at `place`.
    ///
    /// # Errors
    ///
    /// What the system says if it cannot.
    ///
    /// # Safety
    ///
    /// `place` is aligned, good for writes, and nobody uses it meanwhile. A mutex there before is not
    /// in use. From then on it stays there, and its memory outlives every process's use.
    pub unsafe fn init(place: *mut Self) -> io::Result<()> {
        let mut attributes = MaybeUninit::<libc::pthread_mutexattr_t>::uninit();
        let attributes = attributes.as_mut_ptr();
        // SAFETY: first the attributes are made, then set to values that there are, then used; the
        // place is the caller's promise.
        unsafe {
            check(libc::pthread_mutexattr_init(attributes))?;
            let made = check(libc::pthread_mutexattr_setpshared(
                attributes,
                libc::PTHREAD_PROCESS_SHARED,
            ))
            .and_then(|()| {
                let robust = libc::PTHREAD_MUTEX_ROBUST;
                check(libc::pthread_mutexattr_setrobust(attributes, robust))
            })
            .and_then(|()| {
                // Or else a second lock by the same thread would wait for itself.
                let kind = libc::PTHREAD_MUTEX_ERRORCHECK;
                check(libc::pthread_mutexattr_settype(attributes, kind))
            })
            .and_then(|()| check(libc::pthread_mutex_init(place.cast(), attributes)));
            libc::pthread_mutexattr_destroy(attributes);
            made
        }
    }

    /// Waits for the lock and takes it.
    ///
    /// # Errors
    ///
    /// [`AlreadyHeld`] if this thread has it.
    #[inline]
    pub fn lock(&self) -> Result<RobustGuard<'_>, AlreadyHeld> {
        // SAFETY: the mutex was initialised, and is where it was.
        let code = unsafe { libc::pthread_mutex_lock(self.0.get()) };
        self.locked(code)
    }

    /// Takes the lock if it is free.
    ///
    /// # Errors
    ///
    /// [`AlreadyHeld`] if this thread has it.
    pub fn try_lock(&self) -> Result<Option<RobustGuard<'_>>, AlreadyHeld> {
        // SAFETY: as in `lock`.
        match unsafe { libc::pthread_mutex_trylock(self.0.get()) } {
            libc::EBUSY => Ok(None),
            code => self.locked(code).map(Some),
        }
    }

    /// Waits for the lock until `deadline`; `None` if it is not free by then.
    ///
    /// # Errors
    ///
    /// [`AlreadyHeld`] if this thread has it.
    pub fn lock_until(&self, deadline: Instant) -> Result<Option<RobustGuard<'_>>, AlreadyHeld> {
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return self.try_lock();
            }
            // POSIX has this by the wall clock only.
            let now = SystemTime::now().duration_since(UNIX_EPOCH);
            let until = now.unwrap_or_default() + left.min(SLICE);
            let until = libc::timespec {
                tv_sec: until.as_secs() as libc::time_t,
                tv_nsec: until.subsec_nanos().into(),
            };
            // SAFETY: as in `lock`; the time is a valid one.
            match unsafe { libc::pthread_mutex_timedlock(self.0.get(), &until) } {
                libc::ETIMEDOUT => {}
                code => return self.locked(code).map(Some),
            }
        }
    }

    #[inline]
    fn locked(&self, code: c_int) -> Result<RobustGuard<'_>, AlreadyHeld> {
        let owner_died = match code {
            0 => false,
            libc::EOWNERDEAD => {
                // Said at once: without it the unlock would make the mutex useless for ever. If this
                // process is killed before the repair, the next one is told again.
                // SAFETY: this thread has the mutex.
                let made = unsafe { libc::pthread_mutex_consistent(self.0.get()) };
                debug_assert_eq!(made, 0);
                true
            }
            libc::EDEADLK => return Err(AlreadyHeld),
            code => unreachable!("not a mutex: {}", io::Error::from_raw_os_error(code)),
        };
        Ok(RobustGuard {
            mutex: self,
            owner_died,
            not_send: PhantomData,
        })
    }
}

impl fmt::Debug for RobustMutex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RobustMutex")
    }
}

/// The lock is held for as long as this is there. It stays in its thread, which is the owner.
#[derive(Debug)]
#[must_use = "the lock is let go at once if the guard is not kept"]
pub struct RobustGuard<'m> {
    mutex: &'m RobustMutex,
    owner_died: bool,
    not_send: PhantomData<*const ()>,
}

impl RobustGuard<'_> {
    /// Whether the one who had the lock before was killed with it: what it protects may be half
    /// changed. Said once, to the first who locks after the death.
    #[inline]
    pub fn owner_died(&self) -> bool {
        self.owner_died
    }
}

impl Drop for RobustGuard<'_> {
    #[inline]
    fn drop(&mut self) {
        // In a forked child that drops the parent's guard this fails: the child is not the owner.
        // SAFETY: the mutex was initialised.
        unsafe { libc::pthread_mutex_unlock(self.mutex.0.get()) };
    }
}

/// The thread that waits for the lock has it already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlreadyHeld;

impl fmt::Display for AlreadyHeld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("this thread has the lock already: use that guard, or drop it first")
    }
}

impl Error for AlreadyHeld {}

fn check(code: c_int) -> io::Result<()> {
    match code {
        0 => Ok(()),
        code => Err(io::Error::from_raw_os_error(code)),
    }
}
