//! [`pipe_one_way`]: the direction as a type. Python's `Pipe(duplex=False)`.

use std::fmt;
use std::io;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::ends::Ends;
use crate::ends::Pass;

use super::error::{PollError, RecvError, SendError};
use super::stream::Stream;
use super::wait::{Waitable, WaitsOn};

/// An end that receives, and one that sends. Python's `Pipe(duplex=False)`, in the same order.
///
/// # Errors
///
/// What the system says if there are too many open files.
pub fn pipe_one_way() -> io::Result<(Receiver, Sender)> {
    let (receiver, sender) = Stream::one_way()?;
    Ok((Receiver(receiver), Sender(sender)))
}

/// The end of a [`pipe_one_way`] that receives. It goes to a child as a
/// [`Connection`](super::Connection) does.
///
/// Dropping it closes it: whoever sends is told [`BrokenPipe`](SendError::BrokenPipe).
///
/// To send by it is not an `OSError` as in Python, it does not compile:
///
/// ```compile_fail,E0599
/// use multiprocess::connection::pipe_one_way;
///
/// let (mut receiver, _sender) = pipe_one_way().unwrap();
/// receiver.send(&1).unwrap();
/// ```
///
/// By the other end it does:
///
/// ```
/// use multiprocess::connection::pipe_one_way;
///
/// let (mut receiver, mut sender) = pipe_one_way().unwrap();
/// sender.send(&1).unwrap();
/// assert_eq!(receiver.recv::<i32>().unwrap(), 1);
/// ```
pub struct Receiver(Stream);

impl Receiver {
    /// As [`Connection::recv`](super::Connection::recv).
    ///
    /// # Errors
    ///
    /// [`RecvError`].
    pub fn recv<T: DeserializeOwned>(&mut self) -> Result<T, RecvError> {
        self.0.recv()
    }

    /// As [`Connection::recv_bytes`](super::Connection::recv_bytes).
    ///
    /// # Errors
    ///
    /// [`RecvError`].
    pub fn recv_bytes(&mut self) -> Result<Vec<u8>, RecvError> {
        self.0.recv_bytes()
    }

    /// As [`Connection::recv_bytes_into`](super::Connection::recv_bytes_into).
    ///
    /// # Errors
    ///
    /// [`RecvError`].
    pub fn recv_bytes_into(&mut self, buffer: &mut [u8]) -> Result<usize, RecvError> {
        self.0.recv_bytes_into(buffer)
    }

    /// As [`Connection::poll`](super::Connection::poll).
    ///
    /// # Errors
    ///
    /// [`PollError`].
    pub fn poll(&mut self, timeout: Duration) -> Result<bool, PollError> {
        self.0.poll(timeout)
    }
}

/// The end of a [`pipe_one_way`] that sends.
///
/// Dropping it closes it: whoever receives gets what was sent, and then [`Eof`](RecvError::Eof).
///
/// ```compile_fail,E0599
/// use multiprocess::connection::pipe_one_way;
///
/// let (_receiver, mut sender) = pipe_one_way().unwrap();
/// sender.recv::<i32>().unwrap();
/// ```
pub struct Sender(Stream);

impl Sender {
    /// As [`Connection::send`](super::Connection::send).
    ///
    /// # Errors
    ///
    /// [`SendError`].
    pub fn send<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), SendError> {
        self.0.send(value)
    }

    /// As [`Connection::send_bytes`](super::Connection::send_bytes).
    ///
    /// # Errors
    ///
    /// [`SendError`].
    pub fn send_bytes(&mut self, message: &[u8]) -> Result<(), SendError> {
        self.0.send_bytes(message)
    }
}

impl Pass for Receiver {
    fn ends(&self, ends: &mut Ends) {
        self.0.add_to(ends);
    }
}

impl Pass for Sender {
    fn ends(&self, ends: &mut Ends) {
        self.0.add_to(ends);
    }
}

impl Waitable for Receiver {
    fn waits_on(&self) -> WaitsOn<'_> {
        WaitsOn::stream(&self.0)
    }
}

impl fmt::Debug for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Receiver({:?})", self.0)
    }
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sender({:?})", self.0)
    }
}
