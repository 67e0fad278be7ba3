//! What can go wrong.

use std::error::Error;
use std::fmt;

/// Why an item was not put. The queue is as it was.
#[derive(Debug)]
#[non_exhaustive]
pub enum PutError {
    /// There was no room, at once or in time. Python's `queue.Full`.
    Full,
    /// Somebody has closed the queue. Python's `ValueError`, and for every process here.
    Closed,
    /// There is no room, and no process is left that could make some.
    Disconnected,
    /// The item takes more memory than a queue ever has; so many bytes.
    TooLarge(usize),
    /// The item could not be made bytes.
    Encode(postcard::Error),
    /// This process has the handle only because a closure captured it: pass it as an argument.
    NotPassed,
    /// This process was given the handle when 1024 others had one, and may not use it.
    TooManyProcesses,
}

/// Why no item came.
#[derive(Debug)]
#[non_exhaustive]
pub enum GetError {
    /// There was none, at once or in time. Python's `queue.Empty`.
    Empty,
    /// The queue is closed, and what was put before is taken.
    Closed,
    /// There is none, and no process is left that could put one.
    Disconnected,
    /// The bytes of an item are no value of this type. That item is gone, the next one can be taken.
    Decode(postcard::Error),
    /// This process has the handle only because a closure captured it: pass it as an argument.
    NotPassed,
    /// This process was given the handle when 1024 others had one, and may not use it.
    TooManyProcesses,
}

macro_rules! predicates {
    ($error:ident: $($(#[$doc:meta])* $name:ident $variant:ident;)*) => {
        impl $error {
            $($(#[$doc])*
            pub fn $name(&self) -> bool {
                matches!(self, Self::$variant)
            })*
        }
    };
}

predicates! { PutError:
    /// Whether there was no room.
    is_full Full;
    /// Whether the queue is closed.
    is_closed Closed;
    /// Whether nobody is left who could get.
    is_disconnected Disconnected;
    /// Whether the handle was captured instead of passed.
    is_not_passed NotPassed;
}

predicates! { GetError:
    /// Whether there was no item.
    is_empty Empty;
    /// Whether the queue is closed and drained.
    is_closed Closed;
    /// Whether nobody is left who could put.
    is_disconnected Disconnected;
    /// Whether the handle was captured instead of passed.
    is_not_passed NotPassed;
}

const NOT_PASSED: &str =
    "the queue was captured by the child's closure: give it to the child as an argument";
const TOO_MANY: &str = "too many processes have a handle of the queue";

impl fmt::Display for PutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full => f.write_str("the queue is full"),
            Self::Closed => f.write_str("the queue is closed"),
            Self::Disconnected => f.write_str("the queue is full and nobody is left who could get"),
            Self::TooLarge(len) => write!(f, "an item of {len} bytes is larger than any queue"),
            Self::Encode(_) => f.write_str("the item could not be encoded"),
            Self::NotPassed => f.write_str(NOT_PASSED),
            Self::TooManyProcesses => f.write_str(TOO_MANY),
        }
    }
}

impl fmt::Display for GetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the queue is empty"),
            Self::Closed => f.write_str("the queue is closed and empty"),
            Self::Disconnected => {
                f.write_str("the queue is empty and nobody is left who could put")
            }
            Self::Decode(_) => f.write_str("an item could not be decoded; it is lost"),
            Self::NotPassed => f.write_str(NOT_PASSED),
            Self::TooManyProcesses => f.write_str(TOO_MANY),
        }
    }
}

impl Error for PutError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Encode(error) => Some(error),
            _ => None,
        }
    }
}

impl Error for GetError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Decode(error) => Some(error),
            _ => None,
        }
    }
}
