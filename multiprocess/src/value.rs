//! [`Value`]: one value that processes share, with its lock. Python's `multiprocessing.Value`.
//!
//! - In Python `counter.value += 1` is two steps although the value has a lock, and counts are lost. Here
//!   the value is reached through the lock only. Without one there is [`shared`](crate::shared), a type
//!   that has no lock.
//! - A process that is killed while it has Python's lock takes it along, and all others wait for ever.
//!   Here they are told: [`OwnerDied`](LockError::OwnerDied).
//!
//! To copy: this file, `ends.rs`, `locked.rs`, and those it names. Needs: nix (`fs`, `mman`, `poll`,
//! `process`, `sched`), libc.

use std::fmt;
use std::io;
use std::ops::{Deref, DerefMut};
use std::slice;
use std::time::Duration;

use crate::ends::Pass;
use crate::locked;
use crate::locked::Locked;
use crate::shareable::Shareable;

pub use crate::locked::LockError;

/// A value that this process and those it forks have in common.
///
/// ```
/// use multiprocess::fork::fork;
/// use multiprocess::value::Value;
///
/// let counter = Value::new(0)?;
/// let child = fork(|| {
///     *counter.lock().unwrap() += 1;
///     0
/// })?;
/// nix::sys::wait::waitpid(child, None)?;
/// assert_eq!(counter.get()?, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A child has it if it was there before the fork: captured, or as an argument, a clone included. A
/// process that is no descendant cannot have it. A clone is the same value; an independent one is
/// `Value::new(value.get()?)`. The memory is freed with the last process that has it.
///
/// Nothing can be done to the value without its lock, so this does not compile:
///
/// ```compile_fail,E0599
/// use std::sync::atomic::Ordering;
///
/// let counter = multiprocess::value::Value::new(0).unwrap();
/// counter.fetch_add(1, Ordering::Relaxed);
/// ```
///
/// This does, with a value that has no lock:
///
/// ```
/// use std::sync::atomic::{AtomicI32, Ordering};
///
/// let counter = multiprocess::shared::Shared::new(AtomicI32::new(0)).unwrap();
/// counter.fetch_add(1, Ordering::Relaxed);
/// ```
///
/// **A lock without a value**, Python's `multiprocessing.Lock`, is that of a `Value<()>`:
///
/// ```
/// let lock = multiprocess::value::Value::new(())?;
/// {
///     let _held = lock.lock()?;
///     // One process at a time.
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// **Memory:** each value has a page of its own, 4 KiB, in which it lies beside its lock. So two values
/// never slow each other down by being in one line of the processor's cache; for thousands of them use
/// an [`Array`](crate::array::Array).
pub struct Value<T>(Locked<T>);

impl<T: Shareable> Value<T> {
    /// A new one.
    ///
    /// # Errors
    ///
    /// What the system says if there is no memory.
    pub fn new(value: T) -> io::Result<Self> {
        Locked::new(slice::from_ref(&value)).map(Self)
    }

    /// Waits for the lock and takes it. Python's `with value.get_lock():`.
    ///
    /// # Errors
    ///
    /// [`LockError`].
    #[inline]
    pub fn lock(&self) -> Result<Guard<'_, T>, LockError> {
        self.0.lock().map(Guard)
    }

    /// Takes the lock if it is free. Python's `get_lock().acquire(block=False)`.
    ///
    /// # Errors
    ///
    /// [`LockError`].
    pub fn try_lock(&self) -> Result<Option<Guard<'_, T>>, LockError> {
        self.0.try_lock().map(|guard| guard.map(Guard))
    }

    /// Takes the lock, waiting for at most `timeout`. Python's `get_lock().acquire(timeout=…)`.
    ///
    /// # Errors
    ///
    /// [`LockError`].
    pub fn try_lock_for(&self, timeout: Duration) -> Result<Option<Guard<'_, T>>, LockError> {
        self.0.try_lock_for(timeout).map(|guard| guard.map(Guard))
    }

    /// Waits for the lock and takes it, also if somebody died with it: to look at what that left, mend
    /// it, and [say so](Guard::clear_owner_died).
    ///
    /// # Errors
    ///
    /// [`LockError`], but not [`OwnerDied`](LockError::OwnerDied).
    pub fn lock_anyway(&self) -> Result<Guard<'_, T>, LockError> {
        self.0.lock_anyway().map(Guard)
    }

    /// A copy of the value. Python's `value.value`.
    ///
    /// # Errors
    ///
    /// [`LockError`].
    #[inline]
    pub fn get(&self) -> Result<T, LockError> {
        Ok(*self.lock()?)
    }

    /// Puts another value there. Python's `value.value = …`.
    ///
    /// # Errors
    ///
    /// [`LockError`].
    #[inline]
    pub fn set(&self, value: T) -> Result<(), LockError> {
        *self.lock()? = value;
        Ok(())
    }
}

impl<T> Clone for Value<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Pass for Value<T> {}

impl<T> fmt::Debug for Value<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Value { .. }")
    }
}

/// The lock is held for as long as this is there, and the value is this thread's alone. A process that
/// has it cannot [fork](crate::fork::ForkError::Held).
///
/// If it is dropped by a panic, others are told [`OwnerDied`](LockError::OwnerDied). A thread that leaks it
/// (`mem::forget`, `Box::leak`) keeps the lock; if that thread ends before its process does, the process is
/// aborted with a message, since the value may still be in use.
#[must_use = "the lock is let go at once if the guard is not kept"]
pub struct Guard<'a, T: Shareable>(locked::Guard<'a, T>);

impl<T: Shareable> Guard<'_, T> {
    /// Whether somebody died with the lock and nobody has mended the value since.
    pub fn owner_died(&self) -> bool {
        self.0.owner_died()
    }

    /// Says that the value is as it should be: from now on all get the lock as before.
    pub fn clear_owner_died(&mut self) {
        self.0.clear_owner_died();
    }
}

impl<T: Shareable> Deref for Guard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.0[0]
    }
}

impl<T: Shareable> DerefMut for Guard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0[0]
    }
}

impl<T: Shareable + fmt::Debug> fmt::Debug for Guard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
