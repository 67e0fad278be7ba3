//! The futures of a queue.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::error::{GetNowaitError, PutNowaitError, ShutDown};
use super::item::Item;
use super::line::Called;
use super::state::State;
use super::turn::Turn;
use super::{Queue, Shared};

/// Puts an item. From [`Queue::put`].
#[must_use = "it does nothing unless it is awaited"]
pub struct Put<'a, T> {
    shared: &'a Shared<T>,
    /// `None` once it has been put or given back.
    item: Option<T>,
    turn: Turn,
}

/// Gets an item. From [`Queue::get`].
#[must_use = "it does nothing unless it is awaited"]
pub struct Get<'a, T> {
    queue: &'a Queue<T>,
    turn: Turn,
}

/// Waits until all is done. From [`Queue::join`].
#[must_use = "it does nothing unless it is awaited"]
pub struct Join<'a, T> {
    shared: &'a Shared<T>,
    turn: Turn,
}

impl<'a, T> Put<'a, T> {
    pub(super) fn new(queue: &'a Queue<T>, item: T) -> Self {
        Self {
            shared: &queue.shared,
            item: Some(item),
            turn: Turn::New,
        }
    }

    /// Gives up and keeps the item: `None` if it has been put.
    ///
    /// ```
    /// use asyncio::queue::Queue;
    /// use std::time::Duration;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let queue = Queue::bounded(1);
    /// queue.put("first").await.expect("not shut down");
    /// let mut put = queue.put("second");
    /// tokio::select! {
    ///     _ = &mut put => unreachable!("there is no room"),
    ///     () = tokio::time::sleep(Duration::from_millis(1)) => {
    ///         assert_eq!(put.into_item(), Some("second"));
    ///     }
    /// }
    /// # }
    /// ```
    pub fn into_item(mut self) -> Option<T> {
        self.item.take()
    }
}

impl<'a, T> Get<'a, T> {
    pub(super) fn new(queue: &'a Queue<T>) -> Self {
        let turn = Turn::New;
        Self { queue, turn }
    }
}

impl<'a, T> Join<'a, T> {
    pub(super) fn new(queue: &'a Queue<T>) -> Self {
        Self {
            shared: &queue.shared,
            turn: Turn::New,
        }
    }
}

// The item in it is moved, and never pinned.
impl<T> Unpin for Put<'_, T> {}

impl<T> Future for Put<'_, T> {
    type Output = Result<(), ShutDown<T>>;

    /// # Panics
    ///
    /// When it was ready before.
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { shared, item, turn } = self.get_mut();
        let polled = turn.poll(shared, State::putters, context, |state, called| match state
            .put(item.take()?, called)
        {
            Ok(called) => Some(Ok(called)),
            Err(PutNowaitError::ShutDown(item)) => Some(Err(ShutDown(item))),
            Err(PutNowaitError::Full(back)) => {
                *item = Some(back);
                None
            }
        });
        polled.map_ok(Called::wake)
    }
}

impl<T> Future for Get<'_, T> {
    type Output = Result<Item<T>, ShutDown>;

    /// # Panics
    ///
    /// When it was ready before.
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { queue, turn } = self.get_mut();
        let shared = &queue.shared;
        let polled = turn.poll(shared, State::getters, context, |state, called| match state
            .get(called)
        {
            Ok(got) => Some(Ok(got)),
            Err(GetNowaitError::ShutDown) => Some(Err(ShutDown(()))),
            Err(GetNowaitError::Empty) => None,
        });
        polled.map_ok(|(value, called)| {
            let item = Item::new(value, shared); // first: if waking panics, it is done
            called.wake();
            item
        })
    }
}

impl<T> Future for Join<'_, T> {
    type Output = ();

    /// # Panics
    ///
    /// When it was ready before.
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let Self { shared, turn } = self.get_mut();
        turn.poll(shared, State::joiners, context, |state, called| {
            (called || state.unfinished == 0).then_some(())
        })
    }
}

impl<T> Drop for Put<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.turn
            .give_up(self.shared, State::putters, State::decline_room);
    }
}

impl<T> Drop for Get<'_, T> {
    #[inline]
    fn drop(&mut self) {
        let shared = &self.queue.shared;
        self.turn
            .give_up(shared, State::getters, State::decline_item);
    }
}

impl<T> Drop for Join<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.turn.give_up(self.shared, State::joiners, |_| None); // all are called at once
    }
}

impl<T> fmt::Debug for Put<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Put(..)")
    }
}

impl<T> fmt::Debug for Get<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Get(..)")
    }
}

impl<T> fmt::Debug for Join<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Join(..)")
    }
}
