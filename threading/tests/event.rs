//! `event.rs`: Python's `threading.Event`. EV-08 and EV-09 belong to asyncio, EV-10 to EV-12 to
//! processes.

mod support;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{scope, yield_now};
use std::time::{Duration, Instant};

#[cfg(target_os = "linux")]
use support::comes_true;
use support::{CEILING, Sleeper, assert_lasted, bounded};
use threading::event::Event;

/// EV-01: down at first; raising and lowering twice is as once; the text says which.
#[test]
fn the_flag() {
    bounded(|| {
        let event = Event::default();
        assert_eq!(
            (event.is_set(), format!("{event:?}")),
            (false, "Event(unset)".to_owned())
        );
        for _ in 0..2 {
            event.set();
            event.set();
            assert_eq!(
                (event.is_set(), format!("{event:?}")),
                (true, "Event(set)".to_owned())
            );
            event.clear();
            event.clear();
            assert!(!event.is_set());
        }
    });
}

/// EV-02, EV-03: five wait; none returns before the flag is up, then all do, and a second wait returns
/// at once. After `clear` the event works again.
#[test]
fn set_wakes_everyone() {
    bounded(|| {
        let event = Event::new();
        for _ in 0..2 {
            let returned = AtomicUsize::new(0);
            let sleepers: [Sleeper; 5] = Default::default();
            scope(|scope| {
                for sleeper in &sleepers {
                    scope.spawn(|| {
                        sleeper.about_to_wait();
                        event.wait();
                        returned.fetch_add(1, Ordering::SeqCst);
                        event.wait();
                        assert!(event.wait_timeout(Duration::ZERO));
                    });
                }
                sleepers.iter().for_each(Sleeper::wait_until_asleep);
                assert_eq!(returned.load(Ordering::SeqCst), 0);
                event.set();
            });
            assert_eq!(returned.load(Ordering::SeqCst), 5);
            event.clear();
        }
    });
}

/// EV-04: zero tells the flag; a time-out is waited out while the flag is down; while it is up every
/// wait returns at once.
#[test]
fn timed_wait() {
    bounded(|| {
        let event = Event::new();
        for _ in 0..2 {
            assert!(!event.wait_timeout(Duration::ZERO));
            let (start, timeout) = (Instant::now(), Duration::from_millis(50));
            assert!(!event.wait_timeout(timeout));
            assert_lasted(start, timeout);
            event.set();
            for timeout in [Duration::ZERO, timeout, Duration::MAX] {
                assert!(event.wait_timeout(timeout));
            }
            event.clear();
        }
    });
}

/// EV-04: the longest time-out there is waits until the flag goes up.
#[test]
fn the_longest_timeout_waits_for_ever() {
    bounded(|| {
        let event = Event::new();
        let sleeper = Sleeper::default();
        scope(|scope| {
            let waiter = scope.spawn(|| {
                sleeper.about_to_wait();
                event.wait_timeout(Duration::MAX)
            });
            sleeper.wait_until_asleep();
            event.set();
            assert!(waiter.join().unwrap());
        });
    });
}

/// EV-05: a `clear` right after `set` loses nobody who was waiting, with a time-out or without.
///
/// The waiters come one at a time and each is seen asleep before the next one comes. Nobody else uses
/// the event meanwhile, so its inner lock is free and what they sleep in is the wait.
#[test]
#[cfg(target_os = "linux")]
fn clear_right_after_set_loses_nobody() {
    bounded(|| {
        let event = Event::new();
        for _ in 0..20 {
            let returned = AtomicUsize::new(0);
            let sleepers: [Sleeper; 5] = Default::default();
            scope(|scope| {
                let waiters = sleepers.iter().enumerate().map(|(number, sleeper)| {
                    let returned = &returned;
                    let event = &event;
                    let waiter = scope.spawn(move || {
                        sleeper.about_to_wait();
                        let raised = number % 2 == 0 || event.wait_timeout(CEILING);
                        if number % 2 == 0 {
                            event.wait();
                        }
                        returned.fetch_add(1, Ordering::SeqCst);
                        raised
                    });
                    sleeper.wait_until_asleep();
                    waiter
                });
                let waiters: Vec<_> = waiters.collect();
                event.set();
                event.clear();
                let all_woken = comes_true(|| returned.load(Ordering::SeqCst) == 5);
                event.set(); // lets go whom the first one lost, so that the scope can end
                assert!(all_woken, "{returned:?} of 5 waiters returned");
                assert!(waiters.into_iter().all(|waiter| waiter.join().unwrap()));
            });
            event.clear();
        }
    });
}

/// EV-06: raised before the wait begins, by another thread: not lost.
#[test]
fn set_before_the_wait() {
    bounded(|| {
        let event = Event::new();
        for _ in 0..100 {
            scope(|scope| {
                scope.spawn(|| event.set());
            });
            event.wait();
            event.clear();
        }
    });
}

/// EV-07: a thousand times up and down against threads that do nothing but wait: all of them end.
#[test]
fn a_thousand_cycles() {
    bounded(|| {
        let (event, stop) = (Event::new(), AtomicBool::new(false));
        scope(|scope| {
            for number in 0..4 {
                let (event, stop) = (&event, &stop);
                scope.spawn(move || {
                    while !stop.load(Ordering::SeqCst) {
                        match number % 2 {
                            0 => event.wait(),
                            _ => assert!(event.wait_timeout(CEILING)),
                        }
                        // While the flag is up this loop spins; the mutex inside is not fair.
                        yield_now();
                    }
                });
            }
            for cycle in 0..1000 {
                event.set();
                if cycle % 3 == 0 {
                    yield_now(); // sometimes the waiters find it up, sometimes down again
                }
                event.clear();
            }
            stop.store(true, Ordering::SeqCst);
            event.set();
        });
    });
}
