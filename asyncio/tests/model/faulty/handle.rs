//! A task for who wants its result.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use super::ready::Task;
use crate::event_loop::JoinError;
use crate::kind;

/// A result on its way, or whom to wake for it.
pub struct Outcome<T> {
    result: RefCell<Option<Result<T, JoinError>>>,
    waker: RefCell<Option<Waker>>,
}

pub struct Handle<T, const MISTAKE: u8>(pub Rc<Outcome<T>>, pub Arc<Task<MISTAKE>>);

impl<T> Outcome<T> {
    pub fn set(&self, result: Result<T, JoinError>, tells: bool) {
        *self.result.borrow_mut() = Some(result);
        let waker = self.waker.take();
        waker.into_iter().filter(|_| tells).for_each(Waker::wake);
    }
}

impl<T> Default for Outcome<T> {
    fn default() -> Self {
        Self {
            result: RefCell::default(),
            waker: RefCell::default(),
        }
    }
}

impl<T: 'static, const MISTAKE: u8> kind::Task<T> for Handle<T, MISTAKE> {
    fn abort(&self) -> bool {
        self.1.abort()
    }
}

impl<T, const MISTAKE: u8> Future for Handle<T, MISTAKE> {
    type Output = Result<T, JoinError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Handle(outcome, _) = &*self;
        if let Some(result) = outcome.result.take() {
            return Poll::Ready(result);
        }
        *outcome.waker.borrow_mut() = Some(context.waker().clone());
        Poll::Pending
    }
}
