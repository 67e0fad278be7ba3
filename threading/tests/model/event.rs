//! Models of `event.rs`: nobody who waits is forgotten, nobody returns too early.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crate::event::Event;
use crate::faulty::FaultyEvent;
use crate::{SOON, Watched, check, kernel};

pub trait Flag: Send + Sync + 'static {
    fn down() -> Self;
    fn set(&self);
    fn clear(&self);
    fn wait(&self);
    fn wait_timeout(&self, timeout: Duration) -> bool;
}

impl Flag for Event {
    fn down() -> Self {
        Self::new()
    }

    fn set(&self) {
        self.set();
    }

    fn clear(&self) {
        self.clear();
    }

    fn wait(&self) {
        self.wait();
    }

    fn wait_timeout(&self, timeout: Duration) -> bool {
        self.wait_timeout(timeout)
    }
}

/// Two threads wait, whether they come before `set` or after it, and see what was written before.
fn set_wakes_all<F: Flag>() {
    let shared = Arc::new((F::down(), Watched::new()));
    let waiters = [(); 2].map(|()| {
        let shared = shared.clone();
        thread::spawn(move || {
            shared.0.wait();
            shared.1.read();
        })
    });
    shared.1.write();
    shared.0.set();
    for waiter in waiters {
        waiter.join().unwrap();
    }
}

/// Who sleeps when the flag goes up returns, though it is down again before they run. The clock
/// stands still.
fn set_and_clear_wake_all<F: Flag>() {
    let flag = Arc::new(F::down());
    let waiters = [
        |flag: &F| flag.wait(),
        |flag: &F| assert!(flag.wait_timeout(SOON), "the flag was up"),
    ]
    .map(|wait| {
        let flag = flag.clone();
        thread::spawn(move || wait(&flag))
    });
    kernel::until_asleep(2);
    flag.set();
    flag.clear();
    for waiter in waiters {
        waiter.join().unwrap();
    }
}

/// The time is up only after that, and so does not matter.
fn a_short_set_is_seen_in_time<F: Flag>() {
    let flag = Arc::new(F::down());
    let waiter = thread::spawn({
        let flag = flag.clone();
        move || flag.wait_timeout(SOON)
    });
    kernel::until_asleep(1);
    flag.set();
    flag.clear();
    kernel::expire();
    assert!(waiter.join().unwrap(), "the flag was up in time");
}

/// The flag goes up and the time passes, in any order.
fn set_against_the_clock<F: Flag>() -> bool {
    let shared = Arc::new((F::down(), Watched::new()));
    let waiter = thread::spawn({
        let shared = shared.clone();
        move || {
            let seen = shared.0.wait_timeout(SOON);
            if seen {
                shared.1.read();
            } else {
                assert!(kernel::expired(), "gave up too early");
            }
            seen
        }
    });
    let clock = thread::spawn(kernel::expire);
    shared.1.write();
    shared.0.set();
    assert!(shared.0.wait_timeout(Duration::ZERO), "it stays up");
    clock.join().unwrap();
    waiter.join().unwrap()
}

/// Nobody raises the flag.
fn only_the_clock<F: Flag>() {
    let flag = Arc::new(F::down());
    let waiters = [(); 2].map(|()| {
        let flag = flag.clone();
        thread::spawn(move || flag.wait_timeout(SOON))
    });
    flag.clear();
    kernel::expire();
    for waiter in waiters {
        assert!(!waiter.join().unwrap(), "the flag was never up");
    }
}

/// Woken for no reason, a thread goes on waiting.
fn disturbed<F: Flag>() {
    let shared = Arc::new((F::down(), Watched::new()));
    let waiters = [
        |flag: &F| flag.wait(),
        |flag: &F| assert!(flag.wait_timeout(Duration::MAX)),
    ]
    .map(|wait| {
        let shared = shared.clone();
        thread::spawn(move || {
            wait(&shared.0);
            shared.1.read();
        })
    });
    kernel::disturb();
    kernel::expire(); // nothing to a thread that waits for ever
    shared.1.write();
    shared.0.set();
    for waiter in waiters {
        waiter.join().unwrap();
    }
}

#[test]
fn event_set_wakes_all() {
    check(set_wakes_all::<Event>, &[()]);
}

#[test]
fn event_set_and_clear_wake_all() {
    check(set_and_clear_wake_all::<Event>, &[()]);
}

#[test]
fn event_short_set_is_seen_in_time() {
    check(a_short_set_is_seen_in_time::<Event>, &[()]);
}

#[test]
fn event_set_against_the_clock() {
    check(set_against_the_clock::<Event>, &[false, true]);
}

#[test]
fn event_only_the_clock() {
    check(only_the_clock::<Event>, &[()]);
}

#[test]
fn event_disturbed() {
    check(disturbed::<Event>, &[()]);
}

#[test]
fn an_event_without_the_count_passes_without_clear() {
    check(set_wakes_all::<FaultyEvent>, &[()]);
}

#[test]
#[should_panic(expected = "deadlock")]
fn an_event_without_the_count_forgets_who_waits() {
    check(set_and_clear_wake_all::<FaultyEvent>, &[()]);
}

#[test]
#[should_panic(expected = "the flag was up in time")]
fn an_event_without_the_count_forgets_in_time() {
    check(a_short_set_is_seen_in_time::<FaultyEvent>, &[()]);
}
