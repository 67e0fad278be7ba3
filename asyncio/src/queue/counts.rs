//! Looking at a queue.

use std::fmt;

use super::Queue;

/// Looking at it. What others do meanwhile may change it at once.
impl<T> Queue<T> {
    /// How many items are in it, with those that are promised to a get that waits. Python's `qsize()`.
    pub fn len(&self) -> usize {
        self.shared.lock().store.len()
    }

    /// Whether no item is in it. Python's `empty()`.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether as many items are in it as it has room for. Python's `full()`.
    pub fn is_full(&self) -> bool {
        let state = self.shared.lock();
        state.store.len() == state.capacity
    }

    /// For how many items it has room; `None`: without a limit. Python's `maxsize`.
    pub fn capacity(&self) -> Option<usize> {
        Some(self.shared.lock().capacity).filter(|&capacity| capacity < usize::MAX)
    }
}

/// The counts, as in Python's `repr`.
impl<T> fmt::Debug for Queue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.shared.lock();
        let (len, open) = (state.store.len(), state.unfinished);
        let (getters, putters) = state.waiting();
        drop(state);
        f.debug_struct("Queue")
            .field("len", &len)
            .field("unfinished", &open)
            .field("waiting_getters", &getters)
            .field("waiting_putters", &putters)
            .finish()
    }
}
