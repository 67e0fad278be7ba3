//! [`RayonExecutor`]: an executor whose threads are a pool of [rayon]'s. It stands for no Python thing; it
//! is Rust's answer where Python takes a `ProcessPoolExecutor` to compute in parallel.
//!
//! What [`ThreadPoolExecutor`](crate::thread_pool) does not have is [`install`](RayonExecutor::install):
//! parallel iterators on the executor's threads, which steal work from each other. What it has in
//! exchange: its threads are as many as there are processors, so tasks should compute and not wait.
//!
//! - **A task must not wait for another one** of the same executor, on a future, a channel or a lock: with
//!   all threads waiting, nobody is left to do it, and with one thread that is at once. Inside tasks use
//!   `rayon::join`, `rayon::scope` and parallel iterators: while these wait, their thread does other
//!   tasks. For that reason hold no lock across them: the other task may want it.
//! - A task's panic is its future's error. (With rayon's own `spawn` it ends the process.)
//! - From async code, `executor.submit(…)?.await` blocks no thread of the runtime. From a task into the
//!   runtime use its `Handle::spawn`, never `block_on`.
//!
//! To copy: this file, `rayon_pool/`, `common.rs`, `map.rs`, `future.rs`, `future/`. Needs: rayon.

mod calls; // submit, map and their kin

use std::fmt;
use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::{self, JoinHandle, ThreadId};

use rayon::{ThreadPool, ThreadPoolBuilder};

pub use crate::common::BuildError;
pub use crate::common::Shutdown;
pub use crate::common::SubmitError;
use crate::common::start_failure;

/// Rayon's threads, which run functions.
///
/// ```
/// use futures_pool::rayon_pool::RayonExecutor;
/// use rayon::prelude::*;
///
/// let executor = RayonExecutor::new(2)?;
/// let squares: Vec<u64> = executor.map(|n: u64| n * n, 0..4).collect::<Result<_, _>>()?;
/// assert_eq!(squares, [0, 1, 4, 9]);
///
/// let sum: u64 = executor.install(|| (0..4u64).into_par_iter().map(|n| n * n).sum())?;
/// assert_eq!(sum, 14);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// **Drop** shuts it down and waits until everything that was submitted is done and the threads have
/// ended; it does not wait after a [`shutdown`](Self::shutdown) that was not to. Threads that are let go
/// of end with the process.
pub struct RayonExecutor {
    /// `None` once it is shut down. The threads end when the last `Arc` is gone and all is done.
    pool: RwLock<Option<Arc<ThreadPool>>>,
    workers: Vec<ThreadId>,
    /// All threads, until somebody waits for their end.
    threads: Mutex<Vec<JoinHandle<()>>>,
    /// Held by who waits for the threads' end, so that nobody returns before they have ended.
    joining: Mutex<()>,
    /// Nobody shall wait for the threads when it is dropped.
    let_go: AtomicBool,
    /// Tasks that have not begun shall not.
    cancelled: Arc<AtomicBool>,
}

impl RayonExecutor {
    /// An executor of so many threads, all of them started. Usually as many as there are processors.
    ///
    /// # Errors
    ///
    /// [`BuildError`].
    pub fn new(max_workers: usize) -> Result<Self, BuildError> {
        if max_workers == 0 {
            return Err(BuildError::NoWorkers);
        }
        let most = rayon::max_num_threads();
        if max_workers > most {
            return Err(BuildError::Start(format!("rayon has at most {most}")));
        }
        let mut threads = Vec::new();
        let pool = ThreadPoolBuilder::new()
            .num_threads(max_workers)
            .thread_name(|number| format!("RayonExecutor_{number}"))
            // For what a task leaves behind and panics when it is dropped. The payload may do so, too.
            .panic_handler(mem::forget)
            // Threads of our own making can be joined.
            .spawn_handler(|thread| {
                let name = thread.name().unwrap_or_default().to_owned();
                threads.push(thread::Builder::new().name(name).spawn(|| thread.run())?);
                Ok(())
            })
            .build();
        let pool = pool.map_err(|error| {
            // Those that were started end, since there is no pool.
            for thread in mem::take(&mut threads) {
                thread.join().expect("rayon catches panics");
            }
            BuildError::Start(start_failure(error))
        })?;
        Ok(Self {
            pool: RwLock::new(Some(Arc::new(pool))),
            workers: threads.iter().map(|handle| handle.thread().id()).collect(),
            threads: Mutex::new(threads),
            joining: Mutex::default(),
            let_go: AtomicBool::new(false),
            cancelled: Arc::default(),
        })
    }

    /// How many threads there are.
    pub fn max_workers(&self) -> usize {
        self.workers.len()
    }

    /// Runs `operation` on one of the threads, and waits. Parallel iterators, `rayon::join` and
    /// `rayon::scope` in it use all of them. In a task of this executor it is an ordinary call. In one of
    /// another pool of rayon's, the waiting thread may do other tasks of that pool meanwhile.
    ///
    /// # Errors
    ///
    /// [`SubmitError::Shutdown`].
    ///
    /// # Panics
    ///
    /// When `operation` does.
    pub fn install<R: Send>(&self, operation: impl FnOnce() -> R + Send) -> Result<R, SubmitError> {
        // Not under the lock: a task of `operation` may call `submit` while somebody waits to shut down.
        let pool = self.pool()?;
        Ok(pool.install(operation))
    }

    /// Takes no more tasks. Those that were submitted are run, or cancelled if they have not begun, and
    /// it waits for the end of all threads, as `how` says. A task is cancelled when its turn comes.
    ///
    /// It may be called again, with other wishes, and by several threads; each that is to wait returns
    /// when the threads have ended. A thread of the executor's own never waits here: it would wait for
    /// itself.
    pub fn shutdown(&self, how: Shutdown) {
        if how.cancel_futures {
            self.cancelled.store(true, Ordering::Relaxed);
        }
        let pool = self
            .pool
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        drop(pool);
        self.let_go.store(!how.wait, Ordering::Relaxed);
        if how.wait && !self.workers.contains(&thread::current().id()) {
            let _joining = self.joining.lock().unwrap_or_else(PoisonError::into_inner);
            while let Some(thread) = self.next_thread() {
                thread.join().expect("rayon catches panics");
            }
        }
    }

    fn pool(&self) -> Result<Arc<ThreadPool>, SubmitError> {
        let pool = self.pool.read().unwrap_or_else(PoisonError::into_inner);
        pool.clone().ok_or(SubmitError::Shutdown)
    }

    fn next_thread(&self) -> Option<JoinHandle<()>> {
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        threads.pop()
    }
}

impl Drop for RayonExecutor {
    fn drop(&mut self) {
        let wait = !*self.let_go.get_mut();
        self.shutdown(Shutdown {
            wait,
            cancel_futures: false,
        });
    }
}

impl fmt::Debug for RayonExecutor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RayonExecutor")
            .field("max_workers", &self.max_workers())
            .finish_non_exhaustive()
    }
}
