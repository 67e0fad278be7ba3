//! Where the items begin and end, and who sleeps: the part of the queue that several processes change
//! at once. It is checked in every interleaving by `tests/model.rs`.
//!
//! | word      | who stores it                        | what it says                            |
//! |-----------|--------------------------------------|-----------------------------------------|
//! | `put.at`  | the owner of `put.lock`; `close`     | up to here there are items; closed      |
//! | `get.at`  | the owner of `get.lock`              | up to here they are taken               |
//! | `seen`    | the owner of the lock beside it      | the other side's `at`, maybe of earlier |
//! | `waiting` | who is about to sleep; who wakes     | odd: somebody may be asleep             |
//!
//! Whoever is killed in between leaves nothing to be repaired. An item is there from one single store
//! on, after its bytes; it is taken with one single store, after its bytes are copied; `seen` is only a
//! bound. So the next owner of the lock goes on from what it finds.
//!
//! `waiting` is a flag. A count would stay too high for ever when somebody is killed asleep, and every
//! item would cost a system call from then on. It is set by making the word odd and cleared by adding one,
//! so that it never has an earlier value again: with 0 and 1, a second sleeper who raises the flag anew
//! could make the first one sleep through the wake-up that was in between.

use std::ops::Deref;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};
use std::time::{Duration, Instant};

use super::futex;
use super::place::{Place, Size};
use crate::robust_mutex::{RobustGuard, RobustMutex};

/// How often a lock is tried before the caller sleeps for it: about the time it is held for.
const TRIES: u32 = 100;

/// Both sides of a queue. All zero is an empty one, once its locks are made.
#[repr(C)]
pub struct Ring {
    /// Of those who put.
    pub put: Side,
    /// Of those who get.
    pub get: Side,
}

/// One side. What one side changes with every item is not in the cache line of what the other reads.
#[repr(C)]
pub struct Side {
    pub lock: Apart<RobustMutex>,
    seen: AtomicU64,
    pub shown: Apart<Shown>,
    /// Whether somebody of *this* side sleeps.
    waiting: Apart<AtomicU32>,
}

/// What a side shows to the other.
#[repr(C)]
pub struct Shown {
    at: AtomicU64,
    /// Which processor the last owner of the lock ran on: whether it can run while we look.
    pub processor: AtomicU32,
}

/// On cache lines of its own: two, since they are fetched in pairs.
#[repr(C, align(128))]
pub struct Apart<T>(pub T);

impl<T> Deref for Apart<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// Why nothing was put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// There is no room.
    Full,
    /// There will be none.
    Closed,
}

impl Ring {
    /// Puts one item of `size`. `write` is told where, and up to where the ones before are taken; it
    /// writes nowhere else.
    ///
    /// The guard shows that the caller has `put.lock`.
    pub fn put(
        &self,
        _lock: &RobustGuard<'_>,
        size: Size,
        capacity: Size,
        write: impl FnOnce(Place, Place),
    ) -> Result<(), Refused> {
        let tail = Place(self.put.shown.at.load(Ordering::Relaxed));
        if tail.is_closed() {
            return Err(Refused::Closed);
        }
        let end = tail.after(size);
        let mut head = Place(self.put.seen.load(Ordering::Relaxed));
        // Asked only when it matters, since it is in the other side's cache.
        if !end.is_within(capacity, head) || tail.chunk() != end.chunk() {
            // Acquire: what was there before is read, so it may be overwritten.
            head = Place(self.get.shown.at.load(Ordering::Acquire));
            self.put.seen.store(head.0, Ordering::Relaxed);
            if !end.is_within(capacity, head) {
                return Err(Refused::Full);
            }
        }
        write(tail, head);
        // Release: who sees the item there sees its bytes. It fails if `close` came first.
        let put =
            self.put
                .shown
                .at
                .compare_exchange(tail.0, end.0, Ordering::Release, Ordering::Relaxed);
        put.map(drop).map_err(|_| Refused::Closed)
    }

    /// Takes one item, if there is one. `read` is told where; it copies
    /// the item and says what it takes.
    ///
    /// The guard shows that the caller has `get.lock`.
    pub fn get(&self, _lock: &RobustGuard<'_>, read: impl FnOnce(Place) -> Size) -> Option<()> {
        let head = Place(self.get.shown.at.load(Ordering::Relaxed));
        let tail = Place(self.get.seen.load(Ordering::Relaxed));
        if head.is_at(tail) {
            // Acquire: the bytes of the items up to here are there.
            let tail = Place(self.put.shown.at.load(Ordering::Acquire));
            self.get.seen.store(tail.0, Ordering::Relaxed);
            if head.is_at(tail) {
                return None;
            }
        }
        let size = read(head);
        // Release: from now on the place may be overwritten.
        self.get
            .shown
            .0
            .at
            .store(head.after(size).0, Ordering::Release);
        Some(())
    }

    /// How many items there are. Both ends may be moving meanwhile.
    pub fn len(&self) -> u32 {
        let head = Place(self.get.shown.at.load(Ordering::Acquire));
        let tail = Place(self.put.shown.at.load(Ordering::Acquire));
        tail.items_since(head)
    }

    /// Whether an item could be taken, as far as can be told without the lock.
    pub fn has_item(&self) -> bool {
        let tail = Place(self.put.shown.at.load(Ordering::Acquire));
        !Place(self.get.shown.at.load(Ordering::Relaxed)).is_at(tail)
    }

    /// Whether an item of `size` could be put, as far as can be told without the lock.
    pub fn has_room(&self, size: Size, capacity: Size) -> bool {
        let head = Place(self.get.shown.at.load(Ordering::Acquire)); // so that the tail is not behind it
        let tail = Place(self.put.shown.at.load(Ordering::Relaxed));
        tail.after(size).is_within(capacity, head)
    }

    /// From now on nothing can be put, not even what is being written at this moment.
    pub fn close(&self) {
        self.put
            .shown
            .0
            .at
            .fetch_or(Place::CLOSED, Ordering::Relaxed);
        self.get.wake();
        self.put.wake();
    }

    /// Whether it is closed. What was put before can still be taken.
    pub fn is_closed(&self) -> bool {
        Place(self.put.shown.at.load(Ordering::Acquire)).is_closed()
    }
}

impl Side {
    /// Takes this side's lock if it is free, or soon is.
    pub fn try_lock(&self) -> Option<RobustGuard<'_>> {
        for _ in 1..TRIES {
            let guard = self.lock.try_lock().expect(NOT_TWICE);
            if guard.is_some() {
                return guard;
            }
            std::hint::spin_loop();
        }
        None
    }

    /// Takes this side's lock; `None` if it could not be had until `deadline`.
    pub fn lock_until(&self, deadline: Instant) -> Option<RobustGuard<'_>> {
        self.lock.lock_until(deadline).expect(NOT_TWICE)
    }

    /// Sleeps until somebody wakes this side, unless it is `ready`; for at most `slice`, and sometimes
    /// shorter. Look again afterwards: also after a whole slice, for a waker may have been killed.
    pub fn sleep(&self, slice: Duration, ready: impl FnOnce() -> bool) {
        let flagged = self.waiting.fetch_or(1, Ordering::Relaxed) | 1;
        // Either we see what the other side has stored, or it sees the flag: see `wake`.
        fence(Ordering::SeqCst);
        if !ready() {
            futex::wait(&self.waiting, flagged, slice);
        }
    }

    /// Wakes those of this side who sleep, after the other side has stored its `at`.
    pub fn wake(&self) {
        fence(Ordering::SeqCst); // the other half is in `sleep`
        let seen = self.waiting.load(Ordering::Relaxed);
        if seen % 2 == 1 {
            // Who is about to sleep finds another word than it has flagged, and does not. If this fails,
            // another one was quicker, and wakes them.
            let cleared = seen.wrapping_add(1);
            let [yes, no] = [Ordering::Relaxed; 2];
            if self
                .waiting
                .compare_exchange(seen, cleared, yes, no)
                .is_ok()
            {
                futex::wake_all(&self.waiting);
            }
        }
    }
}

/// No code of the user's runs while a lock is held.
const NOT_TWICE: &str = "a thread puts or gets one item at a time";
