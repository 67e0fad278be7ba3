//! What tasks may do, and what they leave behind.

use std::num::NonZeroUsize;
use std::panic::panic_any;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::thread::{self, scope};
use std::time::{Duration, Instant};

use futures_pool::future::{Future, FutureError};
use futures_pool::map::MapOptions;
use futures_pool::thread_pool::ThreadPoolExecutor;

use crate::gate::Gate;
use crate::support::{block_on, bounded, eventually};

/// EX-01: functions may capture, take what only one thread has at a time, and return closures.
#[test]
fn tasks_of_any_type() {
    bounded(|| {
        let executor = ThreadPoolExecutor::new(2).unwrap();
        let (text, cell) = (String::from("a"), std::cell::Cell::new(1));
        let joins = move |(n, other): (i32, Box<str>)| {
            cell.set(cell.get() + n);
            move || format!("{text}{other}{}", cell.get())
        };
        let future = executor.submit(joins, (2, "b".into())).unwrap();
        assert_eq!(future.into_result().unwrap()(), "ab3");
        let factor = Arc::new(3);
        let results = executor.map(move |n: i32| Arc::new(n * *factor), vec![1, 2]);
        let results: Vec<i32> = results.map(|result| *result.unwrap()).collect();
        assert_eq!(results, [3, 6]);
    });
}

/// A future can be awaited.
#[test]
fn awaited() {
    bounded(|| {
        let executor = ThreadPoolExecutor::new(1).unwrap();
        for n in 0..100 {
            let future = executor.submit(|n: i32| n + 1, n).unwrap();
            assert_eq!(block_on(future), Ok(n + 1));
        }
    });
}

/// EX-03: a map that has run out of time cancels the rest; so does one that is dropped (EX-04: its work began
/// without being asked for).
#[test]
fn a_map_cancels_what_has_not_begun() {
    bounded(|| {
        for timeout in [Some(Duration::from_millis(50)), None] {
            let executor = ThreadPoolExecutor::new(1).unwrap();
            let gate = Gate::default();
            let options = MapOptions {
                timeout,
                ..MapOptions::default()
            };
            let task = {
                let gate = gate.clone();
                move |_: usize| gate.pass()
            };
            let mut results = executor.map_with(options, task, 0..10);
            gate.wait_for(1);
            if timeout.is_some() {
                assert_eq!(results.next(), Some(Err(FutureError::Timeout)));
                assert_eq!(results.next(), None);
            }
            drop(results);
            gate.open();
            drop(executor);
            assert_eq!(gate.came(), 1, "the others were cancelled");
        }
    });
}

/// EX-03: when the time is up, no more is submitted, and an endless input ends although each result is there.
#[test]
fn a_map_without_time_submits_nothing() {
    bounded(|| {
        let executor = ThreadPoolExecutor::new(1).unwrap();
        let done = Arc::new(AtomicUsize::new(0));
        let timeout = Duration::from_millis(100);
        let options = MapOptions {
            timeout: Some(timeout),
            look_ahead: NonZeroUsize::new(2),
            ..MapOptions::default()
        };
        let counts = {
            let done = Arc::clone(&done);
            move |_: usize| done.fetch_add(1, Ordering::SeqCst)
        };
        let mut pulled = 0;
        let start = Instant::now();
        let results = executor.map_with(options, counts, (0..).inspect(|_| pulled += 1));
        eventually("both are done, and the time is up", || {
            done.load(Ordering::SeqCst) == 2 && start.elapsed() > timeout
        });
        // The second is counted a moment before its result is there.
        executor.submit(|()| (), ()).unwrap().into_result().unwrap();
        let results: Vec<_> = results.collect();
        assert_eq!(results, [Ok(0), Ok(1), Err(FutureError::Timeout)]);
        assert_eq!(pulled, 2);
    });
}

/// EX-18: function and argument are gone before the result is there; the result belongs to who takes it.
#[test]
fn nothing_is_kept() {
    bounded(|| {
        let executor = ThreadPoolExecutor::new(2).unwrap();
        for _ in 0..200 {
            let (captured, argument) = (Arc::new(()), Arc::new(()));
            let kept = [Arc::downgrade(&captured), Arc::downgrade(&argument)];
            let task = move |argument: Arc<()>| {
                let _both = (&captured, argument);
                Arc::new(7)
            };
            let future = executor.submit(task, argument).unwrap();
            let result = Arc::downgrade(future.result(None).unwrap());
            assert!(kept.iter().all(|kept| kept.upgrade().is_none()));
            drop(future.into_result());
            assert_eq!(Weak::strong_count(&result), 0);

            let captured = Arc::new(());
            let kept = Arc::downgrade(&captured);
            let results = executor.map(move |n: i32| (n, &captured).0, 0..10);
            assert_eq!(results.count(), 10);
            assert!(kept.upgrade().is_none());
        }
    });
}

/// EX-18: a result whose future is gone already is dropped; so is that of a panic.
#[test]
fn a_result_nobody_waits_for() {
    bounded(|| {
        let executor = ThreadPoolExecutor::new(1).unwrap();
        let gate = Gate::default();
        let (result, payload) = (Arc::new(()), Arc::new(()));
        let passes = {
            let (gate, result) = (gate.clone(), Arc::clone(&result));
            move |()| {
                gate.pass();
                result
            }
        };
        let panics = |payload: Arc<()>| -> () { panic_any(payload) };
        drop(executor.submit(passes, ()).unwrap());
        drop(executor.submit(panics, Arc::clone(&payload)).unwrap());
        gate.open();
        drop(executor);
        assert_eq!(
            (Arc::strong_count(&result), Arc::strong_count(&payload)),
            (1, 1)
        );
    });
}

struct PanicsWhenDropped;

impl Drop for PanicsWhenDropped {
    fn drop(&mut self) {
        if !thread::panicking() {
            panic!("a destructor");
        }
    }
}

/// EX-19: whatever panics (the task, its argument's destructor, its result's, the payload's), the worker
/// goes on.
#[test]
fn the_worker_survives() {
    bounded(|| {
        let executor = ThreadPoolExecutor::new(1).unwrap();
        let here = |()| thread::current().id();
        let worker = executor.submit(here, ()).unwrap().into_result().unwrap();
        let survives = || {
            let next = executor.submit(here, ()).unwrap();
            assert_eq!(next.into_result(), Ok(worker));
        };
        let message = |future: Future<()>| match future.into_result() {
            Err(FutureError::Panicked { message }) => message,
            other => panic!("{other:?}"),
        };
        let static_text = executor.submit(|()| panic!("static"), ()).unwrap();
        assert_eq!(message(static_text), "static");
        survives();
        let no_text = executor.submit(|()| panic_any(7), ()).unwrap();
        assert_eq!(message(no_text), "(not a text)");
        survives();
        let argument = executor.submit(drop, PanicsWhenDropped).unwrap();
        assert_eq!(message(argument), "a destructor");
        survives();
        // Nobody waits, so that the worker has the result in its hands.
        drop(executor.submit(|()| PanicsWhenDropped, ()).unwrap());
        survives();
        let payload = executor
            .submit(|()| panic_any(PanicsWhenDropped), ())
            .unwrap();
        assert_eq!(message(payload), "(not a text)");
        survives();
        // Cancelled before it ran: its argument is dropped when its turn comes.
        let gate = Gate::default();
        let passes = gate.clone();
        let first = executor.submit(move |()| passes.pass(), ()).unwrap();
        let second = executor.submit(drop, PanicsWhenDropped).unwrap();
        assert!(second.cancel());
        gate.open();
        first.into_result().unwrap();
        survives();
    });
}

/// P06: callbacks that panic, in the worker.
#[test]
fn the_worker_survives_callbacks() {
    bounded(|| {
        let executor = ThreadPoolExecutor::new(1).unwrap();
        let gate = Gate::default();
        let passes = gate.clone();
        let future = executor.submit(move |()| passes.pass(), ()).unwrap();
        future.add_done_callback(|_| panic!("a callback"));
        future.add_done_callback(|_| panic_any(PanicsWhenDropped));
        gate.open();
        future.into_result().unwrap();
        let next = executor.submit(|n: i32| n, 7).unwrap();
        assert_eq!(next.into_result(), Ok(7));
    });
}

/// EX-20: a task submits to its own executor, and may wait for that if a thread is left; with one thread
/// it would wait for ever, were it not for the time-out.
#[test]
fn a_task_submits() {
    bounded(|| {
        let nested = |executor: Arc<ThreadPoolExecutor>| {
            let inner = executor.submit(|n: i32| n + 1, 1).unwrap();
            let seen = inner.result(Some(Duration::from_millis(100))).copied();
            (seen, inner)
        };
        let one = Arc::new(ThreadPoolExecutor::new(1).unwrap());
        let outer = one.submit(nested, Arc::clone(&one)).unwrap();
        let (seen, inner) = outer.into_result().unwrap();
        assert_eq!(seen, Err(FutureError::Timeout));
        assert_eq!(inner.into_result(), Ok(2));

        let waits = |executor: Arc<ThreadPoolExecutor>| {
            executor.submit(|n: i32| n + 1, 1).unwrap().into_result()
        };
        let two = Arc::new(ThreadPoolExecutor::new(2).unwrap());
        for _ in 0..1000 {
            let outer = two.submit(waits, Arc::clone(&two)).unwrap();
            assert_eq!(outer.into_result(), Ok(Ok(2)));
        }
    });
}

/// P14: a task may have an executor of its own.
#[test]
fn a_task_has_an_executor() {
    bounded(|| {
        let executor = ThreadPoolExecutor::new(2).unwrap();
        let sums = |n: u64| -> Result<u64, FutureError> {
            let inner = ThreadPoolExecutor::new(2).expect("not 0 workers");
            inner.map(|n: u64| n * n, 0..n).sum()
        };
        let results: Result<Vec<u64>, _> = executor.try_map(sums, [2, 3, 4]).collect();
        assert_eq!(results, Ok(vec![1, 5, 14]));
    });
}

/// Several threads submit and wait at the same time; each gets its own results.
#[test]
fn many_submit() {
    bounded(|| {
        let executor = ThreadPoolExecutor::new(4).unwrap();
        scope(|scope| {
            for thread in 0..4u64 {
                let executor = &executor;
                scope.spawn(move || {
                    let futures: Vec<_> = (0..2000)
                        .map(|n| {
                            executor
                                .submit(|(t, n)| t * 10_000 + n, (thread, n))
                                .unwrap()
                        })
                        .collect();
                    for (n, future) in (0..).zip(futures) {
                        assert_eq!(future.into_result(), Ok(thread * 10_000 + n));
                    }
                });
            }
        });
    });
}
