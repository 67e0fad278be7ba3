//! [`Array`]: many values of one type that processes share, with one lock. Python's
//! `multiprocessing.Array`.
//!
//! To copy: this file, `ends.rs`, `locked.rs`, and those it names. Needs: nix (`fs`, `mman`, `poll`,
//! `process`, `sched`), libc.

use std::error::Error;
use std::fmt;
use std::io;
use std::ops::{Deref, DerefMut};
use std::time::Duration;

use crate::ends::Pass;
use crate::locked;
use crate::locked::Locked;
use crate::shareable::Shareable;

pub use crate::locked::LockError;

/// So many values, of which this process and those it forks have the same. Their number is fixed.
///
/// ```
/// use multiprocess::array::Array;
///
/// let array = Array::new([0, 1, 2, 3, 4])?;
/// array.lock()?[2] = 7;
/// assert_eq!(array.to_vec()?, [0, 1, 7, 3, 4]);
/// for value in &mut *array.lock()? {
///     *value *= 2;
/// }
/// assert_eq!(array.get(4)?, 8);
/// assert!(array.get(5).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Who can have it, what a clone is, and what becomes of the memory is as with a
/// [`Value`](crate::value::Value). Take the lock once for many elements; [`get`](Self::get) and
/// [`set`](Self::set) take it each time.
///
/// **Cache lines:** neighbours share one, and it goes back and forth between processors that write to
/// them in turn. With this lock they are in turn anyway. The elements are aligned as their type says: for
/// a line to each, make it one with `#[repr(align(64))]`.
pub struct Array<T>(Locked<T>);

impl<T: Shareable> Array<T> {
    /// A copy of `values`: an array, a vector, a slice. Python's `Array('i', [0, 1, 2])`.
    ///
    /// # Errors
    ///
    /// What the system says if there is not so much memory.
    pub fn new(values: impl AsRef<[T]>) -> io::Result<Self> {
        Locked::new(values.as_ref()).map(Self)
    }

    /// `len` values, all bytes of them 0. Python's `Array('i', len)`.
    ///
    /// # Errors
    ///
    /// What the system says if there is not so much memory.
    pub fn zeroed(len: usize) -> io::Result<Self> {
        Locked::zeroed(len).map(Self)
    }

    /// How many values there are. Python's `len(array)`.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Waits for the lock and takes it. Python's `with array.get_lock():`.
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

    /// A copy of the value at `index`. Python's `array[index]`; there is no −1.
    ///
    /// # Errors
    ///
    /// [`AccessError`].
    #[inline]
    pub fn get(&self, index: usize) -> Result<T, AccessError> {
        let len = self.len();
        let values = self.lock()?;
        let value = values.get(index).ok_or(IndexError { index, len })?;
        Ok(*value)
    }

    /// Puts another value at `index`. Python's `array[index] = …`.
    ///
    /// # Errors
    ///
    /// [`AccessError`].
    #[inline]
    pub fn set(&self, index: usize, value: T) -> Result<(), AccessError> {
        let len = self.len();
        let mut values = self.lock()?;
        let place = values.get_mut(index).ok_or(IndexError { index, len })?;
        *place = value;
        Ok(())
    }

    /// A copy of all values, as they were at one time. Python's `array[:]`.
    ///
    /// # Errors
    ///
    /// [`LockError`].
    pub fn to_vec(&self) -> Result<Vec<T>, LockError> {
        Ok(self.lock()?.to_vec())
    }
}

impl<T> Clone for Array<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Pass for Array<T> {}

impl<T> fmt::Debug for Array<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Array { .. }")
    }
}

/// The lock is held for as long as this is there, and the values, a slice, are this thread's alone. A
/// process that has it cannot [fork](crate::fork::ForkError::Held).
///
/// If it is dropped by a panic, others are told [`OwnerDied`](LockError::OwnerDied). If it is leaked, see the
/// guard of a [`Value`](crate::value::Guard).
#[must_use = "the lock is let go at once if the guard is not kept"]
pub struct Guard<'a, T: Shareable>(locked::Guard<'a, T>);

impl<T: Shareable> Guard<'_, T> {
    /// Whether somebody died with the lock and nobody has mended the values since.
    pub fn owner_died(&self) -> bool {
        self.0.owner_died()
    }

    /// Says that the values are as they should be: from now on all get the lock as before.
    pub fn clear_owner_died(&mut self) {
        self.0.clear_owner_died();
    }
}

impl<T: Shareable> Deref for Guard<'_, T> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T: Shareable> DerefMut for Guard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.0
    }
}

impl<T: Shareable + fmt::Debug> fmt::Debug for Guard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// There is no such element. Python's `IndexError`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IndexError {
    /// Which was asked for.
    pub index: usize,
    /// How many there are.
    pub len: usize,
}

impl fmt::Display for IndexError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { index, len } = self;
        write!(f, "there is no element {index}: the array has {len}")
    }
}

impl Error for IndexError {}

/// Why an element was not reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessError {
    /// There is none.
    Index(IndexError),
    /// The lock was not to be had.
    Lock(LockError),
}

impl From<IndexError> for AccessError {
    fn from(error: IndexError) -> Self {
        Self::Index(error)
    }
}

impl From<LockError> for AccessError {
    fn from(error: LockError) -> Self {
        Self::Lock(error)
    }
}

impl fmt::Display for AccessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Index(error) => error.fmt(f),
            Self::Lock(error) => error.fmt(f),
        }
    }
}

impl Error for AccessError {}
