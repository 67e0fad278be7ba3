//! A result, a cancel and a lost promise against each other, against who waits, and against the clock.

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::future::FutureError;
use crate::pair::{Pair, Seen};
use crate::{SOON, kernel};

type Shared<P> = Arc<<P as Pair>::Future>;

fn pair<P: Pair>() -> (P::Promise, Shared<P>) {
    let (promise, future) = P::pair();
    (promise, Arc::new(future))
}

fn looks<P: Pair>(future: &Shared<P>, timeout: Option<Duration>) -> JoinHandle<Seen> {
    let future = future.clone();
    thread::spawn(move || P::look(&future, timeout))
}

fn takes<P: Pair>(future: P::Future) -> JoinHandle<Seen> {
    thread::spawn(move || P::take(future))
}

/// Begins the task and ends it, if it was not cancelled; whether that was so.
pub fn works<P: Pair>(promise: P::Promise) -> JoinHandle<bool> {
    thread::spawn(move || {
        let started = P::start(&promise);
        if started {
            P::set(promise);
        }
        started
    })
}

// ---- who ends it

/// The task begins or is cancelled, not both, and who waits sees which. The outcome is whether it was cancelled.
pub fn cancel_against_complete<P: Pair>() -> bool {
    let (promise, future) = pair::<P>();
    let waiter = looks::<P>(&future, None);
    let worker = works::<P>(promise);
    let cancelled = P::cancel(&future);
    assert_ne!(worker.join().unwrap(), cancelled, "begun and cancelled");
    let expected = if cancelled {
        Err(FutureError::Cancelled)
    } else {
        Ok(())
    };
    assert_eq!(waiter.join().unwrap(), expected);
    assert_eq!(P::look(&future, Some(Duration::ZERO)), expected);
    cancelled
}

/// The same with a result that does not ask first.
pub fn cancel_against_set<P: Pair>() -> bool {
    let (promise, future) = pair::<P>();
    let worker = thread::spawn(move || P::set(promise));
    let cancelled = P::cancel(&future);
    let seen = P::look(&future, None);
    worker.join().unwrap();
    assert_eq!(P::look(&future, None), seen, "another outcome later");
    assert_eq!(seen.is_err(), cancelled);
    cancelled
}

/// Two cancel: both have done so, or neither.
pub fn two_cancels<P: Pair>() -> bool {
    let (promise, future) = pair::<P>();
    let worker = works::<P>(promise);
    let other = thread::spawn({
        let future = future.clone();
        move || P::cancel(&future)
    });
    let cancelled = P::cancel(&future);
    assert_eq!(other.join().unwrap(), cancelled);
    assert_ne!(worker.join().unwrap(), cancelled, "begun and cancelled");
    cancelled
}

// ---- who waits

/// Two wait, and both are told.
pub fn two_look<P: Pair>() {
    let (promise, future) = pair::<P>();
    let waiters = [looks::<P>(&future, None), looks::<P>(&future, SOON)];
    P::set(promise);
    for waiter in waiters {
        assert_eq!(waiter.join().unwrap(), Ok(()));
    }
}

/// The result is taken out when it is there.
pub fn taken<P: Pair>() {
    let (promise, future) = P::pair();
    let taker = takes::<P>(future);
    P::set(promise);
    assert_eq!(taker.join().unwrap(), Ok(()));
}

/// A lost promise ends the wait of two.
pub fn dropped<P: Pair>() {
    let (promise, future) = pair::<P>();
    let waiters = [looks::<P>(&future, None), looks::<P>(&future, SOON)];
    drop(promise);
    for waiter in waiters {
        assert_eq!(waiter.join().unwrap(), Err(FutureError::Abandoned));
    }
}

/// And of the one that takes the result out.
pub fn dropped_and_taken<P: Pair>() {
    let (promise, future) = P::pair();
    let taker = takes::<P>(future);
    drop(promise);
    assert_eq!(taker.join().unwrap(), Err(FutureError::Abandoned));
}

/// Woken for no reason, a thread waits on.
pub fn disturbed<P: Pair>() {
    let (promise, future) = pair::<P>();
    let waiters = [
        looks::<P>(&future, None),
        looks::<P>(&future, Some(Duration::MAX)),
    ];
    kernel::disturb();
    P::set(promise);
    for waiter in waiters {
        assert_eq!(waiter.join().unwrap(), Ok(()));
    }
}

// ---- the clock

/// The result comes in time, and the time is up before the waiter runs.
pub fn set_at_the_last_moment<P: Pair>() {
    let (promise, future) = pair::<P>();
    let waiter = looks::<P>(&future, SOON);
    kernel::until_asleep(1);
    P::set(promise);
    kernel::expire();
    assert_eq!(waiter.join().unwrap(), Ok(()), "it was in time");
}

/// The result comes, and the time is up, in any order. The outcome is whether the waiter got it.
pub fn set_against_the_clock<P: Pair>() -> bool {
    let (promise, future) = pair::<P>();
    let waiter = thread::spawn({
        let future = future.clone();
        move || match P::look(&future, SOON) {
            Err(error) => {
                assert!(error.is_timeout() && kernel::expired(), "gave up too early");
                false
            }
            Ok(()) => true,
        }
    });
    let clock = thread::spawn(kernel::expire);
    P::set(promise);
    assert_eq!(P::look(&future, Some(Duration::ZERO)), Ok(()));
    clock.join().unwrap();
    waiter.join().unwrap()
}

/// There is no result in time. Afterwards nobody is left to be woken.
pub fn only_the_clock<P: Pair>() {
    let (promise, future) = pair::<P>();
    let waiters = [looks::<P>(&future, SOON), looks::<P>(&future, SOON)];
    kernel::expire();
    for waiter in waiters {
        assert_eq!(waiter.join().unwrap(), Err(FutureError::Timeout));
    }
    let before = kernel::notifications();
    P::set(promise);
    assert_eq!(kernel::notifications(), before, "somebody left the count");
}
