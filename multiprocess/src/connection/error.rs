//! What can go wrong with a connection.

use std::error::Error;
use std::fmt;
use std::io;

/// Why a message was not sent.
#[derive(Debug)]
pub enum SendError {
    /// The value's `Serialize` failed. Nothing was sent.
    Encode(postcard::Error),
    /// The peer is gone. Python's `BrokenPipeError`.
    BrokenPipe,
    /// This process is a child that was not given this end: its function captured it, instead of
    /// having it as an argument.
    NotPassed,
    /// The system failed. If a part of the message was sent, nothing more can be.
    Io(io::Error),
}

/// Why there is no message.
#[derive(Debug)]
pub enum RecvError {
    /// The peer is gone, and all it sent has been received. Python's `EOFError`.
    Eof,
    /// The peer went, or was killed, in the middle of a message. Python's `OSError`.
    UnexpectedEof,
    /// The message is not a value of that type. It is lost; the next one is whole.
    Decode(postcard::Error),
    /// The message is longer than the buffer, and still there. Python's `BufferTooShort`.
    TooShort {
        /// The message's length.
        len: usize,
    },
    /// This process is a child that was not given this end: its function captured it, instead of
    /// having it as an argument.
    NotPassed,
    /// The system failed.
    Io(io::Error),
}

/// Why it is not known whether there is a message.
#[derive(Debug)]
pub enum PollError {
    /// This process is a child that was not given this end: its function captured it, instead of
    /// having it as an argument.
    NotPassed,
    /// The system failed.
    Io(io::Error),
}

/// What all of them have in common.
#[derive(Debug)]
pub(super) enum Failure {
    NotPassed,
    Io(io::Error),
}

const NOT_PASSED: &str = "this process was not given the end: make it an argument of the child";

macro_rules! failures {
    ($($error:ident)*) => {$(
        impl From<Failure> for $error {
            fn from(failure: Failure) -> Self {
                match failure {
                    Failure::NotPassed => Self::NotPassed,
                    Failure::Io(error) => Self::Io(error),
                }
            }
        }
    )*};
}

failures!(SendError RecvError PollError);

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Encode(error) => write!(f, "cannot encode the message: {error}"),
            Self::BrokenPipe => f.write_str("the peer is gone"),
            Self::NotPassed => f.write_str(NOT_PASSED),
            Self::Io(error) => write!(f, "cannot send: {error}"),
        }
    }
}

impl fmt::Display for RecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Eof => f.write_str("the peer is gone: there are no more messages"),
            Self::UnexpectedEof => f.write_str("the peer went in the middle of a message"),
            Self::Decode(error) => write!(f, "the message is not of the type expected: {error}"),
            Self::TooShort { len } => write!(f, "the buffer is too short for {len} bytes"),
            Self::NotPassed => f.write_str(NOT_PASSED),
            Self::Io(error) => write!(f, "cannot receive: {error}"),
        }
    }
}

impl fmt::Display for PollError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotPassed => f.write_str(NOT_PASSED),
            Self::Io(error) => write!(f, "cannot wait: {error}"),
        }
    }
}

impl Error for SendError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Encode(error) => Some(error),
            Self::Io(error) => Some(error),
            Self::BrokenPipe | Self::NotPassed => None,
        }
    }
}

impl Error for RecvError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Decode(error) => Some(error),
            Self::Io(error) => Some(error),
            Self::Eof | Self::UnexpectedEof | Self::TooShort { .. } | Self::NotPassed => None,
        }
    }
}

impl Error for PollError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::NotPassed => None,
            Self::Io(error) => Some(error),
        }
    }
}
