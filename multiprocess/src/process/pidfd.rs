//! What can be done with the descriptor of a process, and neither std nor nix has a call for: signal, wait.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::time::Instant;

use libc::{c_int, c_long};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::time::TimeSpec;

/// Sends a signal. `ESRCH` if the process was waited for.
pub fn send(pidfd: BorrowedFd<'_>, signal: c_int) -> io::Result<()> {
    let (call, fd) = (libc::SYS_pidfd_send_signal, pidfd.as_raw_fd());
    let none = std::ptr::null::<libc::siginfo_t>();
    // SAFETY: the descriptor is open, and null stands for what `kill` would say.
    let code = unsafe { libc::syscall(call, fd, signal, none, 0) };
    check(code).map(drop)
}

/// Reaps the process, a child, if it has ended: its exit code, or its signal as a negative number.
/// `ECHILD` if it is no child, or was reaped before.
pub fn reap(pidfd: BorrowedFd<'_>) -> io::Result<Option<i32>> {
    let mut info = MaybeUninit::<libc::siginfo_t>::zeroed();
    let place = info.as_mut_ptr();
    let id = pidfd.as_raw_fd().cast_unsigned();
    // SAFETY: the descriptor is open, the place is good for what is told.
    let code = unsafe { libc::waitid(libc::P_PIDFD, id, place, libc::WEXITED | libc::WNOHANG) };
    check(code.into())?;
    // SAFETY: zeros are valid in it, and the call has filled in what it has to tell: for a child that
    // has ended, its number and how it ended.
    let (pid, status, info) = unsafe {
        let info = info.assume_init();
        (info.si_pid(), info.si_status(), info)
    };
    Ok(match (pid, info.si_code) {
        (0, _) => None,
        (_, libc::CLD_EXITED) => Some(status),
        (_, _) => Some(-status), // killed, with or without a core dump
    })
}

/// Whether this process has a child, of whatever kind, that has ended and is not reaped.
pub fn any_child_has_ended() -> bool {
    let mut info = MaybeUninit::<libc::siginfo_t>::zeroed();
    let flags = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT;
    // SAFETY: as in `reap`.
    unsafe {
        let code = libc::waitid(libc::P_ALL, 0, info.as_mut_ptr(), flags);
        code == 0 && info.assume_init().si_pid() != 0
    }
}

/// Waits until the process, any process, ends, or `deadline`. Signals do not shorten it.
pub fn wait(pidfd: BorrowedFd<'_>, deadline: Option<Instant>) -> io::Result<()> {
    loop {
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let mut fds = [PollFd::new(pidfd.as_fd(), PollFlags::POLLIN)];
        match ppoll(&mut fds, left.map(TimeSpec::from_duration), None) {
            Err(Errno::EINTR) => {}
            result => return Ok(result.map(drop)?),
        }
    }
}

/// Waits until a child ends, with less work for the system, and leaves it to be reaped.
pub fn wait_for_child(pidfd: BorrowedFd<'_>) -> io::Result<()> {
    let id = pidfd.as_raw_fd().cast_unsigned();
    let flags = libc::WEXITED | libc::WNOWAIT;
    loop {
        // SAFETY: the descriptor is open, and nothing is to be told.
        let code = unsafe { libc::waitid(libc::P_PIDFD, id, std::ptr::null_mut(), flags) };
        match check(code.into()) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // Somebody has reaped it meanwhile.
            Err(error) if error.raw_os_error() == Some(libc::ECHILD) => return Ok(()),
            result => return result.map(drop),
        }
    }
}

fn check(code: c_long) -> io::Result<c_int> {
    match c_int::try_from(code) {
        Ok(code @ 0..) => Ok(code),
        _ => Err(io::Error::last_os_error()),
    }
}
