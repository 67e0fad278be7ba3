//! Messages in a stream of bytes: the length, eight bytes with the least first, then the message.
//!
//! To copy: this file. Needs: serde, postcard.

use serde::Serialize;

/// How many bytes stand before each message.
pub const HEADER: usize = size_of::<u64>();

/// How much is read at once, at first. Each end has such a buffer once it has received something, and
/// a larger one only after larger messages.
const CHUNK: usize = 8 * 1024;

/// A buffer larger than this is given back once it is empty.
const KEPT: usize = 1024 * 1024;

/// Empties a buffer for the next message. Its memory is kept, unless it is much.
pub fn clear(buffer: &mut Vec<u8>) {
    buffer.clear();
    if buffer.capacity() > KEPT {
        *buffer = Vec::new();
    }
}

/// Appends the frame of a message to `out`. On an error nothing is appended.
///
/// # Errors
///
/// What the value's `Serialize` says.
pub fn append<T: Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) -> Result<(), postcard::Error> {
    let begin = out.len();
    out.extend_from_slice(&[0; HEADER]);
    let appended = postcard::to_io(value, &mut *out).map(drop);
    match appended {
        Ok(()) => seal(out, begin),
        Err(_) => out.truncate(begin),
    }
    appended
}

/// Appends the frame of a message that is bytes already.
pub fn append_bytes(out: &mut Vec<u8>, message: &[u8]) {
    append_parts(out, &[message]);
}

/// Appends the frame of a message that is bytes already, in several places.
pub fn append_parts(out: &mut Vec<u8>, parts: &[&[u8]]) {
    let begin = out.len();
    out.extend_from_slice(&[0; HEADER]);
    parts.iter().for_each(|part| out.extend_from_slice(part));
    seal(out, begin);
}

/// Writes the header of the frame that begins at `begin` and ends where `out` does.
fn seal(out: &mut [u8], begin: usize) {
    let len = out.len() - begin - HEADER;
    out[begin..begin + HEADER].copy_from_slice(&header(len));
}

/// What stands before a message of so many bytes.
pub fn header(len: usize) -> [u8; HEADER] {
    (len as u64).to_le_bytes()
}

/// Cuts what was read into messages. It trusts no length: memory grows with what has arrived, not
/// with what a header announces. It is never more than 1 MiB, or four times the most that was read
/// and not yet taken, if that is more.
#[derive(Debug, Default)]
pub struct Decoder {
    /// Only `begin..end` is read and not yet taken.
    buffer: Vec<u8>,
    begin: usize,
    end: usize,
}

impl Decoder {
    /// One that has read nothing.
    pub const fn new() -> Self {
        Self {
            buffer: Vec::new(),
            begin: 0,
            end: 0,
        }
    }

    /// Where to read to; never empty. Afterwards say how much came: [`advance`](Self::advance).
    pub fn space(&mut self) -> &mut [u8] {
        self.begin_anew_if_empty();
        if self.buffer.len() - self.end < CHUNK / 2 {
            if self.end - self.begin < self.begin {
                // Less is moved than was taken since the last time, so all the moving together
                // costs no more than the reading. And it makes room: half the buffer.
                self.buffer.copy_within(self.begin..self.end, 0);
                (self.begin, self.end) = (0, self.end - self.begin);
            } else {
                let len = self.buffer.len();
                self.buffer.resize((2 * len).max(CHUNK), 0);
            }
        }
        &mut self.buffer[self.end..]
    }

    fn begin_anew_if_empty(&mut self) {
        if self.begin == self.end {
            (self.begin, self.end) = (0, 0);
            if self.buffer.len() > KEPT {
                self.buffer = Vec::new(); // a large message has gone through
            }
        }
    }

    /// So many bytes were read.
    ///
    /// # Panics
    ///
    /// If there was not so much space.
    pub fn advance(&mut self, read: usize) {
        assert!(
            read <= self.buffer.len() - self.end,
            "more than there was space"
        );
        self.end += read;
    }

    /// Takes the next message, if all of it has come.
    #[allow(clippy::should_implement_trait)] // what it returns is borrowed
    pub fn next(&mut self) -> Option<&[u8]> {
        let Some(len) = self.peek().map(<[u8]>::len) else {
            self.begin_anew_if_empty();
            return None;
        };
        let message = self.begin + HEADER;
        self.begin = message + len;
        Some(&self.buffer[message..self.begin])
    }

    /// Shows the next message, if all of it has come, and leaves it there.
    pub fn peek(&self) -> Option<&[u8]> {
        let unread = &self.buffer[self.begin..self.end];
        let (header, rest) = unread.split_first_chunk()?;
        let len = usize::try_from(u64::from_le_bytes(*header)).ok()?;
        rest.get(..len)
    }

    /// Whether a part of a message has come. At the end of the stream that is a message cut off.
    pub fn is_in_message(&self) -> bool {
        self.begin < self.end
    }
}
