//! [`above_stdio`]: moves a new descriptor away from the numbers of stdin, stdout and stderr.
//!
//! The system gives each new descriptor the lowest free number. In a process whose stdout is closed that
//! is 1, and from then on `println!` writes into a socket.
//!
//! To copy: this file. Needs: nix (`fs`).

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

use nix::fcntl::{FcntlArg, fcntl};

/// The lowest number that stands for no standard stream.
const FIRST: RawFd = 3;

/// The same file under a number of 3 or more, closed on exec. A descriptor that has such a number already
/// is returned as it is.
///
/// # Errors
///
/// What the system says if there is no number left (`EMFILE`); `fd` is closed then.
pub fn above_stdio(fd: OwnedFd) -> io::Result<OwnedFd> {
    if fd.as_raw_fd() >= FIRST {
        return Ok(fd);
    }
    let moved = fcntl(&fd, FcntlArg::F_DUPFD_CLOEXEC(FIRST))?;
    // SAFETY: `fcntl` has just made this descriptor, so nothing else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(moved) })
}
