//! [`ProcessPoolExecutor`]: processes that run functions. Python's
//! `concurrent.futures.ProcessPoolExecutor`, with its start method `spawn`.
//!
//! A worker is the same executable, started anew: so it works in any program, whatever threads and
//! runtimes that has. In it, `main` comes to [`init`] and goes no further. One thread of the parent has
//! one worker: it starts it, sends it tasks over a socket pair, waits for the answers, and waits for its
//! end. While tasks are quick, about a millisecond's worth of them is sent at once; those that then wait
//! behind a slow one are taken back as soon as another worker has nothing to do. A second thread of the worker
//! waits for the parent's end.
//!
//! # Signals
//!
//! A signal for all processes of a program comes from a terminal (Ctrl-C), a service manager or a script. What
//! becomes of the executor is the parent's decision alone: if the signal ends the parent, the workers end with
//! it; if the parent handles or ignores it, the tasks go on.
//!
//! | signal | the parent | a worker is started with | what a worker does |
//! |---|---|---|---|
//! | SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF, SIGIO, SIGPWR, SIGXCPU, SIGXFSZ, the real-time signals: all that end a process and are in no other row | the program's, unchanged | ignored if the parent ignores it, else the default | what is ignored stays ignored. Else: nothing if another process or the terminal sends it, the default if it comes from the worker itself, a timer or a limit |
//! | SIGTERM of [`terminate_workers`](ProcessPoolExecutor::terminate_workers) | | | ends, unless it ignores or handles SIGTERM |
//! | SIGTSTP (Ctrl-Z) | the program's | as above | stops if it would stop the parent; else as above |
//! | SIGPIPE | ignored by Rust; the pool never causes it | the default | ignored by Rust |
//! | SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGSYS, SIGTRAP | the program's | the default, or ignored | the default, and Rust's message about a stack overflow |
//! | SIGCHLD, SIGCONT, SIGTTIN, SIGTTOU, SIGURG, SIGWINCH | the program's | the default, or ignored | the same |
//! | SIGKILL, SIGSTOP | | | ends, and breaks the pool; stops |
//! | blocked signals | the thread that starts a worker blocks all of them meanwhile | all are blocked, so that none is lost until [`init`] is reached | none is blocked |
//!
//! A worker that wants a signal can set a handler, in the [initialiser](Builder::initializer) or in a task. What
//! a task starts has the defaults again. A signal that a worker does nothing about still interrupts those system
//! calls that cannot be resumed (`EINTR`). To end a single worker from outside takes SIGKILL.
//!
//! To copy: this file, the folder `process_pool`, `common.rs`, `map.rs`, `future.rs` and the folder
//! `future`; and `pub use process_pool::init` if you want its short name. Needs: serde, postcard, libc,
//! nix (event, fs, poll, process, signal, socket, uio). Linux.

mod builder;
mod calls; //      submit, map and their kin
mod channel; //    the way to a worker
mod code; //       functions
mod credits; //    who may run which of the tasks that were sent
mod descriptor; // what nix has no safe call for
mod desk; //       what others know of a thread and its worker
mod frame; //      messages in a stream of bytes
mod hired; //      a worker, as its thread sees it
mod items; //      arguments and results
mod shared; //     the queue
mod signals; //    which are left to the parent
mod staff; //      a thread of the pool
mod task; //       what is sent, and its promise
mod wire; //       who says what to whom
mod worker; //     a worker, as it sees itself

use std::fmt;
use std::sync::Arc;

use nix::sys::signal::Signal;

pub use crate::common::BuildError;
pub use crate::common::Shutdown;
pub use crate::common::SubmitError;
use crate::future::Broken;
pub use builder::Builder;
pub use worker::init;

use shared::Shared;

/// Processes that run functions.
///
/// [`init`] must be the first line of `main`; there is an example. A function is a plain `fn` or a
/// closure that captures nothing, arguments and results are what serde can encode. Give the functions
/// what they need as arguments: their memory is not the parent's.
///
/// | where | who | Python |
/// |---|---|---|
/// | a task panics | the worker goes on. (Not in a program built with `panic = "abort"`) | the same |
/// | a worker ends, by whatever cause, exit code 0 included | the pool is **broken**: what runs or is queued fails with [`WorkerDied`](Broken::WorkerDied), nothing more is taken, the other workers are killed. Whether a task that failed so had its effect is not known | the same |
/// | a worker cannot be started, or ends before it reaches [`init`] | its tasks wait for the other workers, and the start is tried again every second. Without any worker these tasks fail with [`FutureError::Start`](crate::future::FutureError::Start), and the pool is whole | broken, or `submit` raises |
/// | the parent ends, in whatever way | its workers are killed, busy or not, even if they or the parent have changed their user | they go on |
/// | Ctrl-C in a terminal, a signal for all processes | is the parent's: [signals](self#signals) | ends the workers, too |
/// | a worker's standard output and error, environment, directory | the parent's, when it is started; input is empty | the same |
/// | a future's callback | runs in a thread of the pool, whose worker has nothing to do meanwhile: it must not wait for other tasks | the same |
/// | `cancel()` | succeeds until the task is sent, with others perhaps: then it counts as running | the same |
///
/// **Workers are started** when there is a task and none of them is idle: never more than there are tasks
/// without a result.
///
/// **Drop** waits until all tasks are done and all workers gone, unless [`shutdown`](Self::shutdown),
/// [`terminate_workers`](Self::terminate_workers) or [`kill_workers`](Self::kill_workers) was called
/// before.
pub struct ProcessPoolExecutor {
    shared: Arc<Shared>,
}

impl ProcessPoolExecutor {
    /// An executor of up to `max_workers` processes.
    ///
    /// # Errors
    ///
    /// [`BuildError`]: `max_workers` is 0, or [`init`] was not called.
    pub fn new(max_workers: usize) -> Result<Self, BuildError> {
        Self::builder().max_workers(max_workers).build()
    }

    /// An executor with other than default settings.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// How many processes there are at most.
    pub fn max_workers(&self) -> usize {
        self.shared.max_workers
    }

    /// Takes no more tasks, and does with those it has as `how` says; tasks that were sent to a worker
    /// are run in any case. It can be called again, from other threads, too.
    ///
    /// It waits until all workers are gone, if it is to. The exception is a call from a future's
    /// callback: that runs in a thread of the pool, and does not wait for itself.
    ///
    /// Without waiting, the pool's threads finish the work; but if `main` returns before, all is over,
    /// in contrast to Python, whose interpreter waits at its end.
    pub fn shutdown(&self, how: Shutdown) {
        self.shared.close(how.cancel_futures);
        if how.wait {
            self.shared.join();
        }
    }

    /// Ends all workers by SIGTERM, and takes no more tasks. What runs or is queued fails with
    /// [`Broken::Terminated`]; but where a worker ignores or handles the signal and goes on with its task, that
    /// one's result still comes. Harmless on an executor that is broken, shut down or was not used.
    ///
    /// It does not wait. [`shutdown`](Self::shutdown) can be called to do so.
    pub fn terminate_workers(&self) {
        self.end_workers(Signal::SIGTERM);
    }

    /// As [`terminate_workers`](Self::terminate_workers), by SIGKILL, which nobody handles.
    pub fn kill_workers(&self) {
        self.end_workers(Signal::SIGKILL);
    }

    fn end_workers(&self, signal: Signal) {
        self.shared.close(false);
        self.shared.break_down(Broken::Terminated, signal);
    }
}

impl Drop for ProcessPoolExecutor {
    fn drop(&mut self) {
        let wait = !self.shared.is_closed();
        self.shutdown(Shutdown {
            wait,
            cancel_futures: false,
        });
    }
}

impl fmt::Debug for ProcessPoolExecutor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProcessPoolExecutor")
            .field("max_workers", &self.shared.max_workers)
            .finish_non_exhaustive()
    }
}
