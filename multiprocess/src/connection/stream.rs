//! What an end does: a socket, and what has been read from it and not been taken.

use std::fmt;
use std::io;
use std::mem;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags};
use nix::sys::socket::{self, MsgFlags, Shutdown};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::ends::End;
use crate::ends::Ends;
use crate::frame;
use crate::frame::Decoder;

use super::error::{Failure, PollError, RecvError, SendError};
use super::socket::Socket;
use super::wait::poll_until;

/// A larger message of bytes is sent from where it is, in a second call, instead of being copied
/// behind its header.
const COPIED: usize = 64 * 1024;

pub(super) struct Stream {
    socket: Arc<Socket>,
    incoming: Incoming,
    /// For messages to be sent. Kept, as an allocation for each would cost.
    outgoing: Vec<u8>,
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.socket.close();
    }
}

/// What comes from the peer.
struct Incoming {
    decoder: Decoder,
    /// The peer will send nothing more.
    ended: bool,
}

impl Incoming {
    fn is_ready(&self) -> bool {
        self.ended || self.decoder.peek().is_some()
    }

    /// Reads once. `false`: with `MSG_DONTWAIT`, there is nothing now. At the end it is `true`.
    fn read(&mut self, socket: BorrowedFd<'_>, how: MsgFlags) -> Result<bool, Failure> {
        loop {
            match socket::recv(socket.as_raw_fd(), self.decoder.space(), how) {
                Ok(0) => self.ended = true,
                Ok(count) => self.decoder.advance(count),
                Err(Errno::EINTR) => continue,
                // The peer went and had not read all that it was sent. It is said once, after what
                // the peer has sent; the end comes next.
                Err(Errno::ECONNRESET) => continue,
                Err(Errno::EAGAIN) if how.contains(MsgFlags::MSG_DONTWAIT) => return Ok(false),
                Err(errno) => return Err(Failure::Io(errno.into())),
            }
            return Ok(true);
        }
    }

    /// Waits until the socket may take more, and reads meanwhile: the peer may have to be rid of what
    /// it is sending before it reads.
    fn until_room(&mut self, socket: BorrowedFd<'_>) -> Result<(), Failure> {
        loop {
            let mut wanted = PollFlags::POLLOUT;
            // At the end it would be ready for reading all the time.
            wanted.set(PollFlags::POLLIN, !self.ended);
            let mut polled = [PollFd::new(socket, wanted)];
            poll_until(&mut polled, None)?;
            let ready = polled[0].revents().unwrap_or(PollFlags::empty());
            if ready.contains(PollFlags::POLLIN) {
                self.read(socket, MsgFlags::MSG_DONTWAIT)?;
            }
            // Also an error or a hang-up: the next attempt to send says what it is.
            if ready.intersects(!PollFlags::POLLIN) {
                return Ok(());
            }
        }
    }
}

impl Stream {
    pub(super) fn pair() -> io::Result<(Self, Self)> {
        let (one, other) = Socket::pair()?;
        Ok((Self::new(one, false), Self::new(other, false)))
    }

    /// One that only receives, and one that only sends.
    pub(super) fn one_way() -> io::Result<(Self, Self)> {
        let (receiver, sender) = Socket::pair()?;
        socket::shutdown(receiver.as_raw_fd(), Shutdown::Write)?;
        socket::shutdown(sender.as_raw_fd(), Shutdown::Read)?;
        Ok((Self::new(receiver, false), Self::new(sender, true)))
    }

    fn new(socket: OwnedFd, ended: bool) -> Self {
        Self {
            socket: Socket::new(socket),
            incoming: Incoming {
                decoder: Decoder::new(),
                ended,
            },
            outgoing: Vec::new(),
        }
    }

    pub(super) fn send<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), SendError> {
        let mut frame = mem::take(&mut self.outgoing);
        let sent = match frame::append(&mut frame, value) {
            Ok(()) => self.transmit([&frame, &[]]),
            Err(error) => Err(SendError::Encode(error)),
        };
        frame::clear(&mut frame);
        self.outgoing = frame;
        sent
    }

    pub(super) fn send_bytes(&mut self, message: &[u8]) -> Result<(), SendError> {
        if message.len() > COPIED {
            return self.transmit([&frame::header(message.len()), message]);
        }
        let mut frame = mem::take(&mut self.outgoing);
        frame::append_bytes(&mut frame, message);
        let sent = self.transmit([&frame, &[]]);
        frame::clear(&mut frame);
        self.outgoing = frame;
        sent
    }

    /// Sends the parts of one frame.
    fn transmit(&mut self, parts: [&[u8]; 2]) -> Result<(), SendError> {
        let open = self.socket.open()?;
        let socket = open.as_fd();
        // Without the signal: that a peer is gone is an error, and does not kill. Without a wait: see
        // `until_room`.
        let how = MsgFlags::MSG_NOSIGNAL | MsgFlags::MSG_DONTWAIT;
        let mut begun = false;
        for mut rest in parts {
            while !rest.is_empty() {
                let failure = match socket::send(socket.as_raw_fd(), rest, how) {
                    Ok(count) => {
                        rest = &rest[count..];
                        begun = true;
                        continue;
                    }
                    Err(Errno::EINTR) => continue,
                    Err(Errno::EPIPE | Errno::ECONNRESET) => return Err(SendError::BrokenPipe),
                    Err(Errno::EAGAIN) => match self.incoming.until_room(socket) {
                        Ok(()) => continue,
                        Err(failure) => failure,
                    },
                    Err(errno) => Failure::Io(errno.into()),
                };
                if begun {
                    // What came next would be taken for the rest of this frame.
                    let _ = socket::shutdown(socket.as_raw_fd(), Shutdown::Write);
                }
                return Err(failure.into());
            }
        }
        Ok(())
    }

    pub(super) fn recv<T: DeserializeOwned>(&mut self) -> Result<T, RecvError> {
        match postcard::take_from_bytes(self.next()?) {
            Ok((value, [])) => Ok(value),
            // There is more to it than a `T`.
            Ok(_) => Err(RecvError::Decode(postcard::Error::DeserializeBadEncoding)),
            Err(error) => Err(RecvError::Decode(error)),
        }
    }

    pub(super) fn recv_bytes(&mut self) -> Result<Vec<u8>, RecvError> {
        self.next().map(<[u8]>::to_vec)
    }

    pub(super) fn recv_bytes_into(&mut self, buffer: &mut [u8]) -> Result<usize, RecvError> {
        self.wait()?;
        let len = self.incoming.decoder.peek().map_or(0, <[u8]>::len);
        let Some(buffer) = buffer.get_mut(..len) else {
            return Err(RecvError::TooShort { len });
        };
        buffer.copy_from_slice(self.next()?);
        Ok(len)
    }

    fn next(&mut self) -> Result<&[u8], RecvError> {
        self.wait()?;
        Ok(self.incoming.decoder.next().expect("waited for"))
    }

    /// Waits until all of a message is there.
    fn wait(&mut self) -> Result<(), RecvError> {
        let open = self.socket.open()?;
        while self.incoming.decoder.peek().is_none() {
            if self.incoming.ended {
                return Err(match self.incoming.decoder.is_in_message() {
                    true => RecvError::UnexpectedEof,
                    false => RecvError::Eof,
                });
            }
            self.incoming.read(open.as_fd(), MsgFlags::empty())?;
        }
        Ok(())
    }

    pub(super) fn poll(&mut self, timeout: Duration) -> Result<bool, PollError> {
        let deadline = Instant::now().checked_add(timeout);
        let open = self.socket.open()?;
        while !self.incoming.is_ready() {
            let how = MsgFlags::MSG_DONTWAIT;
            if !self.incoming.read(open.as_fd(), how)? {
                let mut polled = [PollFd::new(open.as_fd(), PollFlags::POLLIN)];
                if poll_until(&mut polled, deadline)? == 0 {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    /// Whether a receive would return without reading.
    pub(super) fn is_ready(&self) -> bool {
        self.incoming.is_ready()
    }

    pub(super) fn socket(&self) -> &Socket {
        &self.socket
    }

    pub(super) fn add_to(&self, ends: &mut Ends) {
        ends.add(Arc::clone(&self.socket) as Arc<dyn End>);
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.socket.open() {
            Ok(open) => write!(f, "{}", open.as_fd().as_raw_fd()),
            Err(_) => f.write_str("not passed"),
        }
    }
}
