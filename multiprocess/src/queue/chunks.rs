//! Which memory a queue uses: as many chunks as its items take, one after the other, over and over.
//!
//! The places of a queue go on for ever; its chunks of memory are used again. `table` says which chunk
//! of memory stands for a chunk of places. Those whose items are taken are used before any that was
//! never touched, and memory that nobody has touched costs nothing. So a queue takes as much as it
//! needed at its fullest, and one that is always nearly empty goes round in two chunks.
//!
//! Not so with large items. What was taken last is still in the cache of the core that took it, and to
//! write there means to have each line of it back from that core, one after the other: that can take
//! several times as long as the copying. So large items leave as much of what was taken as such a cache
//! holds alone.
//!
//! Each entry also says what was free when it was made. So an entry is all that the next one is made
//! from, and one that was made by somebody who was killed before its item was there is simply made
//! again.

use std::sync::atomic::{AtomicU64, Ordering};

use super::place::{CHUNK, Place};

/// Chunks of places are counted modulo this.
const NUMBERS: u32 = u32::MAX / CHUNK + 1;

/// An item is large if it takes so many units or more: 4 KiB. In smaller ones there are few lines, and a
/// queue of them should be small.
const LARGE: u32 = CHUNK / 16;

/// So many of the chunks that were taken last, large items leave alone: 4 MiB, more than the second level of
/// a core's cache, and little beside the third, which the cores share.
const RESTING: u32 = 64;

/// The table: a power of two of entries, two for each chunk of memory. With one for each, somebody who
/// is killed in [`extend`](Self::extend) could have written over what the next one starts from.
#[derive(Clone, Copy)]
pub struct Chunks<'a>(pub &'a [AtomicU64]);

/// 20 bits, 20 bits and 24 bits. All zero is the first one of a new queue.
#[derive(Clone, Copy)]
struct Entry {
    /// The chunk of memory.
    memory: u32,
    /// How many chunks of memory were touched before; those after it are new.
    touched: u32,
    /// From this chunk of places on, the memory is not in use anew.
    oldest: u32,
}

impl Chunks<'_> {
    /// The chunk of memory for a place that the queue has come to.
    pub fn memory(&self, place: Place) -> usize {
        self.entry(place.chunk()).memory as usize
    }

    /// Makes the entries after `from` up to that of `to`, for one item. The items before `head` are taken.
    ///
    /// # Panics
    ///
    /// If from `head` to `to` is more than there is: one chunk less than all.
    #[inline]
    pub fn extend(&self, from: Place, to: Place, head: Place) {
        if from.chunk() != to.chunk() {
            self.extend_further(from, to, head);
        }
    }

    fn extend_further(&self, from: Place, to: Place, head: Place) {
        let mut chunk = from.chunk();
        let mut entry = self.entry(chunk);
        let there_are = self.0.len() as u32 / 2;
        let is_large = to.unit().wrapping_sub(from.unit()) >= LARGE;
        let resting = if is_large { RESTING } else { 0 };
        while chunk != to.chunk() {
            chunk = (chunk + 1) % NUMBERS;
            let taken = (head.chunk() + NUMBERS - entry.oldest) % NUMBERS;
            let all_touched = entry.touched + 1 == there_are;
            if taken > resting || taken > 0 && all_touched {
                entry.memory = self.entry(entry.oldest).memory;
                entry.oldest = (entry.oldest + 1) % NUMBERS;
            } else {
                entry.touched += 1;
                entry.memory = entry.touched;
                assert!(entry.touched < there_are, "no room");
            }
            // Relaxed: read by whoever sees the item there, and by the next owner of the lock.
            self.slot(chunk).store(entry.pack(), Ordering::Relaxed);
        }
    }

    fn entry(&self, chunk: u32) -> Entry {
        Entry::unpack(self.slot(chunk).load(Ordering::Relaxed))
    }

    fn slot(&self, chunk: u32) -> &AtomicU64 {
        &self.0[chunk as usize & (self.0.len() - 1)]
    }
}

impl Entry {
    fn pack(self) -> u64 {
        u64::from(self.memory) | u64::from(self.touched) << 20 | u64::from(self.oldest) << 40
    }

    fn unpack(word: u64) -> Self {
        Self {
            memory: word as u32 & 0xf_ffff,
            touched: (word >> 20) as u32 & 0xf_ffff,
            oldest: (word >> 40) as u32,
        }
    }
}
