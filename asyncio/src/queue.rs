//! [`Queue`]: items from some tasks to others, with a limit. Python's `asyncio.Queue`.
//!
//! One handle does everything, as in Python: tasks of one scope share it by reference
//! (`join!(producer(&queue), consumer(&queue))`), a spawned task takes a [`clone`](Queue::clone) of it. It needs
//! no runtime: it runs on tokio's two, on any other, and threads use it through `put_nowait` and `get_nowait`.
//!
//! - **A future that can be ready is ready**: a get when there is an item, a put when there is room, a join when
//!   nothing is open. It yields only when the task has used up its budget ([`tokio::task::coop`]), as tokio's own
//!   futures do; so a loop over a queue that is never empty lets other tasks run. Only tokio has budgets: on this
//!   chapter's `EventLoop`, as in Python, such a loop keeps the others waiting until it awaits something else, such as
//!   its `yield_now`.
//! - **First come, first served**, both ways. Who waits is promised the next item, or the next room, and no
//!   newcomer can take that, nor can `put_nowait` and `get_nowait`, which would otherwise starve whoever
//!   waits. Python lets them.
//! - **Any future may be dropped**, at any time: by `select!`, a timeout, an abort. A dropped get has taken
//!   nothing, and what was promised to it goes to the next; a dropped put has put nothing. Its item is dropped
//!   with it, unless [`Put::into_item`] takes it back.
//! - **A future that was polled once keeps its place** until it is ready or dropped. So poll it or drop it: one
//!   that is put aside half-way keeps what it is promised from all who come after it.
//! - **`task_done` cannot be forgotten**, or be called too often: a get gives an [`Item`], which counts as done
//!   when it is dropped.
//!
//! Not offered: an end that comes by itself when all producers are gone. As in Python there is one kind of
//! handle, and who waits in a get has one too. [`shutdown`](Queue::shutdown) says that nothing comes any more.
//!
//! To copy: this file and the folder `queue`. Needs: `tokio = { version = "1.50", features = ["rt"] }`, for the budget.

use std::collections::{BinaryHeap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

mod counts; // looking at it
mod error; // why an item could not be put or got
mod item; // what a get gives
mod line; // who waits
mod state; // what the mutex protects
mod store; // the items and which is next
mod turn; // how a future waits
mod wait; // the futures

pub use error::{GetNowaitError, PutNowaitError, ShutDown};
pub use item::{Item, Token};
pub use wait::{Get, Join, Put};

use state::State;
use store::Store;

/// Items from some tasks to others, with a limit.
///
/// ```
/// use asyncio::queue::Queue;
///
/// async fn producer(queue: &Queue<i32>) {
///     for i in 0..5 {
///         queue.put(i).await.expect("not shut down"); // waits while it is full
///     }
///     queue.shutdown(); // nothing comes any more
/// }
///
/// async fn consumer(queue: &Queue<i32>) -> i32 {
///     let mut sum = 0;
///     while let Ok(item) = queue.get().await {
///         sum += *item;
///     } // here the item counts as done
///     sum
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let queue = Queue::bounded(3);
/// let ((), sum) = tokio::join!(producer(&queue), consumer(&queue));
/// assert_eq!(sum, 10);
/// queue.join().await;
/// # }
/// ```
///
/// A clone is the same queue. When the last one is dropped, so are the items that are left.
pub struct Queue<T> {
    shared: Arc<Shared<T>>,
}

struct Shared<T> {
    state: Mutex<State<T>>,
}

/// Making one.
impl<T> Queue<T> {
    /// First in, first out, with room for so many. Python's `Queue(maxsize)`.
    ///
    /// # Panics
    ///
    /// If `capacity` is 0, which in Python means no limit: that is [`unbounded`](Self::unbounded).
    pub fn bounded(capacity: usize) -> Self {
        Self::with(Store::Fifo(VecDeque::new()), Some(capacity))
    }

    /// First in, first out, without a limit: a put never waits. Python's `Queue()`.
    pub fn unbounded() -> Self {
        Self::with(Store::Fifo(VecDeque::new()), None)
    }

    /// Last in, first out; without a limit if `capacity` is `None`. Python's `LifoQueue`.
    ///
    /// # Panics
    ///
    /// If `capacity` is 0.
    pub fn lifo(capacity: Option<usize>) -> Self {
        Self::with(Store::Lifo(Vec::new()), capacity)
    }

    /// The least first, of equals the one that came first; without a limit if `capacity` is `None`.
    /// Python's `PriorityQueue`.
    ///
    /// Items are compared while the queue is locked: their `Ord` must neither use it nor panic.
    ///
    /// # Panics
    ///
    /// If `capacity` is 0.
    pub fn priority(capacity: Option<usize>) -> Self
    where
        T: Ord,
    {
        let store = Store::Priority {
            heap: BinaryHeap::new(),
            count: 0,
            compare: T::cmp,
        };
        Self::with(store, capacity)
    }

    fn with(store: Store<T>, capacity: Option<usize>) -> Self {
        assert!(capacity != Some(0), "a queue with room for nothing");
        let state = Mutex::new(State::new(store, capacity));
        let shared = Arc::new(Shared { state });
        Self { shared }
    }
}

/// Putting and getting.
impl<T> Queue<T> {
    /// Puts an item, and waits while there is no room. Python's `await queue.put(item)`.
    ///
    /// # Errors
    ///
    /// [`ShutDown`] with the item, if the queue was shut down before there was room.
    pub fn put(&self, item: T) -> Put<'_, T> {
        Put::new(self, item)
    }

    /// Takes the next item out, and waits while there is none. Python's `await queue.get()`.
    ///
    /// # Errors
    ///
    /// [`ShutDown`], if the queue was shut down and nothing is left.
    pub fn get(&self) -> Get<'_, T> {
        Get::new(self)
    }

    /// Puts an item if there is room that nobody waits for. Also for threads without a runtime.
    ///
    /// # Errors
    ///
    /// [`PutNowaitError`] with the item.
    pub fn put_nowait(&self, item: T) -> Result<(), PutNowaitError<T>> {
        let called = self.shared.lock().put(item, false)?;
        called.wake();
        Ok(())
    }

    /// Takes the next item out if there is one that nobody waits for. Also for threads without a
    /// runtime.
    ///
    /// # Errors
    ///
    /// [`GetNowaitError`].
    pub fn get_nowait(&self) -> Result<Item<T>, GetNowaitError> {
        let (value, called) = self.shared.lock().get(false)?;
        let item = Item::new(value, &self.shared);
        called.wake();
        Ok(item)
    }

    /// Waits until every item that was put is done: taken out, and its [`Item`] or [`Token`] dropped. Ready at
    /// once if none is open. Python's `await queue.join()`.
    pub fn join(&self) -> Join<'_, T> {
        Join::new(self)
    }
}

/// Ending.
impl<T> Queue<T> {
    /// From now on nothing can be put. What is in the queue can still be taken out; after that a get fails.
    /// Puts that wait fail at once, gets that wait when nothing is left. Python's `shutdown()`.
    pub fn shutdown(&self) {
        let called = self.shared.lock().shut_down();
        called.wake();
    }

    /// As [`shutdown`](Self::shutdown), and drops what is in the queue, which counts as done. A join still waits
    /// for the items that were taken out before. Python's `shutdown(immediate=True)`.
    pub fn shutdown_immediate(&self) {
        let (items, called) = self.shared.lock().shut_down_immediate();
        called.wake(); // first: the drop of an item may panic
        drop(items);
    }

    /// Whether it was shut down.
    pub fn is_shut_down(&self) -> bool {
        self.shared.lock().shut_down
    }
}

impl<T> Clone for Queue<T> {
    fn clone(&self) -> Self {
        let shared = Arc::clone(&self.shared);
        Self { shared }
    }
}

impl<T> Shared<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        // Only the order of a priority queue's items can panic under it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
