//! [`Task`]: what is sent to a worker, and the promise that waits for its answer.

use serde::de::DeserializeOwned;

use super::items;
use crate::future::FutureError;
use crate::future::Promise;
use crate::future::catch;

/// A task that has no answer yet.
pub struct Task {
    /// A [batch of one](super::wire::batch_of_one).
    pub bytes: Vec<u8>,
    promise: Box<dyn Answer>,
}

impl Task {
    /// Of one item.
    pub fn of_one<R>(bytes: Vec<u8>, promise: Promise<R>) -> Self
    where
        R: DeserializeOwned + Send + 'static,
    {
        let promise = Box::new(One(promise));
        Self { bytes, promise }
    }

    /// Of several.
    pub fn of_each<R>(bytes: Vec<u8>, promise: Promise<Vec<Result<R, FutureError>>>) -> Self
    where
        R: DeserializeOwned + Send + 'static,
    {
        let promise = Box::new(Each(promise));
        Self { bytes, promise }
    }

    /// It will be sent. `false` if it was cancelled.
    pub fn start(&self) -> bool {
        self.promise.start()
    }

    /// Its results have come.
    pub fn finish(self, results: &[u8]) {
        let Self { bytes, promise } = self;
        drop(bytes);
        call(|| promise.finish(results));
    }

    /// It will not be run, or nobody knows whether it was.
    pub fn fail(self, error: FutureError) {
        call(|| self.promise.fail(error));
    }
}

/// Other people's code: callbacks, wakers, what is dropped. If it panics, that is on stderr, and ends
/// here.
fn call(code: impl FnOnce()) {
    let _reported = catch(code);
}

trait Answer: Send {
    fn start(&self) -> bool;
    fn finish(self: Box<Self>, results: &[u8]);
    fn fail(self: Box<Self>, error: FutureError);
}

struct One<R>(Promise<R>);

impl<R: DeserializeOwned + Send> Answer for One<R> {
    fn start(&self) -> bool {
        self.0.start()
    }

    fn finish(self: Box<Self>, results: &[u8]) {
        let none = || Err(FutureError::Result("there is none".to_owned()));
        let result = items::results(results).next();
        self.0.set(result.unwrap_or_else(none));
    }

    fn fail(self: Box<Self>, error: FutureError) {
        fail(self.0, error);
    }
}

struct Each<R>(Promise<Vec<Result<R, FutureError>>>);

impl<R: DeserializeOwned + Send> Answer for Each<R> {
    fn start(&self) -> bool {
        self.0.start()
    }

    fn finish(self: Box<Self>, results: &[u8]) {
        self.0.set_result(items::results(results).collect());
    }

    fn fail(self: Box<Self>, error: FutureError) {
        fail(self.0, error);
    }
}

fn fail<R>(promise: Promise<R>, error: FutureError) {
    match error {
        FutureError::Cancelled => promise.cancel(),
        error => promise.set_exception(error),
    }
}
