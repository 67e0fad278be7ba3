//! What the child of a fork does first: it arranges to end with its parent, if it is to, and does not read
//! what is the parent's to read.
//!
//! To copy: this file, `descriptor.rs`. Needs: nix (`fs`, `poll`, `process`, `signal`), libc.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, IntoRawFd, OwnedFd};
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering::Relaxed};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::Signal;
use nix::unistd::{dup2_stdin, getpid};

use crate::descriptor::above_stdio;

/// Whether this process ends with its parent. The child of a fork has a copy.
static DAEMON: AtomicBool = AtomicBool::new(false);

/// The descriptor of the lifeline by which this process ends with its parent.
static LIFELINE: AtomicI32 = AtomicI32::new(-1);

/// A pipe between a parent and one child, through which nothing is ever sent. When the parent ends,
/// however it ends, the system closes the parent's side, and that kills the child.
///
/// The parent-death signal of `prctl(2)` does the same, but a process that changes its user loses it
/// (`setresuid`, for example). A daemon therefore has both.
#[derive(Debug)]
pub struct Lifeline {
    child_side: OwnedFd,
    parent_side: OwnedFd,
}

/// The parent's side of a [`Lifeline`]. **Dropping it kills the child**, so it is kept until the child is
/// reaped. Every other child that the parent forks has a copy, and closes it.
#[derive(Debug)]
pub struct Hold(#[allow(dead_code)] OwnedFd); // it is there to be closed

impl Lifeline {
    /// Made in the parent, before the fork.
    ///
    /// # Errors
    ///
    /// What the system says if there are too many open files.
    pub fn new() -> io::Result<Self> {
        let (child_side, parent_side) = io::pipe()?;
        Ok(Self {
            child_side: above_stdio(child_side.into())?,
            parent_side: above_stdio(parent_side.into())?,
        })
    }

    /// For the parent, after the fork.
    pub fn hold(self) -> Hold {
        Hold(self.parent_side)
    }

    /// For the child, first thing: from now on this process, a daemon, is killed when its parent ends.
    /// `false` if the parent has ended already; then the child has to end by itself.
    #[must_use = "without a parent it has to end by itself"]
    pub fn end_with_parent(self) -> bool {
        DAEMON.store(true, Relaxed);
        drop(self.parent_side);
        let fd = self.child_side;
        // One of the two mechanisms is enough, so a sandbox may refuse the other. The parent-death signal
        // is sent when the parent's thread that forked ends: a process that forks has no other.
        let signalled = set_pdeathsig(Signal::SIGKILL).is_ok();
        let watched = kill_this_process_when_closed(&fd).is_ok();
        // The parent may have ended before, when neither mechanism was in place.
        let mut fds = [PollFd::new(fd.as_fd(), PollFlags::empty())];
        let _ = poll(&mut fds, PollTimeout::ZERO);
        let hung_up = fds[0].revents() != Some(PollFlags::empty());
        // Open for as long as this process lives. The parent's own lifeline, if it is a daemon too, is
        // not this process's.
        let parents = LIFELINE.swap(fd.into_raw_fd(), Relaxed);
        if parents >= 0 {
            // SAFETY: the parent let go of this number here, and the fork copied the descriptor, which
            // nothing else in this process owns.
            drop(unsafe { OwnedFd::from_raw_fd(parents) });
        }
        (signalled || watched) && !hung_up
    }
}

/// Has the system send SIGKILL to this process when the other side of the pipe is closed. fcntl(2)
fn kill_this_process_when_closed(fd: &OwnedFd) -> nix::Result<()> {
    /// The libc crate does not have it. linux/include/uapi/asm-generic/fcntl.h
    const F_SETSIG: libc::c_int = 10;
    let raw = fd.as_raw_fd();
    // SAFETY: both calls take numbers, and the descriptor is open.
    unsafe {
        Errno::result(libc::fcntl(raw, libc::F_SETOWN, getpid().as_raw()))?;
        Errno::result(libc::fcntl(raw, F_SETSIG, libc::SIGKILL))?;
    }
    // This pipe was made for one child, so no other process shares the setting.
    fcntl(fd, FcntlArg::F_SETFL(OFlag::O_ASYNC)).map(drop)
}

/// Whether this process ends with its parent, as a daemon does.
pub fn is_daemon() -> bool {
    DAEMON.load(Relaxed)
}

/// What [`replace_stdin`] takes. Opened before the fork, where that can fail.
///
/// # Errors
///
/// What the system says if there are too many open files.
pub fn empty_input() -> io::Result<OwnedFd> {
    above_stdio(File::open("/dev/null")?.into())
}

/// Makes `/dev/null` this process's stdin.
#[inline]
pub fn replace_stdin(null: OwnedFd) {
    let _ = dup2_stdin(&null); // it cannot fail: both numbers are good
}
