//! [`FutureError`]: why a future has no result.

use std::any;
use std::error::Error;
use std::fmt;
use std::process::ExitStatus;

/// Why a future has no result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FutureError {
    /// It is not done yet; ask again. Python's `TimeoutError`.
    Timeout,
    /// It was cancelled before it ran. Python's `CancelledError`.
    Cancelled,
    /// The task returned an error.
    Failed(Failure),
    /// The task panicked.
    Panicked {
        /// What it panicked with, if that was a text.
        message: String,
    },
    /// Who was to give the result is gone without having given one.
    Abandoned,
    /// The argument could not be encoded here or decoded in the worker process, for this reason. The
    /// function was not called.
    Argument(String),
    /// The result could not be encoded in the worker process or decoded here. The function was called.
    Result(String),
    /// The function is not in the executable but in a library, where worker processes would not find it.
    UnknownFunction,
    /// No worker could be started for the task, for this reason, and none was there. It has not begun; the
    /// executor goes on, and a later task may have a worker.
    Start(String),
    /// The executor was shut down before it was given the task.
    Shutdown,
    /// The executor came to an end before the task did. Python's `BrokenExecutor`.
    Broken(Broken),
}

/// An error that a task returned. It is kept as text, so that it can come from another process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The name of the error's type, as [`std::any::type_name`] gives it.
    pub kind: String,
    /// What the error says, with its causes if it shows them in its alternate form (`{:#}`).
    pub message: String,
}

/// Why an executor is of no more use. Python's `BrokenThreadPool` and `BrokenProcessPool`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Broken {
    /// A worker's initialiser failed, with this message.
    Initializer(String),
    /// A worker process ended by itself or was killed.
    WorkerDied {
        /// Its process id, of which by now somebody else may have the like.
        pid: u32,
        /// Its exit code, or the signal that killed it.
        status: ExitStatus,
    },
    /// The workers were ended on request: `terminate_workers`, `kill_workers`.
    Terminated,
}

impl FutureError {
    /// Whether it is [`Timeout`](Self::Timeout): asking again may succeed.
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::Timeout)
    }

    /// Whether it is [`Cancelled`](Self::Cancelled).
    pub fn is_cancelled(&self) -> bool {
        matches!(self, Self::Cancelled)
    }

    /// Whether it is [`Panicked`](Self::Panicked).
    pub fn is_panic(&self) -> bool {
        matches!(self, Self::Panicked { .. })
    }

    /// Whether it is [`Broken`](Self::Broken): nothing that is submitted can succeed any more.
    pub fn is_broken(&self) -> bool {
        matches!(self, Self::Broken(_))
    }

    /// Whether the task returned an error of type `E`. Python's `except E`.
    pub fn is_failure_of<E>(&self) -> bool {
        matches!(self, Self::Failed(failure) if failure.kind == any::type_name::<E>())
    }
}

impl Failure {
    /// Of an error.
    pub fn new<E: fmt::Display>(error: &E) -> Self {
        Self {
            kind: any::type_name::<E>().to_owned(),
            message: format!("{error:#}"),
        }
    }
}

impl fmt::Display for FutureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timeout => f.write_str("the future is not done yet"),
            Self::Cancelled => f.write_str("the future was cancelled"),
            Self::Failed(failure) => failure.fmt(f),
            Self::Panicked { message } => write!(f, "the task panicked: {message}"),
            Self::Abandoned => f.write_str("the task was dropped before it gave a result"),
            Self::Argument(reason) => write!(f, "the argument cannot be sent: {reason}"),
            Self::Result(reason) => write!(f, "the result cannot be sent: {reason}"),
            Self::UnknownFunction => f.write_str(
                "the function is in a library: a process pool runs those of the executable only",
            ),
            Self::Start(reason) => write!(f, "no worker could be started: {reason}"),
            Self::Shutdown => {
                f.write_str("the executor was shut down before it was given the task")
            }
            Self::Broken(why) => why.fmt(f),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the executor is broken: ")?;
        match self {
            Self::Initializer(message) => write!(f, "an initialiser failed: {message}"),
            Self::WorkerDied { pid, status } => {
                write!(f, "worker {pid} ended unexpectedly: {status}")
            }
            Self::Terminated => f.write_str("its workers were ended on request"),
        }
    }
}

impl Error for FutureError {}

impl Error for Failure {}

impl Error for Broken {}
