//! `asyncio.run`: makes a runtime, runs one main future on it, and clears away what is left.
//!
//! tokio has the parts: a runtime to build, `block_on`, a future that waits for Ctrl-C. This puts them together
//! as Python does: a run inside of a run is an error and not a panic; Ctrl-C *cancels* the main future instead
//! of ending the process, so that everything it holds is dropped in order; and what was spawned and
//! not awaited is cancelled when main is done.
//!
//! In Rust cancelling means dropping: a future that is dropped stops at the `await` it has come to, and the
//! destructors of what it holds run. Nothing in them can wait.
//!
//! Copy this file. Dependencies: `tokio = { version = "1", features = ["rt-multi-thread", "signal", "time"] }`.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::task::Poll;
use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::signal;

/// On which of tokio's runtimes [`run()`] runs things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// Everything on the thread that calls [`run()`], as in Python.
    CurrentThread,
    /// Main on the thread that calls [`run()`]; what it spawns on as many threads as there are cores.
    MultiThread,
}

static MULTI_THREAD: AtomicBool = AtomicBool::new(false);

/// Sets the runtime for every [`run()`] of this process from now on. Until then it is
/// [`Policy::CurrentThread`].
///
/// Python: `asyncio.set_event_loop_policy`, for the same purpose: the program stays as it is.
pub fn set_policy(policy: Policy) {
    // Relaxed: nothing else is published along with it.
    MULTI_THREAD.store(policy == Policy::MultiThread, Relaxed);
}

/// Why [`run()`] has no result.
#[derive(Debug)]
#[non_exhaustive]
pub enum RunError {
    /// This thread is running a runtime already: `await` the future there instead. Python's `RuntimeError`.
    Nested,
    /// Ctrl-C came, and main was cancelled. Python's `KeyboardInterrupt`; a program ends with 130 then.
    Interrupted,
    /// The system has no thread or descriptor to give.
    Runtime(io::Error),
}

impl RunError {
    /// Whether Ctrl-C ended it.
    pub fn is_interrupted(&self) -> bool {
        matches!(self, Self::Interrupted)
    }
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nested => {
                f.write_str("a runtime runs on this thread already: await the future on it")
            }
            Self::Interrupted => f.write_str("interrupted by Ctrl-C"),
            Self::Runtime(error) => write!(f, "cannot make a runtime: {error}"),
        }
    }
}

impl Error for RunError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Runtime(error) => Some(error),
            Self::Nested | Self::Interrupted => None,
        }
    }
}

/// How long blocking work (`spawn_blocking`) that is left at the end may take to come to its end.
/// It cannot be cancelled; after that its thread is left behind.
const BLOCKING_WORK: Duration = Duration::from_secs(1);

/// Runs `main` to its end and gives what it returns.
///
/// Tasks that are still there then, or when Ctrl-C comes, are cancelled: each is dropped before this returns,
/// unless it blocks its thread. A panic of `main` goes on in the caller, after the same. Blocking work that
/// is left has a second.
///
/// Python: `asyncio.run`. There a cancelled task may catch the cancellation and go on awaiting; here
/// only its destructors run.
///
/// # Errors
///
/// [`RunError`]; `main` was not begun, except with [`RunError::Interrupted`]. After the first run Ctrl-C
/// no longer ends the process by itself (tokio keeps its handler), only runs do listen.
///
/// # Examples
///
/// ```
/// use asyncio::run::run;
///
/// let sum = run(async { 1 + 2 })?;
/// assert_eq!(sum, 3);
/// # Ok::<(), asyncio::run::RunError>(())
/// ```
pub fn run<F: Future>(main: F) -> Result<F::Output, RunError> {
    if Handle::try_current().is_ok() {
        return Err(RunError::Nested);
    }
    let runtime = Cleared(Some(runtime().map_err(RunError::Runtime)?));
    let runtime = runtime.0.as_ref().expect("it is taken when dropped");
    runtime.block_on(until_interrupted(main))
}

fn runtime() -> io::Result<Runtime> {
    let mut builder = match MULTI_THREAD.load(Relaxed) {
        true => Builder::new_multi_thread(),
        false => Builder::new_current_thread(),
    };
    builder.enable_all().build()
}

/// A runtime that does not wait for ever for blocking work when it is dropped, on a panic of main too.
struct Cleared(Option<Runtime>);

impl Drop for Cleared {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_timeout(BLOCKING_WORK);
        }
    }
}

/// `main`, or [`RunError::Interrupted`] when Ctrl-C comes first. By the time this returns `main` has been dropped.
async fn until_interrupted<F: Future>(main: F) -> Result<F::Output, RunError> {
    let mut main = pin!(main);
    let mut interrupt = pin!(signal::ctrl_c());
    let mut listening = true;
    std::future::poll_fn(|context| {
        // First the interrupt, so that a main which is always ready is interrupted all the same.
        if listening && let Poll::Ready(came) = interrupt.as_mut().poll(context) {
            match came {
                Ok(()) => return Poll::Ready(Err(RunError::Interrupted)),
                Err(_) => listening = false, // no such signal here: main runs on without
            }
        }
        main.as_mut().poll(context).map(Ok)
    })
    .await
}
