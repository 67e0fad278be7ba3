//! Models of `bounded_semaphore.rs`. The semaphore inside has its own models; what is added is the
//! count of permits that are owed.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crate::bounded_semaphore::{BoundedPermit, BoundedSemaphore};
use crate::faulty::FaultyBounded;
use crate::{SOON, Watched, check, check_bounded, kernel};

pub trait Bounded: Send + Sync + 'static {
    type Permit<'a>;

    fn with(bound: usize) -> Self;
    fn acquire(&self) -> Self::Permit<'_>;
    fn acquire_for(&self, timeout: Duration) -> Option<Self::Permit<'_>>;
    fn forget<'a>(&'a self, permit: Self::Permit<'a>);
    /// Whether one permit was owed.
    fn release(&self) -> bool;
    fn available(&self) -> usize;
}

impl Bounded for BoundedSemaphore {
    type Permit<'a> = BoundedPermit<'a>;

    fn with(bound: usize) -> Self {
        let semaphore = Self::new(bound);
        semaphore.release(1).unwrap_err(); // the first use of the count: see `AtomicUsize`
        semaphore
    }

    fn acquire(&self) -> BoundedPermit<'_> {
        self.acquire()
    }

    fn acquire_for(&self, timeout: Duration) -> Option<BoundedPermit<'_>> {
        self.try_acquire_for(timeout)
    }

    fn forget<'a>(&'a self, permit: BoundedPermit<'a>) {
        permit.forget();
    }

    fn release(&self) -> bool {
        self.release(1).is_ok()
    }

    fn available(&self) -> usize {
        self.available_permits()
    }
}

/// Two release, one permit is owed, and another is out with its guard. The outcome is who could.
fn owed_once<S: Bounded>() -> [bool; 2] {
    let semaphore = Arc::new(S::with(2));
    semaphore.forget(semaphore.acquire());
    let out = semaphore.acquire();
    let other = thread::spawn({
        let semaphore = semaphore.clone();
        move || semaphore.release()
    });
    let released = [semaphore.release(), other.join().unwrap()];
    assert_eq!(semaphore.available(), 1, "more than was owed");
    drop(out);
    assert_eq!(semaphore.available(), 2);
    released
}

/// Each of two threads forgets a permit and releases one; the main thread releases one as well.
/// Whoever is refused, two of the three are not.
fn owed_twice<S: Bounded>() -> [bool; 3] {
    let semaphore = Arc::new(S::with(2));
    let others = [(); 2].map(|()| {
        let semaphore = semaphore.clone();
        thread::spawn(move || {
            semaphore.forget(semaphore.acquire());
            semaphore.release()
        })
    });
    let released = semaphore.release();
    assert!(semaphore.available() <= 2, "more than there were");
    let [first, second] = others.map(|other| other.join().unwrap());
    assert_eq!(semaphore.available(), 2);
    [released, first, second]
}

/// A permit is owed from the moment it is forgotten, not earlier.
fn forget_against_release<S: Bounded>() -> bool {
    let semaphore = Arc::new(S::with(1));
    let other = thread::spawn({
        let semaphore = semaphore.clone();
        move || semaphore.forget(semaphore.acquire())
    });
    let released = semaphore.release();
    assert!(semaphore.available() <= 1, "more than there were");
    other.join().unwrap();
    assert_eq!(semaphore.available(), usize::from(released));
    assert_eq!(semaphore.release(), !released);
    assert_eq!(semaphore.available(), 1);
    released
}

/// A release that succeeds shows that somebody forgot a permit. What they did before that happened
/// before what the next owner of the permit does.
fn forgotten_in_order<S: Bounded>() -> bool {
    let shared = Arc::new((S::with(1), Watched::new()));
    let other = thread::spawn({
        let shared = shared.clone();
        move || {
            let permit = shared.0.acquire();
            shared.1.write();
            shared.0.forget(permit);
        }
    });
    let released = shared.0.release();
    if released {
        let permit = shared.0.acquire();
        shared.1.write();
        drop(permit);
    }
    other.join().unwrap();
    released
}

/// A release wakes who waits for the forgotten permit; that one goes back by itself.
fn release_wakes<S: Bounded>() {
    let shared = Arc::new((S::with(1), Watched::new()));
    shared.0.forget(shared.0.acquire());
    let waiter = thread::spawn({
        let shared = shared.clone();
        move || {
            let permit = shared.0.acquire();
            shared.1.write();
            drop(permit);
        }
    });
    shared.1.write();
    assert!(shared.0.release(), "one is owed");
    assert!(
        !shared.0.release(),
        "none is owed, whether it is out or not"
    );
    waiter.join().unwrap();
    assert_eq!(shared.0.available(), 1);
}

/// The permit is either taken, and then owed, or still there.
fn release_against_the_clock<S: Bounded>() -> bool {
    let semaphore = Arc::new(S::with(1));
    semaphore.forget(semaphore.acquire());
    let waiter = thread::spawn({
        let semaphore = semaphore.clone();
        move || match semaphore.acquire_for(SOON) {
            Some(permit) => {
                semaphore.forget(permit);
                true
            }
            None => false,
        }
    });
    let clock = thread::spawn(kernel::expire);
    assert!(semaphore.release(), "one is owed");
    let taken = waiter.join().unwrap();
    clock.join().unwrap();
    assert_eq!(semaphore.release(), taken);
    assert_eq!(semaphore.available(), 1);
    taken
}

const ALL_BUT_ONE: [[bool; 3]; 3] = [
    [false, true, true],
    [true, false, true],
    [true, true, false],
];

#[test]
fn bounded_owed_once() {
    check(
        owed_once::<BoundedSemaphore>,
        &[[false, true], [true, false]],
    );
}

#[test]
fn bounded_owed_twice() {
    check_bounded(4, owed_twice::<BoundedSemaphore>, &ALL_BUT_ONE);
}

#[test]
fn bounded_forget_against_release() {
    check(forget_against_release::<BoundedSemaphore>, &[false, true]);
}

#[test]
fn bounded_forgotten_in_order() {
    check(forgotten_in_order::<BoundedSemaphore>, &[false, true]);
}

#[test]
fn bounded_release_wakes() {
    check(release_wakes::<BoundedSemaphore>, &[()]);
}

#[test]
fn bounded_release_against_the_clock() {
    check(
        release_against_the_clock::<BoundedSemaphore>,
        &[false, true],
    );
}

#[test]
#[should_panic(expected = "more than was owed")]
fn a_bounded_semaphore_that_hesitates_releases_too_many() {
    check(owed_once::<FaultyBounded>, &[[false, true], [true, false]]);
}
