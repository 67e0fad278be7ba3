//! What can go wrong.

use std::error::Error;
use std::fmt;
use std::io;
use std::process::ExitStatus;

use crate::fork::ForkError;

/// Why a task has no result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TaskError {
    /// The function panicked. Its worker goes on. (In a program built with `panic = "abort"` it does
    /// not: [`WorkerDied`](Self::WorkerDied).)
    Panicked {
        /// What it panicked with, if that was a text.
        message: String,
        /// File, line and column.
        place: String,
    },
    /// The worker that ran the task ended: it was killed, or the task ended it. **Whether the task
    /// had its effect is not known.** Other tasks are not concerned, and another worker is started.
    ///
    /// Also if three workers in a row were killed while they were being sent the task: it may be too
    /// large for the memory there is. This is the last one of them, and the task did not run.
    WorkerDied {
        /// The worker's process id, of which by now somebody else may have the like.
        pid: u32,
        /// Its exit code, or the signal that killed it. Code 0 is a death as well: no result came.
        status: ExitStatus,
    },
    /// The argument could not be encoded here or decoded in the worker: what its `Serialize` or
    /// `Deserialize` says, or panicked with. The function was not called.
    Argument(String),
    /// The result could not be encoded in the worker or decoded here. The function was called.
    Result(String),
    /// The function is in a library that was loaded after the pool was built.
    UnknownFunction,
    /// The pool takes no more tasks: [`close`](super::Pool::close) was called before.
    Closed,
    /// The pool was terminated or dropped before the task was done, or this is a child process, whose
    /// pool it is not.
    Terminated,
    /// The pool is of no more use.
    Broken(Broken),
}

/// Why a pool is of no more use. All of its tasks are resolved with this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// Worker after worker ended before it had done anything, twice the number of workers and eight more,
    /// and no task came to its end meanwhile. Does the initialiser fail? (One that is killed from outside
    /// is not counted if it was there for a second.)
    Workers {
        /// How the last one ended.
        last: ExitStatus,
    },
    /// The system refuses what the broker cannot do without: there is no worker left, and none can be
    /// started. Its error number.
    System(i32),
    /// The broker process, which looks after the workers, was killed; the workers end with it.
    Broker,
}

impl TaskError {
    /// Whether it is [`WorkerDied`](Self::WorkerDied).
    pub fn is_worker_died(&self) -> bool {
        matches!(self, Self::WorkerDied { .. })
    }

    /// Whether no task of this pool can succeed any more.
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Closed | Self::Terminated | Self::Broken(_))
    }
}

impl fmt::Display for TaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Panicked { message, place } => {
                write!(f, "the task panicked at {place}: {message}")
            }
            Self::WorkerDied { pid, status } => {
                write!(f, "worker {pid} ended in the middle of the task: {status}")
            }
            Self::Argument(reason) => write!(f, "the argument cannot be sent: {reason}"),
            Self::Result(reason) => write!(f, "the result cannot be sent: {reason}"),
            Self::UnknownFunction => f.write_str(
                "the workers do not know the function: build the pool after loading its library",
            ),
            Self::Closed => f.write_str("the pool is closed: it takes no more tasks"),
            Self::Terminated => f.write_str("the pool was terminated before the task was done"),
            Self::Broken(why) => why.fmt(f),
        }
    }
}

impl Error for TaskError {}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Workers { last } => write!(
                f,
                "the pool is broken: workers end before they have done anything \
                 (does the initialiser fail?), the last one with {last}"
            ),
            Self::System(errno) => write!(
                f,
                "the pool is broken: it cannot go on without what the system refuses: {}",
                io::Error::from_raw_os_error(*errno)
            ),
            Self::Broker => f.write_str("the pool is broken: its broker process was killed"),
        }
    }
}

impl Error for Broken {}

/// Why there is no pool.
#[derive(Debug)]
pub enum BuildError {
    /// A pool of 0 workers.
    NoWorkers,
    /// Workers that are replaced after 0 tasks.
    NoTasks,
    /// The broker process could not be forked.
    Fork(ForkError),
    /// The system refused something else: a socket, memory, the last of the workers. Those that were
    /// started have ended.
    System(io::Error),
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoWorkers => f.write_str("a pool needs at least one worker"),
            Self::NoTasks => f.write_str("a worker runs at least one task"),
            Self::Fork(error) => error.fmt(f),
            Self::System(error) => write!(f, "cannot start the pool: {error}"),
        }
    }
}

impl Error for BuildError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Fork(error) => Some(error),
            Self::System(error) => Some(error),
            _ => None,
        }
    }
}

impl From<io::Error> for BuildError {
    fn from(error: io::Error) -> Self {
        Self::System(error)
    }
}

/// Why [`join`](super::Pool::join) did not wait for all tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JoinError {
    /// The pool was neither closed nor terminated: more tasks could come. Python's `ValueError`.
    StillOpen,
    /// The pool broke; its processes are gone.
    Broken(Broken),
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StillOpen => f.write_str("close or terminate the pool before you join it"),
            Self::Broken(why) => why.fmt(f),
        }
    }
}

impl Error for JoinError {}
