//! The future as the models see it, so that a copy with a mistake can take its place.

use core::future::{Future as _, IntoFuture};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use crate::Watched;
use crate::future::{Awaited, Future, FutureError, Promise, promise};

/// What somebody got. Its result was used, as one that is shared or as one's own.
pub type Seen = Result<(), FutureError>;

/// Gets the result by reference.
pub type Callback = Box<dyn FnOnce(Result<&Watched, FutureError>) + Send>;

pub trait Pair: 'static {
    type Promise: Send + 'static;
    type Future: Send + Sync + 'static;
    type Awaited: Send + 'static;

    fn pair() -> (Self::Promise, Self::Future);
    fn start(promise: &Self::Promise) -> bool;
    fn set(promise: Self::Promise);
    fn cancel(future: &Self::Future) -> bool;
    fn add(future: &Self::Future, callback: Callback);
    fn look(future: &Self::Future, timeout: Option<Duration>) -> Seen;
    fn take(future: Self::Future) -> Seen;
    fn awaited(future: Self::Future) -> Self::Awaited;
    fn poll(awaited: &mut Self::Awaited, waker: &Waker) -> Poll<Seen>;
}

pub struct Real;

impl Pair for Real {
    type Promise = Promise<Watched>;
    type Future = Future<Watched>;
    type Awaited = Awaited<Watched>;

    fn pair() -> (Self::Promise, Self::Future) {
        promise()
    }

    fn start(promise: &Self::Promise) -> bool {
        promise.start()
    }

    fn set(promise: Self::Promise) {
        promise.set_result(Watched::new());
    }

    fn cancel(future: &Self::Future) -> bool {
        future.cancel()
    }

    fn add(future: &Self::Future, callback: Callback) {
        future.add_done_callback(|future| callback(future.result(Some(Duration::ZERO))));
    }

    fn look(future: &Self::Future, timeout: Option<Duration>) -> Seen {
        future.result(timeout).map(Watched::read)
    }

    fn take(future: Self::Future) -> Seen {
        future.into_result().map(|result| result.write())
    }

    fn awaited(future: Self::Future) -> Self::Awaited {
        future.into_future()
    }

    fn poll(awaited: &mut Self::Awaited, waker: &Waker) -> Poll<Seen> {
        let polled = Pin::new(awaited).poll(&mut Context::from_waker(waker));
        polled.map_ok(|result| result.write())
    }
}
