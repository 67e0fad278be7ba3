//! The messages, and how bytes leave and arrive.
//!
//! | from → to | message |
//! |---|---|
//! | parent → broker | a task: ticket, function (8 bytes), arguments. Nothing: no task comes any more |
//! | broker → worker | epoch (4 bytes), then the task as it came |
//! | worker → broker, through [`Shared`](super::shared::Shared) | ticket, [`RESULTS`], results |
//! | worker → broker, through the socket | a byte: look there |
//! | broker → parent | a worker's message as it came; or ticket, one of the other kinds, details |
//!
//! Arguments and results are *items*: each a frame of its own, of a tag and what the tag says. An
//! argument that cannot be encoded travels as the reason, and comes back as that item's result; so
//! every item of a task has exactly one result, in order.

use std::os::fd::AsRawFd;

use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, recv, send};

use crate::frame;
use crate::frame::Decoder;
use crate::frame::HEADER;

/// Kind of a message to the parent: what a worker made of the task.
pub const RESULTS: u8 = 0;
/// The task's worker died: pid and wait status follow.
pub const DIED: u8 = 1;
/// All workers were started.
pub const STARTED: u8 = 2;
/// They were not: the error's number follows. The last message.
pub const NOT_STARTED: u8 = 3;
/// Worker after worker died before it had done anything: the last one's wait status follows. The
/// last message.
pub const DYING: u8 = 4;
/// The system does not let the broker go on: the error's number follows. The last message.
pub const REFUSED: u8 = 5;

/// Tag of an item: the value follows.
pub const VALUE: u8 = 0;
/// The argument could not be encoded or decoded: a text follows.
pub const ARGUMENT: u8 = 1;
/// The function panicked: message and place follow.
pub const PANIC: u8 = 2;
/// The result could not be encoded: a text follows.
pub const RESULT: u8 = 3;
/// The function is not known in the worker.
pub const FUNCTION: u8 = 4;

/// Whose a task is: a call's number, and which part of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ticket {
    pub job: u64,
    pub index: u64,
}

impl Ticket {
    pub fn to_bytes(self) -> [u8; 16] {
        (u128::from(self.index) << 64 | u128::from(self.job)).to_le_bytes()
    }

    pub fn take(message: &mut &[u8]) -> Option<Self> {
        let both = u128::from_le_bytes(take(message)?);
        let (job, index) = (both as u64, (both >> 64) as u64);
        Some(Self { job, index })
    }
}

/// The first bytes of a message, which is shorter afterwards.
pub fn take<const N: usize>(message: &mut &[u8]) -> Option<[u8; N]> {
    let (first, rest) = message.split_first_chunk()?;
    *message = rest;
    Some(*first)
}

/// The items of a message: tag, and what follows it.
pub fn items(mut message: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    std::iter::from_fn(move || {
        let len = u64::from_le_bytes(take::<HEADER>(&mut message)?) as usize;
        let (item, rest) = message.split_at_checked(len)?;
        message = rest;
        let (tag, value) = item.split_first()?;
        Some((*tag, value))
    })
}

/// What has not been sent yet. A frame that is partly sent is never cut off: it is sent or the
/// other side is gone.
#[derive(Debug, Default)]
pub struct Outgoing {
    bytes: Vec<u8>,
    sent: usize,
}

impl Outgoing {
    pub fn len(&self) -> usize {
        self.bytes.len() - self.sent
    }

    /// One more message, given in parts.
    pub fn push(&mut self, parts: &[&[u8]]) {
        if self.sent > self.bytes.len() / 2 {
            self.bytes.drain(..self.sent);
            self.sent = 0;
        }
        frame::append_parts(&mut self.bytes, parts);
    }

    /// Sends as much as there is room for, without waiting. An error: nobody will read it.
    pub fn send(&mut self, socket: &impl AsRawFd) -> Result<(), Errno> {
        while self.len() > 0 {
            let flags = MsgFlags::MSG_NOSIGNAL | MsgFlags::MSG_DONTWAIT;
            match send(socket.as_raw_fd(), &self.bytes[self.sent..], flags) {
                Ok(sent) => self.sent += sent,
                Err(Errno::EAGAIN) => break,
                Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno),
            }
        }
        if self.len() == 0 {
            frame::clear(&mut self.bytes);
            self.sent = 0;
        }
        Ok(())
    }
}

/// What a look at a socket found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Read {
    Some,
    NothingYet,
    End,
}

/// Reads once, without waiting.
pub fn read(socket: &impl AsRawFd, into: &mut Decoder) -> Read {
    loop {
        let flags = MsgFlags::MSG_DONTWAIT;
        match recv(socket.as_raw_fd(), into.space(), flags) {
            Ok(0) => return Read::End,
            Ok(read) => {
                into.advance(read);
                return Read::Some;
            }
            Err(Errno::EAGAIN) => return Read::NothingYet,
            Err(Errno::EINTR) => {}
            // The other side went with something of ours unread. It is said once; what it had sent
            // can still be read.
            Err(Errno::ECONNRESET) => {}
            Err(_) => return Read::End,
        }
    }
}

/// Wakes the broker. If there is no room for the byte, there are enough of them.
pub fn wake(socket: &impl AsRawFd) {
    let flags = MsgFlags::MSG_NOSIGNAL | MsgFlags::MSG_DONTWAIT;
    let _ = send(socket.as_raw_fd(), &[0], flags);
}

/// Takes the bytes that [`wake`] sent.
pub fn take_wakes(socket: &impl AsRawFd) {
    let _ = recv(socket.as_raw_fd(), &mut [0; 512], MsgFlags::MSG_DONTWAIT);
}
