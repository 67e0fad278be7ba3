//! Why a lock is not to be had.

use std::error::Error;
use std::fmt;

use crate::robust_mutex::AlreadyHeld;

/// Why there is no guard.
// A word, as what would be in its place: else a lock's result is put together from bytes and read as a
// word, which stalls the processor for as long as half of the lock takes.
#[repr(usize)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockError {
    /// A process was killed, or panicked, while it had the lock, so that what it was changing may be
    /// half changed. Everybody is told so, until one has looked: `lock_anyway`, then
    /// `clear_owner_died`.
    OwnerDied,
    /// This thread has the lock already. To wait for it would be for ever.
    AlreadyHeld,
    /// This thread holds 2,040 locks of values and arrays. If it were killed with more, the system would
    /// leave some of them locked for ever.
    TooMany,
}

impl From<AlreadyHeld> for LockError {
    fn from(AlreadyHeld: AlreadyHeld) -> Self {
        Self::AlreadyHeld
    }
}

impl fmt::Display for LockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OwnerDied => f.write_str(
                "a process died while it had the lock: what is in it may be half changed \
                 (look at it with lock_anyway)",
            ),
            Self::AlreadyHeld => AlreadyHeld.fmt(f),
            Self::TooMany => f.write_str(
                "this thread holds as many locks of shared values as the system frees when a thread is \
                 killed: drop some guards first, or use an Array",
            ),
        }
    }
}

impl Error for LockError {}
