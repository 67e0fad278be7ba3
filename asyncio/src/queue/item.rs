//! What a get gives: the item, and the token that counts it as done.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use super::Shared;

/// An item that was got from a [`Queue`](super::Queue). It counts as done when it is dropped: at the end of
/// the scope, on an early return, when the task is cancelled or panics.
///
/// It is the item ([`Deref`]), and may go to another task or thread that finishes the work.
#[must_use = "an item that is dropped counts as done"]
pub struct Item<T> {
    value: T, // dropped first: what a join waits for is gone when it returns
    token: Token<T>,
}

/// What remains to be done about an item that was taken out of its [`Item`]: dropping it counts the item as done.
#[must_use = "an item whose token is dropped counts as done"]
pub struct Token<T> {
    shared: Arc<Shared<T>>,
}

impl<T> Item<T> {
    pub(super) fn new(value: T, shared: &Arc<Shared<T>>) -> Self {
        let token = Token {
            shared: Arc::clone(shared),
        };
        Self { value, token }
    }

    /// Drops the item and counts it as done, as the end of the scope does. Python's `task_done`. To call that too
    /// often is an error there; here it does not compile, and whatever was not got has no token:
    ///
    /// ```compile_fail,E0382
    /// let queue = asyncio::queue::Queue::bounded(1);
    /// queue.put_nowait(1).unwrap();
    /// let item = queue.get_nowait().unwrap();
    /// item.task_done();
    /// item.task_done();
    /// ```
    ///
    /// ```
    /// let queue = asyncio::queue::Queue::bounded(1);
    /// queue.put_nowait(1).unwrap();
    /// let item = queue.get_nowait().unwrap();
    /// item.task_done();
    /// ```
    pub fn task_done(self) {}

    /// Takes the item out and counts it as done, before anything is done with it.
    pub fn into_inner(self) -> T {
        self.value
    }

    /// Takes the item out, to be used by value, and leaves the token that counts it as done.
    pub fn into_parts(self) -> (T, Token<T>) {
        (self.value, self.token)
    }
}

impl<T> Token<T> {
    /// Counts the item as done, as dropping the token does. Python's `task_done`.
    pub fn task_done(self) {}
}

impl<T> Drop for Token<T> {
    fn drop(&mut self) {
        let called = self.shared.lock().finish();
        called.wake();
    }
}

impl<T> Deref for Item<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for Item<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

impl<T: fmt::Debug> fmt::Debug for Item<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Item").field(&self.value).finish()
    }
}

impl<T> fmt::Debug for Token<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}
