//! The memory of a queue: what is where, and copying items in and out.

use std::io;
use std::ptr::NonNull;
use std::slice;
use std::sync::atomic::AtomicU64;

use super::buffer::Buffer;
use super::chunks::Chunks;
use super::members::Members;
use super::place::{CHUNK, Place, Size, UNIT};
use super::ring::Ring;
use crate::robust_mutex::RobustMutex;
use crate::shared_memory::{SharedMemory, counts_what_is_reserved};

/// How many bytes a chunk is.
const CHUNK_BYTES: usize = CHUNK as usize * UNIT;

/// An item of so many bytes at most is in its first unit, after its length, which is one byte.
const FEW: usize = UNIT - 1;

/// That byte of all others. The rest of their first unit is their length, and they begin at the next.
const MANY: u64 = 0xff;

/// So much is wanted, and if a process may not have so much, less: 8 GiB to 64 MiB. It is only reserved.
const CHUNKS: [usize; 4] = [1 << 17, 1 << 15, 1 << 13, 1 << 10];

/// The sizes to try. Where the system counts what is only reserved, the least is enough: it would be
/// missing for others.
fn sizes(counted: bool) -> &'static [usize] {
    if counted { &CHUNKS[3..] } else { &CHUNKS }
}

/// What is at the beginning. All zero is good for everything but the locks.
#[repr(C)]
struct Head {
    ring: Ring,
    members: Members,
}

/// The shared memory of one queue: [`Head`], the table of chunks, the chunks.
#[derive(Debug)]
pub struct Memory {
    shared: SharedMemory,
    /// How many chunks there are.
    chunks: usize,
}

impl Memory {
    /// That of an empty queue.
    pub fn new() -> io::Result<Self> {
        let mut reserved = Err(io::ErrorKind::OutOfMemory.into());
        for &chunks in sizes(counts_what_is_reserved()) {
            reserved = SharedMemory::reserved(Self::chunks_at(chunks) + chunks * CHUNK_BYTES)
                .map(|shared| Self { shared, chunks });
            if reserved.is_ok() {
                break;
            }
        }
        let memory = reserved?;
        memory.shared.make_usable(Self::chunks_at(memory.chunks));
        let head = memory.shared.start().cast::<Head>().as_ptr();
        // SAFETY: the memory begins at a page, is long enough, and nobody else has it yet. It is where
        // it is until the last process lets go of it.
        unsafe {
            RobustMutex::init(&raw mut (*head).ring.put.lock.0)?;
            RobustMutex::init(&raw mut (*head).ring.get.lock.0)?;
            RobustMutex::init(&raw mut (*head).members.lock)?;
        }
        Ok(memory)
    }

    /// Where the items begin and end.
    pub fn ring(&self) -> &Ring {
        &self.head().ring
    }

    /// Who has a handle.
    pub fn members(&self) -> &Members {
        &self.head().members
    }

    /// How much it holds. One chunk less than there is: the first and the last may be used in part.
    pub fn capacity(&self) -> Size {
        Size {
            items: Size::MOST.items,
            units: (self.chunks - 1) as u32 * CHUNK,
        }
    }

    /// How much an item of so many bytes takes. `None` if it can never be put.
    pub fn size(&self, bytes: usize) -> Option<Size> {
        if bytes <= FEW {
            return Some(Size { items: 1, units: 1 });
        }
        let units = u32::try_from(bytes.div_ceil(UNIT)).ok()?.checked_add(1)?;
        (units <= self.capacity().units).then_some(Size { items: 1, units })
    }

    /// Writes an item. The ones before `head` are taken.
    ///
    /// # Safety
    ///
    /// The caller has the lock of those who put; from `place` on there is room for the item, within the
    /// capacity from `head` on; nobody is told of the item before this returns.
    pub unsafe fn write(&self, place: Place, head: Place, item: &[u8]) {
        let size = self.size(item.len()).expect("the caller knows its size");
        let end = place.after(size);
        self.table().extend(place, end, head);
        let (at, _) = self.piece(place);
        let (first, mut rest) = first_unit(item);
        fetch_ahead(at);
        // SAFETY: a unit never crosses from one chunk into another, and this one is the caller's until it
        // is published.
        unsafe { at.cast().write(first) };
        let mut to = further(place, UNIT);
        while !rest.is_empty() {
            let (at, room) = self.piece(to);
            let (now, later) = rest.split_at(room.min(rest.len()));
            // SAFETY: there is so much room in the chunk, which stands for places that only the
            // owner of the lock uses until they are published.
            unsafe { at.copy_from_nonoverlapping(NonNull::from(now).cast(), now.len()) };
            to = further(to, now.len());
            rest = later;
        }
    }

    /// Copies an item to `to`, and says what it takes.
    ///
    /// # Safety
    ///
    /// The caller has the lock of those who get; at `place` an item begins that is not yet taken.
    pub unsafe fn read(&self, place: Place, to: &mut Buffer) -> Size {
        let (at, _) = self.piece(place);
        // SAFETY: a unit never crosses from one chunk into another, and `write` has written this one.
        let first: u64 = unsafe { at.cast().read() };
        if first & MANY != MANY {
            let len = (first & MANY) as usize;
            to.set((first >> 8).to_le_bytes(), len);
            return self.size(len).expect("it was put");
        }
        let len = (first >> 8) as usize;
        let size = self.size(len).expect("it was put");
        let copy = |to: NonNull<u8>| {
            let mut from = further(place, UNIT);
            let mut copied = 0;
            while copied < len {
                let (at, there) = self.piece(from);
                let now = there.min(len - copied);
                // SAFETY: so much is in the chunk, and `len` bytes are asked for. These places were
                // published and are not yet taken, so nobody writes there.
                unsafe { at.copy_to_nonoverlapping(to.add(copied), now) };
                from = further(from, now);
                copied += now;
            }
        };
        // SAFETY: it copies so many.
        unsafe { to.fill(len, copy) };
        size
    }

    /// The memory at `place`, and how many bytes of it are in one piece.
    fn piece(&self, place: Place) -> (NonNull<u8>, usize) {
        let chunk = self.table().memory(place);
        assert!(chunk < self.chunks);
        let inside = (place.unit() % CHUNK) as usize * UNIT;
        let begin = Self::chunks_at(self.chunks) + chunk * CHUNK_BYTES;
        self.shared.make_usable(begin + CHUNK_BYTES);
        let at = begin + inside;
        // SAFETY: the chunk is one of those there are, and the place is inside of it.
        let at = unsafe { self.shared.start().add(at) };
        (at, CHUNK_BYTES - inside)
    }

    fn head(&self) -> &Head {
        // SAFETY: it is there since `new`, for as long as `self`; all of it is atomics and locks.
        unsafe { self.shared.start().cast().as_ref() }
    }

    fn table(&self) -> Chunks<'_> {
        // SAFETY: it follows the head, aligned, for as long as `self`; zeroed memory is good for it.
        Chunks(unsafe {
            let table = self
                .shared
                .start()
                .add(size_of::<Head>())
                .cast::<AtomicU64>();
            slice::from_raw_parts(table.as_ptr(), 2 * self.chunks)
        })
    }

    /// Where the first chunk is, of so many: at a page.
    fn chunks_at(chunks: usize) -> usize {
        (size_of::<Head>() + 2 * chunks * size_of::<AtomicU64>()).next_multiple_of(4096)
    }
}

/// Has the processor fetch what is written soon. It is in the cache of who got the items before, and
/// without this the next exchange would wait for it.
#[inline]
fn fetch_ahead(at: NonNull<u8>) {
    /// Some cache lines: to fetch one takes as long as some items do.
    const AHEAD: usize = 384;
    let at = at.as_ptr().wrapping_add(AHEAD);
    #[cfg(target_arch = "x86_64")]
    // SAFETY: it changes nothing and never fails, wherever `at` is. (A processor without it does nothing.)
    unsafe {
        std::arch::asm!("prefetchw [{}]", in(reg) at, options(readonly, nostack, preserves_flags));
    }
    let _ = at;
}

/// The first unit of an item, and the bytes that are not in it.
fn first_unit(item: &[u8]) -> (u64, &[u8]) {
    let len = item.len() as u64;
    if item.len() > FEW {
        return (len << 8 | MANY, item);
    }
    // In a register: bytes stored one by one would have to be there before they can be read as one.
    let shifted = item
        .iter()
        .rev()
        .fold(0, |unit, &byte| unit << 8 | u64::from(byte));
    (shifted << 8 | len, &[])
}

/// So many bytes after `place`: a whole number of units, but at the end of the item.
fn further(place: Place, bytes: usize) -> Place {
    place.after(Size {
        items: 0,
        units: (bytes / UNIT) as u32,
    })
}

#[cfg(test)]
mod tests {
    use super::{CHUNKS, sizes};

    /// F11: a queue does not take from other programs what it only might use.
    #[test]
    fn little_is_reserved_where_it_counts() {
        assert_eq!(sizes(true), [*CHUNKS.last().unwrap()]);
        assert_eq!(sizes(false), CHUNKS);
    }
}
