//! [`SharedMemory`]: pages that this process and the children it forks from now on have in common.
//!
//! They have no name, so nothing can be left behind when a process is killed: the system frees them
//! with the last process that has them. Python's `multiprocessing.shared_memory` has names, and a
//! `resource_tracker` to clean up after them.
//!
//! To copy: this file. Needs: nix (`mman`).

use std::fmt;
use std::io;
use std::num::NonZeroUsize;
use std::ptr::NonNull;

use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous, munmap};

/// Zeroed memory, shared with every child forked after it was made. Each process lets go of its own
/// mapping on drop.
pub struct SharedMemory {
    start: NonNull<u8>,
    len: usize,
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
        Self::map(len, MapFlags::MAP_SHARED)
    }

    /// The same, but the system does not make sure that there is so much: it may be far more than the
    /// machine has, and each page is only taken when it is first written to. If there is none left by
    /// then, the system kills somebody.
    ///
    /// # Errors
    ///
    /// As above. Under strict overcommit (`/proc/sys/vm/overcommit_memory` is 2) it is as `zeroed`.
    pub fn reserved(len: usize) -> io::Result<Self> {
        Self::map(len, MapFlags::MAP_SHARED | MapFlags::MAP_NORESERVE)
    }

    fn map(len: usize, flags: MapFlags) -> io::Result<Self> {
        let size = NonZeroUsize::new(len).ok_or(io::ErrorKind::InvalidInput)?;
        let protection = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
        // SAFETY: a new mapping, at an address of the system's choice, touches nothing there is.
        let start = unsafe { mmap_anonymous(None, size, protection, flags) }?;
        Ok(Self {
            start: start.cast(),
            len,
        })
    }

    /// Where it begins. Good for [`len`](Self::len) bytes for as long as this value is there. Other
    /// processes may write there at any time: only atomics, or what a lock protects, are sound.
    pub fn start(&self) -> NonNull<u8> {
        self.start
    }

    /// How many bytes there are.
    #[allow(clippy::len_without_is_empty)] // it is never empty
    pub fn len(&self) -> usize {
        self.len
    }
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
