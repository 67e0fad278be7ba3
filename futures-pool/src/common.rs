//! What all executors have in common: how they are shut down, and why they refuse.
//!
//! To copy: this file, `future.rs`, `future/`. Needs: std only.

use std::error::Error;
use std::fmt;
use std::fs;

use crate::future::Broken;
use crate::future::Failure;
use crate::future::FutureError;
use crate::future::catch;

/// How an executor is shut down. Python's `shutdown(wait=True, cancel_futures=False)` is the default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shutdown {
    /// Wait until all workers have ended.
    pub wait: bool,
    /// Cancel the tasks that have not begun; else they are run.
    pub cancel_futures: bool,
}

impl Default for Shutdown {
    fn default() -> Self {
        Self {
            wait: true,
            cancel_futures: false,
        }
    }
}

/// Why an executor does not take a task. Python raises `RuntimeError` or `BrokenExecutor`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SubmitError {
    /// It was shut down.
    Shutdown,
    /// It is broken: whatever is submitted will be refused.
    Broken(Broken),
    /// It has no worker and could start none, for this reason. A later try may succeed.
    Start(String),
}

/// Why there is no executor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BuildError {
    /// One with 0 workers was asked for.
    NoWorkers,
    /// One whose workers are replaced after 0 tasks was asked for.
    NoTasks,
    /// The prefix of the threads' names has a NUL in it, which no name can have.
    ThreadName,
    /// The threads' stacks are to be larger than half the address space.
    StackSize,
    /// `futures_pool::init()` was not called before: the workers of a process pool could not begin.
    NotInitialised,
    /// The initialiser of a process pool cannot be sent to its workers, for this reason.
    Initializer(String),
    /// It could start no worker, for this reason.
    Start(String),
}

impl SubmitError {
    /// Whether it is [`Broken`](Self::Broken).
    pub fn is_broken(&self) -> bool {
        matches!(self, Self::Broken(_))
    }
}

/// What a task that was refused comes to, where there is no other place to say it.
impl From<SubmitError> for FutureError {
    fn from(error: SubmitError) -> Self {
        match error {
            SubmitError::Shutdown => Self::Shutdown,
            SubmitError::Broken(why) => Self::Broken(why),
            SubmitError::Start(reason) => Self::Start(reason),
        }
    }
}

impl fmt::Display for SubmitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shutdown => f.write_str("the executor was shut down: it takes no more tasks"),
            Self::Broken(why) => why.fmt(f),
            Self::Start(reason) => write!(f, "no worker could be started: {reason}"),
        }
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoWorkers => f.write_str("an executor needs at least one worker"),
            Self::NoTasks => f.write_str("a worker runs at least one task"),
            Self::Initializer(reason) => write!(f, "the initialiser cannot be sent: {reason}"),
            Self::ThreadName => f.write_str("a thread's name cannot contain a NUL"),
            Self::StackSize => f.write_str("a thread's stack cannot be that large"),
            Self::NotInitialised => f.write_str(
                "call `futures_pool::init()` first in `main`: the workers of a process pool are this \
                 executable, started anew, and that is where they begin",
            ),
            Self::Start(reason) => write!(f, "no worker could be started: {reason}"),
        }
    }
}

impl Error for SubmitError {}

impl Error for BuildError {}

/// Why a thread could not be started: what the system says, and what is behind it if that is known.
pub(crate) fn start_failure(error: impl fmt::Display) -> String {
    match threads_are_refused() {
        Some(why) => format!("{error}: {why}"),
        None => error.to_string(),
    }
}

/// Why Linux lets this process start no thread, if that is so because of namespaces. It only says `EINVAL`.
pub(crate) fn threads_are_refused() -> Option<&'static str> {
    let namespace = |name| fs::read_link(format!("/proc/thread-self/ns/{name}")).ok();
    // This link is there, but leads nowhere, as long as there is no child.
    let known = fs::symlink_metadata("/proc/thread-self/ns/pid_for_children").is_ok();
    let refused = known && namespace("pid") != namespace("pid_for_children");
    refused.then_some(
        "a process whose children are in another PID namespace can start no thread; was it started by \
         `unshare --pid` without `--fork`?",
    )
}

/// What a task comes to that returned this error.
pub(crate) fn failed<E: fmt::Display>(error: E) -> FutureError {
    FutureError::Failed(Failure::new(&error))
}

/// What a task comes to, its panic included.
pub(crate) fn attempt<R>(task: impl FnOnce() -> Result<R, FutureError>) -> Result<R, FutureError> {
    catch(task).unwrap_or_else(|message| Err(FutureError::Panicked { message }))
}
