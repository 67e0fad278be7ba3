//! The items, and which of them is next.

use std::cmp::{Ordering, Reverse};
use std::collections::{BinaryHeap, VecDeque};

/// What a queue keeps its items in.
pub(super) enum Store<T> {
    /// First in, first out.
    Fifo(VecDeque<T>),
    /// Last in, first out.
    Lifo(Vec<T>),
    /// The least first.
    Priority {
        heap: BinaryHeap<Reverse<Ranked<T>>>,
        /// How many have been put in: the next one's number.
        count: u64,
        compare: fn(&T, &T) -> Ordering,
    },
}

/// An item with how it compares: so only who makes a priority queue needs `T: Ord`, and not all that use it.
pub(super) struct Ranked<T> {
    item: T,
    number: u64, // of equals the one that came first is first
    compare: fn(&T, &T) -> Ordering,
}

impl<T> Store<T> {
    #[inline]
    pub(super) fn push(&mut self, item: T) {
        match self {
            Self::Fifo(items) => items.push_back(item),
            Self::Lifo(items) => items.push(item),
            Self::Priority {
                heap,
                count,
                compare,
            } => {
                let (number, compare) = (*count, *compare);
                *count += 1;
                heap.push(Reverse(Ranked {
                    item,
                    number,
                    compare,
                }));
            }
        }
    }

    #[inline]
    pub(super) fn pop(&mut self) -> Option<T> {
        match self {
            Self::Fifo(items) => {
                let item = items.pop_front();
                shrink(items);
                item
            }
            Self::Lifo(items) => {
                let item = items.pop();
                if is_too_large(items.capacity(), items.len()) {
                    items.shrink_to(2 * items.len());
                }
                item
            }
            Self::Priority { heap, .. } => {
                let item = heap.pop().map(|Reverse(ranked)| ranked.item);
                if is_too_large(heap.capacity(), heap.len()) {
                    heap.shrink_to(2 * heap.len());
                }
                item
            }
        }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Fifo(items) => items.len(),
            Self::Lifo(items) => items.len(),
            Self::Priority { heap, .. } => heap.len(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Gives memory back that is left of fuller times.
#[inline]
pub(super) fn shrink<T>(items: &mut VecDeque<T>) {
    if is_too_large(items.capacity(), items.len()) {
        items.shrink_to(2 * items.len());
    }
}

/// Whether a store with room for `capacity` items, of which `used` are there, should give memory back: when less than a
/// quarter is used. As many items as that have been taken out since it was full, so this costs each of them little.
fn is_too_large(capacity: usize, used: usize) -> bool {
    capacity > 256 && capacity / 4 > used
}

impl<T> Ord for Ranked<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.compare)(&self.item, &other.item).then(self.number.cmp(&other.number))
    }
}

impl<T> PartialOrd for Ranked<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> PartialEq for Ranked<T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl<T> Eq for Ranked<T> {}
