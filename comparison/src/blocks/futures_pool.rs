//! Chapter 4's blocks.

use std::hint::black_box;
use std::sync::mpsc;

#[cfg(target_os = "linux")]
use futures_pool::process_pool::ProcessPoolExecutor;
use futures_pool::rayon_pool::RayonExecutor;
use futures_pool::thread_pool::ThreadPoolExecutor;
use rayon::iter::{IntoParallelIterator, ParallelIterator};

use super::{Goal, Group, Row, timed};

pub(super) const GROUP: Group = Group {
    rows: ROWS,
    python: include_str!("../../../scripts/python/futures_blocks.py"),
};

const WORKERS: usize = 4;

/// Up to where each of the sums goes, and how many there are.
const SUM: u64 = 1_000_000;
const SUMS: usize = 8;

const ROWS: &[Row] = &[
    Row {
        name: "submit",
        label: "线程池 提交与取结果\nThreadPoolExecutor submit + result",
        times: 10_000,
        rounds: 21,
        ours: submit,
        rivals: &[("rayon spawn + channel", rayon_spawn)],
        goal: Goal::OfRival(1.2),
    },
    #[cfg(target_os = "linux")]
    Row {
        name: "process-map",
        label: "进程池 map，块大小 1\nProcessPoolExecutor map, chunk size 1",
        times: 10_000,
        rounds: 3,
        ours: process_map,
        rivals: &[],
        goal: Goal::OfCpython(0.05),
    },
    #[cfg(target_os = "linux")]
    Row {
        name: "process-exec",
        label: "工作进程 启动、一个任务、结束\nworker process: start, one task, end",
        times: 20,
        rounds: 15,
        ours: process_exec,
        rivals: &[
            ("Command true", command),
            ("Command --version", this_command),
        ],
        goal: Goal::OfRival(1.5),
    },
    Row {
        name: "sums",
        label: "八个 Σ i²，四个线程\neight Σ i², 4 workers",
        times: 1,
        rounds: 21,
        ours: sums,
        rivals: &[("rayon", rayon_sums)],
        goal: Goal::OfRival(1.1),
    },
];

/// All are submitted, then all results are asked for.
fn submit(times: u64) -> f64 {
    let executor = ThreadPoolExecutor::new(WORKERS).expect("it has workers");
    let run = |times: u64| {
        let submit = |n| executor.submit(|n| n, n).expect("it takes tasks");
        let futures: Vec<_> = (0..times).map(submit).collect();
        for (n, future) in (0..times).zip(futures) {
            assert_eq!(future.into_result(), Ok(n));
        }
    };
    run(1000);
    timed(|| run(times))
}

fn rayon_spawn(times: u64) -> f64 {
    let pool = rayon_pool();
    let run = |times: u64| {
        let submit = |n| {
            let (sender, receiver) = mpsc::sync_channel(1);
            pool.spawn(move || sender.send(n).expect("somebody asks"));
            receiver
        };
        let receivers: Vec<_> = (0..times).map(submit).collect();
        for (n, receiver) in (0..times).zip(receivers) {
            assert_eq!(receiver.recv(), Ok(n));
        }
    };
    run(1000);
    timed(|| run(times))
}

fn rayon_pool() -> rayon::ThreadPool {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(WORKERS);
    pool.build().expect("the system has threads to give")
}

#[cfg(target_os = "linux")]
fn process_map(times: u64) -> f64 {
    let executor = ProcessPoolExecutor::new(WORKERS).expect("it has workers");
    let run = |times: u64| {
        let squares = executor.map(|n: u64| n * n, 0..times);
        let right = (0..times)
            .zip(squares)
            .all(|(n, square)| square == Ok(n * n));
        assert!(right, "it is the square of each, in order");
    };
    run(1000);
    timed(|| run(times))
}

/// A worker is this executable, started anew.
#[cfg(target_os = "linux")]
fn process_exec(times: u64) -> f64 {
    timed(|| {
        for n in 0..times {
            let executor = ProcessPoolExecutor::new(1).expect("the system has a process to give");
            let future = executor.submit(|n: u64| n, n).expect("it takes a task");
            assert_eq!(future.into_result(), Ok(n));
            drop(executor); // it waits until the worker has ended
        }
    })
}

/// The least that a new program takes.
#[cfg(target_os = "linux")]
fn command(times: u64) -> f64 {
    timed(|| {
        for _ in 0..times {
            let status = std::process::Command::new("true").status();
            assert!(status.expect("every system has it").success());
        }
    })
}

/// The least that this program takes when it is started anew: a worker is this, too.
#[cfg(target_os = "linux")]
fn this_command(times: u64) -> f64 {
    let this = std::env::current_exe().expect("the system knows it");
    timed(|| {
        for _ in 0..times {
            let mut command = std::process::Command::new(&this);
            let output = command.arg("--version").output();
            assert!(output.expect("it can be started").status.success());
        }
    })
}

/// The black box keeps the compiler from finding the formula for the sum.
fn sum(n: u64) -> u64 {
    (0..n).map(|i| black_box(i * i)).sum()
}

fn sums(_times: u64) -> f64 {
    let executor = RayonExecutor::new(WORKERS).expect("it has workers");
    let run = || {
        executor
            .map(sum, [SUM; SUMS])
            .collect::<Result<Vec<u64>, _>>()
    };
    checked(run().expect("summing does not fail"));
    timed(|| checked(run().expect("summing does not fail")))
}

fn rayon_sums(_times: u64) -> f64 {
    let pool = rayon_pool();
    let run = || -> Vec<u64> { pool.install(|| [SUM; SUMS].into_par_iter().map(sum).collect()) };
    checked(run());
    timed(|| checked(run()))
}

fn checked(sums: Vec<u64>) {
    assert_eq!(sums, [sum_formula(); SUMS]);
}

fn sum_formula() -> u64 {
    (SUM - 1) * SUM * (2 * SUM - 1) / 6
}
