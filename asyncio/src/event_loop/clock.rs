//! [`Clock`]: what time it is for a loop, and how it waits for a later one.

use std::cell::Cell;
use std::thread;
use std::time::Instant;

#[derive(Debug)]
pub(super) enum Clock {
    Real,
    /// It stands still while there is something to do, and jumps to the next timer when there is not.
    Paused(Cell<Instant>),
}

impl Clock {
    pub(super) fn paused() -> Self {
        Self::Paused(Cell::new(Instant::now()))
    }

    pub(super) fn now(&self) -> Instant {
        match self {
            Self::Real => Instant::now(),
            Self::Paused(now) => now.get(),
        }
    }

    /// Waits until somebody unparks the thread, or until the next timer is due, or for less: a park may
    /// return for no reason.
    pub(super) fn park(&self, timer: Option<Instant>) {
        match (self, timer) {
            (_, None) => thread::park(),
            (Self::Real, Some(due)) => {
                thread::park_timeout(due.saturating_duration_since(Instant::now()));
            }
            (Self::Paused(now), Some(due)) => now.set(due),
        }
    }
}
