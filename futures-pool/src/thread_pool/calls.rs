//! What a thread pool is asked to do: `submit`, `map` and their kin.

use std::fmt;
use std::io;
use std::sync::Arc;

use super::job::{Job, Task};
use super::queue::Refused;
use super::{SubmitError, ThreadPoolExecutor, lock};
use crate::common::failed;
use crate::common::start_failure;
use crate::future::Future;
use crate::future::FutureError;
use crate::future::promise;
use crate::map::Map;
use crate::map::MapOptions;
use crate::map::each;

impl ThreadPoolExecutor {
    /// Has `function` called with `argument` by one of the threads. Python's `submit`.
    ///
    /// A panic is the future's error, and the thread goes on. Function and argument are gone before the
    /// result is there; those of a cancelled task when its turn comes.
    ///
    /// **A task must not wait for another one of the same executor** if no thread is certain to be left for
    /// that: with one thread it waits for ever, as in Python. Give such a wait a timeout:
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::time::Duration;
    ///
    /// use futures_pool::thread_pool::ThreadPoolExecutor;
    ///
    /// let executor = Arc::new(ThreadPoolExecutor::new(1)?);
    /// let outer = executor.submit(
    ///     |executor: Arc<ThreadPoolExecutor>| {
    ///         let inner = executor.submit(|n: i32| n + 1, 1).unwrap();
    ///         inner.result(Some(Duration::from_millis(50))).copied()
    ///     },
    ///     Arc::clone(&executor),
    /// )?;
    /// assert!(outer.into_result()?.unwrap_err().is_timeout());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`SubmitError`]; function and argument are dropped.
    pub fn submit<F, A, R>(&self, function: F, argument: A) -> Result<Future<R>, SubmitError>
    where
        F: FnOnce(A) -> R + Send + 'static,
        A: Send + 'static,
        R: Send + 'static,
    {
        self.run(move || Ok(function(argument)))
    }

    /// As [`submit`](Self::submit), for a function that may return an error: the future's error then
    /// is [`FutureError::Failed`].
    ///
    /// # Errors
    ///
    /// [`SubmitError`]; function and argument are dropped.
    pub fn try_submit<F, A, R, E>(&self, function: F, argument: A) -> Result<Future<R>, SubmitError>
    where
        F: FnOnce(A) -> Result<R, E> + Send + 'static,
        A: Send + 'static,
        R: Send + 'static,
        E: fmt::Display,
    {
        self.run(move || function(argument).map_err(failed))
    }

    /// The results of `function` with each of `inputs`, in their order. Python's `map`.
    ///
    /// The first calls begin at once, the others as results are taken: see [`Map`]. If the executor
    /// refuses, that is an item.
    pub fn map<'e, F, I, R>(&'e self, function: F, inputs: I) -> Map<'e, R>
    where
        F: Fn(I::Item) -> R + Send + Sync + 'static,
        I: IntoIterator<Item: Send + 'static, IntoIter: 'e>,
        R: Send + 'static,
    {
        self.map_with(MapOptions::default(), function, inputs)
    }

    /// As [`map`](Self::map), for a function that may return an error.
    pub fn try_map<'e, F, I, R, E>(&'e self, function: F, inputs: I) -> Map<'e, R>
    where
        F: Fn(I::Item) -> Result<R, E> + Send + Sync + 'static,
        I: IntoIterator<Item: Send + 'static, IntoIter: 'e>,
        R: Send + 'static,
        E: fmt::Display,
    {
        self.try_map_with(MapOptions::default(), function, inputs)
    }

    /// As [`map`](Self::map), with other than default settings.
    pub fn map_with<'e, F, I, R>(
        &'e self,
        options: MapOptions,
        function: F,
        inputs: I,
    ) -> Map<'e, R>
    where
        F: Fn(I::Item) -> R + Send + Sync + 'static,
        I: IntoIterator<Item: Send + 'static, IntoIter: 'e>,
        R: Send + 'static,
    {
        self.chunks(options, move |item| Ok(function(item)), inputs)
    }

    /// As [`try_map`](Self::try_map), with other than default settings.
    pub fn try_map_with<'e, F, I, R, E>(
        &'e self,
        options: MapOptions,
        function: F,
        inputs: I,
    ) -> Map<'e, R>
    where
        F: Fn(I::Item) -> Result<R, E> + Send + Sync + 'static,
        I: IntoIterator<Item: Send + 'static, IntoIter: 'e>,
        R: Send + 'static,
        E: fmt::Display,
    {
        self.chunks(options, move |item| function(item).map_err(failed), inputs)
    }

    fn chunks<'e, F, I, R>(&'e self, options: MapOptions, function: F, inputs: I) -> Map<'e, R>
    where
        F: Fn(I::Item) -> Result<R, FutureError> + Send + Sync + 'static,
        I: IntoIterator<Item: Send + 'static, IntoIter: 'e>,
        R: Send + 'static,
    {
        let function = Arc::new(function);
        Map::new(options, self.max_workers(), inputs, move |chunk| {
            let function = Arc::clone(&function);
            self.run(move || Ok(each(chunk, &*function)))
        })
    }

    fn run<R: Send + 'static>(
        &self,
        function: impl FnOnce() -> Result<R, FutureError> + Send + 'static,
    ) -> Result<Future<R>, SubmitError> {
        let (promise, future) = promise();
        self.enqueue(Box::new(Task { promise, function }))?;
        Ok(future)
    }

    fn enqueue(&self, job: Box<dyn Job>) -> Result<(), SubmitError> {
        // Called under the queue's mutex: a shutdown, which closes the queue first, finds the thread in the
        // list.
        let start = || {
            let mut threads = lock(&self.threads);
            let thread = self.shared.start(threads.len())?;
            threads.push(thread);
            Ok::<(), io::Error>(())
        };
        let pushed = self.shared.queue.push(job, start);
        pushed.map_err(|refused| match (refused, self.shared.broken.get()) {
            (Refused::NoWorker(error), _) => SubmitError::Start(start_failure(error)),
            (Refused::Closed, Some(why)) => SubmitError::Broken(why.clone()),
            (Refused::Closed, None) => SubmitError::Shutdown,
        })
    }
}
