//! What the child of a fork does first: it ends with its parent, if it is to, and does not read what is
//! the parent's to read.
//!
//! To copy: this file. Needs: nix (`fs`, `process`, `signal`).

use std::os::fd::{AsRawFd, IntoRawFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::Signal;
use nix::unistd::{Pid, dup2_stdin, getppid};

/// Whether this process ends with its parent. The child of a fork has a copy.
static DAEMON: AtomicBool = AtomicBool::new(false);

/// From now on this process, a daemon, is killed when `parent` ends. `false` if that has ended already:
/// then the signal would never come. (The system sends it when the thread that forked ends, and that was
/// the parent's only one.)
#[inline]
#[must_use = "without a parent it has to end by itself"]
pub fn end_with(parent: Pid) -> bool {
    DAEMON.store(true, Relaxed);
    set_pdeathsig(Signal::SIGKILL).is_ok() && getppid() == parent
}

/// Whether this process ends with its parent, as a daemon does.
pub fn is_daemon() -> bool {
    DAEMON.load(Relaxed)
}

/// Makes `/dev/null` this process's stdin. It is opened before the fork, where that can fail.
#[inline]
pub fn replace_stdin(null: OwnedFd) {
    if null.as_raw_fd() == 0 {
        // The parent's was closed. Kept open, also beyond an exec.
        let _ = fcntl(&null, FcntlArg::F_SETFD(FdFlag::empty()));
        let _ = null.into_raw_fd();
    } else {
        let _ = dup2_stdin(&null); // it cannot fail: both numbers are good
    }
}
