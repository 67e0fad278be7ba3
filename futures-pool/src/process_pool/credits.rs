//! [`Credits`]: which of the tasks that were sent to a worker are still to be had.
//!
//! A worker that is sent several tasks at once may begin the first of them; for each of the others it
//! takes a credit before. If that task takes long, another worker's thread takes credits instead, one
//! for each task from the end of the queue, and has these run elsewhere. So a task never waits
//! behind another one while a worker is idle, and none is run twice: the kernel counts (eventfd).

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use nix::sys::eventfd::EfdFlags;
use nix::unistd::{read, write};

use super::descriptor;

/// A number of credits that two processes have in common.
#[derive(Debug)]
pub struct Credits(OwnedFd);

impl Credits {
    /// None.
    pub fn new() -> io::Result<Self> {
        Ok(Self(descriptor::eventfd(EfdFlags::EFD_SEMAPHORE)?.into()))
    }

    /// Adds so many.
    pub fn give(&self, count: usize) {
        if count > 0 {
            let count = (count as u64).to_ne_bytes();
            write(&self.0, &count).expect("far from what it can hold");
        }
    }

    /// Takes one. `false` if there is none.
    pub fn take(&self) -> bool {
        read(&self.0, &mut [0; 8]).is_ok()
    }
}

/// What the other process was sent.
impl From<OwnedFd> for Credits {
    fn from(fd: OwnedFd) -> Self {
        Self(fd)
    }
}

impl AsFd for Credits {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
