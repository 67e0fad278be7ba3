//! [`RefError`]: a reference that is not good.

use std::error::Error;
use std::fmt;
use std::num::NonZeroU64;

use super::ObjectRef;

/// An [`ObjectRef`] that is not good for this heap, or for another reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefError {
    /// The object is in another heap.
    HeapMismatch,
    /// The object has been freed: somebody counted it down once too often, or forgot to count it up.
    /// Found out until another object is made in its place.
    Freed,
    /// The object has as many references as can be counted, 2^32 - 1.
    TooMany,
}

impl RefError {
    pub(super) fn of(object: ObjectRef, heap: NonZeroU64) -> Self {
        if object.0.get() >> 32 == heap.get() >> 32 {
            Self::Freed
        } else {
            Self::HeapMismatch
        }
    }
}

impl fmt::Display for RefError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::HeapMismatch => "the object belongs to another heap",
            Self::Freed => "the object has been freed",
            Self::TooMany => "the object has 2^32 - 1 references, and cannot have another",
        })
    }
}

impl Error for RefError {}
