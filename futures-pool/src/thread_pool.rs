//! [`ThreadPoolExecutor`]: threads that run functions. Python's
//! `concurrent.futures.ThreadPoolExecutor`.
//!
//! Where Python's executor is different:
//!
//! - **At the end of the process** Python waits for what is still queued, even after
//!   `shutdown(wait=False)`. Here the executor waits when it is dropped; what was let go of by
//!   `Shutdown { wait: false, .. }`, and what runs when `main` returns or `exit` is called while the
//!   executor is still there (in a `static`, say), ends with the process, in the middle of whatever it
//!   does and without destructors.
//! - A task that shuts its own executor down does not wait (CPython raises "cannot join current thread").
//! - [`map`](ThreadPoolExecutor::map) is lazy: see [`Map`](crate::map::Map).
//!
//! To copy: this file, `thread_pool/`, `common.rs`, `map.rs`, `future.rs`, `future/`. Needs: std only.

mod builder;
mod calls; //  submit, map and their kin
mod job; //    a task, and whom it owes its result
mod queue; //  jobs that wait, and who of the workers sleeps
mod worker; // a thread that does one after the other

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

pub use crate::common::BuildError;
pub use crate::common::Shutdown;
pub use crate::common::SubmitError;
pub use builder::Builder;

use crate::future::FutureError;
use worker::Shared;

/// Threads that run functions.
///
/// A thread is started when there is something to do and all others are busy, up to `max_workers`. It
/// then stays until the executor is shut down.
///
/// ```
/// use futures_pool::thread_pool::ThreadPoolExecutor;
///
/// fn square(n: u64) -> u64 {
///     n * n
/// }
///
/// let executor = ThreadPoolExecutor::new(4)?;
/// let future = executor.submit(square, 7)?;
/// assert_eq!(future.result(None)?, &49);
///
/// let squares: Vec<u64> = executor.map(square, 0..4).collect::<Result<_, _>>()?;
/// assert_eq!(squares, [0, 1, 4, 9]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Several threads share it by reference. A task that submits to it needs an `Arc` of it; if that is the
/// last one, the worker that drops it does not wait.
///
/// **Drop** shuts it down and waits until everything that was submitted is done and the threads have
/// ended, as the end of Python's `with` does; it does not wait after a [`shutdown`](Self::shutdown) that
/// was not to.
pub struct ThreadPoolExecutor {
    shared: Arc<Shared>,
    /// All that were started, until somebody waits for their end.
    threads: Mutex<Vec<JoinHandle<()>>>,
    /// Held by who waits for the threads' end, so that nobody returns before they have ended.
    joining: Mutex<()>,
    /// Nobody shall wait for the threads when it is dropped.
    let_go: AtomicBool,
}

impl ThreadPoolExecutor {
    /// An executor of up to `max_workers` threads. Python's default for their number is
    /// [`Builder`]'s.
    ///
    /// # Errors
    ///
    /// [`BuildError::NoWorkers`] if `max_workers` is 0.
    pub fn new(max_workers: usize) -> Result<Self, BuildError> {
        Self::builder().max_workers(max_workers).build()
    }

    /// An executor with other than default settings.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// How many threads there are at most.
    pub fn max_workers(&self) -> usize {
        self.shared.max_workers
    }

    /// Takes no more tasks. Those that were submitted are run, or cancelled if they have not begun, and
    /// it waits for the end of all threads, as `how` says. Python's `shutdown`.
    ///
    /// It may be called again, with other wishes, and by several threads; each that is to wait returns
    /// when the threads have ended. A thread of the executor's own, in a task or a callback, never waits
    /// here: it would wait for itself.
    pub fn shutdown(&self, how: Shutdown) {
        self.shared.queue.close();
        if how.cancel_futures {
            self.shared.refuse_all(&FutureError::Cancelled);
        }
        self.let_go.store(!how.wait, Ordering::Relaxed);
        if how.wait && !self.shared.is_here() {
            let _joining = lock(&self.joining);
            while let Some(thread) = self.next_thread() {
                thread.join().expect("workers catch panics");
            }
        }
    }

    /// No thread is added when the queue is closed. Nobody holds the list while he waits: a task that
    /// submits needs it.
    fn next_thread(&self) -> Option<JoinHandle<()>> {
        lock(&self.threads).pop()
    }
}

impl Drop for ThreadPoolExecutor {
    fn drop(&mut self) {
        let wait = !*self.let_go.get_mut();
        self.shutdown(Shutdown {
            wait,
            cancel_futures: false,
        });
    }
}

impl fmt::Debug for ThreadPoolExecutor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThreadPoolExecutor")
            .field("max_workers", &self.shared.max_workers)
            .field("threads", &lock(&self.threads).len())
            .finish_non_exhaustive()
    }
}

/// No user's code runs under these mutexes, and a list that is whole before each call is whole after it.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
