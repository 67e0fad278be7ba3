//! What a process knows of itself and of its parent, and how a child begins.

use std::io;
use std::mem;
use std::os::fd::AsFd;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use nix::unistd::{Pid, getpid, getppid};

use super::pidfd;
use crate::in_child;
use crate::pidfd::open;

/// A process about itself. Python's `current_process()`.
#[derive(Clone, Debug)]
pub struct Current {
    name: Arc<str>,
}

impl Current {
    /// Its name: that of the [`Builder`](super::Builder), or `MainProcess`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its number.
    pub fn pid(&self) -> Pid {
        getpid()
    }

    /// Whether it ends with its parent, as a daemon does and a pool's worker.
    pub fn is_daemon(&self) -> bool {
        in_child::is_daemon()
    }
}

/// A process about the one that started it. Python's `parent_process()`.
#[derive(Clone, Debug)]
pub struct Parent {
    name: Arc<str>,
    pid: Pid,
    child: Pid,
}

impl Parent {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its number, which another process may have when it is gone.
    pub fn pid(&self) -> Pid {
        self.pid
    }

    /// Whether it is there still. A daemon hardly sees that it is not.
    ///
    /// # Panics
    ///
    /// In a process that is not the one that asked for its [`parent`], but was forked from it.
    pub fn is_alive(&self) -> bool {
        assert!(super::is_this(self.child), "this is another one's parent");
        getppid() == self.pid
    }

    /// Waits until it has ended.
    ///
    /// # Errors
    ///
    /// What the system says if there is no descriptor left.
    ///
    /// # Panics
    ///
    /// As [`is_alive`](Self::is_alive).
    pub fn join(&self) -> io::Result<()> {
        self.wait(None)
    }

    /// Waits until it has ended, but no longer than `timeout`; whether it has.
    ///
    /// # Errors
    ///
    /// As [`join`](Self::join).
    ///
    /// # Panics
    ///
    /// As [`is_alive`](Self::is_alive).
    pub fn join_timeout(&self, timeout: Duration) -> io::Result<bool> {
        self.wait(Instant::now().checked_add(timeout))?;
        Ok(!self.is_alive())
    }

    fn wait(&self, deadline: Option<Instant>) -> io::Result<()> {
        if !self.is_alive() {
            return Ok(());
        }
        let pidfd = open(self.pid);
        // Only if it is alive now was its number its own.
        if !self.is_alive() {
            return Ok(());
        }
        pidfd::wait(pidfd?.as_fd(), deadline)
    }
}

/// This process.
pub fn current() -> Current {
    this().current.clone()
}

/// The process that started this one; `None` if it is no [`Process`](super::Process).
pub fn parent() -> Option<Parent> {
    let parent = this().parent.clone();
    parent.filter(|parent| super::is_this(parent.child))
}

/// What a process knows of itself. The child of a fork has a copy.
struct This {
    current: Current,
    parent: Option<Parent>,
    /// The numbers in the names of its children: which child of which child.
    identity: String,
    /// How many processes it has started.
    started: u64,
}

#[inline]
fn this() -> MutexGuard<'static, This> {
    static THIS: LazyLock<Mutex<This>> = LazyLock::new(|| {
        Mutex::new(This {
            current: Current {
                name: "MainProcess".into(),
            },
            parent: None,
            identity: String::new(),
            started: 0,
        })
    });
    THIS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a process is to be, decided before the fork.
pub(super) struct Birth {
    pub name: Arc<str>,
    pub daemon: bool,
    pub parent: Pid,
    parent_name: Arc<str>,
    identity: String,
}

impl Birth {
    /// `None` if a daemon is to have a child that is none.
    pub fn new(name: Option<String>, daemon: Option<bool>) -> Option<Self> {
        let mut this = this();
        let daemon = daemon.unwrap_or_else(in_child::is_daemon);
        if in_child::is_daemon() && !daemon {
            return None;
        }
        this.started += 1;
        let identity = format!("{}{}", this.identity, this.started);
        Some(Self {
            name: name.map_or_else(|| format!("Process-{identity}").into(), Into::into),
            daemon,
            parent: getpid(),
            parent_name: this.current.name.clone(),
            identity: identity + ":",
        })
    }

    /// In the child: from now on this is what it knows of itself.
    #[inline]
    pub fn take_effect(self) {
        let this_one = This {
            current: Current { name: self.name },
            parent: Some(Parent {
                name: self.parent_name,
                pid: self.parent,
                child: getpid(),
            }),
            identity: self.identity,
            started: 0,
        };
        // Dropping the parent's would write to memory that is shared with it so far.
        mem::forget(mem::replace(&mut *this(), this_one));
    }
}
