//! How every executor ends.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread::scope;

use futures_pool::executor::{Executor, MapOptions, Shutdown, SubmitError};
use futures_pool::future::{Future, FutureError};

use super::gate::{Gate, pass};
use super::{Make, refuses, square};

/// EX-08: nothing is taken after a shutdown, however often that is said; a map says it once.
pub fn nothing_is_taken_after_shutdown<E: Executor>(make: Make<E>) {
    let executor = make(2).unwrap();
    let before = executor.submit(square, 3).unwrap();
    for _ in 0..2 {
        executor.shutdown(Shutdown::default());
        let refused = executor.submit(square, 3).unwrap_err();
        assert_eq!(refused, SubmitError::Shutdown);
        let mut refused = executor.map(square, 0..5);
        assert_eq!(refused.next(), Some(Err(FutureError::Shutdown)));
        assert_eq!(refused.next(), None);
    }
    assert_eq!(before.into_result(), Ok(9));
}

/// EX-08: a map that is under way when the executor is shut down gives what was submitted.
pub fn a_map_during_shutdown<E: Executor>(make: Make<E>) {
    let executor = make(2).unwrap();
    let options = MapOptions {
        look_ahead: NonZeroUsize::new(3),
        ..MapOptions::default()
    };
    let results = executor.map_with(options, square, 0..);
    executor.shutdown(Shutdown::default());
    let results: Vec<_> = results.collect();
    let expected = [Ok(0), Ok(1), Ok(4), Err(FutureError::Shutdown)];
    assert_eq!(results, expected);
}

/// EX-09: a shutdown waits for everything that was submitted, to the last task.
pub fn shutdown_waits_for_fifty_tasks<E: Executor + Sync>(make: Make<E>) {
    let executor = make(2).unwrap();
    let gate = Gate::new();
    let submit = |n| executor.submit(pass, gate.ticket(n)).unwrap();
    let futures: Vec<Future<u64>> = (0..50).map(submit).collect();
    let returned = AtomicBool::new(false);
    scope(|scope| {
        let shutdown = scope.spawn(|| {
            executor.shutdown(Shutdown::default());
            returned.store(true, Ordering::SeqCst);
            assert!(futures.iter().all(Future::done));
        });
        refuses(&executor);
        for _ in 0..49 {
            drop(gate.next());
        }
        let last = gate.next();
        assert!(!returned.load(Ordering::SeqCst), "one is running");
        drop(last);
        shutdown.join().unwrap();
    });
    let results: Result<Vec<u64>, _> = futures.into_iter().map(Future::into_result).collect();
    assert_eq!(results.unwrap(), Vec::from_iter(0..50));
}

/// EX-10: of fifty tasks those that have not begun are cancelled, and none is left pending; those that run
/// come to their end, which the shutdown waits for if it is to.
pub fn shutdown_can_cancel<E: Executor + Sync>(make: Make<E>) {
    for wait in [true, false] {
        let executor = make(2).unwrap();
        let gate = Gate::new();
        let submit = |n| executor.submit(pass, gate.ticket(n)).unwrap();
        let futures: Vec<Future<u64>> = (0..50).map(submit).collect();
        let [done, running] = gate.two();
        let mut ran = BTreeSet::from([done.number, running.number]);
        done.later();
        let next = gate.next();
        ran.insert(next.number);
        let returned = AtomicBool::new(false);
        let shutdown = || {
            executor.shutdown(Shutdown {
                wait,
                cancel_futures: true,
            });
            returned.store(true, Ordering::SeqCst);
        };
        scope(|scope| {
            if wait {
                scope.spawn(shutdown);
                refuses(&executor);
                assert!(!returned.load(Ordering::SeqCst), "two are running");
            } else {
                shutdown(); // returns though two are running
            }
            drop((running, next));
        });
        for (n, future) in (0..).zip(futures) {
            let cancelled = future.result(None) == Err(FutureError::Cancelled);
            assert_eq!(future.cancelled(), cancelled);
            let expected = match ran.contains(&n) {
                true => Ok(n),
                false => Err(FutureError::Cancelled),
            };
            assert_eq!(future.into_result(), expected);
        }
        executor.shutdown(Shutdown::default());
        assert!(gate.nobody(), "none has begun since");
    }
}

/// EX-12, EX-13, P10: an executor that is dropped, at the end of its scope or before, does what was
/// submitted, and is gone when that is done.
pub fn a_dropped_executor_gives_its_results<E: Executor + Send>(make: Make<E>) {
    let executor = make(2).unwrap();
    let gate = Gate::new();
    let futures = [1, 2, 3].map(|n| executor.submit(pass, gate.ticket(n)).unwrap());
    let (about_to, is_about_to) = mpsc::channel();
    scope(|scope| {
        let futures = &futures;
        scope.spawn(move || {
            about_to.send(()).unwrap();
            drop(executor);
            assert!(futures.iter().all(Future::done));
        });
        is_about_to.recv().unwrap();
        for _ in 0..3 {
            drop(gate.next());
        }
    });
    let results = futures.map(Future::into_result);
    assert_eq!(results, [Ok(1), Ok(2), Ok(3)]);
}

/// EX-14: a task is cancelled while another one runs, and right after that comes the shutdown.
pub fn cancel_and_shutdown<E: Executor + Sync>(make: Make<E>) {
    let executor = make(1).unwrap();
    let gate = Gate::new();
    let [first, second] = [1, 2].map(|n| executor.submit(pass, gate.ticket(n)).unwrap());
    let running = gate.next();
    assert!(second.cancel());
    scope(|scope| {
        scope.spawn(|| executor.shutdown(Shutdown::default()));
        refuses(&executor);
        drop(running);
    });
    assert_eq!(first.into_result(), Ok(1));
    assert!(second.cancelled() && gate.nobody());
}

/// P11: thousands of tasks wait and all workers are busy; the shutdown comes to an end.
pub fn much_is_cancelled<E: Executor + Sync>(make: Make<E>) {
    let executor = make(2).unwrap();
    let gate = Gate::new();
    let busy = [0, 1].map(|n| executor.submit(pass, gate.ticket(n)).unwrap());
    let running = gate.two();
    let futures: Vec<_> = (0..10_000)
        .map(|n| executor.submit(square, n).unwrap())
        .collect();
    scope(|scope| {
        scope.spawn(|| {
            executor.shutdown(Shutdown {
                wait: true,
                cancel_futures: true,
            });
            assert!(futures.iter().all(Future::cancelled));
        });
        refuses(&executor);
        drop(running);
    });
    assert_eq!(busy.map(Future::into_result), [Ok(0), Ok(1)]);
}
