//! Why an item could not be put or got. What could not be put is given back.

use std::error::Error;
use std::fmt;

/// The queue was shut down. From a put it gives the item back; from a get it holds nothing. Python's
/// `QueueShutDown`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ShutDown<T = ()>(pub T);

/// Why [`put_nowait`](super::Queue::put_nowait) could not put the item that it gives back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum PutNowaitError<T> {
    /// There is no room, or what there is belongs to a put that waits. Python's `QueueFull`.
    Full(T),
    /// The queue was shut down. Python's `QueueShutDown`.
    ShutDown(T),
}

/// Why [`get_nowait`](super::Queue::get_nowait) got nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GetNowaitError {
    /// There is no item, or what there is belongs to a get that waits. Python's `QueueEmpty`.
    Empty,
    /// There is no item and there will be none: the queue was shut down. Python's `QueueShutDown`.
    ShutDown,
}

impl<T> ShutDown<T> {
    /// The item that was not put.
    pub fn into_item(self) -> T {
        self.0
    }
}

impl<T> PutNowaitError<T> {
    /// The item that was not put.
    pub fn into_item(self) -> T {
        match self {
            Self::Full(item) | Self::ShutDown(item) => item,
        }
    }

    /// Whether it is [`Full`](Self::Full): a later try may succeed.
    pub fn is_full(&self) -> bool {
        matches!(self, Self::Full(_))
    }

    /// Whether it is [`ShutDown`](Self::ShutDown).
    pub fn is_shut_down(&self) -> bool {
        matches!(self, Self::ShutDown(_))
    }
}

impl GetNowaitError {
    /// Whether it is [`Empty`](Self::Empty): a later try may succeed.
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Empty)
    }

    /// Whether it is [`ShutDown`](Self::ShutDown).
    pub fn is_shut_down(&self) -> bool {
        matches!(self, Self::ShutDown)
    }
}

/// Without the item, which need not have a `Debug`.
impl<T> fmt::Debug for ShutDown<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ShutDown(..)")
    }
}

/// Without the item, which need not have a `Debug`.
impl<T> fmt::Debug for PutNowaitError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "Full(..)",
            Self::ShutDown(_) => "ShutDown(..)",
        })
    }
}

const SHUT_DOWN: &str = "the queue was shut down";

impl<T> fmt::Display for ShutDown<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(SHUT_DOWN)
    }
}

impl<T> fmt::Display for PutNowaitError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "the queue is full",
            Self::ShutDown(_) => SHUT_DOWN,
        })
    }
}

impl fmt::Display for GetNowaitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "the queue is empty",
            Self::ShutDown => SHUT_DOWN,
        })
    }
}

impl<T> Error for ShutDown<T> {}

impl<T> Error for PutNowaitError<T> {}

impl Error for GetNowaitError {}
