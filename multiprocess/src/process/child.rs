//! A started process, for whoever wants to ask or to wait, and the list of them.

use std::fmt;
use std::io;
use std::mem;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use nix::sys::wait::waitpid;
use nix::unistd::Pid;

use super::error::ChildError;
use super::inside::Birth;
use super::{is_this, pidfd};
use crate::ends::End;
use crate::ends::register;
use crate::in_child::Hold;
use crate::pidfd::open;

/// The exit code of a process that others reaped: somebody waited for every child (`waitpid(-1)`), or
/// `SIGCHLD` is ignored.
pub const UNKNOWN: i32 = 255;

/// A started process. It belongs to the process that started it; every thread there may use it. Clones
/// are the same process. Other than for the [`Process`](super::Process), nothing happens on drop.
#[derive(Clone)]
pub struct Child(Arc<Inner>);

struct Inner {
    name: Arc<str>,
    pid: Pid,
    daemon: bool,
    /// Who started it.
    parent: Pid,
    state: Mutex<State>,
}

struct State {
    /// `None` in a process that was forked from the parent. There it would only take a place.
    pidfd: Option<Arc<OwnedFd>>,
    /// A daemon's. `None` likewise, and once the daemon is reaped.
    hold: Option<Hold>,
    /// `None` before it was reaped. Who sets it also takes the child off the list.
    exit_code: Option<i32>,
}

/// Those that are not reaped. The child of a fork has a copy.
static CHILDREN: Mutex<Vec<Child>> = Mutex::new(Vec::new());

impl Child {
    /// For a child just forked. If there is no pidfd to be had it is killed.
    pub(super) fn new(pid: Pid, birth: Birth, hold: Option<Hold>) -> io::Result<Self> {
        let opened = open(pid);
        let (pidfd, exit_code) = match opened {
            Ok(pidfd) => (Some(Arc::new(pidfd)), None),
            // Only where `SIGCHLD` is ignored can it be gone.
            Err(error) if error.raw_os_error() == Some(libc::ESRCH) => (None, Some(UNKNOWN)),
            Err(error) => {
                // Nobody has waited for it, so the number is its own.
                let _ = nix::sys::signal::kill(pid, Signal::SIGKILL);
                while waitpid(pid, None) == Err(nix::errno::Errno::EINTR) {}
                return Err(error);
            }
        };
        let inner = Arc::new(Inner {
            name: birth.name,
            pid,
            daemon: birth.daemon,
            parent: birth.parent,
            state: Mutex::new(State {
                pidfd,
                hold,
                exit_code,
            }),
        });
        let end: Weak<dyn End> = Arc::<Inner>::downgrade(&inner);
        register(end);
        let child = Self(inner);
        if exit_code.is_none() {
            children().push(child.clone());
        }
        Ok(child)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Its number, which another process may have once this one has ended and was waited for.
    pub fn pid(&self) -> Pid {
        self.0.pid
    }

    /// Whether it ends with its parent.
    pub fn is_daemon(&self) -> bool {
        self.0.daemon
    }

    /// Waits until it has ended; its exit code, as [`exit_code`](Self::exit_code) says it. It can be
    /// called again, and by several threads.
    ///
    /// # Errors
    ///
    /// [`ChildError::NotParent`]; [`ChildError::System`] if the system has no memory to wait.
    pub fn join(&self) -> Result<i32, ChildError> {
        loop {
            // Without a deadline it returns at the end only.
            if let Some(code) = self.wait(None)? {
                return Ok(code);
            }
        }
    }

    /// Waits until it has ended, but no longer than `timeout`: its exit code, or `None` if it runs
    /// still. Python's `join(timeout)`.
    ///
    /// # Errors
    ///
    /// As [`join`](Self::join).
    pub fn join_timeout(&self, timeout: Duration) -> Result<Option<i32>, ChildError> {
        // Later than the clock can tell is never.
        match Instant::now().checked_add(timeout) {
            Some(deadline) => self.wait(Some(deadline)),
            None => self.join().map(Some),
        }
    }

    fn wait(&self, deadline: Option<Instant>) -> Result<Option<i32>, ChildError> {
        if let Some(code) = self.poll()? {
            return Ok(Some(code));
        }
        let pidfd = self.sentinel()?;
        match deadline {
            Some(_) => pidfd::wait(pidfd.as_fd(), deadline)?,
            None => pidfd::wait_for_child(pidfd.as_fd())?,
        }
        self.poll()
    }

    /// Whether it has not ended.
    ///
    /// # Panics
    ///
    /// In another process than the one that started it (Python: `AssertionError`).
    pub fn is_alive(&self) -> bool {
        match self.poll() {
            Ok(code) => code.is_none(),
            Err(error) => panic!("{error}"),
        }
    }

    /// Its exit code; a signal that killed it as a negative number, -15 for `SIGTERM`; [`UNKNOWN`] in
    /// the cases named there. `None` if it runs still, and in another process than the one that
    /// started it.
    pub fn exit_code(&self) -> Option<i32> {
        self.poll().unwrap_or(None)
    }

    /// Asks it to end, with `SIGTERM`. Nothing happens if it has ended: its number may be another
    /// one's, but is not used.
    ///
    /// # Errors
    ///
    /// [`ChildError::NotParent`]; [`ChildError::System`] if it has become another user's.
    pub fn terminate(&self) -> Result<(), ChildError> {
        self.send(Signal::SIGTERM)
    }

    /// Ends it, with `SIGKILL`. Otherwise like [`terminate`](Self::terminate).
    ///
    /// # Errors
    ///
    /// As [`terminate`](Self::terminate).
    pub fn kill(&self) -> Result<(), ChildError> {
        self.send(Signal::SIGKILL)
    }

    fn send(&self, signal: Signal) -> Result<(), ChildError> {
        if self.poll()?.is_some() {
            return Ok(());
        }
        match pidfd::send(self.sentinel()?.as_fd(), signal as i32) {
            Err(error) if error.raw_os_error() != Some(libc::ESRCH) => Err(error.into()),
            _ => Ok(()), // it has ended meanwhile
        }
    }

    /// A descriptor that can be polled together with others: it is readable when the process has ended.
    ///
    /// # Errors
    ///
    /// [`ChildError::NotParent`]; [`ChildError::System`] if there is none: `SIGCHLD` is ignored, and it
    /// ended at once.
    pub fn sentinel(&self) -> Result<Sentinel, ChildError> {
        let pidfd = self.0.state().pidfd.clone();
        pidfd.map(Sentinel).ok_or_else(|| {
            if is_this(self.0.parent) {
                ChildError::System(nix::errno::Errno::ESRCH.into())
            } else {
                ChildError::NotParent
            }
        })
    }

    /// The exit code if it has ended. Then it is no zombie any more.
    fn poll(&self) -> Result<Option<i32>, ChildError> {
        if !is_this(self.0.parent) {
            return Err(ChildError::NotParent);
        }
        let mut state = self.0.state();
        // The lock is held meanwhile, so that no other thread finds it reaped and no code.
        let code = match (state.exit_code, &state.pidfd) {
            (None, Some(pidfd)) => match pidfd::reap(pidfd.as_fd()) {
                Ok(None) => return Ok(None),
                Ok(Some(code)) => code,
                Err(_) => UNKNOWN,
            },
            (code, _) => return Ok(code),
        };
        state.exit_code = Some(code);
        state.hold = None;
        drop(state);
        children().retain(|child| !Arc::ptr_eq(&child.0, &self.0));
        Ok(Some(code))
    }
}

impl fmt::Debug for Child {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = f.debug_struct("Child");
        text.field("name", &self.name());
        text.field("pid", &self.pid().as_raw());
        text.field("exit_code", &self.0.state().exit_code);
        text.finish()
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The number of descriptors in a child does not grow with that of its siblings.
impl End for Inner {
    fn close_in_child(&self) {
        let mut state = self.state();
        state.pidfd = None;
        state.hold = None;
    }
}

/// Readable when a process has ended. It can be polled also by who did not start the process, and after
/// the [`Process`](super::Process) is gone. A clone is the same descriptor, which is closed when the last
/// clone, `Process` and [`Child`] are dropped; the process does not notice.
#[derive(Clone, Debug)]
pub struct Sentinel(Arc<OwnedFd>);

impl AsFd for Sentinel {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// The children of this process that have not ended, in the order of their start.
pub fn active_children() -> Vec<Child> {
    reap_ended();
    let mut children = children().clone();
    children.retain(|child| is_this(child.0.parent));
    children
}

/// Reaps those that have ended, so that there are no zombies of handles that were forgotten.
#[inline]
pub(super) fn reap_ended() {
    // One call for all, since most times none has.
    if children().is_empty() || !pidfd::any_child_has_ended() {
        return;
    }
    let known = children().clone(); // `poll` takes the lock
    for child in known {
        let _ = child.poll(); // not this process's: then there is nothing to reap
    }
}

/// In the child of a fork: the parent's children are not its own.
#[inline]
pub(super) fn forget_all() {
    // Dropping them would write to memory that is shared with the parent so far.
    mem::forget(mem::take(&mut *children()));
}

#[inline]
fn children() -> MutexGuard<'static, Vec<Child>> {
    CHILDREN.lock().unwrap_or_else(PoisonError::into_inner)
}
