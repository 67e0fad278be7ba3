//! What can go wrong with processes.

use std::error::Error;
use std::fmt;
use std::io;

use super::Process;
use crate::fork::ForkError;

/// The process of a [`Process::close`] runs still.
#[derive(Debug)]
pub struct StillRunning(pub Process);

impl fmt::Display for StillRunning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.0.name();
        write!(
            f,
            "process '{name}' runs still: join or terminate it before"
        )
    }
}

impl Error for StillRunning {}

/// Why no process was started.
#[derive(Debug)]
pub enum StartError {
    /// This process has other threads, whose locks would be held for ever in the child.
    Threads,
    /// This thread holds the lock of a value or an array that processes share: drop the guard first.
    Held,
    /// The child would be in another PID namespace, where process numbers mean other processes.
    PidNamespace,
    /// A daemon, or a pool's worker, cannot have a child that is no daemon: it would be left behind.
    NotDaemon,
    /// The system could not: too many processes or files, too little memory.
    System(io::Error),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Threads => f.write_str(
                "cannot start a process while this one has other threads: \
                 start processes first, or join the threads before",
            ),
            Self::Held => ForkError::Held.fmt(f),
            Self::PidNamespace => ForkError::PidNamespace.fmt(f),
            Self::NotDaemon => f.write_str("a daemon, or a pool's worker, can only start daemons"),
            Self::System(error) => write!(f, "cannot start a process: {error}"),
        }
    }
}

impl Error for StartError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::System(error) => Some(error),
            _ => None,
        }
    }
}

impl From<ForkError> for StartError {
    fn from(error: ForkError) -> Self {
        match error {
            ForkError::Threads => Self::Threads,
            ForkError::Held => Self::Held,
            ForkError::PidNamespace => Self::PidNamespace,
            ForkError::System(error) => Self::System(error),
        }
    }
}

impl From<io::Error> for StartError {
    fn from(error: io::Error) -> Self {
        Self::System(error)
    }
}

/// Why a process could not be waited for or be sent a signal.
#[derive(Debug)]
pub enum ChildError {
    /// Only the process that started it can. This one has a copy of its memory.
    NotParent,
    /// The system could not.
    System(io::Error),
}

impl fmt::Display for ChildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotParent => f.write_str("only the process that started it can wait for it"),
            Self::System(error) => write!(f, "the process cannot be reached: {error}"),
        }
    }
}

impl Error for ChildError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::NotParent => None,
            Self::System(error) => Some(error),
        }
    }
}

impl From<io::Error> for ChildError {
    fn from(error: io::Error) -> Self {
        Self::System(error)
    }
}
