//! The ends of an executor.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::scope;

use futures_pool::future::FutureError;
use futures_pool::map::MapOptions;
use futures_pool::thread_pool::{Shutdown, SubmitError, ThreadPoolExecutor};

use crate::gate::{Gate, assert_gone, named};
use crate::support::{Sleeper, bounded};

const NO_WAIT: Shutdown = Shutdown {
    wait: false,
    cancel_futures: false,
};

/// EX-10: exactly those tasks are cancelled that have not begun, at once, while others run; and the end is
/// waited for.
#[test]
fn what_has_not_begun_is_cancelled() {
    bounded(|| {
        let executor = ThreadPoolExecutor::new(5).unwrap();
        let gate = Gate::default();
        let futures: Vec<_> = (0..50)
            .map(|n| {
                let gate = gate.clone();
                let passes = move |n| {
                    gate.pass();
                    n
                };
                executor.submit(passes, n).unwrap()
            })
            .collect();
        gate.wait_for(5);
        let ended = AtomicBool::new(false);
        scope(|scope| {
            scope.spawn(|| {
                executor.shutdown(Shutdown {
                    wait: true,
                    cancel_futures: true,
                });
                ended.store(true, Ordering::SeqCst);
            });
            for future in &futures[5..] {
                assert_eq!(future.result(None), Err(FutureError::Cancelled));
            }
            assert!(!ended.load(Ordering::SeqCst), "five are running");
            gate.open();
        });
        let done: Vec<_> = futures
            .iter()
            .flat_map(|future| future.result(None))
            .collect();
        assert_eq!(done, [&0, &1, &2, &3, &4]);
    });
}

/// EX-10: what befalls a chunk of a map befalls each of its items.
#[test]
fn a_chunk_is_cancelled() {
    bounded(|| {
        let executor = ThreadPoolExecutor::new(1).unwrap();
        let gate = Gate::default();
        let options = MapOptions {
            chunk_size: NonZeroUsize::new(3).unwrap(),
            ..MapOptions::default()
        };
        let passes = {
            let gate = gate.clone();
            move |n: usize| {
                gate.pass();
                n
            }
        };
        let results = executor.map_with(options, passes, 0..8);
        gate.wait_for(1);
        executor.shutdown(Shutdown {
            wait: false,
            cancel_futures: true,
        });
        gate.open();
        let results: Vec<_> = results.collect();
        let cancelled = [const { Err(FutureError::Cancelled) }; 5];
        assert_eq!(results[..3], [Ok(0), Ok(1), Ok(2)]);
        assert_eq!(results[3..], cancelled);
    });
}

/// EX-11: a shutdown that is not to wait returns while a task runs; what was submitted is done all the same,
/// and the threads end. So does the executor's drop.
#[test]
fn shutdown_need_not_wait() {
    bounded(|| {
        let executor = named("no_wait", 1);
        let gate = Gate::default();
        let futures = [1, 2, 3].map(|n| {
            let gate = gate.clone();
            let passes = move |n| {
                gate.pass();
                n
            };
            executor.submit(passes, n).unwrap()
        });
        executor.shutdown(NO_WAIT);
        drop(executor);
        assert!(futures.iter().all(|future| !future.done()));
        gate.open();
        assert_eq!(
            futures.map(|future| future.into_result()),
            [Ok(1), Ok(2), Ok(3)]
        );
        assert_gone("no_wait");
    });
}

/// EX-11, EX-15: who said that nobody shall wait may still wait later.
#[test]
fn wait_after_all() {
    bounded(|| {
        let executor = named("after_all", 2);
        let future = executor.submit(|()| (), ()).unwrap();
        executor.shutdown(NO_WAIT);
        executor.shutdown(Shutdown::default());
        assert!(future.done());
        assert_gone("after_all");
    });
}

/// EX-12, EX-13: the end of the scope waits for a running task, and for the threads.
#[test]
fn the_end_of_the_scope_waits() {
    bounded(|| {
        let gate = Gate::default();
        let (sleeper, ended) = (Sleeper::default(), AtomicBool::new(false));
        scope(|scope| {
            scope.spawn(|| {
                let executor = named("scope_end", 2);
                let passes = gate.clone();
                let _future = executor.submit(move |()| passes.pass(), ()).unwrap();
                gate.wait_for(1);
                sleeper.about_to_wait();
                drop(executor);
                ended.store(true, Ordering::SeqCst);
            });
            sleeper.wait_until_asleep();
            assert!(!ended.load(Ordering::SeqCst));
            gate.open();
        });
        assert_gone("scope_end");
    });
}

/// Threads that sleep are woken for the end.
#[test]
fn idle_threads_end() {
    bounded(|| {
        let executor = named("idle_end", 4);
        let gate = Gate::default();
        let futures = [(); 4].map(|()| {
            let gate = gate.clone();
            executor.submit(move |()| gate.pass(), ()).unwrap()
        });
        gate.wait_for(4);
        gate.open();
        for future in futures {
            future.into_result().unwrap();
        }
        drop(executor);
        assert_gone("idle_end");
    });
}

/// EX-15: several threads shut it down at the same time, twice each; nobody returns before all is done.
#[test]
fn shutdown_from_several_threads() {
    bounded(|| {
        for _ in 0..50 {
            let executor = ThreadPoolExecutor::new(3).unwrap();
            let (gate, done) = (Gate::default(), Arc::new(AtomicBool::new(false)));
            let task = {
                let (gate, done) = (gate.clone(), Arc::clone(&done));
                move |()| {
                    gate.pass();
                    done.store(true, Ordering::SeqCst);
                }
            };
            let _future = executor.submit(task, ()).unwrap();
            scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(|| {
                        for _ in 0..2 {
                            executor.shutdown(Shutdown::default());
                            assert!(done.load(Ordering::SeqCst));
                        }
                    });
                }
                gate.open();
            });
            let refused = executor.submit(|()| (), ()).unwrap_err();
            assert_eq!(refused, SubmitError::Shutdown);
        }
    });
}

/// EX-15, P09: tasks shut their own executor down, all of them at the same time, and so does a callback,
/// while somebody else waits for the end.
#[test]
fn shutdown_from_inside() {
    bounded(|| {
        let executor = Arc::new(named("inside", 3));
        let gate = Gate::default();
        let shuts_down = |executor: Arc<ThreadPoolExecutor>| {
            let gate = gate.clone();
            move |()| {
                gate.pass();
                executor.shutdown(Shutdown::default());
            }
        };
        let futures = [(); 3].map(|()| {
            let task = shuts_down(Arc::clone(&executor));
            let future = executor.submit(task, ()).unwrap();
            let again = Arc::clone(&executor);
            future.add_done_callback(move |_| again.shutdown(Shutdown::default()));
            future
        });
        gate.wait_for(3);
        scope(|scope| {
            let waits = scope.spawn(|| executor.shutdown(Shutdown::default()));
            gate.open();
            waits.join().unwrap();
        });
        assert!(futures.iter().all(|future| future.done()));
        assert_gone("inside");
    });
}

/// The last handle goes with a task: its thread drops the executor, and what was submitted is done.
#[test]
fn a_task_drops_the_executor() {
    bounded(|| {
        let executor = Arc::new(named("last_handle", 2));
        let gate = Gate::default();
        let drops = {
            let gate = gate.clone();
            move |executor: Arc<ThreadPoolExecutor>| {
                gate.pass();
                drop(executor);
            }
        };
        let first = executor.submit(drops, Arc::clone(&executor)).unwrap();
        let others = [1, 2, 3].map(|n| executor.submit(|n: i32| n, n).unwrap());
        drop(executor);
        gate.open();
        first.into_result().unwrap();
        assert_eq!(
            others.map(|future| future.into_result()),
            [Ok(1), Ok(2), Ok(3)]
        );
        assert_gone("last_handle");
    });
}

/// P09: tasks are submitted while the executor is shut down: each is refused or done.
#[test]
fn submit_against_shutdown() {
    bounded(|| {
        for round in 0..200 {
            let executor = named("race", 4);
            let start = Gate::default();
            scope(|scope| {
                for _ in 0..2 {
                    scope.spawn(|| {
                        start.pass();
                        let mut futures = Vec::new();
                        while let Ok(future) = executor.submit(|n: usize| n, futures.len()) {
                            futures.push(future);
                        }
                        for (n, future) in futures.into_iter().enumerate() {
                            match future.into_result() {
                                Ok(result) => assert_eq!(result, n),
                                Err(error) => assert!(error.is_cancelled(), "{error:?}"),
                            }
                        }
                    });
                }
                start.wait_for(2);
                start.open();
                executor.shutdown(Shutdown {
                    wait: round % 2 == 0,
                    cancel_futures: round % 3 == 0,
                });
            });
        }
        assert_gone("race");
    });
}

/// EX-14: tasks are cancelled while their turn comes, and the executor is shut down right after; a cancelled
/// one never runs.
#[test]
fn cancel_against_the_workers() {
    bounded(|| {
        for _ in 0..200 {
            let executor = ThreadPoolExecutor::new(2).unwrap();
            let tasks: Vec<_> = (0..20)
                .map(|_| {
                    let ran = Arc::new(AtomicBool::new(false));
                    let runs = |ran: Arc<AtomicBool>| ran.store(true, Ordering::SeqCst);
                    (executor.submit(runs, Arc::clone(&ran)).unwrap(), ran)
                })
                .collect();
            for (future, _) in &tasks {
                future.cancel();
            }
            executor.shutdown(Shutdown::default());
            for (future, ran) in tasks {
                assert_eq!(future.cancelled(), !ran.load(Ordering::SeqCst));
            }
        }
    });
}
