//! Callbacks: each is called once, and nobody takes the result from under one.

use std::sync::Arc;
use std::thread;

use crate::Watched;
use crate::awaited_models::block_on;
use crate::future::FutureError;
use crate::future_models::works;
use crate::kernel;
use crate::pair::{Callback, Pair, Seen};

/// Who was called, in order. A mutex outside of the model, which orders nothing.
#[derive(Clone, Default)]
struct Log(Arc<real_std::sync::Mutex<String>>);

impl Log {
    /// A callback that uses the result, notes `name`, and uses the result again.
    fn noting(&self, name: char) -> Callback {
        let log = self.0.clone();
        Box::new(move |outcome| {
            let result = outcome.unwrap();
            kernel::notifications(); // somebody else may run here
            result.read();
            log.lock().unwrap().push(name);
            kernel::notifications(); // and here
            result.read();
        })
    }

    fn text(&self) -> String {
        self.0.lock().unwrap().clone()
    }
}

/// Two callbacks are added while the result comes: each is called once. The second is the first if it came
/// when the result was there and the first one had not yet been called. The outcome is the order.
pub fn added_meanwhile<P: Pair>() -> String {
    let (promise, future) = P::pair();
    let log = Log::default();
    let worker = thread::spawn(move || P::set(promise));
    P::add(&future, log.noting('1'));
    P::add(&future, log.noting('2'));
    worker.join().unwrap();
    log.text()
}

/// The same by two threads.
pub fn added_by_two<P: Pair>() -> String {
    let (promise, future) = P::pair();
    let (future, log) = (Arc::new(future), Log::default());
    let other = thread::spawn({
        let (future, callback) = (future.clone(), log.noting('a'));
        move || P::add(&future, callback)
    });
    let worker = thread::spawn(move || P::set(promise));
    P::add(&future, log.noting('m'));
    other.join().unwrap();
    worker.join().unwrap();
    log.text()
}

/// A callback is added while the task is begun or cancelled, and told which. The outcome is what it was told.
pub fn added_against_cancel<P: Pair>() -> &'static str {
    let (promise, future) = P::pair();
    let future = Arc::new(future);
    let worker = works::<P>(promise);
    let other = thread::spawn({
        let future = future.clone();
        move || P::cancel(&future)
    });
    let told = Arc::new(real_std::sync::Mutex::new(Vec::new()));
    let tells = told.clone();
    let callback = move |outcome: Result<&Watched, FutureError>| {
        let outcome = outcome.map(Watched::read);
        tells.lock().unwrap().push(outcome);
    };
    P::add(&future, Box::new(callback));
    let cancelled = other.join().unwrap();
    assert_ne!(worker.join().unwrap(), cancelled);
    match (told.lock().unwrap().as_slice(), cancelled) {
        ([Err(FutureError::Cancelled)], true) => "cancelled",
        ([Ok(())], false) => "returned",
        (told, _) => panic!("told {told:?}"),
    }
}

/// Who takes the result, in either way, has it when two callbacks have done with it.
fn taken_when_called<P: Pair>(take: fn(P::Future) -> Seen) {
    let (promise, future) = P::pair();
    let log = Log::default();
    P::add(&future, log.noting('1'));
    P::add(&future, log.noting('2'));
    let worker = thread::spawn(move || P::set(promise));
    assert_eq!(take(future), Ok(()));
    assert_eq!(log.text(), "12");
    worker.join().unwrap();
}

pub fn taken<P: Pair>() {
    taken_when_called::<P>(P::take);
}

pub fn awaited<P: Pair>() {
    taken_when_called::<P>(block_on::<P>);
}

/// A cancel has called the callbacks when it returns.
pub fn taken_after_cancel<P: Pair>() -> bool {
    let (promise, future) = P::pair();
    let called = Arc::new(real_std::sync::Mutex::new(0));
    let calls = called.clone();
    P::add(&future, Box::new(move |_| *calls.lock().unwrap() += 1));
    let worker = works::<P>(promise);
    let cancelled = P::cancel(&future);
    let seen = P::take(future);
    assert_eq!(*called.lock().unwrap(), 1);
    assert_eq!(seen.is_err(), cancelled);
    worker.join().unwrap();
    cancelled
}
