//! [`open`]: a descriptor that stands for a process, also when it is gone and its number is another one's.
//! Neither std nor nix has the call.
//!
//! To copy: this file. Needs: nix (`fs`, `process`), libc.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use libc::c_int;
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, fcntl};
use nix::unistd::Pid;

/// The number of stdin, stdout and stderr is less.
const FIRST: c_int = 3;

/// A descriptor for the process that has this number now. It becomes readable when the process ends.
///
/// # Errors
///
/// `ESRCH` if there is none; what else the system says, `EMFILE` say.
pub fn open(pid: Pid) -> io::Result<OwnedFd> {
    // SAFETY: the call takes two numbers.
    let fd = Errno::result(unsafe { libc::syscall(libc::SYS_pidfd_open, pid.as_raw(), 0) })?;
    // SAFETY: it is new, so nobody else's.
    let fd = unsafe { OwnedFd::from_raw_fd(fd as c_int) };
    if fd.as_raw_fd() >= FIRST {
        return Ok(fd);
    }
    // A closed stdout would seem to be open again.
    let moved = fcntl(&fd, FcntlArg::F_DUPFD_CLOEXEC(FIRST))?;
    // SAFETY: as above.
    Ok(unsafe { OwnedFd::from_raw_fd(moved) })
}
