//! The protocol once more, as short as can be, each time with a mistake that is easily made. The models
//! must catch it.

use std::time::Duration;

use loom::sync::Mutex;

use crate::queue::futex;
use crate::queue::ring::Refused;
use crate::queue_models::{Numbers, Slots};
use crate::sync::atomic::{AtomicU32, Ordering, fence};

pub const NONE: u8 = 0;
/// There are no fences.
pub const NO_FENCE: u8 = 1;
/// Sleepers are counted instead of flagged.
pub const COUNT: u8 = 2;
/// The flag is 1, and then 0 again.
pub const SAME_FLAG: u8 = 3;
/// The tail is stored before the item is written.
pub const EARLY: u8 = 4;
/// The indices are stored without release.
pub const RELAXED: u8 = 5;

pub struct Faulty<const MISTAKE: u8> {
    capacity: u32,
    slots: Slots,
    putting: Mutex<()>,
    getting: Mutex<()>,
    tail: loom::sync::atomic::AtomicU32,
    head: loom::sync::atomic::AtomicU32,
    waiting: [AtomicU32; 2],
}

impl<const MISTAKE: u8> Faulty<MISTAKE> {
    const STORE: Ordering = match MISTAKE {
        RELAXED => Ordering::Relaxed,
        _ => Ordering::Release,
    };

    fn lie_down(&self, side: usize) -> u32 {
        let word = match MISTAKE {
            COUNT => 1 + self.waiting[side].fetch_add(1, Ordering::Relaxed),
            _ => 1 | self.waiting[side].fetch_or(1, Ordering::Relaxed),
        };
        if MISTAKE != NO_FENCE {
            fence(Ordering::SeqCst);
        }
        word
    }

    fn sleep(&self, side: usize, ready: impl Fn() -> bool) {
        let word = self.lie_down(side);
        if !ready() {
            futex::wait(&self.waiting[side], word, Duration::MAX);
        }
        if MISTAKE == COUNT {
            self.waiting[side].fetch_sub(1, Ordering::Relaxed);
        }
    }

    fn wake(&self, side: usize) {
        if MISTAKE != NO_FENCE {
            fence(Ordering::SeqCst);
        }
        let word = &self.waiting[side];
        let seen = word.load(Ordering::Relaxed);
        let wakes = match MISTAKE {
            COUNT => seen != 0,
            SAME_FLAG => seen != 0 && word.swap(0, Ordering::Relaxed) == 1,
            _ => {
                let [yes, no] = [Ordering::Relaxed; 2];
                seen % 2 == 1 && word.compare_exchange(seen, seen + 1, yes, no).is_ok()
            }
        };
        if wakes {
            futex::wake_all(word);
        }
    }

    fn len(&self) -> u32 {
        let head = self.head.load(Ordering::Acquire);
        self.tail.load(Ordering::Acquire).wrapping_sub(head)
    }
}

impl<const MISTAKE: u8> Numbers for Faulty<MISTAKE> {
    fn with(capacity: u32) -> Self {
        // SAFETY: two null pointers.
        let waiting: [AtomicU32; 2] = unsafe { std::mem::zeroed() };
        waiting.iter().for_each(|it| it.store(0, Ordering::Relaxed));
        Self {
            capacity,
            slots: Slots::new(capacity),
            putting: Mutex::default(),
            getting: Mutex::default(),
            tail: Default::default(),
            head: Default::default(),
            waiting,
        }
    }

    fn attempt_put(&self, number: u32) -> Result<(), Refused> {
        let _guard = self.putting.lock().unwrap();
        let tail = self.tail.load(Ordering::Relaxed);
        if self.len() == self.capacity {
            return Err(Refused::Full);
        }
        if MISTAKE == EARLY {
            self.tail.store(tail + 1, Self::STORE);
        }
        self.slots.write(tail, number);
        if MISTAKE != EARLY {
            self.tail.store(tail + 1, Self::STORE);
        }
        Ok(())
    }

    fn attempt_get(&self) -> Result<Option<u32>, ()> {
        let _guard = self.getting.lock().unwrap();
        if self.len() == 0 {
            return Ok(None);
        }
        let head = self.head.load(Ordering::Relaxed);
        let number = self.slots.read(head);
        self.head.store(head + 1, Self::STORE);
        Ok(Some(number))
    }

    fn wake_getters(&self) {
        self.wake(0);
    }

    fn wake_putters(&self) {
        self.wake(1);
    }

    fn sleep_for_room(&self) {
        self.sleep(1, || self.len() < self.capacity);
    }

    fn sleep_for_item(&self) {
        self.sleep(0, || self.len() > 0);
    }

    fn die_asleep_for_item(&self) {
        self.lie_down(0);
    }
}
