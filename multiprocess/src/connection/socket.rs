//! The socket of an end, for as long as this process has it.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use nix::sys::socket::{AddressFamily, SockFlag, SockType, socketpair};

use crate::descriptor::above_stdio;
use crate::ends;
use crate::ends::End;

use super::error::Failure;

/// The descriptor. It is gone in a child that was not given it, and then nothing can reach what else
/// has its number there. Whoever uses the number holds the lock for reading.
#[derive(Debug)]
pub(super) struct Socket(RwLock<Option<OwnedFd>>);

impl Socket {
    /// Two that are connected. Close-on-exec: a program that is started has no use for them.
    pub(super) fn pair() -> io::Result<(OwnedFd, OwnedFd)> {
        let (unix, stream) = (AddressFamily::Unix, SockType::Stream);
        let (one, other) = socketpair(unix, stream, None, SockFlag::SOCK_CLOEXEC)?;
        Ok((above_stdio(one)?, above_stdio(other)?))
    }

    /// Registers an end.
    pub(super) fn new(socket: OwnedFd) -> Arc<Self> {
        let socket = Arc::new(Self(RwLock::new(Some(socket))));
        let weak = Arc::downgrade(&socket);
        ends::register(weak);
        socket
    }

    /// Closes it. The end of its owner has to, since the last `Arc` may never go: in a child, a frame of
    /// the parent's that will not be returned to can have one.
    pub(super) fn close(&self) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    pub(super) fn open(&self) -> Result<Open<'_>, Failure> {
        let open = self.0.read().unwrap_or_else(PoisonError::into_inner);
        match *open {
            Some(_) => Ok(Open(open)),
            None => Err(Failure::NotPassed),
        }
    }
}

impl End for Socket {
    fn close_in_child(&self) {
        self.close();
    }
}

/// A descriptor that is open for as long as this is there.
pub(super) struct Open<'a>(RwLockReadGuard<'a, Option<OwnedFd>>);

impl AsFd for Open<'_> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_ref().expect("`open` has looked").as_fd()
    }
}
