//! `semaphore.rs`, and what `bounded_semaphore.rs` shares with it: Python's `threading.Semaphore`. The
//! bound itself (SM-08) is in `bounded_semaphore.rs`.
//!
//! SM-01's negative number and SM-06's time-out for a try that does not wait are not expressible:
//! permits are a `usize`, and such a try takes no time-out. There is no default number (Python's is 1).
//! SM-11 to SM-13 belong to asyncio, SM-14 to processes.

mod support;

use std::mem::forget;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{scope, yield_now};
use std::time::{Duration, Instant};

use support::{Sleeper, assert_lasted, bounded, eventually, panic_text};
use threading::bounded_semaphore::BoundedSemaphore;
use threading::semaphore::{ReleaseError, Semaphore};

const SHORT: Duration = Duration::from_millis(50);

/// What both kinds offer, as Python writes it: a permit that is taken here is released anywhere.
trait Counting: Sync {
    fn take(&self);
    fn try_take(&self) -> bool;
    fn try_take_for(&self, timeout: Duration) -> bool;
    fn give(&self, n: usize) -> Result<(), ReleaseError>;
    fn free(&self) -> usize;
}

macro_rules! counting {
    ($kind:ty) => {
        impl Counting for $kind {
            fn take(&self) {
                self.acquire().forget();
            }
            fn try_take(&self) -> bool {
                self.try_acquire().map(|permit| permit.forget()).is_some()
            }
            fn try_take_for(&self, timeout: Duration) -> bool {
                let permit = self.try_acquire_for(timeout);
                permit.map(|permit| permit.forget()).is_some()
            }
            fn give(&self, n: usize) -> Result<(), ReleaseError> {
                self.release(n)
            }
            fn free(&self) -> usize {
                self.available_permits()
            }
        }
    };
}
counting!(Semaphore);
counting!(BoundedSemaphore);

/// Runs `body` with one of either kind, and twice with each.
fn both_kinds(permits: usize, body: fn(&dyn Counting)) {
    bounded(move || {
        let (semaphore, bounded) = (Semaphore::new(permits), BoundedSemaphore::new(permits));
        let kinds: [&dyn Counting; 2] = [&semaphore, &bounded];
        for kind in kinds.into_iter().chain(kinds) {
            body(kind);
            assert_eq!(kind.free(), permits, "the body gives back what it takes");
        }
    });
}

/// SM-01: more permits than can be counted are refused; the most there can be are not.
#[test]
fn too_many_permits() {
    assert_eq!(
        Semaphore::new(Semaphore::MAX_PERMITS).available_permits(),
        Semaphore::MAX_PERMITS
    );
    assert_eq!(BoundedSemaphore::new(0).bound(), 0);
    for excess in [Semaphore::MAX_PERMITS + 1, usize::MAX] {
        let refused = [
            catch_unwind(|| Semaphore::new(excess).available_permits()),
            catch_unwind(|| BoundedSemaphore::new(excess).available_permits()),
        ];
        for refused in refused {
            assert!(panic_text(refused.unwrap_err()).contains("MAX_PERMITS"));
        }
    }
}

/// SM-02: n can be taken; then a try fails and an acquire waits until one comes back.
#[test]
fn n_permits_and_no_more() {
    both_kinds(3, |semaphore| {
        (0..2).for_each(|_| semaphore.take());
        assert!(semaphore.try_take());
        assert!(!semaphore.try_take());
        assert_eq!(semaphore.free(), 0);

        let (sleeper, passed) = (Sleeper::default(), AtomicUsize::new(0));
        scope(|scope| {
            scope.spawn(|| {
                sleeper.about_to_wait();
                semaphore.take();
                passed.fetch_add(1, Ordering::SeqCst);
            });
            sleeper.wait_until_asleep();
            assert_eq!(passed.load(Ordering::SeqCst), 0);
            semaphore.give(1).unwrap();
        });
        semaphore.give(3).unwrap();
    });
}

/// SM-03, SM-04: ten threads take two each of seven permits, one of which is gone: six pass, then as
/// many as are released, and the last needs one more.
#[test]
fn ten_threads_take_two_of_seven() {
    both_kinds(7, |semaphore| {
        semaphore.take();
        let passed = AtomicUsize::new(0);
        let reaches = |count| {
            eventually("as many pass as there are permits", || {
                passed.load(Ordering::SeqCst) == count && semaphore.free() == 0
            });
            assert!(!semaphore.try_take());
        };
        scope(|scope| {
            for _ in 0..10 {
                scope.spawn(|| {
                    for _ in 0..2 {
                        semaphore.take();
                        passed.fetch_add(1, Ordering::SeqCst);
                    }
                });
            }
            reaches(6);
            semaphore.give(7).unwrap();
            reaches(13);
            semaphore.give(6).unwrap();
            reaches(19);
            semaphore.give(1).unwrap();
        });
        assert_eq!(passed.load(Ordering::SeqCst), 20);
        semaphore.give(7).unwrap();
    });
}

/// SM-04: a release of none, or of more than can be counted, is refused and changes nothing.
#[test]
fn senseless_releases() {
    both_kinds(2, |semaphore| {
        for n in [0, Semaphore::MAX_PERMITS, usize::MAX] {
            semaphore.take();
            let refused = semaphore.give(n).unwrap_err();
            assert_eq!((refused.n, semaphore.free()), (n, 1));
            semaphore.give(1).unwrap();
        }
    });
    let full = Semaphore::new(Semaphore::MAX_PERMITS - 1);
    assert_eq!(full.release(2), Err(ReleaseError { n: 2, room: 1 }));
    assert_eq!(full.release(1), Ok(()));
    assert_eq!(full.release(1), Err(ReleaseError { n: 1, room: 0 }));
    let texts = [0, 2].map(|n| ReleaseError { n, room: 1 }.to_string());
    let expected = [
        "release at least one permit",
        "cannot release 2 permits: there is room for 1",
    ];
    assert_eq!(texts, expected);
}

/// SM-05: of four permits one is taken; of five threads' two tries each exactly three succeed.
#[test]
fn contended_tries() {
    both_kinds(4, |semaphore| {
        semaphore.take();
        let tries = || usize::from(semaphore.try_take()) + usize::from(semaphore.try_take());
        let successes: usize = scope(|scope| {
            let threads = [(); 5].map(|()| scope.spawn(tries));
            threads.map(|thread| thread.join().unwrap()).iter().sum()
        });
        assert_eq!(successes, 3);
        semaphore.give(4).unwrap();
    });
}

/// SM-06: zero only looks; a time-out is waited out and leaves no trace; the longest one there is
/// waits until a permit comes.
#[test]
fn timed_acquire() {
    both_kinds(1, |semaphore| {
        for timeout in [Duration::ZERO, SHORT, Duration::MAX] {
            assert!(semaphore.try_take_for(timeout));
            assert!(!semaphore.try_take_for(Duration::ZERO));
            semaphore.give(1).unwrap();
        }
        semaphore.take();
        let start = Instant::now();
        assert!(!semaphore.try_take_for(SHORT));
        assert_lasted(start, SHORT);
        let sleeper = Sleeper::default();
        scope(|scope| {
            let waiter = scope.spawn(|| {
                sleeper.about_to_wait();
                semaphore.try_take_for(Duration::MAX)
            });
            sleeper.wait_until_asleep();
            semaphore.give(1).unwrap();
            assert!(waiter.join().unwrap());
        });
        semaphore.give(1).unwrap();
    });
}

/// SM-07: without a bound, a release beyond the start raises the number.
#[test]
fn a_release_beyond_the_start_raises_the_number() {
    let semaphore = Semaphore::new(1);
    semaphore.release(2).unwrap();
    let permits = [(); 3].map(|()| semaphore.try_acquire().unwrap());
    assert!(semaphore.try_acquire().is_none());
    drop(permits);
    assert_eq!(semaphore.available_permits(), 3);
}

/// SM-09: a guard gives its permit back at the end of its scope, on a panic, and from another thread.
#[test]
fn guards_give_back() {
    bounded(|| {
        let (semaphore, bounded) = (Semaphore::new(2), BoundedSemaphore::new(2));
        let free = || (semaphore.available_permits(), bounded.available_permits());
        let panics = || {
            let _permits = (semaphore.acquire(), bounded.acquire());
            assert_eq!(free(), (1, 1));
            resume_unwind(Box::new("with permits in hand"));
        };
        catch_unwind(AssertUnwindSafe(panics)).unwrap_err();
        assert_eq!(free(), (2, 2));

        let permits = (semaphore.acquire(), bounded.acquire());
        scope(|scope| drop(scope.spawn(move || drop(permits))));
        assert_eq!(free(), (2, 2));
        assert!(bounded.release(1).is_err(), "nothing was forgotten");
    });
}

/// F01's kind: a permit that a thread leaks stays out when the thread has ended. `release` brings it back; not
/// to a bounded semaphore, which has not been told that it is forgotten.
#[test]
fn leaked_permits_stay_out() {
    let (semaphore, bounded) = (Semaphore::new(2), BoundedSemaphore::new(2));
    let free = || (semaphore.available_permits(), bounded.available_permits());
    scope(|scope| {
        scope.spawn(|| forget((semaphore.acquire(), bounded.acquire())));
    });
    assert_eq!(free(), (1, 1));
    semaphore.release(1).unwrap();
    assert_eq!(bounded.release(1), Err(ReleaseError { n: 1, room: 0 }));
    assert_eq!(free(), (2, 1));
    drop((semaphore.acquire(), bounded.acquire()));
    assert_eq!(free(), (2, 1), "the other ones are as good as ever");
}

/// SM-10: the debug text shows the value, and the bound if there is one.
#[test]
fn debug_text() {
    let (semaphore, bounded) = (Semaphore::new(3), BoundedSemaphore::new(3));
    let _permits = (semaphore.acquire(), bounded.acquire());
    assert_eq!(format!("{semaphore:?}"), "Semaphore(2)");
    assert_eq!(format!("{bounded:?}"), "BoundedSemaphore(2/3)");
}

/// SM-15: over a thousand tasks never more inside than there are permits.
#[test]
fn never_more_inside_than_permits() {
    both_kinds(3, |semaphore| {
        let (inside, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let task = || {
            semaphore.take();
            most.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            yield_now();
            inside.fetch_sub(1, Ordering::SeqCst);
            semaphore.give(1).unwrap();
        };
        scope(|scope| {
            for _ in 0..10 {
                scope.spawn(|| (0..100).for_each(|_| task()));
            }
        });
        assert!((1..=3).contains(&most.into_inner()));
    });
}
