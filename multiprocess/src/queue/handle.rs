//! [`Handle`]: what a `Queue` is in one process: an end that a child has only if it was passed.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Weak};

use nix::unistd::Pid;

use super::core::Core;
use crate::ends::End;
use crate::ends::register;

/// The states of a handle. It is `OPEN` first; it is left once.
const OPEN: u8 = 0;
/// It was not passed to this child; or its queue was dropped, and nobody asks any more.
const CLOSED: u8 = 1;
/// It was passed, but there was no room for this process in the table of members.
const NO_ROOM: u8 = 2;

/// One handle. A clone of a queue has one of its own, since one may be passed and the other not.
#[derive(Debug)]
pub struct Handle {
    core: Arc<Core>,
    roles: u32,
    state: AtomicU8,
    /// Whether this process is a child that was given it.
    adopted: AtomicBool,
}

/// Why a handle cannot be used.
#[derive(Clone, Copy, Debug)]
pub enum Unusable {
    NotPassed,
    NoRoom,
}

impl Handle {
    /// One more handle.
    pub fn new(core: Arc<Core>, roles: u32) -> Arc<Self> {
        core.handle_made(roles);
        let handle = Self::in_state(core, roles, OPEN);
        let end: Weak<dyn End> = Arc::downgrade(&handle) as Weak<Self>;
        register(end);
        handle
    }

    /// One more for the same queue, as usable as this one.
    pub fn another(&self, roles: u32) -> Arc<Self> {
        let state = self.state.load(Ordering::Relaxed);
        if state == OPEN {
            return Self::new(self.core.clone(), roles);
        }
        Self::in_state(self.core.clone(), roles, state)
    }

    fn in_state(core: Arc<Core>, roles: u32, state: u8) -> Arc<Self> {
        Arc::new(Self {
            core,
            roles,
            state: AtomicU8::new(state),
            adopted: AtomicBool::new(false),
        })
    }

    /// The queue, if it may be used.
    #[inline]
    pub fn core(&self) -> Result<&Core, Unusable> {
        match self.state.load(Ordering::Relaxed) {
            OPEN => Ok(&self.core),
            NO_ROOM => Err(Unusable::NoRoom),
            _ => Err(Unusable::NotPassed),
        }
    }

    /// The queue that has this handle is dropped. In the child that was given it this is the end of it:
    /// what the parent was in the middle of when it forked, its `Ends`, has a reference here for ever.
    /// In the parent it is not, for the child may still have to be entered as a member: see `Drop`.
    pub fn let_go(&self) {
        if self.adopted.load(Ordering::Relaxed) {
            self.end(CLOSED);
        }
    }

    fn end(&self, state: u8) {
        let now = Ordering::Relaxed;
        if self.state.compare_exchange(OPEN, state, now, now).is_ok() {
            self.core.handle_gone(self.roles);
        }
    }
}

impl End for Handle {
    fn close_in_child(&self) {
        self.end(CLOSED);
    }

    fn adopted(&self) {
        self.adopted.store(true, Ordering::Relaxed);
        if self.core().is_ok() && self.core.adopted(self.roles).is_err() {
            self.end(NO_ROOM);
        }
    }

    fn passed_to(&self, child: Pid) {
        if self.core().is_ok() {
            self.core.passed_to(child, self.roles);
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.end(CLOSED);
    }
}
