//! How an executor ends.

use std::sync::{Arc, Mutex};
use std::thread;

use futures_pool::future::{Broken, FutureError};
use futures_pool::process_pool::{ProcessPoolExecutor, Shutdown, SubmitError};
use nix::sys::signal::{SigHandler, Signal, raise, signal};

use super::crashes::{Bad, Phase, Way};
use super::{assert_broken, died, executor, pid, square, to_pid};
use crate::support::{
    assert_no_children, children, descriptors, eventually, is_running, note, notes, stay, wait_for,
};

const WITHOUT_WAITING: Shutdown = Shutdown {
    wait: false,
    cancel_futures: false,
};

fn until_released(n: u64) -> u64 {
    note("here", 0);
    wait_for("released", 1);
    n
}

/// EX-10
pub fn shutdown_can_cancel() {
    for wait in [false, true] {
        let name = format!("released{wait}");
        let executor = executor(2);
        let task = |name: String| wait_for(&name, 1).len();
        let futures: Vec<_> = (0..50)
            .map(|_| executor.submit(task, name.clone()).unwrap())
            .collect();
        eventually("two run", || {
            futures.iter().filter(|future| future.running()).count() == 2
        });
        let how = Shutdown {
            wait,
            cancel_futures: true,
        };
        thread::scope(|scope| {
            let shutdown = scope.spawn(|| executor.shutdown(how));
            eventually("they are cancelled", || futures[49].cancelled());
            note(&name, 0);
            shutdown.join().unwrap();
        });
        executor.shutdown(Shutdown::default());
        let cancelled = futures.iter().filter(|future| future.cancelled()).count();
        let finished = futures.iter().filter(|future| future.result(None).is_ok());
        assert_eq!((cancelled, finished.count()), (48, 2));
    }
}

/// EX-11, P09 (gh-83386)
pub fn shutdown_need_not_wait() {
    let executor = executor(2);
    let futures = [1, 2, 3, 4].map(|n| executor.submit(until_released, n).unwrap());
    executor.shutdown(WITHOUT_WAITING);
    assert!(!futures[0].done());
    assert!(executor.submit(square, 1).is_err());
    note("released", 0);
    for (n, future) in (1..).zip(futures) {
        assert_eq!(future.into_result(), Ok(n));
    }
    eventually("the workers end by themselves", || children().is_empty());
    executor.shutdown(Shutdown::default()); // and so the threads
}

/// EX-15
pub fn shutdown_from_everywhere() {
    let executor = executor(2);
    let future = executor.submit(until_released, 1).unwrap();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                executor.shutdown(Shutdown::default());
                assert!(future.done());
                assert_no_children();
            });
        }
        note("released", 0);
    });
}

/// It does not wait for itself.
pub fn a_callback_may_drop_the_executor() {
    let before = descriptors();
    let executor = Arc::new(Mutex::new(Some(executor(1))));
    let future = executor
        .lock()
        .unwrap()
        .as_ref()
        .unwrap()
        .submit(until_released, 1);
    let future = future.unwrap();
    let there = Arc::clone(&executor);
    future.add_done_callback(move |_| drop(there.lock().unwrap().take()));
    note("released", 0);
    assert_eq!(future.into_result(), Ok(1));
    eventually("all is gone", || {
        executor.lock().unwrap().is_none() && children().is_empty() && descriptors() == before
    });
}

/// PP-22
pub fn shutdown_and_then_a_death() {
    let executor = executor(1);
    let task = |()| {
        note("here", 0);
        wait_for("released", 1);
        let _ = raise(Signal::SIGKILL);
    };
    let future = executor.submit(task, ()).unwrap();
    let behind = executor.submit(square, 1).unwrap();
    wait_for("here", 1);
    executor.shutdown(WITHOUT_WAITING);
    note("released", 0);
    died(future);
    died(behind);
    assert_broken(&executor);
    executor.shutdown(Shutdown::default());
}

/// PP-22
pub fn shutdown_and_then_an_error() {
    let executor = executor(1);
    let first = executor.submit(until_released, 1).unwrap();
    let (way, phase) = (Way::Error, Phase::EncodeResult);
    let second = executor.submit(Bad::pass, Bad { phase, way }).unwrap();
    let phase = Phase::EncodeArgument;
    let third = executor.submit(Bad::pass, Bad { phase, way }).unwrap();
    executor.shutdown(WITHOUT_WAITING);
    note("released", 0);
    assert_eq!(first.into_result(), Ok(1));
    assert!(matches!(second.into_result(), Err(FutureError::Result(_))));
    assert!(matches!(third.into_result(), Err(FutureError::Argument(_))));
    executor.shutdown(Shutdown::default());
}

/// PP-19, PP-18
pub fn terminate_and_kill() {
    let calls = [
        ProcessPoolExecutor::terminate_workers as fn(&ProcessPoolExecutor),
        ProcessPoolExecutor::kill_workers,
    ];
    for (number, end) in calls.into_iter().enumerate() {
        let executor = executor(2);
        end(&executor); // not started
        assert_broken(&executor);

        let executor = super::executor(2);
        let name = format!("busy{number}");
        let running = executor.submit(|name: String| stay(&name), name.clone());
        wait_for(&name, 1);
        let more = [(); 3].map(|()| executor.submit(|name: String| stay(&name), name.clone()));
        end(&executor);
        let terminated = FutureError::Broken(Broken::Terminated);
        for future in more.into_iter().chain([running]) {
            let error: Result<(), _> = future.unwrap().into_result();
            assert_eq!(error, Err(terminated.clone()));
        }
        let refused = executor.submit(square, 1).unwrap_err();
        assert_eq!(refused, SubmitError::Broken(Broken::Terminated));
        end(&executor); // broken
        executor.shutdown(Shutdown::default());
        assert_no_children();
    }
}

/// P11
pub fn terminate_with_much_to_do() {
    let executor = executor(3);
    let busy = [(); 3].map(|()| executor.submit(|()| stay("busy"), ()).unwrap());
    wait_for("busy", 3);
    let queued: Vec<_> = (0..10_000)
        .map(|n| executor.submit(square, n).unwrap())
        .collect();
    executor.terminate_workers();
    executor.shutdown(Shutdown::default());
    assert!(busy.into_iter().all(|future| {
        future
            .into_result()
            .is_err_and(|error: FutureError| error.is_broken())
    }));
    assert!(
        queued
            .into_iter()
            .all(|future| future.into_result().is_err())
    );
}

/// A worker that ignores SIGTERM finishes its task.
pub fn a_worker_may_handle_the_signal() {
    let ignore = |()| {
        // SAFETY: no handler is installed.
        unsafe { signal(Signal::SIGTERM, SigHandler::SigIgn) }.unwrap();
    };
    let executor = ProcessPoolExecutor::builder()
        .max_workers(1)
        .initializer(ignore, ())
        .build()
        .unwrap();
    let future = executor.submit(until_released, 5).unwrap();
    let queued = executor.submit(square, 1).unwrap();
    wait_for("here", 1);
    executor.terminate_workers();
    assert!(queued.into_result().is_err());
    note("released", 0);
    assert_eq!(future.into_result(), Ok(5));
    executor.shutdown(Shutdown::default());
    assert_no_children();
}

/// R03: the parent-death signal is of the thread that starts a worker, which is not this one.
pub fn a_worker_outlives_the_thread_that_submitted() {
    let executor = executor(1);
    let submit = || executor.submit(pid, ()).unwrap().into_result().unwrap();
    let in_thread = || thread::scope(|scope| scope.spawn(submit).join().unwrap());
    let first = in_thread();
    assert_eq!(in_thread(), first);
    assert!(is_running(to_pid(first.into())));
    assert_eq!(submit(), first);
    assert!(notes("here").is_empty());
}
