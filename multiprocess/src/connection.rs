//! [`pipe`]: two processes talk to each other in whole messages. Python's `multiprocessing.Pipe()`.
//!
//! - What is sent is a value of any type that serde can write and read, of any size. Python pickles.
//! - The end that a child was not given closes itself there (see [`ends`](crate::ends)), so a peer
//!   that is gone is an [end](RecvError::Eof), never a wait for ever.
//! - While a message is too large for the peer to take at once, [`send`](Connection::send) reads what
//!   the peer sends: two that send at the same time do not wait for each other, as they do in Python.
//! - An end that only reads or only writes is a type of its own: [`pipe_one_way`].
//!
//! To copy: this file and its folder, `descriptor.rs`, `ends.rs`, `frame.rs`. Needs: nix (`fs`, `poll`,
//! `signal`, `socket`), serde, postcard.

mod error;
mod one_way;
mod socket;
mod stream;
mod wait;

use std::fmt;
use std::io;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::ends::Ends;
use crate::ends::Pass;

pub use error::{PollError, RecvError, SendError};
pub use one_way::{Receiver, Sender, pipe_one_way};
pub use wait::{Waitable, WaitsOn, wait};

use stream::Stream;

/// Two ends; what goes into one comes out of the other, both ways. Python's `Pipe()`.
///
/// # Errors
///
/// What the system says if there are too many open files.
pub fn pipe() -> io::Result<(Connection, Connection)> {
    let (one, other) = Stream::pair()?;
    Ok((Connection(one), Connection(other)))
}

/// One end of a [`pipe`]. Python's `Connection`.
///
/// It is given to a child as an argument, and is then the child's: the parent's copy closes when the
/// arguments are dropped. There is one of it, and no clone: two readers would each get pieces of
/// messages. Dropping it closes it.
///
/// ```
/// use multiprocess::connection::{RecvError, pipe};
/// use multiprocess::ends::Ends;
/// use multiprocess::fork::fork;
///
/// let (mut ours, mut theirs) = pipe()?;
/// // As `Process` does it.
/// let passed = Ends::of(&theirs);
/// let child = fork(|| {
///     passed.keep_only_these();
///     theirs.send("hello").is_err().into()
/// })?;
/// drop((passed, theirs)); // it is the child's
///
/// assert_eq!(ours.recv::<String>()?, "hello");
/// assert!(matches!(ours.recv::<String>(), Err(RecvError::Eof)));
/// nix::sys::wait::waitpid(child, None)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// To use it after it is closed is not an `OSError` as in Python, it does not compile:
///
/// ```compile_fail,E0382
/// let (mut ours, mut theirs) = multiprocess::connection::pipe().unwrap();
/// drop(ours);
/// ours.send(&1);
/// ```
///
/// The peer's use is an error:
///
/// ```
/// let (mut ours, mut theirs) = multiprocess::connection::pipe().unwrap();
/// drop(ours);
/// assert!(theirs.send(&1).is_err());
/// ```
pub struct Connection(Stream);

impl Connection {
    /// Sends a value. Python's `send(obj)`.
    ///
    /// It returns when the system has taken all of it; the peer need not have read it. While it waits
    /// for room it reads what the peer sends, for later calls of [`recv`](Self::recv). **Memory:** up to
    /// four times what the peer sends meanwhile, which it may do without end, and this message once in
    /// encoded form.
    ///
    /// # Errors
    ///
    /// [`SendError`]. On [`Encode`](SendError::Encode) nothing was sent.
    pub fn send<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), SendError> {
        self.0.send(value)
    }

    /// Sends bytes as they are, to be read with [`recv_bytes`](Self::recv_bytes). Python's
    /// `send_bytes`; its `offset` and `size` are a slice here: `&buffer[offset..][..size]`.
    ///
    /// # Errors
    ///
    /// [`SendError`], but never [`Encode`](SendError::Encode).
    pub fn send_bytes(&mut self, message: &[u8]) -> Result<(), SendError> {
        self.0.send_bytes(message)
    }

    /// Waits for a value and takes it. Python's `recv()`.
    ///
    /// It must be read as the type that it was sent as; that is for the two sides to agree upon. What
    /// does not decode as a `T` is an error, but other bytes may happen to.
    ///
    /// # Errors
    ///
    /// [`RecvError`]. [`Decode`](RecvError::Decode) costs this message, the next one is whole.
    pub fn recv<T: DeserializeOwned>(&mut self) -> Result<T, RecvError> {
        self.0.recv()
    }

    /// Waits for a message and takes it as bytes. Python's `recv_bytes()`.
    ///
    /// # Errors
    ///
    /// [`RecvError`], but never [`Decode`](RecvError::Decode).
    pub fn recv_bytes(&mut self) -> Result<Vec<u8>, RecvError> {
        self.0.recv_bytes()
    }

    /// Waits for a message, takes it into the beginning of `buffer`, and returns its length. Python's
    /// `recv_bytes_into`.
    ///
    /// # Errors
    ///
    /// [`RecvError`]. After [`TooShort`](RecvError::TooShort) the message is still there.
    pub fn recv_bytes_into(&mut self, buffer: &mut [u8]) -> Result<usize, RecvError> {
        self.0.recv_bytes_into(buffer)
    }

    /// Whether a receive would return at once: with a message, all of which is there, or with
    /// [`Eof`](RecvError::Eof). It waits for that for at most `timeout` and takes no message. Python's
    /// `poll(timeout)`, which also says true when only a part is there.
    ///
    /// A zero timeout only looks; `Duration::MAX` waits for ever.
    ///
    /// # Errors
    ///
    /// [`PollError`].
    pub fn poll(&mut self, timeout: Duration) -> Result<bool, PollError> {
        self.0.poll(timeout)
    }
}

impl Pass for Connection {
    fn ends(&self, ends: &mut Ends) {
        self.0.add_to(ends);
    }
}

impl Waitable for Connection {
    fn waits_on(&self) -> WaitsOn<'_> {
        WaitsOn::stream(&self.0)
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Connection({:?})", self.0)
    }
}
