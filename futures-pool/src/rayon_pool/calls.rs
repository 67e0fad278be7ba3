//! What a rayon pool is asked to do: `submit`, `map` and their kin.

use std::fmt;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use super::{RayonExecutor, SubmitError};
use crate::common::attempt;
use crate::common::failed;
use crate::future::Future;
use crate::future::FutureError;
use crate::future::promise;
use crate::map::Map;
use crate::map::MapOptions;
use crate::map::each;

impl RayonExecutor {
    /// Has `function` called with `argument` by one of the threads.
    ///
    /// A panic is the future's error, and the thread goes on. A task must not wait for another one: see
    /// [above](super).
    ///
    /// # Errors
    ///
    /// [`SubmitError::Shutdown`]; function and argument are dropped.
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
    /// [`SubmitError::Shutdown`]; function and argument are dropped.
    pub fn try_submit<F, A, R, E>(&self, function: F, argument: A) -> Result<Future<R>, SubmitError>
    where
        F: FnOnce(A) -> Result<R, E> + Send + 'static,
        A: Send + 'static,
        R: Send + 'static,
        E: fmt::Display,
    {
        self.run(move || function(argument).map_err(failed))
    }

    /// The results of `function` with each of `inputs`, in their order. The first calls begin at once, the
    /// others as results are taken: see [`Map`]. `next` waits, so do not call it in a task of this executor.
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
        task: impl FnOnce() -> Result<R, FutureError> + Send + 'static,
    ) -> Result<Future<R>, SubmitError> {
        let (promise, future) = promise();
        let cancelled = Arc::clone(&self.cancelled);
        let pool = self.pool.read().unwrap_or_else(PoisonError::into_inner);
        let pool = pool.as_ref().ok_or(SubmitError::Shutdown)?;
        pool.spawn(move || {
            if cancelled.load(Ordering::Relaxed) {
                promise.cancel();
            } else if promise.start() {
                promise.set(attempt(task));
            }
        });
        Ok(future)
    }
}
