//! [`Builder`]: how a thread pool is made.

use std::fmt;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;

use super::queue::Queue;
use super::worker::{Initializer, Shared};
use super::{BuildError, ThreadPoolExecutor};

/// For so long a worker without a job looks for one before it sleeps: some microseconds in all. That is
/// when the next job comes of who submits one after the other.
const LOOKS: usize = 30;

/// Settings of a [`ThreadPoolExecutor`].
#[derive(Default)]
pub struct Builder {
    max_workers: Option<usize>,
    prefix: Option<String>,
    initializer: Option<Initializer>,
    stack_size: Option<usize>,
}

impl Builder {
    /// How many threads there are at most. Else four more than there are processors this process may
    /// use, but not more than 32, as in Python.
    pub fn max_workers(mut self, max_workers: usize) -> Self {
        self.max_workers = Some(max_workers);
        self
    }

    /// The threads are named `prefix_0`, `prefix_1` and so on. Else the prefix is
    /// `ThreadPoolExecutor`.
    pub fn thread_name_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = Some(prefix.into());
        self
    }

    /// Each thread calls it before anything else. If it panics, the executor is of no more use: that is
    /// reported on stderr, what waits and what is submitted later fails with
    /// [`Broken::Initializer`](crate::future::Broken::Initializer). Tasks that other threads are in the
    /// middle of are not disturbed.
    pub fn initializer(self, initializer: impl Fn() + Send + Sync + 'static) -> Self {
        self.try_initializer(move || {
            initializer();
            Ok::<(), String>(())
        })
    }

    /// As [`initializer`](Self::initializer), but it may also return an error.
    pub fn try_initializer<E: fmt::Display>(
        mut self,
        initializer: impl Fn() -> Result<(), E> + Send + Sync + 'static,
    ) -> Self {
        let texted = move || initializer().map_err(|error| format!("{error:#}"));
        self.initializer = Some(Box::new(texted));
        self
    }

    /// The size of each thread's stack in bytes. Else Rust's default, 2 MiB.
    pub fn stack_size(mut self, bytes: usize) -> Self {
        self.stack_size = Some(bytes);
        self
    }

    /// The executor. No thread is started yet.
    ///
    /// # Errors
    ///
    /// [`BuildError::NoWorkers`], [`BuildError::ThreadName`], [`BuildError::StackSize`].
    pub fn build(self) -> Result<ThreadPoolExecutor, BuildError> {
        let default = || thread::available_parallelism().map_or(1, usize::from) + 4;
        let max_workers = self.max_workers.unwrap_or_else(|| default().min(32));
        if max_workers == 0 {
            return Err(BuildError::NoWorkers);
        }
        let prefix = self.prefix.unwrap_or("ThreadPoolExecutor".to_owned());
        if prefix.contains('\0') {
            return Err(BuildError::ThreadName);
        }
        if self
            .stack_size
            .is_some_and(|bytes| bytes > isize::MAX as usize)
        {
            return Err(BuildError::StackSize);
        }
        let shared = Shared {
            queue: Queue::new(0, max_workers, LOOKS),
            max_workers,
            prefix,
            initializer: self.initializer,
            stack_size: self.stack_size,
            broken: OnceLock::new(),
        };
        Ok(ThreadPoolExecutor {
            shared: Arc::new(shared),
            threads: Mutex::default(),
            joining: Mutex::default(),
            let_go: AtomicBool::new(false),
        })
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("max_workers", &self.max_workers)
            .field("thread_name_prefix", &self.prefix)
            .field("initializer", &self.initializer.is_some())
            .field("stack_size", &self.stack_size)
            .finish()
    }
}
