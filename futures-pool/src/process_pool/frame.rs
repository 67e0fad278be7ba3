//! Frames: messages in a stream of bytes. The length, eight bytes with the least first, then the message.

use std::io::{self, ErrorKind, Read};

/// How many bytes stand before each message.
pub const HEADER: usize = size_of::<u64>();

/// A buffer larger than this is given back before the next message.
const KEPT: usize = 1024 * 1024;

/// Appends a message, given in parts.
pub fn append(out: &mut Vec<u8>, parts: &[&[u8]]) {
    let len: usize = parts.iter().map(|part| part.len()).sum();
    out.extend_from_slice(&(len as u64).to_le_bytes());
    parts.iter().for_each(|part| out.extend_from_slice(part));
}

/// Appends the message that `write` appends. On an error, or a panic, some of it is there.
pub fn append_with<E>(
    out: &mut Vec<u8>,
    write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
) -> Result<(), E> {
    let begin = out.len();
    out.extend_from_slice(&[0; HEADER]);
    write(out)?;
    let len = (out.len() - begin - HEADER) as u64;
    out[begin..begin + HEADER].copy_from_slice(&len.to_le_bytes());
    Ok(())
}

/// Takes the first message off. `None` if there is none, or not all of it.
pub fn take<'b>(bytes: &mut &'b [u8]) -> Option<&'b [u8]> {
    let (header, rest) = bytes.split_first_chunk()?;
    let len = usize::try_from(u64::from_le_bytes(*header)).ok()?;
    let (message, rest) = rest.split_at_checked(len)?;
    *bytes = rest;
    Some(message)
}

/// Waits for the next message. It trusts no length: memory grows with what arrives, not with what a
/// header announces.
///
/// # Errors
///
/// What reading says, [`UnexpectedEof`](ErrorKind::UnexpectedEof) at the end, between messages or in one.
pub fn read(from: &mut impl Read, message: &mut Vec<u8>) -> io::Result<()> {
    let mut header = [0; HEADER];
    from.read_exact(&mut header)?;
    let len = u64::from_le_bytes(header);
    message.clear();
    if message.capacity() > KEPT {
        *message = Vec::new();
    }
    from.take(len).read_to_end(message)?;
    if message.len() as u64 == len {
        Ok(())
    } else {
        Err(ErrorKind::UnexpectedEof.into())
    }
}

#[cfg(test)]
mod tests {
    use super::{append, read, take};

    #[test]
    fn messages_come_back_and_a_length_is_not_believed() {
        let mut bytes = Vec::new();
        append(&mut bytes, &[b"one", b" ", b"two"]);
        append(&mut bytes, &[]);
        let mut rest = &*bytes;
        assert_eq!(take(&mut rest), Some(&b"one two"[..]));
        assert_eq!(take(&mut rest), Some(&b""[..]));
        assert_eq!(take(&mut rest), None);

        bytes.extend(u64::MAX.to_le_bytes());
        bytes.extend(b"not so much");
        let (mut from, mut message) = (&*bytes, Vec::new());
        read(&mut from, &mut message).unwrap();
        assert_eq!(message, b"one two");
        read(&mut from, &mut message).unwrap();
        assert_eq!(message, b"");
        assert!(read(&mut from, &mut message).is_err());
        assert!(read(&mut from, &mut message).is_err());
    }
}
