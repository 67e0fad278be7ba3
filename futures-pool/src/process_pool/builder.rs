//! [`Builder`]: how a process pool is made.

use std::fmt;
use std::sync::Arc;
use std::thread;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::code::{Function, Text};
use super::shared::Shared;
use super::{BuildError, ProcessPoolExecutor, wire, worker};
use crate::common::threads_are_refused;
use crate::future::FutureError;

/// Settings of a [`ProcessPoolExecutor`].
#[derive(Default)]
pub struct Builder {
    max_workers: Option<usize>,
    max_tasks_per_child: Option<usize>,
    initializer: Option<Box<Encode>>,
}

/// Makes the task that each worker begins with.
type Encode = dyn FnOnce(&Text) -> Result<Vec<u8>, FutureError>;

impl Builder {
    /// How many processes there are at most. Else as many as there are processors this process may use.
    pub fn max_workers(mut self, max_workers: usize) -> Self {
        self.max_workers = Some(max_workers);
        self
    }

    /// A worker ends after so many tasks, and another one is started with the next task. A chunk of a
    /// `map` is one task. Else a worker runs until the executor ends.
    pub fn max_tasks_per_child(mut self, tasks: usize) -> Self {
        self.max_tasks_per_child = Some(tasks);
        self
    }

    /// Each worker calls it first, with this argument. If it panics, the executor is broken; if it ends
    /// the worker, too. Python's `initializer` and `initargs`.
    pub fn initializer<F, A>(self, initializer: F, argument: A) -> Self
    where
        F: Fn(A) + Copy + Send + 'static,
        A: Serialize + DeserializeOwned + 'static,
    {
        self.begin_with(Function::of(initializer), argument)
    }

    /// As [`initializer`](Self::initializer), but it may also return an error.
    pub fn try_initializer<F, A, E>(self, initializer: F, argument: A) -> Self
    where
        F: Fn(A) -> Result<(), E> + Copy + Send + 'static,
        A: Serialize + DeserializeOwned + 'static,
        E: fmt::Display,
    {
        self.begin_with(Function::try_of(initializer), argument)
    }

    fn begin_with<A: Serialize + 'static>(mut self, function: Function, argument: A) -> Self {
        self.initializer = Some(Box::new(move |text| {
            wire::encode_one(function, text, &argument)
        }));
        self
    }

    /// The executor. No process is started yet.
    ///
    /// # Errors
    ///
    /// [`BuildError`].
    pub fn build(self) -> Result<ProcessPoolExecutor, BuildError> {
        let default = || thread::available_parallelism().map_or(1, usize::from);
        let max_workers = self.max_workers.unwrap_or_else(default);
        if max_workers == 0 {
            return Err(BuildError::NoWorkers);
        }
        if self.max_tasks_per_child == Some(0) {
            return Err(BuildError::NoTasks);
        }
        if !worker::is_initialised() {
            return Err(BuildError::NotInitialised);
        }
        if let Some(reason) = worker::too_privileged().or_else(threads_are_refused) {
            return Err(BuildError::Start(reason.to_owned()));
        }
        let text = Text::get().map_err(|error| BuildError::Start(error.to_string()))?;
        let initializer = self.initializer.map(|encode| encode(text)).transpose();
        let initializer =
            initializer.map_err(|error| BuildError::Initializer(error.to_string()))?;
        let shared = Shared::new(max_workers, self.max_tasks_per_child, initializer);
        Ok(ProcessPoolExecutor {
            shared: Arc::new(shared),
        })
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("max_workers", &self.max_workers)
            .field("max_tasks_per_child", &self.max_tasks_per_child)
            .field("initializer", &self.initializer.is_some())
            .finish()
    }
}
