//! [`Core`]: putting and getting bytes, with the waiting; what all handles of a queue in one process
//! have in common.

use std::io;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use nix::unistd::getpid;

use super::buffer::Buffer;
use super::error::{GetError, PutError};
use super::members::{self, TooMany};
use super::memory::Memory;
use super::place::Size;
use super::ring::{Awaited, Refused, Side};
use super::spin;
use crate::robust_mutex::RobustGuard;
use crate::single_thread::is_single_threaded;

/// For how long anybody sleeps without looking: whether who was to wake them was killed, and whether
/// anybody is left.
const SLICE: Duration = Duration::from_millis(50);

/// How long to wait.
#[derive(Clone, Copy, Debug)]
pub enum Patience {
    /// Not at all.
    None,
    /// Until then.
    Until(Instant),
    /// For ever.
    Endless,
}

impl Patience {
    /// From now on. As good as endless if that is after the end of time.
    pub fn of(timeout: Duration) -> Self {
        Instant::now()
            .checked_add(timeout)
            .map_or(Self::Endless, Self::Until)
    }

    /// How long to sleep at once; `None` if it is over.
    fn slice(self) -> Option<Duration> {
        match self {
            Self::None => None,
            Self::Until(end) => {
                let left = end.saturating_duration_since(Instant::now());
                (!left.is_zero()).then_some(left.min(SLICE))
            }
            Self::Endless => Some(SLICE),
        }
    }

    /// Until when to wait for a lock at once. An attempt that is not to wait does so as well: somebody
    /// else is at it, and without waiting for them it would say that the queue is empty when it is not.
    fn for_lock(self) -> Instant {
        let soon = Instant::now() + SLICE;
        match self {
            Self::Until(end) => end.min(soon),
            Self::None | Self::Endless => soon,
        }
    }
}

/// Why nothing was done.
enum Not {
    /// Not now, but maybe later.
    Now,
    /// Never: it is closed.
    Closed,
    /// Never: nobody is left.
    Disconnected,
}

/// One queue, as this process sees it. A child has a copy, but for the memory.
#[derive(Debug)]
pub struct Core {
    memory: Memory,
    capacity: Size,
    /// How many handles of this process can put, and how many can get. Once it is 0, it stays 0.
    can_put: AtomicU32,
    can_get: AtomicU32,
    born: Instant,
    /// For those who put, and for those who get, of the other side.
    waits: [Waits; 2],
}

/// What is kept of one side's waits from call to call.
#[derive(Debug, Default)]
struct Waits {
    /// When it was last looked who is left, in nanoseconds after `born`. Short time-outs, and sleeps that
    /// signals cut short, add up to the time after which there is another look.
    looked: AtomicU64,
    /// `departures` at that time.
    departures: AtomicU32,
    /// How far the side was when it last had to wait.
    place: AtomicU64,
}

impl Core {
    /// An empty queue for so many items. It has no handles yet.
    pub fn new(items: usize) -> io::Result<Self> {
        let memory = Memory::new()?;
        let most = memory.capacity();
        let items = u32::try_from(items).unwrap_or(u32::MAX).min(most.items);
        let entered = memory
            .members()
            .enter(getpid(), members::PUT | members::GET);
        debug_assert!(entered.is_ok(), "there is nobody yet");
        Ok(Self {
            memory,
            capacity: Size { items, ..most },
            can_put: AtomicU32::new(0),
            can_get: AtomicU32::new(0),
            born: Instant::now(),
            waits: Default::default(),
        })
    }

    /// Puts an item, once there is room.
    pub fn put(&self, item: &[u8], patience: Patience) -> Result<(), PutError> {
        let ring = self.memory.ring();
        let size = self.memory.size(item.len());
        let size = size.ok_or(PutError::TooLarge(item.len()))?;
        let attempt = |guard: Option<&RobustGuard<'_>>| {
            let Some(guard) = guard else {
                // Who has the lock may be stopped; but then it is known already that it is in vain.
                return Err(if ring.is_closed() {
                    Not::Closed
                } else {
                    Not::Now
                });
            };
            let put = ring.put(guard, size, self.capacity, |place, head| {
                // SAFETY: the guard is that of this side's lock; the ring says that there is room, and
                // tells of the item afterwards.
                unsafe { self.memory.write(place, head, item) }
            });
            put.map_err(|refused| match refused {
                Refused::Full => Not::Now,
                Refused::Closed => Not::Closed,
            })
        };
        let ready = || ring.is_closed() || ring.has_room(size, self.capacity);
        let [mine, theirs] = [&ring.put, &ring.get];
        let put = self.act(mine, theirs, members::GET, patience, attempt, ready);
        put.map_err(|not| match not {
            Not::Now => PutError::Full,
            Not::Closed => PutError::Closed,
            Not::Disconnected => PutError::Disconnected,
        })
    }

    /// Takes an item, once there is one. The bytes are in `to` afterwards.
    pub fn get(&self, to: &mut Buffer, patience: Patience) -> Result<(), GetError> {
        let ring = self.memory.ring();
        let mut take = |guard: &RobustGuard<'_>| {
            // SAFETY: the guard is that of this side's lock, and the ring says where an item is.
            ring.get(guard, |place| unsafe { self.memory.read(place, to) })
        };
        let attempt = |guard: Option<&RobustGuard<'_>>| {
            let guard = guard.ok_or(Not::Now)?;
            match take(guard) {
                Some(awaited) => Ok(awaited),
                None if !ring.is_closed() => Err(Not::Now),
                // One may have come between the two looks. After this there is none.
                None => take(guard).ok_or(Not::Closed),
            }
        };
        let ready = || ring.is_closed() || ring.has_item();
        let [mine, theirs] = [&ring.get, &ring.put];
        let got = self.act(mine, theirs, members::PUT, patience, attempt, ready);
        got.map_err(|not| match not {
            Not::Now => GetError::Empty,
            Not::Closed => GetError::Closed,
            Not::Disconnected => GetError::Disconnected,
        })
    }

    /// Attempts something under the lock of one side until it succeeds, and then wakes those of the other
    /// side, whose role is `other`, who sleep until this one goes on. If the lock cannot be had, it asks the
    /// attempt without. `ready` says whether an attempt with the lock is worth it.
    fn act(
        &self,
        mine: &Side,
        theirs: &Side,
        other: u32,
        patience: Patience,
        mut attempt: impl FnMut(Option<&RobustGuard<'_>>) -> Result<Awaited, Not>,
        ready: impl Fn() -> bool,
    ) -> Result<(), Not> {
        loop {
            let guard = self.lock(mine, patience, &ready);
            if guard.is_some() {
                let processor = &mine.shown.processor;
                processor.store(spin::processor(), Ordering::Relaxed);
            }
            let result = attempt(guard.as_ref());
            let had_lock = guard.is_some();
            drop(guard); // who is woken may need it
            match result {
                Ok(awaited) => {
                    if awaited {
                        mine.wake();
                    }
                    return Ok(());
                }
                Err(Not::Now) => {}
                Err(never) => return Err(never),
            }
            let slice = patience.slice().ok_or(Not::Now)?;
            if !had_lock && ready() {
                continue; // for the lock, once more
            }
            let waits = self.waits_for(other);
            let items = mine.items_since(&waits.place);
            if spin::comes_soon(&theirs.shown.processor, items, &ready) {
                continue;
            }
            let members = self.memory.members();
            let departures = waits.departures.load(Ordering::Relaxed);
            let left = || members.departures() != departures;
            theirs.sleep(slice, || ready() || left());
            let due =
                || waits.looked.load(Ordering::Relaxed) + SLICE.as_nanos() as u64 <= self.age();
            // `ready` once more: they may have put an item and left.
            if (left() || due()) && !ready() && self.is_alone(other, patience) && !ready() {
                return Err(Not::Disconnected);
            }
        }
    }

    /// The lock, unless it cannot be had in time or there is nothing to have it for.
    fn lock<'s>(
        &self,
        side: &'s Side,
        patience: Patience,
        ready: impl Fn() -> bool,
    ) -> Option<RobustGuard<'s>> {
        side.try_lock().or_else(|| {
            // Not in one piece to the end of the patience: who has the lock may be stopped, and others
            // may close the queue meanwhile.
            ready()
                .then(|| side.lock_until(patience.for_lock()))
                .flatten()
        })
    }

    /// Whether nobody can do what `role` says while this thread waits for it.
    fn is_alone(&self, role: u32, patience: Patience) -> bool {
        let members = self.memory.members();
        let departures = members.departures();
        let other = members.has_other(getpid(), role, patience.for_lock());
        let waits = self.waits_for(role);
        waits.departures.store(departures, Ordering::Relaxed);
        waits.looked.store(self.age(), Ordering::Relaxed);
        // A thread that waits does nothing else, whatever handles this process has. Another may.
        other == Some(false)
            && (self.handles(role).load(Ordering::Relaxed) == 0
                || is_single_threaded().unwrap_or(false))
    }

    /// How many items there are.
    pub fn len(&self) -> usize {
        self.memory.ring().len().min(self.capacity.items) as usize
    }

    /// Closes it for everybody.
    pub fn close(&self) {
        self.memory.ring().close();
    }

    /// Whether it is closed.
    pub fn is_closed(&self) -> bool {
        self.memory.ring().is_closed()
    }

    /// A handle of this process more.
    pub fn handle_made(&self, roles: u32) {
        for role in each(roles) {
            self.handles(role).fetch_add(1, Ordering::Relaxed);
        }
    }

    /// A handle of this process less. The last one for something is told to those who wait.
    pub fn handle_gone(&self, roles: u32) {
        let last = |role: &u32| self.handles(*role).fetch_sub(1, Ordering::AcqRel) == 1;
        let lost = each(roles).filter(last).sum();
        if lost != 0 {
            self.memory.members().leave(getpid(), lost);
            self.memory.ring().put.disturb();
            self.memory.ring().get.disturb();
        }
    }

    /// This process, a child, was given a handle.
    pub fn adopted(&self, roles: u32) -> Result<(), TooMany> {
        self.memory.members().enter(getpid(), roles)
    }

    /// A child was given a handle.
    pub fn passed_to(&self, child: nix::unistd::Pid, roles: u32) {
        self.memory.members().enter_child(child, roles);
    }

    fn waits_for(&self, role: u32) -> &Waits {
        &self.waits[usize::from(role == members::GET)]
    }

    /// Nanoseconds since it was made.
    fn age(&self) -> u64 {
        self.born.elapsed().as_nanos() as u64
    }

    fn handles(&self, role: u32) -> &AtomicU32 {
        match role {
            members::PUT => &self.can_put,
            _ => &self.can_get,
        }
    }
}

fn each(roles: u32) -> impl Iterator<Item = u32> {
    [members::PUT, members::GET]
        .into_iter()
        .filter(move |role| roles & role != 0)
}
