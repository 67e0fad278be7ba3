//! [`open`]: a descriptor that stands for a process, also when it is gone and its number is another one's.
//! Neither std nor nix has the call. And whether the numbers in `/proc` are the same numbers.
//!
//! To copy: this file, `descriptor.rs`. Needs: nix (`fs`, `process`), libc.

use std::fs;
use std::io;
use std::os::fd::{FromRawFd, OwnedFd};

use libc::c_int;
use nix::errno::Errno;
use nix::unistd::{Pid, getpid};

use crate::descriptor::above_stdio;

/// Whether `/proc/PID` is the process that has this number here. It is not where `/proc` was mounted in
/// another PID namespace, as in a program that `unshare --pid --fork` started without `--mount-proc`.
pub fn proc_has_our_numbers() -> bool {
    let ours = getpid().to_string();
    fs::read_link("/proc/self").is_ok_and(|number| number.as_os_str() == ours.as_str())
}

/// A descriptor for the process that has this number now. It becomes readable when the process ends.
///
/// # Errors
///
/// `ESRCH` if there is none; what else the system says, `EMFILE` say.
pub fn open(pid: Pid) -> io::Result<OwnedFd> {
    // SAFETY: the call takes two numbers.
    let fd = Errno::result(unsafe { libc::syscall(libc::SYS_pidfd_open, pid.as_raw(), 0) })?;
    // SAFETY: it is new, so nobody else's.
    above_stdio(unsafe { OwnedFd::from_raw_fd(fd as c_int) })
}
