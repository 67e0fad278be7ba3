//! [`ProcessPoolExecutor`]: processes that run functions. Python's
//! `concurrent.futures.ProcessPoolExecutor`, with its start method `spawn`.
//!
//! A worker is the same executable, started anew: so it works in any program, whatever threads and
//! runtimes that has. In it, `main` comes to [`init`] and goes no further. One thread of the parent has
//! one worker: it starts it, sends it tasks over a socket pair, waits for the answers, and waits for its
//! end. While tasks are quick, about a millisecond's worth of them is sent at once; those that then wait
//! behind a slow one are taken back as soon as another worker has nothing to do.
//!
//! To copy: this file, the folder `process_pool`, `common.rs`, `map.rs`, `future.rs` and the folder
//! `future`; and `pub use process_pool::init` if you want its short name. Needs: serde, postcard, libc,
//! nix (event, fs, poll, process, signal, socket, uio). Linux.

mod builder;
mod calls; //      submit, map and their kin
mod code; //       functions
mod credits; //    who may run which of the tasks that were sent
mod descriptor; // what nix has no safe call for
mod desk; //       what others know of a thread and its worker
mod frame; //      messages in a stream of bytes
mod hired; //      a worker, as its thread sees it
mod items; //      arguments and results
mod shared; //     the queue
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
/// | the parent ends, in whatever way | its workers are killed, busy or not | they go on |
/// | Ctrl-C in a terminal | goes to the workers, too, and ends them. A parent that handles it finds the pool broken; to have the workers live on, let the [initialiser](Builder::initializer) ignore it | the same |
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
    /// [`Broken::Terminated`]; but where a worker handles the signal and goes on with its task, that one's
    /// result still comes. Harmless on an executor that is broken, shut down or was not used.
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
