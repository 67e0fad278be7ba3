//! How many threads there are, how they are named, what they begin with.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;

use futures_pool::future::{Broken, FutureError};
use futures_pool::thread_pool::{BuildError, Builder, SubmitError, ThreadPoolExecutor};

use crate::gate::{Gate, assert_gone, named};
use crate::support::bounded;

fn name(_: usize) -> String {
    thread::current().name().unwrap_or_default().to_owned()
}

/// A builder whose initialiser counts the threads that begin.
fn counting() -> (Builder, Arc<AtomicUsize>) {
    let started = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&started);
    let builder = ThreadPoolExecutor::builder().initializer(move || {
        count.fetch_add(1, Ordering::SeqCst);
    });
    (builder, started)
}

/// EX-05: no workers are an error; the default is Python's.
#[test]
fn number_of_workers() {
    assert_eq!(
        ThreadPoolExecutor::new(0).unwrap_err(),
        BuildError::NoWorkers
    );
    let cpus = thread::available_parallelism().unwrap().get();
    let default = ThreadPoolExecutor::builder().build().unwrap();
    assert_eq!(default.max_workers(), (cpus + 4).min(32));
    assert_eq!(ThreadPoolExecutor::new(7).unwrap().max_workers(), 7);
}

/// EX-06: 15 × n tasks that wait have exactly n threads; none is there before it is needed.
#[test]
fn saturation() {
    bounded(|| {
        for n in [1, 4] {
            let (builder, started) = counting();
            let executor = builder.max_workers(n).build().unwrap();
            assert_eq!(started.load(Ordering::SeqCst), 0);
            let gate = Gate::default();
            let futures: Vec<_> = (0..15 * n)
                .map(|_| {
                    let gate = gate.clone();
                    executor.submit(move |()| gate.pass(), ()).unwrap()
                })
                .collect();
            gate.wait_for(n);
            assert_eq!((gate.came(), started.load(Ordering::SeqCst)), (n, n));
            gate.open();
            futures
                .into_iter()
                .for_each(|future| future.into_result().unwrap());
            drop(executor);
            assert_eq!((gate.came(), started.load(Ordering::SeqCst)), (15 * n, n));
        }
    });
}

/// EX-07: who waits for each result before the next task has one thread, every time.
#[test]
fn an_idle_thread_is_used_again() {
    bounded(|| {
        let (builder, started) = counting();
        let executor = builder.max_workers(4).build().unwrap();
        for n in 0..3000 {
            let future = executor.submit(|n: i32| n + 1, n).unwrap();
            assert_eq!(future.into_result(), Ok(n + 1));
        }
        assert_eq!(started.load(Ordering::SeqCst), 1);
    });
}

/// EX-07: a worker that is in a callback is busy: another one is started, on whom the callback may wait.
#[test]
fn a_thread_in_a_callback_is_not_idle() {
    bounded(|| {
        let (builder, started) = counting();
        let executor = builder.max_workers(2).build().unwrap();
        let (begin, end) = (Gate::default(), Gate::default());
        let first = {
            let begin = begin.clone();
            executor.submit(move |()| begin.pass(), ()).unwrap()
        };
        {
            let end = end.clone();
            first.add_done_callback(move |_| end.pass());
        }
        begin.open();
        end.wait_for(1);
        assert_eq!(first.result(None), Ok(&()));
        let second = executor.submit(move |()| end.open(), ()).unwrap();
        second.into_result().unwrap();
        assert_eq!(started.load(Ordering::SeqCst), 2);
    });
}

/// Waits at a gate when it is dropped.
struct PassesWhenDropped(Gate);

impl Drop for PassesWhenDropped {
    fn drop(&mut self) {
        self.0.pass();
    }
}

/// F02: so is one that drops a result which nobody wants.
#[test]
fn a_thread_in_a_destructor_is_not_idle() {
    bounded(|| {
        let executor = ThreadPoolExecutor::new(2).unwrap();
        let (begin, end) = (Gate::default(), Gate::default());
        let task = {
            let (begin, result) = (begin.clone(), PassesWhenDropped(end.clone()));
            move |()| {
                begin.pass();
                result
            }
        };
        drop(executor.submit(task, ()).unwrap());
        begin.open();
        end.wait_for(1);
        let second = executor.submit(move |()| end.open(), ()).unwrap();
        second.into_result().unwrap();
    });
}

/// Tasks that meet each other: as many threads as may be work at the same time, also after all of them
/// have slept.
#[test]
fn all_threads_are_woken() {
    bounded(|| {
        let executor = ThreadPoolExecutor::new(4).unwrap();
        for _ in 0..200 {
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
        }
    });
}

/// F02: the same if each task has a submitter of its own: two of them never count on the same worker.
#[test]
fn submitters_do_not_count_on_the_same_worker() {
    bounded(|| {
        for _ in 0..200 {
            let executor = ThreadPoolExecutor::new(4).unwrap();
            let (gate, start) = (Gate::default(), Barrier::new(4));
            thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(|| {
                        start.wait();
                        let gate = gate.clone();
                        executor.submit(move |()| gate.pass(), ()).unwrap()
                    });
                }
                gate.wait_for(4);
                gate.open();
            });
        }
    });
}

/// EX-17: the threads are named `prefix_0` to `prefix_n−1`.
#[test]
fn names() {
    bounded(|| {
        let executor = named("names", 3);
        let gate = Gate::default();
        let futures = [0, 1, 2].map(|n| {
            let gate = gate.clone();
            let named = move |n| {
                gate.pass();
                name(n)
            };
            executor.submit(named, n).unwrap()
        });
        gate.wait_for(3);
        gate.open();
        let names: BTreeSet<_> = futures.map(|future| future.into_result().unwrap()).into();
        assert_eq!(
            names,
            ["names_0", "names_1", "names_2"].map(String::from).into()
        );
        let default = ThreadPoolExecutor::new(1).unwrap();
        let name = default.submit(name, 0).unwrap().into_result().unwrap();
        assert_eq!(name, "ThreadPoolExecutor_0");
    });
}

thread_local! {
    static PREPARED: Cell<u32> = const { Cell::new(0) };
}

/// EX-16: what the initialiser did is there in each thread.
#[test]
fn initialised() {
    bounded(|| {
        let builder = ThreadPoolExecutor::builder().max_workers(3);
        let executor = builder.initializer(|| PREPARED.set(7)).build().unwrap();
        let gate = Gate::default();
        let futures = [(); 3].map(|()| {
            let gate = gate.clone();
            let prepared = move |()| {
                gate.pass();
                PREPARED.get()
            };
            executor.submit(prepared, ()).unwrap()
        });
        gate.wait_for(3);
        gate.open();
        assert_eq!(futures.map(|future| future.into_result().unwrap()), [7; 3]);
    });
}

/// EX-16, P07: an initialiser that fails breaks the executor: what waits fails and what is submitted later,
/// no more threads are started for it, and the executor's end is reached. (Its message: see
/// `thread_pool_process.rs`.)
#[test]
fn a_failing_initialiser() {
    bounded(|| {
        type Fail = fn(Builder, Gate) -> Builder;
        let returns: Fail = |builder, gate| {
            builder.try_initializer(move || {
                gate.pass();
                Err("no database")
            })
        };
        let panics: Fail = |builder, gate| {
            builder.initializer(move || {
                gate.pass();
                panic!("no database");
            })
        };
        for fail in [returns, panics] {
            let gate = Gate::default();
            let builder = ThreadPoolExecutor::builder().thread_name_prefix("failing");
            let builder = fail(builder.max_workers(2), gate.clone());
            let executor = builder.build().unwrap();
            let futures = [(); 10].map(|()| executor.submit(|()| (), ()).unwrap());
            gate.open();
            let broken = Broken::Initializer("no database".to_owned());
            for future in futures {
                let error = future.into_result().unwrap_err();
                assert_eq!(error, FutureError::Broken(broken.clone()));
            }
            for _ in 0..100 {
                let refused = executor.submit(|()| (), ()).unwrap_err();
                assert_eq!(refused, SubmitError::Broken(broken.clone()));
            }
            let mut refused = executor.map(name, 0..3);
            let error = Some(Err(FutureError::Broken(broken)));
            assert_eq!((refused.next(), refused.next()), (error, None));
            assert!(gate.came() <= 2);
            drop(refused);
            drop(executor);
            assert_gone("failing");
        }
    });
}

/// EX-16: a task that runs already is not disturbed by another thread's failing initialiser.
#[test]
fn a_running_task_outlives_the_breakdown() {
    bounded(|| {
        let first = AtomicUsize::new(0);
        let builder = ThreadPoolExecutor::builder().max_workers(2);
        let fails = move || match first.fetch_add(1, Ordering::SeqCst) {
            0 => Ok(()),
            _ => Err("only one connection"),
        };
        let executor = builder.try_initializer(fails).build().unwrap();
        let gate = Gate::default();
        let running = {
            let gate = gate.clone();
            let passes = move |()| {
                gate.pass();
                "done"
            };
            executor.submit(passes, ()).unwrap()
        };
        gate.wait_for(1);
        // The thread that is started for it may have failed before it is in the queue.
        match executor.submit(|()| (), ()) {
            Ok(second) => assert!(second.into_result().unwrap_err().is_broken()),
            Err(refused) => assert!(refused.is_broken()),
        }
        gate.open();
        assert_eq!(running.into_result(), Ok("done"));
    });
}

/// F08: a name that no thread can have is refused with the other settings.
#[test]
fn a_name_with_a_nul() {
    let builder = ThreadPoolExecutor::builder().thread_name_prefix("a\0b");
    assert_eq!(builder.build().unwrap_err(), BuildError::ThreadName);
}

/// F08: so is a stack that no address space has room for; a small one is made large enough.
#[test]
fn sizes_of_stacks() {
    let builder = |bytes| {
        let builder = ThreadPoolExecutor::builder().max_workers(1);
        builder.stack_size(bytes)
    };
    for bytes in [usize::MAX, usize::MAX / 2 + 1] {
        let error = builder(bytes).build().unwrap_err();
        assert_eq!(error, BuildError::StackSize);
    }
    for bytes in [0, 1, 4095] {
        let executor = builder(bytes).build().unwrap();
        let future = executor.submit(|n: u8| n, 1).unwrap();
        assert_eq!(future.into_result(), Ok(1));
    }
    let executor = builder(usize::MAX / 2).build().unwrap();
    let refused = executor.submit(|n: u8| n, 1).unwrap_err();
    assert!(matches!(refused, SubmitError::Start(_)), "{refused:?}");
}

/// A thread that cannot be started, when there is no other, is an error of its own; the executor is
/// whole, and it can be tried again.
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
#[test]
fn no_thread_can_be_started() {
    let builder = ThreadPoolExecutor::builder().stack_size(1 << 47); // more than there are addresses
    let executor = builder.build().unwrap();
    for _ in 0..3 {
        let refused = executor.submit(|()| (), ()).unwrap_err();
        assert!(matches!(refused, SubmitError::Start(_)), "{refused:?}");
    }
    let refused = executor.map(name, 0..3).next();
    assert!(matches!(refused, Some(Err(FutureError::Start(_)))));
}

/// F04: with no thread, and none to be had, no task is accepted, whatever other submitters are in the middle of.
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
#[test]
fn nothing_is_accepted_that_nobody_runs() {
    bounded(|| {
        for _ in 0..200 {
            let builder = ThreadPoolExecutor::builder().stack_size(1 << 47);
            let executor = builder.max_workers(4).build().unwrap();
            let start = Barrier::new(3);
            let submit = || {
                start.wait();
                executor.submit(|()| (), ())
            };
            let answers = thread::scope(|scope| {
                let submitters = [(); 3].map(|()| scope.spawn(submit));
                submitters.map(|submitter| submitter.join().unwrap())
            });
            for refused in answers {
                assert!(matches!(refused, Err(SubmitError::Start(_))), "{refused:?}");
            }
        }
    });
}
