//! Awaiting: the waker that was left last is woken.

use std::sync::{Arc, Condvar, Mutex};
use std::task::{Poll, Wake, Waker};
use std::thread;

use crate::future::FutureError;
use crate::pair::{Pair, Seen};

/// What a runtime has for a task: it is to be polled again when the bell was rung.
struct Bell {
    rung: Mutex<bool>,
    ringing: Condvar,
}

impl Bell {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            rung: Mutex::new(false),
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

/// Polls until it is ready, with the same waker.
fn drive<P: Pair>(awaited: &mut P::Awaited) -> Seen {
    let bell = Bell::new();
    let waker = Waker::from(bell.clone());
    loop {
        match P::poll(awaited, &waker) {
            Poll::Ready(seen) => return seen,
            Poll::Pending => bell.wait(),
        }
    }
}

pub fn block_on<P: Pair>(future: P::Future) -> Seen {
    drive::<P>(&mut P::awaited(future))
}

/// The result comes while it is polled.
pub fn set<P: Pair>() {
    let (promise, future) = P::pair();
    let worker = thread::spawn(move || P::set(promise));
    assert_eq!(block_on::<P>(future), Ok(()));
    worker.join().unwrap();
}

/// The promise is lost while it is polled.
pub fn dropped<P: Pair>() {
    let (promise, future) = P::pair();
    let worker = thread::spawn(move || drop(promise));
    assert_eq!(block_on::<P>(future), Err(FutureError::Abandoned));
    worker.join().unwrap();
}

/// One task polls once, and another one, in another thread, waits. The outcome is whether the first was
/// enough.
pub fn moved<P: Pair>() -> bool {
    let (promise, future) = P::pair();
    let worker = thread::spawn(move || P::set(promise));
    let mut awaited = P::awaited(future);
    let at_once = match P::poll(&mut awaited, &Waker::from(Bell::new())) {
        Poll::Ready(seen) => {
            assert_eq!(seen, Ok(()));
            true
        }
        Poll::Pending => {
            let other = thread::spawn(move || drive::<P>(&mut awaited));
            assert_eq!(other.join().unwrap(), Ok(()));
            false
        }
    };
    worker.join().unwrap();
    at_once
}

/// It is polled and given up while the result comes.
pub fn given_up<P: Pair>() -> bool {
    let (promise, future) = P::pair();
    let worker = thread::spawn(move || P::set(promise));
    let mut awaited = P::awaited(future);
    let ready = P::poll(&mut awaited, &Waker::from(Bell::new())).is_ready();
    drop(awaited);
    worker.join().unwrap();
    ready
}
