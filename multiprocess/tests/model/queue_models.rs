//! Models of `queue/ring.rs`: items arrive once, whole and in order; there are never more than fit;
//! nobody who waits is forgotten.

use std::boxed::Box;
use std::mem::MaybeUninit;
use std::time::Duration;
use std::vec::Vec;

use loom::cell::UnsafeCell;
use loom::sync::atomic::{AtomicU32, Ordering};
use loom::thread;
use real_std::sync::Arc;

use crate::faulty::{COUNT, EARLY, Faulty, NO_LOOK, NONE, RELAXED, STORE, UNMARKED};
use crate::queue::futex;
use crate::queue::place::Size;
use crate::queue::ring::{Awaited, Refused, Ring};
use crate::{check, check_bounded};

/// A queue of numbers.
pub trait Numbers: Send + Sync + Sized + 'static {
    /// Everything in it is used once before there is a second thread, and it is empty.
    fn with(capacity: u32) -> Self;

    /// One attempt; it wakes nobody.
    fn attempt_put(&self, number: u32) -> Result<Awaited, Refused>;
    /// One attempt; it wakes nobody. `Err` if it is closed and empty.
    fn attempt_get(&self) -> Result<Option<(u32, Awaited)>, ()>;
    fn wake_getters(&self);
    fn wake_putters(&self);
    /// Returns some time after the queue has room, or is closed.
    fn sleep_for_room(&self);
    /// Returns some time after the queue has an item, or is closed.
    fn sleep_for_item(&self);
    /// What is left of somebody who is killed asleep.
    fn die_asleep_for_item(&self);

    fn try_put(&self, number: u32) -> Result<(), Refused> {
        if self.attempt_put(number)? {
            self.wake_getters();
        }
        Ok(())
    }

    fn put(&self, number: u32) -> bool {
        loop {
            match self.try_put(number) {
                Ok(()) => return true,
                Err(Refused::Closed) => return false,
                Err(Refused::Full) => self.sleep_for_room(),
            }
        }
    }

    fn get(&self) -> Option<u32> {
        loop {
            match self.attempt_get() {
                Ok(Some((number, awaited))) => {
                    if awaited {
                        self.wake_putters();
                    }
                    return Some(number);
                }
                Err(()) => return None,
                Ok(None) => self.sleep_for_item(),
            }
        }
    }
}

/// One that can be closed.
pub trait Closes: Numbers {
    fn close(&self);
}

/// The memory of the items. Loom fails if two use a slot and neither comes before the other.
pub struct Slots(Vec<UnsafeCell<u32>>);

// SAFETY: loom watches each use.
unsafe impl Send for Slots {}
// SAFETY: as above.
unsafe impl Sync for Slots {}

impl Slots {
    pub fn new(count: u32) -> Self {
        Self((0..count).map(|_| UnsafeCell::new(0)).collect())
    }

    pub fn write(&self, place: u32, number: u32) {
        // SAFETY: loom watches.
        self.0[place as usize % self.0.len()].with_mut(|slot| unsafe { *slot = number });
    }

    pub fn read(&self, place: u32) -> u32 {
        // SAFETY: loom watches.
        self.0[place as usize % self.0.len()].with(|slot| unsafe { *slot })
    }
}

/// The real one, with what `core.rs` adds, but for the time.
struct Real {
    ring: Box<Ring>,
    slots: Slots,
    capacity: Size,
}

const ONE: Size = Size { items: 1, units: 1 };
const SLICE: Duration = Duration::from_secs(1);

impl Numbers for Real {
    fn with(capacity: u32) -> Self {
        // SAFETY: all zero is an empty one.
        let ring = Box::new(unsafe { MaybeUninit::<Ring>::zeroed().assume_init() });
        let this = Self {
            ring,
            slots: Slots::new(capacity),
            capacity: Size {
                items: capacity,
                units: capacity,
            },
        };
        this.put(0);
        this.get();
        this
    }

    fn attempt_put(&self, number: u32) -> Result<Awaited, Refused> {
        let guard = self.ring.put.try_lock().expect("it waits");
        let write = |place: crate::queue::place::Place, _| self.slots.write(place.unit(), number);
        self.ring.put(&guard, ONE, self.capacity, write)
    }

    fn attempt_get(&self) -> Result<Option<(u32, Awaited)>, ()> {
        let guard = self.ring.get.try_lock().expect("it waits");
        let take = || {
            let mut number = 0;
            let awaited = self.ring.get(&guard, |place| {
                number = self.slots.read(place.unit());
                ONE
            })?;
            Some((number, awaited))
        };
        match take() {
            None if self.ring.is_closed() => take().ok_or(()).map(Some),
            taken => Ok(taken),
        }
    }

    fn wake_getters(&self) {
        self.ring.put.wake();
    }

    fn wake_putters(&self) {
        self.ring.get.wake();
    }

    fn sleep_for_room(&self) {
        let ready = || self.ring.is_closed() || self.ring.has_room(ONE, self.capacity);
        self.ring.get.sleep(SLICE, ready);
    }

    fn sleep_for_item(&self) {
        let ready = || self.ring.is_closed() || self.ring.has_item();
        self.ring.put.sleep(SLICE, ready);
    }

    fn die_asleep_for_item(&self) {
        self.ring.put.sleep(SLICE, || true);
    }
}

impl Closes for Real {
    fn close(&self) {
        self.ring.close();
    }
}

/// Two go one after the other through a queue of one, and both sides may have to sleep.
fn in_order<Q: Numbers>() {
    let queue = Arc::new(Q::with(1));
    let producer = thread::spawn({
        let queue = queue.clone();
        move || [queue.put(1), queue.put(2)]
    });
    assert_eq!([queue.get(), queue.get()], [Some(1), Some(2)]);
    assert_eq!(producer.join().unwrap(), [true; 2]);
    assert_eq!(queue.attempt_get(), Ok(None));
}

/// Two put, one gets. The outcome is the order.
fn two_producers<Q: Numbers>() -> [Option<u32>; 2] {
    let queue = Arc::new(Q::with(1));
    let producers = [1, 2].map(|number| {
        let queue = queue.clone();
        thread::spawn(move || assert!(queue.put(number)))
    });
    let got = [queue.get(), queue.get()];
    producers
        .into_iter()
        .for_each(|producer| producer.join().unwrap());
    got
}

/// One puts, two get one each. The outcome is what each has.
fn two_consumers<Q: Numbers>() -> [Option<u32>; 2] {
    let queue = Arc::new(Q::with(2));
    let consumers = [(); 2].map(|()| {
        let queue = queue.clone();
        thread::spawn(move || queue.get())
    });
    assert!(queue.put(1) && queue.put(2));
    consumers.map(|consumer| consumer.join().unwrap())
}

/// There is room for one. The outcome is whether a second one found room after the first was taken.
fn never_too_many<Q: Numbers>() -> bool {
    let queue = Arc::new(Q::with(1));
    let consumer = thread::spawn({
        let queue = queue.clone();
        move || queue.get()
    });
    assert_eq!(queue.try_put(1), Ok(()));
    let second = queue.try_put(2);
    assert_eq!(consumer.join().unwrap(), Some(1));
    let left = second.is_ok().then_some((2, false));
    assert_eq!(queue.attempt_get(), Ok(left));
    assert_eq!(queue.attempt_get(), Ok(None));
    left.is_some()
}

/// What was put comes, and nothing else, however close the end is. Nobody goes on waiting.
fn closed<Q: Closes>() -> bool {
    let queue = Arc::new(Q::with(1));
    let producer = thread::spawn({
        let queue = queue.clone();
        move || queue.put(1)
    });
    let consumer = thread::spawn({
        let queue = queue.clone();
        move || queue.get()
    });
    queue.close();
    let (put, got) = (producer.join().unwrap(), consumer.join().unwrap());
    assert_eq!(put, got.is_some());
    put
}

/// Who waits for room is told, too.
fn closed_and_full<Q: Closes>() {
    let queue = Arc::new(Q::with(1));
    assert!(queue.put(1));
    let producer = thread::spawn({
        let queue = queue.clone();
        move || queue.put(2)
    });
    queue.close();
    assert!(!producer.join().unwrap());
    assert_eq!([queue.get(), queue.get()], [Some(1), None]);
}

/// Two of them are told, whatever one does while the other lies down.
fn closed_and_full_for_two<Q: Closes>() {
    let queue = Arc::new(Q::with(1));
    assert!(queue.put(1));
    let producers = [2, 3].map(|number| {
        let queue = queue.clone();
        thread::spawn(move || queue.put(number))
    });
    queue.close();
    for producer in producers {
        assert!(!producer.join().unwrap());
    }
}

/// Who waits for an item is told that something else has happened.
fn a_departure() {
    let queue = Arc::new(Real::with(1));
    let left = Arc::new(AtomicU32::new(0));
    let consumer = thread::spawn({
        let (queue, left) = (queue.clone(), left.clone());
        move || {
            while left.load(Ordering::Acquire) == 0 {
                let ready = || left.load(Ordering::Acquire) != 0;
                queue.ring.put.sleep(SLICE, ready);
            }
        }
    });
    left.store(1, Ordering::Release);
    queue.ring.put.disturb();
    consumer.join().unwrap();
}

/// Somebody was killed asleep. It costs one wake-up that wakes nobody, and then no more. The outcome is
/// how many.
fn a_killed_sleeper<Q: Numbers>() -> usize {
    let queue = Arc::new(Q::with(4));
    let before = futex::wakes();
    queue.die_asleep_for_item();
    let producer = thread::spawn({
        let queue = queue.clone();
        move || queue.put(1)
    });
    assert!(queue.put(2) && queue.put(3));
    assert!(producer.join().unwrap() && queue.put(4));
    futex::wakes() - before
}

/// A producer is killed before it wakes the one who sleeps. The item is there when the slice is over.
fn a_killed_waker<Q: Numbers, const EXPIRES: bool>() {
    let queue = Arc::new(Q::with(1));
    let consumer = thread::spawn({
        let queue = queue.clone();
        move || queue.get()
    });
    assert!(queue.attempt_put(1).is_ok());
    if EXPIRES {
        futex::expire();
    }
    assert_eq!(consumer.join().unwrap(), Some(1));
}

/// Who was woken for nothing goes on waiting.
fn disturbed<Q: Numbers>() {
    let queue = Arc::new(Q::with(1));
    let consumer = thread::spawn({
        let queue = queue.clone();
        move || queue.get()
    });
    futex::disturb();
    assert!(queue.put(1));
    assert_eq!(consumer.join().unwrap(), Some(1));
}

const ORDERS: [[Option<u32>; 2]; 2] = [[Some(1), Some(2)], [Some(2), Some(1)]];

#[test]
fn queue_in_order() {
    check_bounded(4, in_order::<Real>, &[()]);
}

#[test]
fn queue_two_producers() {
    check_bounded(3, two_producers::<Real>, &ORDERS);
}

#[test]
fn queue_two_consumers() {
    check_bounded(3, two_consumers::<Real>, &ORDERS);
}

#[test]
fn queue_never_too_many() {
    check(never_too_many::<Real>, &[false, true]);
}

#[test]
fn queue_closed() {
    check_bounded(3, closed::<Real>, &[false, true]);
}

#[test]
fn queue_closed_and_full() {
    check(closed_and_full::<Real>, &[()]);
}

#[test]
fn queue_closed_and_full_for_two() {
    check_bounded(3, closed_and_full_for_two::<Real>, &[()]);
}

#[test]
fn queue_a_departure() {
    check(a_departure, &[()]);
}

#[test]
fn queue_a_killed_sleeper() {
    check(a_killed_sleeper::<Real>, &[1]);
}

#[test]
fn queue_a_killed_waker() {
    check(a_killed_waker::<Real, true>, &[()]);
}

#[test]
#[should_panic(expected = "deadlock")]
fn without_the_slice_a_killed_waker_is_waited_for() {
    check(a_killed_waker::<Real, false>, &[()]);
}

#[test]
fn queue_disturbed() {
    check(disturbed::<Real>, &[()]);
}

#[test]
fn the_short_one_without_a_mistake_passes() {
    check_bounded(4, in_order::<Faulty<NONE>>, &[()]);
    check_bounded(2, two_consumers::<Faulty<NONE>>, &ORDERS);
    check(a_killed_sleeper::<Faulty<NONE>>, &[1]);
    check_bounded(3, closed_and_full_for_two::<Faulty<NONE>>, &[()]);
}

#[test]
#[should_panic(expected = "deadlock")]
fn without_a_look_after_the_flag_somebody_is_forgotten() {
    check_bounded(4, in_order::<Faulty<NO_LOOK>>, &[()]);
}

#[test]
#[should_panic(expected = "deadlock")]
fn with_a_store_instead_of_an_exchange_somebody_is_forgotten() {
    check_bounded(4, in_order::<Faulty<STORE>>, &[()]);
}

#[test]
#[should_panic(expected = "came to {4")]
fn with_a_count_each_item_wakes_a_dead_one() {
    check(a_killed_sleeper::<Faulty<COUNT>>, &[1]);
}

#[test]
#[should_panic(expected = "deadlock")]
fn with_a_flag_that_comes_back_somebody_sleeps_on() {
    check_bounded(3, closed_and_full_for_two::<Faulty<UNMARKED>>, &[()]);
}

#[test]
#[should_panic(expected = "Causality violation")]
fn with_the_tail_before_the_payload_an_item_is_torn() {
    check_bounded(4, in_order::<Faulty<EARLY>>, &[()]);
}

#[test]
#[should_panic(expected = "Causality violation")]
fn with_a_relaxed_tail_an_item_is_torn() {
    check_bounded(4, in_order::<Faulty<RELAXED>>, &[()]);
}
