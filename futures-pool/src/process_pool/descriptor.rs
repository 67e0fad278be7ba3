//! What the pool asks of Linux about descriptors and nix has no safe call for.

use std::io::{self, ErrorKind, IoSlice, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::ptr;

use nix::cmsg_space;
use nix::errno::Errno;
use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::signal::Signal;
use nix::sys::socket::{ControlMessage, ControlMessageOwned, MsgFlags, recvmsg, sendmsg};

/// What `make` makes. If it gets the number of a standard descriptor, since that is closed, it is made once more:
/// a `println!` would write into it.
pub fn above_stdio<T>(
    make: impl Fn() -> io::Result<T>,
    least: impl Fn(&T) -> RawFd,
) -> io::Result<T> {
    let mut low = Vec::new(); // these keep their numbers for as long
    loop {
        let made = make()?;
        if least(&made) > libc::STDERR_FILENO {
            return Ok(made);
        }
        low.push(made);
    }
}

/// Two sockets that are connected.
pub fn sockets() -> io::Result<(UnixStream, UnixStream)> {
    let least = |(one, other): &(UnixStream, UnixStream)| one.as_raw_fd().min(other.as_raw_fd());
    above_stdio(UnixStream::pair, least)
}

/// A counter in the kernel.
pub fn eventfd(flags: EfdFlags) -> io::Result<EventFd> {
    let flags = flags | EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK;
    above_stdio(
        || Ok(EventFd::from_flags(flags)?),
        |fd| fd.as_fd().as_raw_fd(),
    )
}

/// A descriptor that becomes readable when the process ends. An end of file would not tell: a task may
/// have forked a process that holds the worker's socket open, and the parent one that holds its own.
pub fn pidfd(process: u32) -> io::Result<OwnedFd> {
    let open = || {
        // SAFETY: it takes two numbers, and touches no memory.
        let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, process, 0) };
        let fd = Errno::result(fd)?;
        // SAFETY: the descriptor has just been made, for us alone.
        Ok(unsafe { OwnedFd::from_raw_fd(fd as i32) })
    };
    above_stdio(open, OwnedFd::as_raw_fd)
}

/// Sends copies of descriptors. With them goes one byte, for they cannot go alone.
pub fn send(socket: &UnixStream, fds: [BorrowedFd; 2]) -> io::Result<()> {
    let fds = fds.map(|fd| fd.as_raw_fd());
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
pub fn receive(socket: &UnixStream) -> io::Result<[OwnedFd; 2]> {
    let mut byte = [0];
    let mut parts = [IoSliceMut::new(&mut byte)];
    let mut space = cmsg_space!([i32; 2]);
    let flags = MsgFlags::MSG_CMSG_CLOEXEC;
    let received = loop {
        match recvmsg::<()>(socket.as_raw_fd(), &mut parts, Some(&mut space), flags) {
            Err(Errno::EINTR) => {}
            received => break received?,
        }
    };
    match received.cmsgs()?.next() {
        Some(ControlMessageOwned::ScmRights(fds)) if fds.len() == 2 => {
            // SAFETY: the kernel has just made them, for us alone.
            let [one, other] = [fds[0], fds[1]].map(|fd| unsafe { OwnedFd::from_raw_fd(fd) });
            // The copies are above standard error.
            Ok([one.try_clone()?, other.try_clone()?])
        }
        _ => Err(ErrorKind::InvalidData.into()),
    }
}

/// Sends a signal to the process. Never to another one: a descriptor is not used again as a process id is.
///
/// # Errors
///
/// `ESRCH` if it has ended and was waited for; `EPERM` if it belongs to somebody else, since it or this
/// process has changed its user.
pub fn signal(pidfd: BorrowedFd, signal: Signal) -> nix::Result<()> {
    let (fd, none, flags) = (pidfd.as_raw_fd(), ptr::null::<libc::siginfo_t>(), 0);
    // SAFETY: it takes numbers, and a null pointer where it may.
    let sent =
        unsafe { libc::syscall(libc::SYS_pidfd_send_signal, fd, signal as i32, none, flags) };
    Errno::result(sent).map(drop)
}
