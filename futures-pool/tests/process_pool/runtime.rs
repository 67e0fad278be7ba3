//! The pool in a program with an async runtime and busy threads.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use futures_pool::process_pool::ProcessPoolExecutor;

use super::{executor, pid, square};
use crate::support::{CEILING, assert_no_children};

static OVER: AtomicBool = AtomicBool::new(false);
static TICKS: AtomicUsize = AtomicUsize::new(0);

/// R01, R02: 200 workers are started and ended, while threads allocate and print; none hangs, none is left.
pub fn two_hundred_workers_among_busy_threads() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_time()
        .build()
        .unwrap();
    let busy = [0; 3].map(|_| {
        std::thread::spawn(|| {
            while !OVER.load(Ordering::Relaxed) {
                print!("{}", String::from(".").repeat(10));
                std::thread::yield_now();
            }
        })
    });
    runtime.spawn(async {
        loop {
            tokio::time::sleep(Duration::from_millis(1)).await;
            TICKS.fetch_add(1, Ordering::Relaxed);
        }
    });
    let work = async {
        let executor = ProcessPoolExecutor::builder()
            .max_workers(4)
            .max_tasks_per_child(1)
            .build()
            .unwrap();
        let futures: Vec<_> = (0..196).map(|n| executor.submit(pid, n).unwrap()).collect();
        let mut pids = std::collections::BTreeSet::new();
        for future in futures {
            pids.insert(future.await.unwrap());
        }
        assert_eq!(pids.len(), 196);
        let executor = super::executor(4);
        let futures = [1, 2, 3, 4].map(|n| executor.submit(square, n).unwrap());
        for (n, future) in (1..).zip(futures) {
            assert_eq!(future.await, Ok(n * n));
        }
    };
    let timed = runtime.block_on(async { tokio::time::timeout(CEILING, work).await });
    timed.expect("none hangs");
    assert_no_children();
    assert!(
        TICKS.load(Ordering::Relaxed) > 0,
        "the runtime went on meanwhile"
    );
    OVER.store(true, Ordering::Relaxed);
    busy.into_iter().for_each(|thread| thread.join().unwrap());
    drop(runtime);
    drop(executor(1));
}
