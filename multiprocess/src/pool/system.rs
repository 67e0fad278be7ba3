//! What the pool asks of Linux and nix has no safe call for.

use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;

use crate::descriptor::above_stdio;

/// Two sockets that are connected.
pub fn socket_pair() -> io::Result<(UnixStream, UnixStream)> {
    let (one, other) = UnixStream::pair()?;
    let above = |socket: UnixStream| above_stdio(socket.into()).map(UnixStream::from);
    Ok((above(one)?, above(other)?))
}

/// Waits for a child of ours that may need the second of two hints: it is killed after `patience`.
pub fn reap(child: Pid, pidfd: impl AsFd, patience: Duration) -> ExitStatus {
    let deadline = Instant::now() + patience;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let mut fds = [PollFd::new(pidfd.as_fd(), PollFlags::POLLIN)];
        match poll(&mut fds, timeout(Some(left))) {
            Ok(0) => {
                let _ = kill(child, Signal::SIGKILL);
                break;
            }
            Ok(_) => break,
            Err(_) => {} // a signal
        }
    }
    wait(child)
}

/// Waits for a child that has ended, or is about to.
pub fn wait(child: Pid) -> ExitStatus {
    loop {
        match waitpid(child, None) {
            Ok(WaitStatus::Exited(_, code)) => return ExitStatus::from_raw((code & 0xff) << 8),
            Ok(WaitStatus::Signaled(_, signal, core)) => {
                return ExitStatus::from_raw(signal as i32 | if core { 0x80 } else { 0 });
            }
            Ok(_) | Err(Errno::EINTR) => {}
            // Somebody else took it (`waitpid(-1)`, or SIGCHLD ignored): it is gone all the same.
            Err(_) => return ExitStatus::from_raw(0),
        }
    }
}

/// Rounded up, so that a wait does not end just before its time.
pub fn timeout(left: Option<Duration>) -> PollTimeout {
    match left {
        None => PollTimeout::NONE,
        Some(left) => {
            let millis = left.as_nanos().div_ceil(1_000_000);
            PollTimeout::try_from(millis).unwrap_or(PollTimeout::MAX)
        }
    }
}
