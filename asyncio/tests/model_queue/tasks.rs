//! The queue as the models see it, so that a copy with a mistake can take its place; and tasks for it.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::{Arc, Condvar};
use std::task::{Context, Poll, Wake, Waker};

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

/// What a runtime has for a task: it is to be polled again when the bell was rung.
struct Bell {
    rung: loom::sync::Mutex<bool>,
    ringing: Condvar,
}

impl Bell {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            rung: loom::sync::Mutex::new(false),
            ringing: Condvar::new(),
        })
    }

    fn wait(&self) {
        let mut rung = self.rung.lock().unwrap();
        while !*rung {
            rung = self.ringing.wait(rung).unwrap();
        }
        *rung = false;
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        *self.rung.lock().unwrap() = true;
        self.ringing.notify_one();
    }
}

/// A task of its own: it is polled whenever it is woken.
pub fn block_on<F: Future>(future: F) -> F::Output {
    let (bell, mut future) = (Bell::new(), pin!(future));
    let waker = Waker::from(bell.clone());
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => bell.wait(),
        }
    }
}

/// Polls once, for a task that nobody looks after.
pub fn once<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    match Pin::new(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}
