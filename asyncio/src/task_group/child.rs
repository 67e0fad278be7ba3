//! [`Child`]: the value of one child, and its cancelling.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::sync::oneshot;

/// `future` as the group runs it, and the child that hears of its value.
pub(super) fn new<T, E>(
    future: impl Future<Output = Result<T, E>>,
) -> (impl Future<Output = Result<(), E>>, Child<T>) {
    let (give, value) = oneshot::channel();
    let (cancel, asked) = oneshot::channel();
    let work = async move {
        let value = tokio::select! {
            biased; // cancelled before it began, it never does
            Ok(()) = asked => return Ok(()),
            result = future => result?,
        };
        let _ = give.send(value); // nobody need want it
        Ok(())
    };
    let cancel = Some(cancel);
    (work, Child { value, cancel })
}

/// A child of a group. Awaiting it gives its value, or `None` if it came to none: its error is the group's.
///
/// Dropping it changes nothing for the child; a second poll after the value panics.
#[derive(Debug)]
pub struct Child<T> {
    value: oneshot::Receiver<T>,
    /// Taken when it was asked to cancel.
    cancel: Option<oneshot::Sender<()>>,
}

impl<T> Child<T> {
    /// Asks this child alone to end, at its `await`; for the group that is no error. Whether this made a difference: not if
    /// it is done, or was asked before.
    pub fn cancel(&mut self) -> bool {
        let cancel = self.cancel.take();
        cancel.is_some_and(|cancel| cancel.send(()).is_ok())
    }
}

impl<T> Future for Child<T> {
    type Output = Option<T>;

    /// # Panics
    ///
    /// When it was ready before.
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if self.value.is_terminated() {
            panic!("a Child was polled after it was ready");
        }
        Pin::new(&mut self.value).poll(context).map(Result::ok)
    }
}
