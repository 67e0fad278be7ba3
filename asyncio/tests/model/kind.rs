//! The loop as the models see it, so that a copy with a mistake can take its place.

use std::future::Future;
use std::time::Duration;

use crate::event_loop::{self, EventLoop, JoinError, JoinHandle};

pub trait Loop: 'static {
    type Task<T: 'static>: Task<T>;

    fn new() -> Self;
    /// Its panic goes on in the caller.
    fn run<T>(&self, main: impl Future<Output = T>) -> T;
    fn spawn<T: 'static>(&self, future: impl Future<Output = T> + 'static) -> Self::Task<T>;
    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + 'static;
    fn close(&self);
}

pub trait Task<T>: Future<Output = Result<T, JoinError>> + Unpin + 'static {
    fn abort(&self) -> bool;
}

impl Loop for EventLoop {
    type Task<T: 'static> = JoinHandle<T>;

    fn new() -> Self {
        Self::new()
    }

    fn run<T>(&self, main: impl Future<Output = T>) -> T {
        self.run_until_complete(main).expect("none runs here")
    }

    fn spawn<T: 'static>(&self, future: impl Future<Output = T> + 'static) -> JoinHandle<T> {
        self.spawn(future)
    }

    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + 'static {
        event_loop::sleep(duration)
    }

    fn close(&self) {
        self.close().expect("it does not run");
    }
}

impl<T: 'static> Task<T> for JoinHandle<T> {
    fn abort(&self) -> bool {
        self.abort()
    }
}
