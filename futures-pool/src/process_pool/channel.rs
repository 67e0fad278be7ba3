//! [`Channel`]: the way to a worker, its socket and the descriptor of its process.

use std::io::{self, Read};
use std::net::Shutdown;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::Signal;
use nix::sys::socket::{MsgFlags, recv, send};

use super::descriptor;

pub struct Channel {
    socket: UnixStream,
    pidfd: OwnedFd,
}

impl Channel {
    pub fn new(socket: UnixStream, pidfd: OwnedFd) -> Self {
        Self { socket, pidfd }
    }

    /// Becomes readable when the worker ends.
    pub fn pidfd(&self) -> BorrowedFd<'_> {
        self.pidfd.as_fd()
    }

    /// Sends bytes. Not `write_all`: that would end this process by SIGPIPE where it does not ignore that.
    pub fn send(&self, mut bytes: &[u8]) -> nix::Result<()> {
        while !bytes.is_empty() {
            match send(self.socket.as_raw_fd(), bytes, MsgFlags::MSG_NOSIGNAL) {
                Ok(sent) => bytes = &bytes[sent..],
                Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno),
            }
        }
        Ok(())
    }

    /// Tells the worker that there is nothing more. It ends when it has nothing left to do.
    pub fn close(&self) {
        let _ = self.socket.shutdown(Shutdown::Write);
    }

    /// Sends the worker a signal that is to end it. It takes SIGTERM for that since the channel is closed.
    ///
    /// To a worker that this process may not signal any more (one of them has another user by now) the end
    /// of both directions says the same as SIGKILL.
    pub fn signal(&self, signal: Signal) {
        self.close();
        let sent = descriptor::signal(self.pidfd(), signal);
        if signal == Signal::SIGKILL || sent == Err(Errno::EPERM) {
            let _ = self.socket.shutdown(Shutdown::Both);
        }
    }

    /// Waits for the worker's end.
    pub fn has_ended(&self, timeout: PollTimeout) -> bool {
        let mut fds = [PollFd::new(self.pidfd(), PollFlags::POLLIN)];
        loop {
            match poll(&mut fds, timeout) {
                Err(Errno::EINTR) => {} // waits longer, which does no harm
                ended => return ended != Ok(0),
            }
        }
    }
}

/// Reads what the worker says. At its end, this is at its end, too.
pub struct Reader(pub Arc<Channel>);

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Channel { socket, pidfd } = &*self.0;
        let mut has_ended = false;
        loop {
            match recv(socket.as_raw_fd(), buffer, MsgFlags::MSG_DONTWAIT) {
                Err(Errno::EAGAIN) if has_ended => return Ok(0),
                Err(Errno::EAGAIN) => {
                    let fds = [socket.as_fd(), pidfd.as_fd()];
                    let mut fds = fds.map(|fd| PollFd::new(fd, PollFlags::POLLIN));
                    // Looks once more then: its last words may have come just before.
                    has_ended =
                        poll(&mut fds, PollTimeout::NONE).is_ok() && fds[1].any().unwrap_or(false);
                }
                // It ended with something of ours unread. That is said once; what it had sent can
                // still be read.
                Err(Errno::EINTR | Errno::ECONNRESET) => {}
                read => return Ok(read?),
            }
        }
    }
}
