//! What the pool asks of Linux about descriptors and nix has no safe call for.

use std::io::{self, ErrorKind, IoSlice, IoSliceMut};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::ptr;

use nix::cmsg_space;
use nix::errno::Errno;
use nix::sys::signal::Signal;
use nix::sys::socket::{ControlMessage, ControlMessageOwned, MsgFlags, recvmsg, sendmsg};

/// A descriptor that becomes readable when the child ends. An end of file would not tell: a task may
/// have forked a process that holds the worker's socket open.
pub fn pidfd(child: u32) -> io::Result<OwnedFd> {
    // SAFETY: it takes two numbers, and touches no memory.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, child, 0) };
    let fd = Errno::result(fd)?;
    // SAFETY: the descriptor has just been made, for us alone.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as i32) })
}

/// Sends a copy of a descriptor. With it goes one byte, for it cannot go alone.
pub fn send(socket: &UnixStream, fd: BorrowedFd) -> io::Result<()> {
    let fds = [fd.as_raw_fd()];
    let copies = [ControlMessage::ScmRights(&fds)];
    let byte = [IoSlice::new(&[0])];
    let flags = MsgFlags::MSG_NOSIGNAL;
    sendmsg::<()>(socket.as_raw_fd(), &byte, &copies, flags, None)?;
    Ok(())
}

/// Waits for what [`send`] sent.
///
/// # Errors
///
/// What the system says, or that something else has come.
pub fn receive(socket: &UnixStream) -> io::Result<OwnedFd> {
    let mut byte = [0];
    let mut parts = [IoSliceMut::new(&mut byte)];
    let mut space = cmsg_space!([i32; 1]);
    let flags = MsgFlags::MSG_CMSG_CLOEXEC;
    let received = loop {
        match recvmsg::<()>(socket.as_raw_fd(), &mut parts, Some(&mut space), flags) {
            Err(Errno::EINTR) => {}
            received => break received?,
        }
    };
    match received.cmsgs()?.next() {
        Some(ControlMessageOwned::ScmRights(fds)) if fds.len() == 1 => {
            // SAFETY: the kernel has just made it, for us alone.
            Ok(unsafe { OwnedFd::from_raw_fd(fds[0]) })
        }
        _ => Err(ErrorKind::InvalidData.into()),
    }
}

/// Sends a signal to the process; nothing if it has ended. Never to another one: a descriptor is not
/// used again as a process id is.
pub fn signal(pidfd: BorrowedFd, signal: Signal) {
    let (fd, none, flags) = (pidfd.as_raw_fd(), ptr::null::<libc::siginfo_t>(), 0);
    // SAFETY: it takes numbers, and a null pointer where it may.
    unsafe { libc::syscall(libc::SYS_pidfd_send_signal, fd, signal as i32, none, flags) };
}
