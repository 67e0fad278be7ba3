//! [`Queue`]: items from some tasks to others, with a limit. Python's `asyncio.Queue`.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

mod error; // why an item could not be put or got
mod item; // what a get gives
mod line; // who waits
mod state; // what the mutex protects
mod store; // the items and their order
mod turn; // how a future waits
mod wait; // the futures

pub use error::{GetNowaitError, PutNowaitError, ShutDown};
pub use item::{Item, Token};
pub use wait::{Get, Join, Put};

use state::State;
use store::Store;

pub struct Queue<T> {
    shared: Arc<Shared<T>>,
}

struct Shared<T> {
    state: Mutex<State<T>>,
}

impl<T> Queue<T> {
    pub fn bounded(capacity: usize) -> Self {
        assert!(capacity > 0, "a queue with room for nothing");
        Self::of(Store::Fifo(VecDeque::new()), capacity)
    }
    pub fn unbounded() -> Self {
        Self::of(Store::Fifo(VecDeque::new()), usize::MAX)
    }

    fn of(store: Store<T>, capacity: usize) -> Self {
        let state = Mutex::new(State::new(store, capacity));
        Self {
            shared: Arc::new(Shared { state }),
        }
    }

    pub fn put(&self, item: T) -> Put<'_, T> {
        Put::new(self, item)
    }

    pub fn get(&self) -> Get<'_, T> {
        Get::new(self)
    }

    pub fn put_nowait(&self, item: T) -> Result<(), PutNowaitError<T>> {
        let called = self.shared.lock().put(item, false)?;
        called.wake();
        Ok(())
    }

    pub fn get_nowait(&self) -> Result<Item<T>, GetNowaitError> {
        let (value, called) = self.shared.lock().get(false)?;
        let item = Item::new(value, &self.shared);
        called.wake();
        Ok(item)
    }

    pub fn join(&self) -> Join<'_, T> {
        Join::new(self)
    }

    pub fn len(&self) -> usize {
        self.shared.lock().store.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<T> Clone for Queue<T> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<T> Shared<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        // Only an order of the user's own can panic under it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
