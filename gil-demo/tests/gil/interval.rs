//! The switch interval: what is kept of it, and who waits for it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, scope};
use std::time::Duration;

use gil_demo::gil::Gil;

use crate::support::with_gil;
use crate::{MILLISECOND, compute, lock};

/// The interval is kept in whole microseconds, at least one; CPython's begins at 5 ms.
#[test]
fn the_interval() {
    let gil = Gil::new(());
    assert_eq!(gil.switch_interval(), Duration::from_millis(5));
    assert_eq!(Gil::<()>::SWITCH_INTERVAL, Duration::from_millis(5));
    for (set, kept) in [
        (Duration::from_secs(2), Duration::from_secs(2)),
        (Duration::from_nanos(2_999), Duration::from_micros(2)),
        (Duration::from_nanos(1_000), Duration::from_micros(1)),
        (Duration::from_nanos(999), Duration::from_micros(1)),
        (Duration::ZERO, Duration::from_micros(1)),
        (
            Duration::from_micros(u64::MAX),
            Duration::from_micros(u64::MAX),
        ),
        (
            Duration::from_micros(u64::MAX) + Duration::from_micros(1),
            Duration::from_micros(u64::MAX),
        ),
        (Duration::MAX, Duration::from_micros(u64::MAX)),
    ] {
        gil.set_switch_interval(set);
        assert_eq!(gil.switch_interval(), kept, "{set:?}");
    }
}

/// The longest interval is waited for like any other: nobody asks, and a release ends the wait.
#[test]
fn the_longest_interval() {
    with_gil(0, |gil| {
        gil.set_switch_interval(Duration::MAX);
        let waits = AtomicBool::new(false);
        scope(|scope| {
            let mut guard = lock(gil);
            let waiter = scope.spawn(|| {
                waits.store(true, Ordering::Release);
                *lock(gil) += 1;
            });
            while !waits.load(Ordering::Acquire) {
                thread::yield_now();
            }
            compute(&mut guard, 20 * MILLISECOND);
            assert_eq!((*guard, gil.switches()), (0, 1), "somebody asked");
            drop(guard);
            waiter.join().expect("no panic");
        });
        assert_eq!(*lock(gil), 1);
    });
}

/// An interval that is set while others wait is for the waits that begin then.
#[test]
fn the_interval_is_set_while_others_wait() {
    with_gil((), |gil| {
        gil.set_switch_interval(MILLISECOND);
        scope(|scope| {
            let mut guard = lock(gil);
            scope.spawn(|| drop(lock(gil)));
            gil.set_switch_interval(MILLISECOND / 2); // whichever it begins with is over soon
            while gil.switches() < 2 {
                guard.check();
            }
        });
    });
}
