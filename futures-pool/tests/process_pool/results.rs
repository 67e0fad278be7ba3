//! Results: of one task, of many, from several workers.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;

use futures_pool::map::MapOptions;
use futures_pool::process_pool::{BuildError, ProcessPoolExecutor};
use nix::unistd::getpid;

use super::{executor, pid, square, thread_sleeps};
use crate::support::{children, eventually, meet, note, notes, stay, wait_for};

fn join((left, right): (String, Option<i8>)) -> String {
    format!("{left}{right:?}")
}

/// EX-01, EX-05
pub fn a_future_has_the_result() {
    let executor = executor(2);
    assert_eq!(executor.max_workers(), 2);
    let future = executor.submit(square, 7).unwrap();
    assert_eq!(future.result(None), Ok(&49));
    let future = executor.submit(join, ("a".to_owned(), Some(-1)));
    assert_eq!(future.unwrap().into_result().unwrap(), "aSome(-1)");
    let future = executor.submit(|()| (), ()).unwrap();
    assert_eq!(future.into_result(), Ok(()));
    let future = executor.try_submit(|text: String| text.parse::<i32>(), "-5".to_owned());
    assert_eq!(future.unwrap().into_result(), Ok(-5));
    let default = ProcessPoolExecutor::builder().build().unwrap();
    let processors = std::thread::available_parallelism().unwrap().get();
    assert_eq!(default.max_workers(), processors);
    assert!(executor.submit(pid, ()).unwrap().into_result().unwrap() != getpid().as_raw() as u32);
}

/// EX-04, P13
pub fn a_map_begins_before_it_is_asked_and_not_without_end() {
    let executor = executor(2);
    let options = MapOptions {
        look_ahead: NonZeroUsize::new(3),
        ..MapOptions::default()
    };
    let pulled = std::cell::Cell::new(0_u64);
    let inputs = (0..).inspect(|_| pulled.set(pulled.get() + 1));
    let remember = |n: u64| {
        note("begun", 0);
        n
    };
    let mut results = executor.map_with(options, remember, inputs);
    wait_for("begun", 3);
    assert_eq!(pulled.get(), 3);
    assert_eq!(
        results.by_ref().take(10).map(Result::unwrap).sum::<u64>(),
        45
    );
    assert!(pulled.get() <= 14, "{}", pulled.get());
}

/// EX-05, PL-16
pub fn settings_that_make_no_sense_are_refused() {
    let none = ProcessPoolExecutor::new(0);
    assert_eq!(none.unwrap_err(), BuildError::NoWorkers);
    let builder = ProcessPoolExecutor::builder().max_tasks_per_child(0);
    assert_eq!(builder.build().unwrap_err(), BuildError::NoTasks);
}

/// EX-06
pub fn sixty_tasks_have_four_workers() {
    let executor = executor(4);
    let task = |()| {
        note("begun", 0);
        wait_for("released", 1);
        std::process::id()
    };
    let futures: Vec<_> = (0..60)
        .map(|_| executor.submit(task, ()).unwrap())
        .collect();
    wait_for("begun", 4);
    assert_eq!(children().len(), 4);
    note("released", 0);
    let pids = futures
        .into_iter()
        .map(|future| future.into_result().unwrap());
    assert!(pids.collect::<BTreeSet<_>>().len() <= 4);
    assert_eq!(children().len(), 4);
}

/// EX-07
pub fn one_idle_worker_is_enough() {
    let executor = executor(4);
    assert_eq!(children().len(), 0);
    let pids = (0..20).map(|n| {
        let pid = executor.submit(pid, n).unwrap().into_result().unwrap();
        // The thread that gave the result may not be idle yet, and if it is not, another one is started.
        eventually("it waits for a task", || thread_sleeps("ProcessPool_0"));
        pid
    });
    assert_eq!(pids.collect::<BTreeSet<_>>().len(), 1);
    assert_eq!(children().len(), 1);
}

/// PL-22
pub fn all_workers_run_at_the_same_time() {
    let executor = executor(4);
    let task = |()| {
        meet("met", 4);
        std::process::id()
    };
    let futures: Vec<_> = (0..4).map(|_| executor.submit(task, ()).unwrap()).collect();
    let pids = futures
        .into_iter()
        .map(|future| future.into_result().unwrap());
    assert_eq!(pids.collect::<BTreeSet<_>>().len(), 4);
}

/// Many quick tasks are sent together, and among them two that wait for each other, one after the other.
pub fn tasks_that_wait_for_each_other_meet() {
    let executor = executor(2);
    for round in 0..20_u64 {
        let task = |(round, n): (u64, u64)| {
            if n == 100 || n == 101 {
                meet(&format!("met{round}"), 2);
            }
            n
        };
        let futures: Vec<_> = (0..300)
            .map(|n| executor.submit(task, (round, n)).unwrap())
            .collect();
        for (n, future) in (0..).zip(futures) {
            assert_eq!(future.into_result(), Ok(n));
        }
    }
}

/// A task that takes for ever holds up no other one, whatever was sent together with it.
pub fn nobody_waits_behind_a_slow_task() {
    let executor = executor(2);
    let quick: Result<Vec<_>, _> = executor.map(square, 0..2000).collect();
    quick.unwrap();
    let task = |n: u64| {
        if n == 500 {
            stay("stuck");
        }
        n
    };
    let mut futures: Vec<_> = (0..2000)
        .map(|n| executor.submit(task, n).unwrap())
        .collect();
    let stuck = futures.remove(500);
    for future in futures {
        future.into_result().unwrap();
    }
    assert!(stuck.running());
    assert_eq!(notes("stuck").len(), 1);
    executor.kill_workers();
    assert!(stuck.into_result().unwrap_err().is_broken());
    executor.shutdown(Default::default());
}

static GIVEN: std::sync::OnceLock<String> = std::sync::OnceLock::new();

/// EX-16
pub fn the_initialiser_has_run_in_each_worker() {
    let initializer = |text: String| {
        note("initialised", std::process::id().into());
        GIVEN.set(text).expect("once");
    };
    let executor = ProcessPoolExecutor::builder()
        .max_workers(3)
        .max_tasks_per_child(2)
        .initializer(initializer, "given".to_owned())
        .build()
        .unwrap();
    let task = |_: i32| (std::process::id(), GIVEN.get().cloned().unwrap_or_default());
    let results: Vec<_> = executor.map(task, 0..12).map(Result::unwrap).collect();
    assert!(results.iter().all(|(_, text)| text == "given"));
    let pids: BTreeSet<i64> = results.iter().map(|(pid, _)| (*pid).into()).collect();
    assert_eq!(
        notes("initialised").into_iter().collect::<BTreeSet<_>>(),
        pids
    );
    assert_eq!(notes("initialised").len(), pids.len());
}

/// P14, EX-20: a pool in a worker is another pool.
pub fn a_task_may_have_a_pool() {
    let task = |n: u64| {
        let inner = ProcessPoolExecutor::new(2).expect("init was called here, too");
        let squares: Result<Vec<_>, _> = inner.map(square, 0..n).collect();
        squares.unwrap().into_iter().sum::<u64>()
    };
    let executor = executor(1);
    let sum = executor.submit(task, 10).unwrap().into_result();
    assert_eq!(sum, Ok((0..10).map(square).sum()));
}

/// Beyond what any buffer takes, both ways.
pub fn a_hundred_megabytes_both_ways() {
    let executor = executor(2);
    let big = "x".repeat(100_000_000);
    let future = executor.submit(|text: String| text + "y", big).unwrap();
    let small = executor.submit(square, 3).unwrap();
    let result = future.into_result().unwrap();
    assert_eq!(result.len(), 100_000_001);
    assert!(result.ends_with("xy"));
    assert_eq!(small.into_result(), Ok(9));
}

/// PP-21
pub fn a_hundred_submits_at_once() {
    for _ in 0..3 {
        let executor = executor(2);
        let futures: Vec<_> = (0..100)
            .map(|n| executor.submit(square, n).unwrap())
            .collect();
        for (n, future) in (0..).zip(futures) {
            assert_eq!(future.into_result(), Ok(square(n)));
        }
    }
}
