//! `bounded_semaphore.rs`: Python's `threading.BoundedSemaphore`, as far as the bound goes. What it shares
//! with the plain one is in `semaphore.rs`.

mod support;

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{scope, yield_now};
use std::time::{Duration, Instant};

use support::bounded;
use threading::bounded_semaphore::BoundedSemaphore;
use threading::semaphore::ReleaseError;

/// SM-08: a bounded semaphore refuses one release too many, and its value stays: with all permits in,
/// with others out as guards (which Python does not notice), and with too many asked for at once.
#[test]
fn one_release_too_many() {
    for limit in 1..=9 {
        let semaphore = BoundedSemaphore::new(limit);
        let value = || (semaphore.available_permits(), semaphore.bound());
        assert_eq!(semaphore.release(1), Err(ReleaseError { n: 1, room: 0 }));
        assert_eq!(value(), (limit, limit));

        (0..limit).for_each(|_| semaphore.acquire().forget());
        let refused = semaphore.release(limit + 1);
        assert_eq!((refused.is_err(), value()), (true, (0, limit)));
        semaphore.release(limit).unwrap();
        assert!(semaphore.release(1).is_err());
        assert_eq!(value(), (limit, limit));

        let guard = semaphore.acquire();
        assert!(semaphore.release(1).is_err(), "the guard will give it back");
        assert_eq!(value(), (limit - 1, limit));
        drop(guard);
        assert_eq!(value(), (limit, limit));
    }
}

/// SM-08: of two threads that release the same permit at the same moment, one succeeds.
#[test]
fn racing_releases() {
    bounded(|| {
        let semaphore = BoundedSemaphore::new(2);
        let _guard = semaphore.acquire(); // room for a second success, if there could be one
        let (arrived, over) = (AtomicUsize::new(0), AtomicBool::new(false));
        // A barrier that wakes them by the kernel would make them arrive one after the other.
        let meet = |times| {
            arrived.fetch_add(1, Ordering::SeqCst);
            while arrived.load(Ordering::SeqCst) < 2 * times {
                yield_now();
            }
        };
        let start = Instant::now();
        let race = |takes: bool| {
            let (mut rounds, mut successes) = (0, 0);
            while !over.load(Ordering::SeqCst) {
                if takes {
                    semaphore.acquire().forget();
                }
                meet(3 * rounds + 1);
                // Who arrives last goes on first, so one has a head start that differs each time.
                for step in 0..if takes { rounds % 256 } else { 128 } {
                    black_box(step);
                }
                successes += usize::from(semaphore.release(1).is_ok());
                meet(3 * rounds + 2);
                // As many rounds as there is time for: on a busy machine each costs time slices.
                if takes && start.elapsed() > Duration::from_millis(250) {
                    over.store(true, Ordering::SeqCst);
                }
                meet(3 * rounds + 3);
                rounds += 1;
            }
            (rounds, successes)
        };
        scope(|scope| {
            let threads = [true, false].map(|takes| scope.spawn(move || race(takes)));
            let [(rounds, first), (_, second)] = threads.map(|thread| thread.join().unwrap());
            assert_eq!((first + second, semaphore.available_permits()), (rounds, 1));
        });
    });
}
