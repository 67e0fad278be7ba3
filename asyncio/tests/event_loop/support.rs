//! What several of the tests need.

use std::cell::{Cell, RefCell};
use std::fmt::Debug;
use std::future::{Future, poll_fn};
use std::rc::Rc;
use std::task::{Poll, Waker};

use asyncio::event_loop::{self, EventLoop, Handle};

/// Runs it on a loop of its own, with a clock that jumps.
pub fn run<F: Future>(main: F) -> F::Output {
    let event_loop = EventLoop::with_paused_clock();
    event_loop.run_until_complete(main).expect("none runs here")
}

/// The loop that this is on.
pub fn current() -> Handle {
    event_loop::current().expect("this is called on a loop")
}

/// What happened, in order.
#[derive(Clone, Default)]
pub struct Log(Rc<RefCell<Vec<&'static str>>>);

impl Log {
    pub fn add(&self, line: &'static str) {
        self.0.borrow_mut().push(line);
    }

    #[track_caller]
    pub fn is(&self, lines: impl AsRef<[&'static str]> + Debug) {
        assert_eq!(*self.0.borrow(), lines.as_ref());
    }

    /// Says `line` when it is dropped.
    pub fn on_drop(&self, line: &'static str) -> OnDrop<impl FnOnce() + use<>> {
        let log = self.clone();
        OnDrop::new(move || log.add(line))
    }
}

/// Does something when it is dropped.
pub struct OnDrop<F: FnOnce()>(Option<F>);

impl<F: FnOnce()> OnDrop<F> {
    pub fn new(act: F) -> Self {
        Self(Some(act))
    }
}

impl<F: FnOnce()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        self.0.take().expect("it is dropped once")();
    }
}

/// A gate that tasks of one thread wait at.
#[derive(Clone, Default)]
pub struct Gate(Rc<(Cell<bool>, RefCell<Vec<Waker>>)>);

impl Gate {
    pub fn open(&self) {
        self.0.0.set(true);
        self.0.1.take().into_iter().for_each(Waker::wake);
    }

    pub async fn wait(&self) {
        poll_fn(|context| {
            if self.0.0.get() {
                return Poll::Ready(());
            }
            self.0.1.borrow_mut().push(context.waker().clone());
            Poll::Pending
        })
        .await;
    }
}
