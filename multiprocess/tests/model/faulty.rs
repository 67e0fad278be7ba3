//! The protocol once more, as short as can be, each time with a mistake that is easily made. The models
//! must catch it.

use std::time::Duration;

use loom::sync::Mutex;

use crate::queue::futex;
use crate::queue::ring::{Awaited, Refused};
use crate::queue_models::{Closes, Numbers, Slots};
use crate::sync::atomic::{AtomicU64, Ordering};

pub const NONE: u8 = 0;
/// Who is about to sleep raises the flag without a look after it.
pub const NO_LOOK: u8 = 1;
/// Sleepers are counted instead of flagged.
pub const COUNT: u8 = 2;
/// A side goes on with a store, and has looked at the flag before.
pub const STORE: u8 = 3;
/// The tail is stored before the item is written.
pub const EARLY: u8 = 4;
/// The indices are stored without release.
pub const RELAXED: u8 = 5;
/// Who waits for room is woken by `close`, but does not see it in the word it sleeps on.
pub const UNMARKED: u8 = 6;

/// In the upper half of a word, which is the one that a sleeper watches: how many items, how many
/// sleepers, and the flags.
const ITEM: u64 = 1 << 32;
const SLEEPER: u64 = 1 << 48;
const SLEEPERS: u64 = 0xff * SLEEPER;
const AWAITED: u64 = 1 << 62;
const CLOSED: u64 = 1 << 63;

/// The sides.
const PUT: usize = 0;
const GET: usize = 1;

pub struct Faulty<const MISTAKE: u8> {
    capacity: u32,
    slots: Slots,
    locks: [Mutex<()>; 2],
    at: [AtomicU64; 2],
}

impl<const MISTAKE: u8> Faulty<MISTAKE> {
    const RELEASE: Ordering = match MISTAKE {
        RELAXED => Ordering::Relaxed,
        _ => Ordering::Release,
    };

    /// The next place of a side after `before`; an error if it is closed for it.
    fn advance(&self, side: usize, mut before: u64) -> Result<Awaited, Refused> {
        loop {
            if side == PUT && before & CLOSED != 0 {
                return Err(Refused::Closed);
            }
            let (at, next) = (&self.at[side], (before & !AWAITED) + ITEM);
            if MISTAKE == STORE {
                at.store(next, Self::RELEASE);
                return Ok(before & AWAITED != 0);
            }
            match at.compare_exchange(before, next, Self::RELEASE, Ordering::Relaxed) {
                Ok(_) => return Ok(before & (AWAITED | SLEEPERS) != 0),
                Err(now) => before = now,
            }
        }
    }

    fn lie_down(&self, side: usize) -> u64 {
        match MISTAKE {
            COUNT => SLEEPER + self.at[side].fetch_add(SLEEPER, Ordering::Acquire),
            _ => AWAITED | self.at[side].fetch_or(AWAITED, Ordering::Acquire),
        }
    }

    fn sleep(&self, side: usize, ready: impl Fn() -> bool) {
        let seen = MISTAKE == NO_LOOK && ready();
        let flagged = self.lie_down(side);
        if !seen && (MISTAKE == NO_LOOK || !ready()) {
            futex::wait(&self.at[side], flagged, Duration::MAX);
        }
        if MISTAKE == COUNT {
            self.at[side].fetch_sub(SLEEPER, Ordering::Relaxed);
        }
    }

    /// Where the sides are: who gets first, or else it may be ahead.
    fn places(&self) -> [u64; 2] {
        let head = self.at[GET].load(Ordering::Acquire);
        [self.at[PUT].load(Ordering::Acquire), head]
    }
}

/// How many items there are, and whether it is closed.
fn state([tail, head]: [u64; 2]) -> (u32, bool) {
    (number(tail) - number(head), tail & CLOSED != 0)
}

fn number(place: u64) -> u32 {
    u32::from((place / ITEM) as u16)
}

impl<const MISTAKE: u8> Numbers for Faulty<MISTAKE> {
    fn with(capacity: u32) -> Self {
        // SAFETY: two null pointers.
        let at: [AtomicU64; 2] = unsafe { std::mem::zeroed() };
        at.iter().for_each(|it| it.store(0, Ordering::Relaxed));
        Self {
            capacity,
            slots: Slots::new(capacity),
            locks: Default::default(),
            at,
        }
    }

    fn attempt_put(&self, item: u32) -> Result<Awaited, Refused> {
        let _guard = self.locks[PUT].lock().unwrap();
        let places = self.places();
        match state(places) {
            (_, true) => return Err(Refused::Closed),
            (len, false) if len == self.capacity => return Err(Refused::Full),
            _ => {}
        }
        if MISTAKE != EARLY {
            self.slots.write(number(places[PUT]), item);
        }
        let result = self.advance(PUT, places[PUT]);
        if MISTAKE == EARLY {
            self.slots.write(number(places[PUT]), item);
        }
        result
    }

    fn attempt_get(&self) -> Result<Option<(u32, Awaited)>, ()> {
        let _guard = self.locks[GET].lock().unwrap();
        let places = self.places();
        match state(places) {
            (0, true) => return Err(()),
            (0, false) => return Ok(None),
            _ => {}
        }
        let item = self.slots.read(number(places[GET]));
        let awaited = self.advance(GET, places[GET]);
        Ok(Some((item, awaited.unwrap())))
    }

    fn wake_getters(&self) {
        futex::wake_all(&self.at[PUT]);
    }

    fn wake_putters(&self) {
        futex::wake_all(&self.at[GET]);
    }

    fn sleep_for_room(&self) {
        let full = (self.capacity, false);
        self.sleep(GET, || state(self.places()) != full);
    }

    fn sleep_for_item(&self) {
        self.sleep(PUT, || state(self.places()) != (0, false));
    }

    fn die_asleep_for_item(&self) {
        self.lie_down(PUT);
    }
}

impl<const MISTAKE: u8> Closes for Faulty<MISTAKE> {
    fn close(&self) {
        self.at[PUT].fetch_or(CLOSED, Ordering::Release);
        self.wake_getters();
        match MISTAKE {
            UNMARKED => self.at[GET].fetch_and(!AWAITED, Ordering::Release),
            _ => self.at[GET].fetch_or(CLOSED, Ordering::Release),
        };
        self.wake_putters();
    }
}
