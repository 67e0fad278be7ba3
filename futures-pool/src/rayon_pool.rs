//! [`RayonExecutor`]: the calls of an executor over a pool of rayon's.
//!
//! To copy: this file, `common.rs`, `map.rs`, `future.rs`, `future/`. Needs: rayon.

mod calls; // submit, map and their kin

use std::fmt;
use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::{self, JoinHandle};

use rayon::{ThreadPool, ThreadPoolBuilder};

pub use crate::common::BuildError;
pub use crate::common::Shutdown;
pub use crate::common::SubmitError;

/// A pool of rayon's as an executor.
pub struct RayonExecutor {
    /// `None` once it is shut down.
    pool: RwLock<Option<Arc<ThreadPool>>>,
    max_workers: usize,
    threads: Mutex<Vec<JoinHandle<()>>>,
    joining: Mutex<()>,
    /// Tasks that have not begun shall not.
    cancelled: Arc<AtomicBool>,
}

impl RayonExecutor {
    /// An executor of so many threads, all of them started.
    ///
    /// # Errors
    ///
    /// [`BuildError`].
    pub fn new(max_workers: usize) -> Result<Self, BuildError> {
        if max_workers == 0 {
            return Err(BuildError::NoWorkers);
        }
        let mut threads = Vec::new();
        let pool = ThreadPoolBuilder::new()
            .num_threads(max_workers)
            .thread_name(|number| format!("RayonExecutor_{number}"))
            .panic_handler(mem::forget)
            .spawn_handler(|thread| {
                let name = thread.name().unwrap_or_default().to_owned();
                threads.push(thread::Builder::new().name(name).spawn(|| thread.run())?);
                Ok(())
            })
            .build()
            .map_err(|error| BuildError::Start(error.to_string()))?;
        Ok(Self {
            pool: RwLock::new(Some(Arc::new(pool))),
            max_workers,
            threads: Mutex::new(threads),
            joining: Mutex::default(),
            cancelled: Arc::default(),
        })
    }

    /// How many threads there are.
    pub fn max_workers(&self) -> usize {
        self.max_workers
    }

    /// Takes no more tasks.
    pub fn shutdown(&self, how: Shutdown) {
        let pool = self
            .pool
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if how.cancel_futures {
            self.cancelled.store(true, Ordering::Relaxed);
        }
        drop(pool);
        if how.wait && !self.is_here() {
            let _joining = self.joining.lock().unwrap_or_else(PoisonError::into_inner);
            while let Some(thread) = self.next_thread() {
                thread.join().expect("workers catch panics");
            }
        }
    }

    fn is_here(&self) -> bool {
        let threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        let here = thread::current().id();
        threads.iter().any(|thread| thread.thread().id() == here)
    }

    fn next_thread(&self) -> Option<JoinHandle<()>> {
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        threads.pop()
    }
}

impl Drop for RayonExecutor {
    fn drop(&mut self) {
        let open = self
            .pool
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .is_some();
        self.shutdown(Shutdown {
            wait: open,
            cancel_futures: false,
        });
    }
}

impl fmt::Debug for RayonExecutor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RayonExecutor")
            .field("max_workers", &self.max_workers)
            .finish_non_exhaustive()
    }
}
