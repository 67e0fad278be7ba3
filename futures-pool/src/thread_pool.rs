//! [`ThreadPoolExecutor`]: threads that run functions. Python's
//! `concurrent.futures.ThreadPoolExecutor`.
//!
//! To copy: this file, `thread_pool/`, `common.rs`, `map.rs`, `future.rs`, `future/`. Needs: std only.

mod builder;
mod calls; //  submit, map and their kin
mod queue; //  jobs, and who sleeps
mod worker;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

pub use crate::common::BuildError;
pub use crate::common::Shutdown;
pub use crate::common::SubmitError;
pub use builder::Builder;

use worker::Shared;

/// Threads that run functions.
pub struct ThreadPoolExecutor {
    shared: Arc<Shared>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    joining: Mutex<()>,
}

impl ThreadPoolExecutor {
    /// An executor of up to `max_workers` threads.
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

    /// Takes no more tasks.
    pub fn shutdown(&self, how: Shutdown) {
        for job in self.shared.queue.close(how.cancel_futures) {
            job(Err(crate::future::FutureError::Cancelled));
        }
        if how.wait && !self.shared.is_here() {
            let _joining = self.joining.lock().unwrap_or_else(PoisonError::into_inner);
            while let Some(thread) = self.next_thread() {
                thread.join().expect("workers catch panics");
            }
        }
    }

    fn next_thread(&self) -> Option<JoinHandle<()>> {
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        threads.pop()
    }
}

impl Drop for ThreadPoolExecutor {
    fn drop(&mut self) {
        let wait = !self.shared.queue.is_closed();
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
            .finish_non_exhaustive()
    }
}
