//! What is added, as the models see it, so that a copy with a mistake can take its place.

use std::task::Waker;

use crate::added;

/// The group's end.
pub trait Kind<W: Send + 'static>: Sized + 'static {
    type Adder: Adds<W>;

    fn channel() -> (Self::Adder, Self);
    fn take(&mut self, waker: &Waker) -> Vec<W>;
    fn close_if_empty(&mut self) -> bool;
    fn close(&mut self) -> Vec<W>;
}

/// The end of those who add.
pub trait Adds<W>: Clone + Send + 'static {
    fn add(&self, work: W) -> Result<(), W>;
    fn is_closed(&self) -> bool;
}

impl<W: Send + 'static> Kind<W> for added::Added<W> {
    type Adder = added::Adder<W>;

    fn channel() -> (Self::Adder, Self) {
        added::channel()
    }

    fn take(&mut self, waker: &Waker) -> Vec<W> {
        self.take(waker)
    }

    fn close_if_empty(&mut self) -> bool {
        self.close_if_empty()
    }

    fn close(&mut self) -> Vec<W> {
        self.close()
    }
}

impl<W: Send + 'static> Adds<W> for added::Adder<W> {
    fn add(&self, work: W) -> Result<(), W> {
        self.add(work)
    }

    fn is_closed(&self) -> bool {
        self.is_closed()
    }
}
