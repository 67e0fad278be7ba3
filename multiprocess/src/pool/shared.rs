//! [`Shared`]: the memory that the broker has in common with one worker.
//!
//! Two things are there, because they must outlive the worker to the last instruction:
//!
//! - `claim`: how many tasks the worker has begun. A word `(epoch, begun)`: the worker claims each
//!   task by exchanging `(e, n)` for `(e, n + 1)`, where `e` is the epoch that came with the task. The
//!   broker takes back what the worker has not begun by raising the epoch: one exchange, so that a
//!   task is either begun there or taken back, never both.
//! - the results, as a stream of bytes in a ring. The worker writes and moves `head`, the broker reads
//!   and moves `tail`; both only grow. What `head` covers is read even if the worker is killed right
//!   after: a finished task is never lost, nor run again.

use std::fs::File;
use std::io::{self, Read, Write};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::*};

use nix::sys::eventfd::{EfdFlags, EventFd};

use crate::descriptor::above_stdio;
use crate::shared_memory::SharedMemory;

/// Bytes in the ring. A larger result goes through it in pieces.
const RING: usize = 64 * 1024;

/// The part of `claim` that counts.
const MASK: u64 = u32::MAX as u64;

/// In pages that begin as zeroes: nothing begun, nothing written.
#[repr(C)]
struct Layout {
    claim: AtomicU64,
    ready: AtomicBool,
    /// The worker waits for room. The broker lowers it and then wakes the worker.
    full: AtomicBool,
    head: AtomicU64,
    tail: AtomicU64,
}

#[derive(Debug)]
pub struct Shared {
    memory: SharedMemory,
    /// What the worker sleeps on when the ring is full.
    room: File,
}

impl Shared {
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            memory: SharedMemory::zeroed(size_of::<Layout>() + RING)?,
            room: above_stdio(EventFd::from_flags(EfdFlags::EFD_CLOEXEC)?.into())?.into(),
        })
    }

    fn words(&self) -> &Layout {
        // SAFETY: the memory begins at a page, is larger than this, began as zeroes, which are valid
        // values, and both processes use only these atomics to change it.
        unsafe { self.memory.start().cast::<Layout>().as_ref() }
    }

    /// Where byte number `at` of the stream is, and how many follow it before the ring's end.
    fn place(&self, at: u64) -> (*mut u8, usize) {
        let offset = at as usize % RING;
        // SAFETY: the ring lies behind the words, and the offset is within it.
        let place = unsafe {
            self.memory
                .start()
                .as_ptr()
                .add(size_of::<Layout>() + offset)
        };
        (place, RING - offset)
    }

    /// The worker has run its initialiser.
    pub fn set_ready(&self) {
        self.words().ready.store(true, Release);
    }

    pub fn is_ready(&self) -> bool {
        self.words().ready.load(Acquire)
    }

    /// For the worker: claims the next task, which came with `epoch`. `false`: it was taken back.
    pub fn begin(&self, epoch: u32) -> bool {
        let claimed = self.words().claim.fetch_update(AcqRel, Acquire, |word| {
            let (now, begun) = ((word >> 32) as u32, word as u32);
            (now == epoch).then_some(word & !MASK | u64::from(begun.wrapping_add(1)))
        });
        claimed.is_ok()
    }

    /// How many tasks the worker has begun, modulo 2³².
    pub fn begun(&self) -> u32 {
        self.words().claim.load(Acquire) as u32
    }

    /// For the broker: the worker begins none of the tasks it has any more. How many it had begun.
    pub fn take_back(&self) -> u32 {
        self.words().claim.fetch_add(1 << 32, AcqRel) as u32
    }

    /// For the worker: writes as much as there is room for.
    pub fn write(&self, bytes: &[u8]) -> usize {
        let words = self.words();
        let head = words.head.load(Relaxed);
        let used = head.saturating_sub(words.tail.load(SeqCst)) as usize;
        let len = bytes.len().min(RING.saturating_sub(used));
        let (first, rest) = bytes[..len].split_at(len.min(self.place(head).1));
        for (part, at) in [(first, head), (rest, head + first.len() as u64)] {
            // SAFETY: the place is good up to the ring's end, and the part ends there at the latest.
            // The reader keeps away: `head` does not cover it yet.
            unsafe {
                self.place(at)
                    .0
                    .copy_from_nonoverlapping(part.as_ptr(), part.len())
            };
        }
        words.head.store(head + len as u64, Release);
        len
    }

    /// For the worker, before it waits for room, and then tries once more.
    pub fn announce_full(&self) {
        // Sequentially consistent, as are the accesses of `tail`: either the worker sees the room
        // that the broker has made, or the broker sees that it is waited for.
        self.words().full.store(true, SeqCst);
    }

    /// For the worker, if there was none. It may return before there is room.
    pub fn wait_for_room(&self) {
        let _ = (&self.room).read(&mut [0; 8]); // an error: a signal
    }

    /// For the broker: reads what there is, as much as `into` holds.
    pub fn read(&self, into: &mut [u8]) -> usize {
        let words = self.words();
        let tail = words.tail.load(Relaxed);
        let unread = words.head.load(Acquire).saturating_sub(tail) as usize;
        let (place, contiguous) = self.place(tail);
        let len = unread.min(contiguous).min(into.len());
        // SAFETY: the place is good for so many bytes; the writer has published them, and does not
        // touch them before `tail` has moved.
        unsafe { place.copy_to_nonoverlapping(into.as_mut_ptr(), len) };
        words.tail.store(tail + len as u64, SeqCst);
        if words.full.swap(false, SeqCst) {
            let _ = (&self.room).write(&1_u64.to_ne_bytes());
        }
        len
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering::Relaxed;
    use std::thread;

    use super::{RING, Shared};

    #[test]
    fn the_stream_of_bytes_comes_out_as_it_went_in() {
        let shared = Shared::new().unwrap();
        let sent: Vec<u8> = (0..1_000_000_u32).map(|n| (n % 251) as u8).collect();
        let (mut written, mut received) = (0, Vec::new());
        let mut buffer = [0; 7919];
        while received.len() < sent.len() {
            written += shared.write(&sent[written..]);
            let read = shared.read(&mut buffer);
            received.extend_from_slice(&buffer[..read]);
        }
        assert!(received == sent);
    }

    #[test]
    fn who_waits_for_room_is_woken() {
        let shared = Shared::new().unwrap();
        let total = 20_000_000;
        thread::scope(|scope| {
            scope.spawn(|| {
                let bytes = vec![1; RING];
                let mut left = total;
                while left > 0 {
                    let written = shared.write(&bytes[..left.min(RING)]);
                    left -= written;
                    if written == 0 {
                        shared.announce_full();
                        if shared.write(&[1]) == 0 {
                            shared.wait_for_room();
                        } else {
                            left -= 1;
                        }
                    }
                }
            });
            let mut read = 0;
            while read < total {
                read += shared.read(&mut [0; 40_000]);
            }
        });
    }

    #[test]
    fn the_count_of_tasks_does_not_run_into_the_epoch() {
        let shared = Shared::new().unwrap();
        shared.words().claim.store(u32::MAX.into(), Relaxed);
        assert!(shared.begin(0));
        assert_eq!(shared.begun(), 0);
        assert!(shared.begin(0), "still epoch 0");
    }

    #[test]
    fn a_task_is_begun_or_taken_back() {
        let shared = Shared::new().unwrap();
        assert!(shared.begin(0));
        assert!(shared.begin(0));
        assert_eq!(shared.take_back(), 2);
        assert!(!shared.begin(0), "taken back");
        assert!(shared.begin(1));
        assert_eq!(shared.begun(), 3);
    }
}
