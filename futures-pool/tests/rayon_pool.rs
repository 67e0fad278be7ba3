//! What `rayon_pool.rs` has beyond the other executors, and rayon's traps. What all executors have in common
//! is in `executor.rs`; that no thread is left, in `thread_pool_process.rs`.
//!
//! Not offered: a default number of workers (EX-05) and threads that are started when they are needed
//! (EX-07), since all of them are from the beginning; initialisers (EX-16). PP-01 to PP-25 are about workers
//! that are processes.

mod support;

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::sync::mpsc;
use std::sync::{Arc, Barrier, Weak};
use std::thread::{self, scope};
use std::time::Duration;

use futures_pool::future::{Future, FutureError};
use futures_pool::rayon_pool::{BuildError, RayonExecutor, Shutdown, SubmitError};
use rayon::prelude::*;

use support::{block_on, bounded};

fn sum_of_squares(numbers: &[u64]) -> u64 {
    numbers.par_iter().map(|n| n * n).sum()
}

/// Parallel equals sequential, on the executor's threads, with one of them too.
#[test]
fn install() {
    bounded(|| {
        let numbers: Vec<u64> = (0..10_000).collect();
        let sequential: u64 = numbers.iter().map(|n| n * n).sum();
        for threads in [1, 2] {
            let executor = RayonExecutor::new(threads).unwrap();
            assert_eq!(executor.max_workers(), threads);
            let sum = executor.install(|| sum_of_squares(&numbers)); // it may borrow
            assert_eq!(sum, Ok(sequential));
            let seen = executor.install(|| (rayon::current_num_threads(), name()));
            let (seen, name) = seen.unwrap();
            assert_eq!(seen, threads);
            assert!(name.starts_with("RayonExecutor_"), "{name}");
            executor.shutdown(Shutdown::default());
            assert_eq!(executor.install(|| 1), Err(SubmitError::Shutdown));
        }
    });
}

fn name() -> String {
    thread::current().name().unwrap_or_default().to_owned()
}

/// F08: more threads than rayon can have are refused, and none is started.
#[test]
fn too_many_threads() {
    let error = RayonExecutor::new(usize::MAX).unwrap_err();
    assert!(matches!(error, BuildError::Start(_)), "{error:?}");
}

/// EX-06: so many tasks run at the same time as there are threads.
#[test]
fn all_threads_work() {
    bounded(|| {
        let executor = RayonExecutor::new(3).unwrap();
        for _ in 0..50 {
            let meeting = Arc::new(Barrier::new(3));
            let futures = [(); 3].map(|()| {
                let meets = |meeting: Arc<Barrier>| _ = meeting.wait();
                executor.submit(meets, Arc::clone(&meeting)).unwrap()
            });
            assert!(futures.map(Future::into_result).iter().all(Result::is_ok));
        }
    });
}

/// EX-06, EX-17: 15 × n tasks that wait have exactly n threads, and these are named by their numbers.
#[test]
fn saturation() {
    bounded(|| {
        const THREADS: usize = 3;
        let executor = RayonExecutor::new(THREADS).unwrap();
        let (sends, came) = mpsc::channel();
        let meeting = Arc::new(Barrier::new(THREADS));
        // As many as there are threads wait for each other, fifteen times: with fewer nobody would go on.
        let task = |(came, meeting): (mpsc::Sender<String>, Arc<Barrier>)| {
            came.send(name()).unwrap();
            meeting.wait();
        };
        let submit = |_| {
            let with = (sends.clone(), Arc::clone(&meeting));
            executor.submit(task, with).unwrap()
        };
        let futures: Vec<_> = (0..15 * THREADS).map(submit).collect();
        futures
            .into_iter()
            .for_each(|future| future.into_result().unwrap());
        drop(sends);
        let names: Vec<String> = came.iter().collect();
        assert_eq!(names.len(), 15 * THREADS);
        let all = (0..THREADS).map(|n| format!("RayonExecutor_{n}"));
        assert_eq!(BTreeSet::from_iter(names), all.collect());
    });
}

/// EX-18: function and argument are gone before the result is there; the result belongs to who takes it.
#[test]
fn nothing_is_kept() {
    bounded(|| {
        let executor = RayonExecutor::new(2).unwrap();
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
        }
    });
}

/// EX-20, R51: a task that waits for a task has the only thread: only the time-out ends that. With rayon's own
/// `join`, the waiting thread does the other task itself.
#[test]
fn one_thread() {
    bounded(|| {
        let executor = Arc::new(RayonExecutor::new(1).unwrap());
        let waits = |executor: Arc<RayonExecutor>| {
            let inner = executor.submit(|n: i32| n + 1, 1).unwrap();
            let seen = inner.result(Some(Duration::from_millis(100))).copied();
            (seen, inner)
        };
        let outer = executor.submit(waits, Arc::clone(&executor)).unwrap();
        let (seen, inner) = outer.into_result().unwrap();
        assert_eq!(seen, Err(FutureError::Timeout));
        assert_eq!(inner.into_result(), Ok(2));

        let joins = |()| rayon::join(|| 1, || (0..100).into_par_iter().sum::<i32>());
        let future = executor.submit(joins, ()).unwrap();
        assert_eq!(future.into_result(), Ok((1, 4950)));

        // An ordinary call there.
        let installs = |executor: Arc<RayonExecutor>| executor.install(name);
        let future = executor.submit(installs, Arc::clone(&executor)).unwrap();
        assert_eq!(future.into_result().unwrap().unwrap(), "RayonExecutor_0");
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

/// R52: whatever panics, the process lives on and the threads work.
#[test]
fn panics() {
    bounded(|| {
        let executor = RayonExecutor::new(1).unwrap();
        let survives = || {
            let next = executor.submit(|n: i32| n + 1, 1).unwrap();
            assert_eq!(next.into_result(), Ok(2));
        };
        let both = |()| -> ((), ()) { rayon::join(|| panic!("left"), || panic!("right")) };
        let error = executor
            .submit(both, ())
            .unwrap()
            .into_result()
            .unwrap_err();
        assert!(error.is_panic(), "{error:?}");
        survives();
        let payload = executor
            .submit(|()| panic_any(PanicsWhenDropped), ())
            .unwrap();
        assert!(payload.into_result().unwrap_err().is_panic());
        survives();
        drop(executor.submit(|()| PanicsWhenDropped, ()).unwrap());
        survives();
        let installs = || executor.install(|| -> () { panic!("installed") });
        assert!(catch_unwind(AssertUnwindSafe(installs)).is_err());
        survives();
    });
}

/// R54: to await a task takes no thread.
#[test]
fn awaited() {
    bounded(|| {
        let executor = RayonExecutor::new(1).unwrap();
        for n in 0..100 {
            let future = executor.submit(|n: i32| n + 1, n).unwrap();
            assert_eq!(block_on(future), Ok(n + 1));
        }
    });
}

/// EX-11: a shutdown that is not to wait returns while a task runs, and what was submitted is done.
#[test]
fn shutdown_need_not_wait() {
    bounded(|| {
        let executor = RayonExecutor::new(1).unwrap();
        let (open, gate) = mpsc::channel();
        let waits = move |n| {
            gate.recv().unwrap();
            n
        };
        let first = executor.submit(waits, 1).unwrap();
        let second = executor.submit(|n| n, 2).unwrap();
        executor.shutdown(Shutdown {
            wait: false,
            cancel_futures: false,
        });
        drop(executor);
        assert!(!first.done());
        open.send(()).unwrap();
        assert_eq!([first, second].map(Future::into_result), [Ok(1), Ok(2)]);
    });
}

/// EX-15, P09: several threads shut it down, a task does, and one drops the last handle.
#[test]
fn shutdown_from_everywhere() {
    bounded(|| {
        for _ in 0..50 {
            let executor = Arc::new(RayonExecutor::new(2).unwrap());
            let shuts_down = |executor: Arc<RayonExecutor>| {
                executor.shutdown(Shutdown::default());
                drop(executor);
            };
            let futures = [(); 4].map(|()| executor.submit(shuts_down, Arc::clone(&executor)));
            scope(|scope| {
                for _ in 0..2 {
                    scope.spawn(|| executor.shutdown(Shutdown::default()));
                }
            });
            drop(executor);
            for future in futures.into_iter().flatten() {
                future.into_result().unwrap();
            }
        }
    });
}

/// A shutdown while somebody is inside: that one comes to its end first, and what it submits later is refused.
#[test]
fn shutdown_during_install() {
    bounded(|| {
        let executor = RayonExecutor::new(1).unwrap();
        let (inside, entered) = mpsc::channel();
        scope(|scope| {
            let executor = &executor;
            let installed = scope.spawn(move || {
                executor.install(|| {
                    inside.send(()).unwrap();
                    while executor.submit(|()| (), ()).is_ok() {
                        thread::yield_now();
                    }
                    7
                })
            });
            entered.recv().unwrap();
            executor.shutdown(Shutdown::default());
            assert_eq!(installed.join().unwrap(), Ok(7));
        });
    });
}
