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
use std::time::{Duration, Instant};

use libc::{c_int, clockid_t, pthread_mutex_t, timespec};

/// The longest wait in one piece: what a clock that is set forward takes from one is waited again.
const SLICE: Duration = Duration::from_millis(200);

/// The clock of a wait that ends at a time: one that nobody can set. glibc 2.30 (2019), no younger than
/// the system calls that this crate uses.
#[cfg(target_env = "gnu")]
const CLOCK: clockid_t = libc::CLOCK_MONOTONIC;
#[cfg(target_env = "gnu")]
unsafe extern "C" {
    fn pthread_mutex_clocklock(
        mutex: *mut pthread_mutex_t,
        clock: clockid_t,
        until: *const timespec,
    ) -> c_int;
}

/// Others have POSIX's only, by the wall clock: a slice ends later if that is set back meanwhile.
#[cfg(not(target_env = "gnu"))]
const CLOCK: clockid_t = libc::CLOCK_REALTIME;
// SAFETY: a caller has what `pthread_mutex_timedlock` asks for: a mutex that was made, and a time.
#[cfg(not(target_env = "gnu"))]
unsafe fn pthread_mutex_clocklock(
    mutex: *mut pthread_mutex_t,
    _clock: clockid_t,
    until: *const timespec,
) -> c_int {
    // SAFETY: what the caller promises.
    unsafe { libc::pthread_mutex_timedlock(mutex, until) }
}

/// A lock for processes and threads alike. It is where it was [initialised](Self::init), and never
/// moves.
#[repr(transparent)]
pub struct RobustMutex(UnsafeCell<pthread_mutex_t>);

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

    /// Waits for the lock until `deadline`; `None` if it is not free by then. (With another C library than
    /// glibc the wait is longer if somebody sets the system's clock back meanwhile.)
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
            let until = from_now(left.min(SLICE));
            // SAFETY: as in `lock`; the time is a valid one.
            match unsafe { pthread_mutex_clocklock(self.0.get(), CLOCK, &until) } {
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

/// So much later, by the clock of the waits.
fn from_now(wait: Duration) -> timespec {
    let mut time = timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: it fills in the time.
    unsafe { libc::clock_gettime(CLOCK, &mut time) };
    let now = Duration::new(time.tv_sec as u64, time.tv_nsec as u32);
    let then = now + wait;
    time.tv_sec = then.as_secs() as libc::time_t;
    time.tv_nsec = then.subsec_nanos() as libc::c_long;
    time
}

fn check(code: c_int) -> io::Result<()> {
    match code {
        0 => Ok(()),
        code => Err(io::Error::from_raw_os_error(code)),
    }
}
