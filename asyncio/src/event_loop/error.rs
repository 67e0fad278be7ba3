//! [`LoopError`]: why a loop does not run.

use std::error::Error;
use std::fmt;

/// Why a loop does not do what it is asked. Python raises `RuntimeError`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoopError {
    /// A loop runs on this thread already: `await` the future there instead.
    Running,
    /// The loop was closed.
    Closed,
}

impl LoopError {
    /// Whether it is [`Running`](Self::Running).
    pub fn is_running(&self) -> bool {
        matches!(self, Self::Running)
    }

    /// Whether it is [`Closed`](Self::Closed).
    pub fn is_closed(&self) -> bool {
        matches!(self, Self::Closed)
    }
}

impl fmt::Display for LoopError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Running => "an event loop runs on this thread already: await the future there",
            Self::Closed => "the event loop is closed",
        })
    }
}

impl Error for LoopError {}
