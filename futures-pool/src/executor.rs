//! [`Executor`]: what all executors share, so that one can be swapped for another by changing a line.
//! Python's `concurrent.futures.Executor`.
//!
//! To copy: this file, `common.rs`, `map.rs`, `future.rs`, `future/`, and the executors. Needs: serde.

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

pub use crate::common::BuildError;
pub use crate::common::Shutdown;
pub use crate::common::SubmitError;
pub use crate::map::Map;
pub use crate::map::MapOptions;

use crate::future::Future;
#[cfg(target_os = "linux")]
use crate::process_pool::ProcessPoolExecutor;
use crate::rayon_pool::RayonExecutor;
use crate::thread_pool::ThreadPoolExecutor;

/// A value that may go to another thread and to another process.
pub trait Portable: Serialize + DeserializeOwned + Send + 'static {}

impl<T: Serialize + DeserializeOwned + Send + 'static> Portable for T {}

/// Runs functions somewhere else.
///
/// The bounds are those that every executor can do with; the methods of the same names on a
/// [`ThreadPoolExecutor`] take more.
pub trait Executor {
    /// Has `function` called with `argument`. A panic is the future's error.
    ///
    /// # Errors
    ///
    /// [`SubmitError`].
    fn submit<F, A, R>(&self, function: F, argument: A) -> Result<Future<R>, SubmitError>
    where
        F: Fn(A) -> R + Copy + Send + Sync + 'static,
        A: Portable,
        R: Portable;

    /// As [`submit`](Self::submit), for a function that may return an error: the future's error then
    /// is [`FutureError::Failed`](crate::future::FutureError::Failed).
    ///
    /// # Errors
    ///
    /// [`SubmitError`].
    fn try_submit<F, A, R, E>(&self, function: F, argument: A) -> Result<Future<R>, SubmitError>
    where
        F: Fn(A) -> Result<R, E> + Copy + Send + Sync + 'static,
        A: Portable,
        R: Portable,
        E: fmt::Display;

    /// As [`map`](Self::map), with other than default settings.
    fn map_with<'e, F, I, R>(&'e self, options: MapOptions, function: F, inputs: I) -> Map<'e, R>
    where
        F: Fn(I::Item) -> R + Copy + Send + Sync + 'static,
        I: IntoIterator<Item: Portable, IntoIter: 'e>,
        R: Portable;

    /// As [`try_map`](Self::try_map), with other than default settings.
    fn try_map_with<'e, F, I, R, E>(
        &'e self,
        options: MapOptions,
        function: F,
        inputs: I,
    ) -> Map<'e, R>
    where
        F: Fn(I::Item) -> Result<R, E> + Copy + Send + Sync + 'static,
        I: IntoIterator<Item: Portable, IntoIter: 'e>,
        R: Portable,
        E: fmt::Display;

    /// Takes no more tasks, and does with those it has as `how` says.
    fn shutdown(&self, how: Shutdown);

    /// The results of `function` with each of `inputs`, in their order. The first calls begin at once, the
    /// others as results are taken: see [`Map`].
    fn map<'e, F, I, R>(&'e self, function: F, inputs: I) -> Map<'e, R>
    where
        F: Fn(I::Item) -> R + Copy + Send + Sync + 'static,
        I: IntoIterator<Item: Portable, IntoIter: 'e>,
        R: Portable,
    {
        self.map_with(MapOptions::default(), function, inputs)
    }

    /// As [`map`](Self::map), for a function that may return an error.
    fn try_map<'e, F, I, R, E>(&'e self, function: F, inputs: I) -> Map<'e, R>
    where
        F: Fn(I::Item) -> Result<R, E> + Copy + Send + Sync + 'static,
        I: IntoIterator<Item: Portable, IntoIter: 'e>,
        R: Portable,
        E: fmt::Display,
    {
        self.try_map_with(MapOptions::default(), function, inputs)
    }
}

/// By the methods of the same names, which the executor has already.
macro_rules! executor {
    ($executor:ty) => {
        impl Executor for $executor {
            fn submit<F, A, R>(&self, function: F, argument: A) -> Result<Future<R>, SubmitError>
            where
                F: Fn(A) -> R + Copy + Send + Sync + 'static,
                A: Portable,
                R: Portable,
            {
                self.submit(function, argument)
            }

            fn try_submit<F, A, R, E>(
                &self,
                function: F,
                argument: A,
            ) -> Result<Future<R>, SubmitError>
            where
                F: Fn(A) -> Result<R, E> + Copy + Send + Sync + 'static,
                A: Portable,
                R: Portable,
                E: fmt::Display,
            {
                self.try_submit(function, argument)
            }

            fn map_with<'e, F, I, R>(
                &'e self,
                options: MapOptions,
                function: F,
                inputs: I,
            ) -> Map<'e, R>
            where
                F: Fn(I::Item) -> R + Copy + Send + Sync + 'static,
                I: IntoIterator<Item: Portable, IntoIter: 'e>,
                R: Portable,
            {
                self.map_with(options, function, inputs)
            }

            fn try_map_with<'e, F, I, R, E>(
                &'e self,
                options: MapOptions,
                function: F,
                inputs: I,
            ) -> Map<'e, R>
            where
                F: Fn(I::Item) -> Result<R, E> + Copy + Send + Sync + 'static,
                I: IntoIterator<Item: Portable, IntoIter: 'e>,
                R: Portable,
                E: fmt::Display,
            {
                self.try_map_with(options, function, inputs)
            }

            fn shutdown(&self, how: Shutdown) {
                self.shutdown(how);
            }
        }
    };
}

executor!(ThreadPoolExecutor);
#[cfg(target_os = "linux")]
executor!(ProcessPoolExecutor);
executor!(RayonExecutor);
