//! The queue as the models see it, so that a copy with a mistake can take its place; and tasks for it.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use crate::queue::{Item, Queue};

pub trait Kind: Clone + Send + Sync + 'static {
    /// Counts as done when it is dropped.
    type Item: Send;

    fn bounded(capacity: usize) -> Self;
    /// Whether it was put.
    fn put(&self, item: u8) -> impl Future<Output = bool> + Unpin;
    fn get(&self) -> impl Future<Output = Option<Self::Item>> + Unpin;
    fn join(&self) -> impl Future<Output = ()> + Unpin;
    fn shutdown(&self, immediate: bool);
    fn value(item: &Self::Item) -> u8;
}

impl Kind for Queue<u8> {
    type Item = Item<u8>;

    fn bounded(capacity: usize) -> Self {
        Self::bounded(capacity)
    }

    fn put(&self, item: u8) -> impl Future<Output = bool> + Unpin {
        let mut put = self.put(item);
        poll_fn(move |context| Pin::new(&mut put).poll(context).map(|put| put.is_ok()))
    }

    fn get(&self) -> impl Future<Output = Option<Item<u8>>> + Unpin {
        let mut get = self.get();
        poll_fn(move |context| Pin::new(&mut get).poll(context).map(Result::ok))
    }

    fn join(&self) -> impl Future<Output = ()> + Unpin {
        self.join()
    }

    fn shutdown(&self, immediate: bool) {
        match immediate {
            true => self.shutdown_immediate(),
            false => self.shutdown(),
        }
    }

    fn value(item: &Item<u8>) -> u8 {
        **item
    }
}

/// Polls once, for a task that nobody looks after.
pub fn once<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    match Pin::new(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}
