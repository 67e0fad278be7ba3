//! `asyncio.run`: makes a runtime, runs one main future on it, and clears away what is left.
//!
//! tokio has the parts: a runtime to build, `block_on`, a descriptor to wait for. This puts them together as Python does:
//! a run inside of a run is an error and not a panic; Ctrl-C *cancels* the main future instead of ending the process, so
//! that everything it holds is dropped in order, and a second one ends the process when main does not react; and what
//! was spawned and not awaited is cancelled when main is done.
//!
//! In Rust cancelling means dropping: a future that is dropped stops at the `await` it has come to, and the
//! destructors of what it holds run. Nothing in them can wait.
//!
//! To copy: this file and the folder `run`. Needs: `tokio = { version = "1.50", features = ["net", "rt-multi-thread", "time"] }`;
//! on Unix also `libc = "0.2"`, for `sigaction`.

use std::error::Error;
use std::fmt;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::coop;

#[cfg(unix)]
mod interrupt; // Ctrl-C
#[cfg(unix)]
use interrupt::Listener;

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
/// **Ctrl-C** cancels all runs that there are, on whichever threads. A second one ends the process, with exit code 130 and no
/// destructor, while a run that the first was meant for is still there: one whose main blocks its thread, or whose
/// destructors do. After the first run that stays so: where there is no run, the first Ctrl-C is for nobody, and the
/// second ends the process. A run leaves SIGINT alone if it is ignored when the run begins, as in a script's background
/// job, or has a handler of the program's own; a handler that is installed later takes SIGINT over. Elsewhere than on Unix Ctrl-C is left to the system, which ends the process.
///
/// # Errors
///
/// [`RunError`]; `main` was not begun, except with [`RunError::Interrupted`].
///
/// # Panics
///
/// With tokio's message, if a runtime runs on this thread and tokio does not tell: inside of
/// [`unconstrained`](coop::unconstrained), and in a destructor that runs when a runtime of several threads shuts down.
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
    if is_polled() {
        return Err(RunError::Nested);
    }
    let mut listener = None; // dropped last: after an interrupt it is there until all is cleared away
    let runtime = Cleared(Some(runtime().map_err(RunError::Runtime)?));
    let runtime = runtime.0.as_ref().expect("it is taken when dropped");
    runtime.block_on(until_interrupted(main, &mut listener))
}

/// Whether a runtime polls what calls this, so that its thread must not be blocked. That there is a handle does not say
/// so: on a thread of `spawn_blocking` there is one too. But only what is polled has a budget that can be used up.
fn is_polled() -> bool {
    let mut context = Context::from_waker(Waker::noop());
    let mut is_used_up = || match coop::poll_proceed(&mut context) {
        Poll::Ready(unit) => {
            unit.made_progress();
            false
        }
        Poll::Pending => true,
    };
    // tokio counts it in a byte.
    Handle::try_current().is_ok() && (0..=u8::MAX).any(|_| is_used_up())
}

fn runtime() -> io::Result<Runtime> {
    let mut builder = Builder::new_current_thread();
    if MULTI_THREAD.load(Relaxed) {
        let workers = thread::available_parallelism().map_or(1, usize::from);
        try_threads(workers)?;
        builder = Builder::new_multi_thread();
        builder.worker_threads(workers);
    }
    #[cfg(unix)]
    interrupt::try_descriptors()?;
    builder.enable_all().build()
}

/// Starts so many threads, and ends them: where the system does not have them, tokio's builder panics, or hangs.
fn try_threads(count: usize) -> io::Result<()> {
    let gate = Mutex::new(());
    thread::scope(|scope| {
        let closed = gate.lock();
        let start = || thread::Builder::new().spawn_scoped(scope, || drop(gate.lock()));
        let threads: Vec<_> = (0..count).map(|_| start()).collect();
        drop(closed);
        let ends = |thread: thread::ScopedJoinHandle<'_, ()>| thread.join().expect("it only waits");
        threads.into_iter().try_for_each(|thread| thread.map(ends))
    })
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
async fn until_interrupted<F: Future>(
    main: F,
    listener: &mut Option<Listener>,
) -> Result<F::Output, RunError> {
    *listener = Listener::new().map_err(RunError::Runtime)?;
    let mut main = pin!(main);
    let ended = poll_fn(|context| {
        // First the interrupt, so that a main which is always ready is interrupted all the same.
        if let Some(listener) = listener
            && listener.poll(context).is_ready()
        {
            return Poll::Ready(Err(RunError::Interrupted));
        }
        main.as_mut().poll(context).map(Ok)
    })
    .await;
    if ended.is_ok() {
        *listener = None; // nothing is left that Ctrl-C could cancel
    }
    ended
}

/// Nobody: here Ctrl-C is left to the system.
#[cfg(not(unix))]
struct Listener;

#[cfg(not(unix))]
impl Listener {
    fn new() -> io::Result<Option<Self>> {
        Ok(None)
    }

    fn poll(&self, _: &mut Context<'_>) -> Poll<()> {
        Poll::Pending
    }
}
