//! [`wait`]: for the first of several. Python's `multiprocessing.connection.wait`.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::time::TimeSpec;

use super::error::{Failure, PollError};
use super::socket::Open;
use super::stream::Stream;

/// What [`wait`] can wait for: an end that receives, a descriptor such as a process's sentinel, or a
/// type of your own.
pub trait Waitable {
    /// What is ready when this is.
    fn waits_on(&self) -> WaitsOn<'_>;
}

/// See [`Waitable`].
pub struct WaitsOn<'a>(Kind<'a>);

enum Kind<'a> {
    Stream(&'a Stream),
    Fd(BorrowedFd<'a>),
}

impl<'a> WaitsOn<'a> {
    /// Ready when this descriptor can be read from, or has come to its end.
    pub fn fd(fd: BorrowedFd<'a>) -> Self {
        Self(Kind::Fd(fd))
    }

    pub(super) fn stream(stream: &'a Stream) -> Self {
        Self(Kind::Stream(stream))
    }
}

impl Waitable for OwnedFd {
    fn waits_on(&self) -> WaitsOn<'_> {
        WaitsOn::fd(self.as_fd())
    }
}

impl Waitable for BorrowedFd<'_> {
    fn waits_on(&self) -> WaitsOn<'_> {
        WaitsOn::fd(*self)
    }
}

/// Waits for at most `timeout` until some of `sources` are ready, and returns the indices of all that
/// are, in order; none at the timeout, or if there are no sources. Nothing is read.
///
/// An end is ready when there is a message, or the first part of one, or when its peer is gone. A
/// sentinel is ready when the process has ended. A zero timeout only looks; `Duration::MAX` waits for
/// ever.
///
/// # Errors
///
/// [`PollError`].
pub fn wait(sources: &[&dyn Waitable], timeout: Duration) -> Result<Vec<usize>, PollError> {
    if sources.is_empty() {
        return Ok(Vec::new());
    }
    let mut deadline = Instant::now().checked_add(timeout);
    let sources: Vec<_> = sources.iter().map(|source| source.waits_on().0).collect();
    // They stay open while they are waited for.
    let open: Result<Vec<Option<Open<'_>>>, _> = sources.iter().map(Kind::open).collect();
    let open = open?;
    let fds = sources
        .iter()
        .zip(&open)
        .map(|(source, open)| match source {
            Kind::Fd(fd) => *fd,
            Kind::Stream(_) => open.as_ref().expect("`open` opened it").as_fd(),
        });
    let mut polled: Vec<_> = fds.map(|fd| PollFd::new(fd, PollFlags::POLLIN)).collect();
    if sources.iter().any(Kind::is_ready) {
        deadline = Some(Instant::now()); // but which of the others are?
    }
    poll_until(&mut polled, deadline)?;
    let ready = |(index, source): (usize, &Kind<'_>)| {
        (polled[index].any() != Some(false) || source.is_ready()).then_some(index)
    };
    Ok(sources.iter().enumerate().filter_map(ready).collect())
}

impl<'a> Kind<'a> {
    fn open(&self) -> Result<Option<Open<'a>>, PollError> {
        match self {
            Self::Stream(stream) => Ok(Some(stream.socket().open()?)),
            Self::Fd(_) => Ok(None),
        }
    }

    /// Whether nothing need come for it.
    fn is_ready(&self) -> bool {
        matches!(self, Self::Stream(stream) if stream.is_ready())
    }
}

/// `poll`, with a deadline that signals do not move; `None` is never. How many are ready.
pub(super) fn poll_until(
    polled: &mut [PollFd<'_>],
    deadline: Option<Instant>,
) -> Result<usize, Failure> {
    /// A time that every system's clock can hold.
    const DAY: Duration = Duration::from_secs(24 * 60 * 60);
    loop {
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let time = left.map(|left| TimeSpec::from_duration(left.min(DAY)));
        match ppoll(polled, time, None) {
            Ok(0) if left.is_some_and(|left| left > DAY) => {}
            Ok(count) => return Ok(usize::try_from(count).unwrap_or(0)),
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(Failure::Io(errno.into())),
        }
    }
}
