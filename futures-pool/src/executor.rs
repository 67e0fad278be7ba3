//! [`Executor`]: what all executors share, so that one can be swapped for another by changing a line.
//! Python's `concurrent.futures.Executor`.
//!
//! To copy: this file, `common.rs`, `map.rs`, `future.rs`, `future/`, and the executors of which it should
//! be (a line each at its end, and above). Needs: serde.

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
/// ```
/// use futures_pool::executor::Executor;
/// use futures_pool::future::FutureError;
/// use futures_pool::rayon_pool::RayonExecutor;
/// use futures_pool::thread_pool::ThreadPoolExecutor;
///
/// fn sum_of_squares(executor: &impl Executor, n: u64) -> Result<u64, FutureError> {
///     executor.map(|n: u64| n * n, 0..n).sum()
/// }
///
/// assert_eq!(sum_of_squares(&ThreadPoolExecutor::new(2)?, 4)?, 14);
/// assert_eq!(sum_of_squares(&RayonExecutor::new(2)?, 4)?, 14);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// The bounds are those under which each executor can do it: the function is plain, or a closure that
/// captures what may be copied (nothing, if it is to run in another process), and the values can be sent.
/// An executor's own methods, of the same names, take what it alone can do:
///
/// ```compile_fail,E0277
/// use std::sync::Arc;
///
/// use futures_pool::executor::Executor;
///
/// fn count(executor: &impl Executor, names: Arc<[String]>) {
///     let _ = executor.submit(|names: Arc<[String]>| names.len(), names);
/// }
/// ```
///
/// ```
/// use std::sync::Arc;
///
/// use futures_pool::thread_pool::ThreadPoolExecutor;
///
/// fn count(executor: &ThreadPoolExecutor, names: Arc<[String]>) {
///     let _ = executor.submit(|names: Arc<[String]>| names.len(), names);
/// }
/// ```
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
