//! [`TaskError`]: why a task has no result.

use std::any::Any;
use std::error::Error;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use tokio::task::JoinError;

/// Why a task has no result. What it returns, an error too, is its result.
#[derive(Debug)]
pub enum TaskError {
    /// It was cancelled before it came to one. Python's `CancelledError`.
    Cancelled,
    /// It panicked. In Python any exception ends up here.
    Panicked(Panic),
}

impl TaskError {
    /// Whether it is [`Cancelled`](Self::Cancelled).
    pub fn is_cancelled(&self) -> bool {
        matches!(self, Self::Cancelled)
    }

    /// Whether it is [`Panicked`](Self::Panicked).
    pub fn is_panic(&self) -> bool {
        matches!(self, Self::Panicked(_))
    }

    /// What the task panicked with, for `std::panic::resume_unwind`.
    ///
    /// # Errors
    ///
    /// The error itself, if it is no panic.
    pub fn into_panic(self) -> Result<Box<dyn Any + Send>, Self> {
        match self {
            Self::Panicked(panic) => Ok(panic.into_payload()),
            Self::Cancelled => Err(self),
        }
    }
}

/// What a task left behind that panicked.
pub struct Panic {
    message: String,
    /// In a mutex, which nobody locks: with it the error is `Sync`, as `anyhow` and others want it.
    payload: Mutex<Box<dyn Any + Send>>,
}

impl Panic {
    /// Of what was caught of a panic.
    pub fn new(payload: Box<dyn Any + Send>) -> Self {
        let text = payload.downcast_ref::<&str>().copied();
        let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
        Self {
            message: text.unwrap_or("(not a text)").to_owned(),
            payload: Mutex::new(payload),
        }
    }

    /// What the task panicked with, if that was a text.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What the task panicked with.
    pub fn into_payload(self) -> Box<dyn Any + Send> {
        let payload = self.payload.into_inner();
        payload.unwrap_or_else(PoisonError::into_inner)
    }
}

impl From<JoinError> for TaskError {
    fn from(error: JoinError) -> Self {
        match error.try_into_panic() {
            Ok(payload) => Self::Panicked(Panic::new(payload)),
            Err(_) => Self::Cancelled, // tokio knows of these two only
        }
    }
}

impl fmt::Display for TaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cancelled => f.write_str("the task was cancelled"),
            Self::Panicked(panic) => write!(f, "the task panicked: {}", panic.message),
        }
    }
}

impl Error for TaskError {}

impl fmt::Debug for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Panic").field(&self.message).finish()
    }
}
