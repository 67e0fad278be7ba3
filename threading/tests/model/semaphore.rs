//! Models of `semaphore.rs`: permits are neither lost nor doubled, and none lies unused while
//! somebody waits for it.

use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use crate::faulty::FaultySemaphore;
use crate::semaphore::{Permit, Semaphore};
use crate::{SOON, Watched, check, check_bounded, kernel};

pub trait Permits: Send + Sync + 'static {
    type Permit<'a>;

    fn with(permits: usize) -> Self;
    fn acquire(&self) -> Self::Permit<'_>;
    fn acquire_for(&self, timeout: Duration) -> Option<Self::Permit<'_>>;
    fn release(&self, n: usize);
    fn available(&self) -> usize;
}

impl Permits for Semaphore {
    type Permit<'a> = Permit<'a>;

    fn with(permits: usize) -> Self {
        Self::new(permits)
    }

    fn acquire(&self) -> Permit<'_> {
        self.acquire()
    }

    fn acquire_for(&self, timeout: Duration) -> Option<Permit<'_>> {
        self.try_acquire_for(timeout)
    }

    fn release(&self, n: usize) {
        self.release(n).unwrap();
    }

    fn available(&self) -> usize {
        self.available_permits()
    }
}

/// There are `permits`, and nobody is counted as waiting: a release wakes nobody.
fn assert_idle<S: Permits>(semaphore: &S, permits: usize) {
    assert_eq!(semaphore.available(), permits);
    let before = kernel::notifications();
    semaphore.release(1);
    assert_eq!(kernel::notifications(), before, "somebody left the count");
    assert_eq!(semaphore.available(), permits + 1);
}

/// With one permit, what one thread did happened before what the next one does.
fn one_inside<S: Permits>() {
    let shared = Arc::new((S::with(1), Watched::new()));
    let enter = |shared: &(S, Watched)| {
        let permit = shared.0.acquire();
        shared.1.write();
        drop(permit);
    };
    let others = [(); 2].map(|()| {
        let shared = shared.clone();
        thread::spawn(move || enter(&shared))
    });
    enter(&shared);
    for other in others {
        other.join().unwrap();
    }
    assert_idle(&shared.0, 1);
}

/// The outcome is how many were inside at once, at most.
fn two_inside<S: Permits>() -> usize {
    let shared = Arc::new((S::with(2), AtomicUsize::new(0)));
    let enter = |(semaphore, inside): &(S, AtomicUsize)| {
        let permit = semaphore.acquire();
        let others = inside.fetch_add(1, Ordering::Relaxed);
        inside.fetch_sub(1, Ordering::Relaxed);
        drop(permit);
        others + 1
    };
    let others = [(); 2].map(|()| {
        let shared = shared.clone();
        thread::spawn(move || enter(&shared))
    });
    let mut most = enter(&shared);
    for other in others {
        most = most.max(other.join().unwrap());
    }
    assert_idle(&shared.0, 2);
    most
}

/// Both get one of the two permits that come at once.
fn two_for_two<S: Permits>() {
    let semaphore = Arc::new(S::with(0));
    let waiters = [(); 2].map(|()| {
        let semaphore = semaphore.clone();
        thread::spawn(move || mem::forget(semaphore.acquire()))
    });
    semaphore.release(2);
    for waiter in waiters {
        waiter.join().unwrap();
    }
    assert_idle(&*semaphore, 0);
}

/// The same, one after the other. The second comes when the first may still lie there.
fn one_by_one<S: Permits>() {
    let semaphore = Arc::new(S::with(0));
    let waiters = [(); 2].map(|()| {
        let semaphore = semaphore.clone();
        thread::spawn(move || mem::forget(semaphore.acquire()))
    });
    semaphore.release(1);
    semaphore.release(1);
    for waiter in waiters {
        waiter.join().unwrap();
    }
    assert_idle(&*semaphore, 0);
}

/// The clock stands still, so only the release can wake the waiter.
fn release_in_time<S: Permits>() {
    let semaphore = Arc::new(S::with(0));
    let waiter = thread::spawn({
        let semaphore = semaphore.clone();
        move || drop(semaphore.acquire_for(SOON).expect("there is time"))
    });
    semaphore.release(1);
    waiter.join().unwrap();
    assert_idle(&*semaphore, 1);
}

/// The permit is either taken or still there.
fn release_against_the_clock<S: Permits>() -> bool {
    let semaphore = Arc::new(S::with(0));
    let waiter = thread::spawn({
        let semaphore = semaphore.clone();
        move || match semaphore.acquire_for(SOON) {
            Some(permit) => {
                mem::forget(permit);
                true
            }
            None => {
                assert!(kernel::expired(), "gave up too early");
                false
            }
        }
    });
    let clock = thread::spawn(kernel::expire);
    semaphore.release(1);
    let taken = waiter.join().unwrap();
    clock.join().unwrap();
    assert_idle(&*semaphore, usize::from(!taken));
    taken
}

/// No permit comes.
fn only_the_clock<S: Permits>() {
    let semaphore = Arc::new(S::with(0));
    let waiters = [(); 2].map(|()| {
        let semaphore = semaphore.clone();
        thread::spawn(move || assert!(semaphore.acquire_for(SOON).is_none(), "there was none"))
    });
    kernel::expire();
    for waiter in waiters {
        waiter.join().unwrap();
    }
    assert_idle(&*semaphore, 0);
}

/// One waiter may give up at any moment of the release. The other must get the permit all the same.
fn who_gives_up_wakes_nobody_less<S: Permits>() -> bool {
    let semaphore = Arc::new(S::with(0));
    let hasty = thread::spawn({
        let semaphore = semaphore.clone();
        move || semaphore.acquire_for(SOON).is_some() // and gives it back
    });
    let patient = thread::spawn({
        let semaphore = semaphore.clone();
        move || mem::forget(semaphore.acquire())
    });
    kernel::until_asleep(2);
    let clock = thread::spawn(kernel::expire);
    semaphore.release(1);
    let taken = hasty.join().unwrap();
    patient.join().unwrap();
    clock.join().unwrap();
    assert_idle(&*semaphore, 0);
    taken
}

/// Woken for no reason, a thread goes on waiting; or takes the permit before the one it was for.
fn disturbed<S: Permits>() {
    let semaphore = Arc::new(S::with(0));
    let waiters = [(); 2].map(|()| {
        let semaphore = semaphore.clone();
        thread::spawn(move || drop(semaphore.acquire_for(Duration::MAX).expect("for ever")))
    });
    kernel::disturb();
    semaphore.release(1);
    for waiter in waiters {
        waiter.join().unwrap();
    }
    assert_idle(&*semaphore, 1);
}

#[test]
fn semaphore_one_inside() {
    check(one_inside::<Semaphore>, &[()]);
}

#[test]
fn semaphore_two_inside() {
    check_bounded(4, two_inside::<Semaphore>, &[1, 2]);
}

#[test]
fn semaphore_two_for_two() {
    check(two_for_two::<Semaphore>, &[()]);
}

#[test]
fn semaphore_one_by_one() {
    check(one_by_one::<Semaphore>, &[()]);
}

#[test]
fn semaphore_release_in_time() {
    check(release_in_time::<Semaphore>, &[()]);
}

#[test]
fn semaphore_release_against_the_clock() {
    check(release_against_the_clock::<Semaphore>, &[false, true]);
}

#[test]
fn semaphore_only_the_clock() {
    check(only_the_clock::<Semaphore>, &[()]);
}

#[test]
fn semaphore_who_gives_up_wakes_nobody_less() {
    check(who_gives_up_wakes_nobody_less::<Semaphore>, &[false, true]);
}

#[test]
fn semaphore_disturbed() {
    check(disturbed::<Semaphore>, &[()]);
}

#[test]
fn a_semaphore_that_wakes_two_for_two_passes() {
    check(two_for_two::<FaultySemaphore<2, false>>, &[()]);
}

#[test]
#[should_panic(expected = "deadlock")]
fn a_semaphore_that_wakes_nobody_forgets_the_waiter() {
    check(release_in_time::<FaultySemaphore<0, false>>, &[()]);
}

#[test]
#[should_panic(expected = "deadlock")]
fn a_semaphore_that_wakes_one_for_two_forgets_the_other() {
    check(two_for_two::<FaultySemaphore<1, false>>, &[()]);
}

#[test]
#[should_panic(expected = "deadlock")]
fn a_semaphore_that_looks_at_the_clock_first_wakes_one_less() {
    check(
        who_gives_up_wakes_nobody_less::<FaultySemaphore<2, true>>,
        &[false, true],
    );
}
