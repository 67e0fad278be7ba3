//! What a process pool is asked to do: `submit`, `map` and their kin.

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::code::{Function, Text};
use super::task::Task;
use super::{ProcessPoolExecutor, SubmitError, items, wire};
use crate::future::Future;
use crate::future::FutureError;
use crate::future::promise;
use crate::map::Map;
use crate::map::MapOptions;

impl ProcessPoolExecutor {
    /// Has `function` called with `argument` in a worker. The argument is encoded at once. One that cannot
    /// be is the future's error, as all that goes wrong with a single task.
    ///
    /// ```compile_fail,E0080
    /// # futures_pool::init();
    /// # let executor = futures_pool::process_pool::ProcessPoolExecutor::new(1).unwrap();
    /// let factor = 3;
    /// let future = executor.submit(move |n: u64| n * factor, 7);
    /// ```
    ///
    /// ```no_run
    /// # futures_pool::init();
    /// # let executor = futures_pool::process_pool::ProcessPoolExecutor::new(1).unwrap();
    /// let future = executor.submit(|(n, factor): (u64, u64)| n * factor, (7, 3));
    /// ```
    ///
    /// # Errors
    ///
    /// [`SubmitError`].
    pub fn submit<F, A, R>(&self, function: F, argument: A) -> Result<Future<R>, SubmitError>
    where
        F: Fn(A) -> R + Copy + Send + 'static,
        A: Serialize + DeserializeOwned,
        R: Serialize + DeserializeOwned + Send + 'static,
    {
        self.one(Function::of(function), argument)
    }

    /// As [`submit`](Self::submit), for a function that may return an error: the future's then
    /// is [`FutureError::Failed`].
    ///
    /// # Errors
    ///
    /// [`SubmitError`].
    pub fn try_submit<F, A, R, E>(&self, function: F, argument: A) -> Result<Future<R>, SubmitError>
    where
        F: Fn(A) -> Result<R, E> + Copy + Send + 'static,
        A: Serialize + DeserializeOwned,
        R: Serialize + DeserializeOwned + Send + 'static,
        E: fmt::Display,
    {
        self.one(Function::try_of(function), argument)
    }

    /// The results of `function` with each of `inputs`, in their order.
    pub fn map<'e, F, I, R>(&'e self, function: F, inputs: I) -> Map<'e, R>
    where
        F: Fn(I::Item) -> R + Copy + Send + 'static,
        I: IntoIterator<Item: Serialize + DeserializeOwned, IntoIter: 'e>,
        R: Serialize + DeserializeOwned + Send + 'static,
    {
        self.map_with(MapOptions::default(), function, inputs)
    }

    /// As [`map`](Self::map), for a function that may return an error.
    pub fn try_map<'e, F, I, R, E>(&'e self, function: F, inputs: I) -> Map<'e, R>
    where
        F: Fn(I::Item) -> Result<R, E> + Copy + Send + 'static,
        I: IntoIterator<Item: Serialize + DeserializeOwned, IntoIter: 'e>,
        R: Serialize + DeserializeOwned + Send + 'static,
        E: fmt::Display,
    {
        self.try_map_with(MapOptions::default(), function, inputs)
    }

    /// As [`map`](Self::map), with other than default settings. Each item has a result of its own, also
    /// in a chunk; but if a worker dies, all items of its chunk are lost.
    pub fn map_with<'e, F, I, R>(
        &'e self,
        options: MapOptions,
        function: F,
        inputs: I,
    ) -> Map<'e, R>
    where
        F: Fn(I::Item) -> R + Copy + Send + 'static,
        I: IntoIterator<Item: Serialize + DeserializeOwned, IntoIter: 'e>,
        R: Serialize + DeserializeOwned + Send + 'static,
    {
        self.each(options, Function::of(function), inputs)
    }

    /// As [`try_map`](Self::try_map), with other than default settings.
    pub fn try_map_with<'e, F, I, R, E>(
        &'e self,
        options: MapOptions,
        function: F,
        inputs: I,
    ) -> Map<'e, R>
    where
        F: Fn(I::Item) -> Result<R, E> + Copy + Send + 'static,
        I: IntoIterator<Item: Serialize + DeserializeOwned, IntoIter: 'e>,
        R: Serialize + DeserializeOwned + Send + 'static,
        E: fmt::Display,
    {
        self.each(options, Function::try_of(function), inputs)
    }

    fn one<A, R>(&self, function: Function, argument: A) -> Result<Future<R>, SubmitError>
    where
        A: Serialize,
        R: DeserializeOwned + Send + 'static,
    {
        let (promise, future) = promise();
        match wire::encode_one(function, text(), &argument) {
            Ok(bytes) => self.shared.push(Task::of_one(bytes, promise))?,
            Err(error) => promise.set_exception(error),
        }
        Ok(future)
    }

    fn each<'e, I, R>(&'e self, options: MapOptions, function: Function, inputs: I) -> Map<'e, R>
    where
        I: IntoIterator<Item: Serialize, IntoIter: 'e>,
        R: DeserializeOwned + Send + 'static,
    {
        Map::new(options, self.max_workers(), inputs, move |chunk| {
            let (promise, future) = promise();
            let encoded = wire::batch_of_one(function, text(), |out| {
                chunk.iter().for_each(|item| items::encode(item, out));
            });
            match encoded {
                Some(bytes) => self.shared.push(Task::of_each(bytes, promise))?,
                None => promise.set_exception(FutureError::UnknownFunction),
            }
            Ok(future)
        })
    }
}

fn text() -> &'static Text {
    Text::get().expect("it was there when the pool was built")
}
