//! Where the items begin and end, and who sleeps: the part of the queue that several processes change
//! at once. It is checked in every interleaving by `tests/model.rs`.
//!
//! | word     | who changes it                           | what it says                                  |
//! |----------|------------------------------------------|-----------------------------------------------|
//! | `put.at` | the owner of `put.lock`; `close`; who is | up to here there are items; whether it is     |
//! |          | about to sleep                           | closed; whether somebody sleeps for more      |
//! | `get.at` | the same of `get.lock`                   | up to here they are taken; the same           |
//! | `seen`   | the owner of the lock beside it          | the other side's `at`, maybe of earlier       |
//!
//! Whoever is killed in between leaves nothing to be repaired. An item is there from one single exchange
//! on, after its bytes; it is taken with one single exchange, after its bytes are copied; `seen` is only a
//! bound. So the next owner of the lock goes on from what it finds.
//!
//! Nobody is forgotten, for one word says how far a side has come and whether somebody sleeps until it
//! goes on. Who is about to sleep raises the flag and has then, from the same word, the latest place: if it
//! is far enough there is no sleep. If it is not, the side goes on later, and whoever takes it on has the
//! flag from the same exchange, which also lowers it. No fence is needed, and an item costs nothing more
//! than its exchange. A count instead of the flag would stay too high for ever when somebody is killed
//! asleep, and every item would cost a system call from then on.

use std::ops::Deref;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
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

/// Whether somebody sleeps until a side has gone on, and is to be [woken](Side::wake) once the lock is
/// let go.
pub type Awaited = bool;

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
    ) -> Result<Awaited, Refused> {
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
        // Who sees the item there sees its bytes. It is refused if `close` came first.
        let open = |before: Place| (!before.is_closed()).then_some(end);
        self.put.advance(tail, open).ok_or(Refused::Closed)
    }

    /// Takes one item, if there is one. `read` is told where; it copies
    /// the item and says what it takes.
    ///
    /// The guard shows that the caller has `get.lock`.
    pub fn get(
        &self,
        _lock: &RobustGuard<'_>,
        read: impl FnOnce(Place) -> Size,
    ) -> Option<Awaited> {
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
        let end = head.after(read(head));
        // From now on the place may be overwritten.
        let keep = |before: Place| Some(Place(end.0 | before.0 & Place::CLOSED));
        self.get.advance(head, keep)
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
        // `put.at` first, for that is what says it. The mark on `get.at` is for who sleeps for room: it
        // changes the word that they sleep on, and who sees it there sees the other one, too.
        for side in [&self.put, &self.get] {
            side.shown.at.fetch_or(Place::CLOSED, Ordering::Release);
            side.wake();
        }
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

    /// How many items it went on since it was at `place`, which is where it is now afterwards.
    pub fn items_since(&self, place: &AtomicU64) -> u32 {
        let now = self.shown.at.load(Ordering::Relaxed);
        Place(now).items_since(Place(place.swap(now, Ordering::Relaxed)))
    }

    /// Goes on from where it was, `from`, to what `to` says for it. The caller has the lock, so only the
    /// flags can have changed since; `to` is asked anew then, and may refuse.
    fn advance(&self, from: Place, to: impl Fn(Place) -> Option<Place>) -> Option<Awaited> {
        let mut before = from.0;
        loop {
            let after = to(Place(before))?.0;
            // Release: what the owner of the lock did with the items, for who sees where the side is.
            let [done, not] = [Ordering::Release, Ordering::Relaxed];
            match self.shown.at.compare_exchange(before, after, done, not) {
                Ok(_) => return Some(Place(before).is_awaited()),
                Err(now) => before = now,
            }
        }
    }

    /// Sleeps until this side goes on, unless it is `ready`; for at most `slice`, and sometimes shorter.
    /// Look again afterwards: also after a whole slice, for a waker may have been killed.
    pub fn sleep(&self, slice: Duration, ready: impl FnOnce() -> bool) {
        // Acquire: what was done before a flag that is seen here, by `close` and `disturb`.
        let flagged = self.shown.at.fetch_or(Place::AWAITED, Ordering::Acquire) | Place::AWAITED;
        if !ready() {
            futex::wait(&self.shown.at, flagged, slice);
        }
    }

    /// Wakes those who sleep until this side goes on, now that it has.
    pub fn wake(&self) {
        futex::wake_all(&self.shown.at);
    }

    /// Wakes them although it has not: something else has happened. Who was about to sleep may miss it
    /// if another one is, too; that costs one slice.
    pub fn disturb(&self) {
        // Release: who raises the flag anew sees what has happened.
        let before = self.shown.at.fetch_and(!Place::AWAITED, Ordering::Release);
        if Place(before).is_awaited() {
            self.wake();
        }
    }
}

/// No code of the user's runs while a lock is held.
const NOT_TWICE: &str = "a thread puts or gets one item at a time";
