//! A thread of the model that is a task of its own.

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Condvar};
use std::task::{Context, Poll, Wake, Waker};

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
