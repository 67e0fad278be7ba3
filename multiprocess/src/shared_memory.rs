//! [`SharedMemory`]: pages that this process and the children it forks from now on have in common.
//!
//! They have no name, so nothing can be left behind when a process is killed: the system frees them
//! with the last process that has them. Python's `multiprocessing.shared_memory` has names, and a
//! `resource_tracker` to clean up after them.
//!
//! To copy: this file. Needs: nix (`mman`).

use std::fmt;
use std::fs;
use std::io;
use std::num::NonZeroUsize;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use nix::sys::mman::{MapFlags, MmapAdvise, ProtFlags};
use nix::sys::mman::{madvise, mmap_anonymous, mprotect, munmap};

const READ_WRITE: ProtFlags = ProtFlags::PROT_READ.union(ProtFlags::PROT_WRITE);

/// Zeroed memory, shared with every child forked after it was made. Each process lets go of its own
/// mapping on drop.
pub struct SharedMemory {
    start: NonNull<u8>,
    len: usize,
    /// This process may use the bytes before this one. It only grows; a forked child goes on from its copy.
    usable: AtomicUsize,
}

// SAFETY: it is an address and a length; whoever follows the address answers for that (`start`).
unsafe impl Send for SharedMemory {}
// SAFETY: as above.
unsafe impl Sync for SharedMemory {}

impl SharedMemory {
    /// So many bytes, all of them 0, beginning at a page.
    ///
    /// # Errors
    ///
    /// `InvalidInput` for none; what the system says if there is not so much memory.
    pub fn zeroed(len: usize) -> io::Result<Self> {
        Self::map(len, READ_WRITE, MapFlags::MAP_SHARED)
    }

    /// Addresses for so many bytes, which may be far more than the machine has. They become memory as they
    /// are used: first [`make_usable`](Self::make_usable), then each page when it is first written to. If
    /// none is left by then, the system kills some process. What is only reserved is not locked by
    /// `mlockall`, and nothing of this is in a core file.
    ///
    /// # Errors
    ///
    /// As above. Where the system counts what is reserved ([`counts_what_is_reserved`]) there may be less.
    pub fn reserved(len: usize) -> io::Result<Self> {
        // Without access the pages cannot be touched, by the system neither: `mlockall` touches all others.
        let flags = MapFlags::MAP_SHARED | MapFlags::MAP_NORESERVE;
        let memory = Self::map(len, ProtFlags::PROT_NONE, flags)?;
        // SAFETY: this changes what a core file has of the mapping, which is this value's.
        unsafe { madvise(memory.start.cast(), len, MmapAdvise::MADV_DONTDUMP) }?;
        Ok(memory)
    }

    fn map(len: usize, protection: ProtFlags, flags: MapFlags) -> io::Result<Self> {
        let size = NonZeroUsize::new(len).ok_or(io::ErrorKind::InvalidInput)?;
        // SAFETY: a new mapping, at an address of the system's choice, touches nothing there is.
        let start = unsafe { mmap_anonymous(None, size, protection, flags) }?;
        let usable = if protection == READ_WRITE { len } else { 0 };
        Ok(Self {
            start: start.cast(),
            len,
            usable: AtomicUsize::new(usable),
        })
    }

    /// From now on this process may use the first `end` bytes. Cheap if it may already.
    ///
    /// # Panics
    ///
    /// If there are fewer, or the system refuses: it has no memory for its own tables.
    #[inline]
    pub fn make_usable(&self, end: usize) {
        if end > self.usable.load(Relaxed) {
            self.make_more_usable(end);
        }
    }

    #[cold]
    fn make_more_usable(&self, end: usize) {
        /// At least so much at once.
        const PIECE: usize = 256 * 1024;
        assert!(end <= self.len, "there are only {} bytes", self.len);
        let before = self.usable.load(Relaxed);
        // Twice as much as before, so that the calls are few.
        let end = end.max(2 * before).next_multiple_of(PIECE).min(self.len);
        // SAFETY: the range is of this mapping, and more access harms nobody.
        let changed = unsafe { mprotect(self.start.cast(), end, READ_WRITE) };
        changed.expect("memory for the system's tables");
        // Another thread may have done more meanwhile.
        self.usable.fetch_max(end, Relaxed);
    }

    /// Where it begins. Good for [`len`](Self::len) bytes for as long as this value is there; of what is
    /// [`reserved`](Self::reserved), for those that were made usable in this process. Other processes may write there at any time: only atomics, or what a lock protects, are sound.
    pub fn start(&self) -> NonNull<u8> {
        self.start
    }

    /// How many bytes there are.
    #[allow(clippy::len_without_is_empty)] // it is never empty
    pub fn len(&self) -> usize {
        self.len
    }
}

/// Whether the system counts memory as taken when it is reserved: strict overcommit, proc(5).
pub fn counts_what_is_reserved() -> bool {
    fs::read("/proc/sys/vm/overcommit_memory").is_ok_and(|mode| mode.starts_with(b"2"))
}

impl Drop for SharedMemory {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours, and whoever used it has borrowed this value.
        let unmapped = unsafe { munmap(self.start.cast(), self.len) };
        debug_assert_eq!(unmapped, Ok(()));
    }
}

impl fmt::Debug for SharedMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedMemory")
            .field("len", &self.len)
            .finish()
    }
}
