//! Workers that are replaced after so many tasks.

use std::collections::BTreeSet;
use std::io::Write;
use std::thread::scope;

use futures_pool::future::{Broken, Future, FutureError};
use futures_pool::process_pool::{ProcessPoolExecutor, Shutdown, SubmitError};
use nix::unistd::getpid;

use super::{assert_works, pid, square, thread_sleeps, to_pid};
use crate::support::{
    assert_no_children, children, eventually, list, meet, note, notes, process, wait_for,
    wait_until_asleep,
};

fn with_limit(workers: usize, tasks: usize) -> ProcessPoolExecutor {
    ProcessPoolExecutor::builder()
        .max_workers(workers)
        .max_tasks_per_child(tasks)
        .build()
        .expect("an executor")
}

/// PP-23
pub fn a_worker_has_its_number_of_tasks() {
    let executor = with_limit(1, 3);
    let next = || executor.submit(pid, ()).unwrap().into_result().unwrap();
    let pids: Vec<u32> = (0..9).map(|_| next()).collect();
    for (number, three) in pids.chunks(3).enumerate() {
        assert!(three.iter().all(|pid| *pid == three[0]), "{pids:?}");
        let gone = number < 2;
        assert!(
            !gone || process(to_pid(three[0].into())).is_none(),
            "reaped"
        );
    }
    assert_eq!(pids.iter().collect::<BTreeSet<_>>().len(), 3);
    assert!(children().len() <= 1);
}

/// PP-14, P08 (gh-115634); PL-14
pub fn a_backlog() {
    for (workers, limit) in [(1, 2), (2, 2), (1, 1), (4, 10)] {
        let executor = with_limit(workers, limit);
        let futures: Vec<_> = (0..50).map(|n| executor.submit(pid, n).unwrap()).collect();
        let pids = futures
            .into_iter()
            .map(|future| future.into_result().unwrap());
        let pids: BTreeSet<u32> = pids.collect();
        assert!(pids.len() >= 50 / limit, "{}", pids.len());
        assert!(children().len() <= workers);
    }
    assert_no_children();
}

/// Waits to be released if that is wanted: see below.
fn may_be_held(_: ()) {
    let number = notes("held").len() + 1;
    if notes("hold").len() >= number {
        note("held", 0);
        wait_for("go on", number);
    }
}

/// F02: two tasks that wait for each other were taken together for a worker that is still being started. The
/// other worker, which had nothing to do meanwhile, runs the second one.
pub fn tasks_taken_together_meet() {
    let executor = ProcessPoolExecutor::builder()
        .max_workers(2)
        .max_tasks_per_child(2)
        .initializer(may_be_held, ())
        .build()
        .unwrap();
    for n in 1..=20 {
        executor.submit(square, n).unwrap().into_result().unwrap();
        eventually("the first thread waits for a task", || {
            children().is_empty() == (n % 2 == 0) && thread_sleeps("ProcessPool_0")
        });
    }
    // The first thread knows now that tasks are quick, and needs a worker. The second one gets a task, too.
    note("hold", 0);
    let mut quick = vec![executor.submit(square, 0).unwrap()];
    wait_for("held", 1);
    let task = |()| {
        note("busy", 0);
        wait_for("released", 1);
    };
    let busy = executor.submit(task, ()).unwrap();
    wait_for("busy", 1);
    // The first thread takes one for its worker and two for the next one, the second thread the rest.
    quick.push(executor.submit(square, 1).unwrap());
    let pair = [(); 2].map(|()| executor.submit(|()| meet("met", 2), ()).unwrap());
    quick.extend([2, 3].map(|n| executor.submit(square, n).unwrap()));
    note("hold", 0);
    note("go on", 0);
    wait_for("held", 2);
    note("released", 0);
    assert_eq!(busy.into_result(), Ok(()));
    for (n, future) in (0..).zip(quick) {
        assert_eq!(future.into_result(), Ok(square(n)));
    }
    eventually("it has nothing to do", || thread_sleeps("ProcessPool_1"));
    note("go on", 0);
    assert_eq!(pair.map(Future::into_result), [Ok(()), Ok(())]);
}

/// The square, when the list of this name has an entry.
fn square_later((n, name): (u64, String)) -> u64 {
    wait_for(&name, 1);
    square(n)
}

/// PP-15, P08 (gh-119592); PL-15: the workers come to their limit after the shutdown.
pub fn shutdown_without_waiting() {
    for workers in [1, 2] {
        let executor = with_limit(workers, 1);
        let name = format!("shut down {workers}");
        let futures: Vec<_> = (0..6)
            .map(|n| executor.submit(square_later, (n, name.clone())).unwrap())
            .collect();
        executor.shutdown(Shutdown {
            wait: false,
            cancel_futures: false,
        });
        assert!(!futures.iter().any(Future::done));
        note(&name, 0);
        for (n, future) in (0..).zip(futures) {
            assert_eq!(future.into_result(), Ok(square(n)));
        }
        executor.shutdown(Shutdown::default());
        assert_no_children();
    }
}

/// PP-16, P08 (gh-152967): the worker comes to its limit while the executor is being dropped; the rest is
/// done.
pub fn dropped() {
    let executor = with_limit(1, 2);
    let name = "is being dropped".to_owned();
    let futures: Vec<_> = (0..11)
        .map(|n| executor.submit(square_later, (n, name.clone())).unwrap())
        .collect();
    eventually("one runs", || futures[0].running());
    scope(|scope| {
        // A process is shown as asleep when its first thread is, which is this one. It has only the end
        // of the executor to sleep for, once it has this thread.
        scope.spawn(|| {
            wait_until_asleep(getpid());
            note(&name, 0);
        });
        drop(executor);
    });
    assert!(futures.iter().all(|future| future.result(None).is_ok()));
    assert_no_children();
}

/// The most descriptors there may be; those that are there stay.
pub fn limit_descriptors(limit: u64) -> u64 {
    let mut old = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: it writes to `old`, which is there.
    assert_eq!(unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &mut old) }, 0);
    let new = libc::rlimit {
        rlim_cur: limit,
        ..old
    };
    // SAFETY: it reads from `new`, which is there.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &new) }, 0);
    old.rlim_cur
}

/// PP-17, PL-17, F09: what cannot be started fails alone, and the executor goes on.
pub fn no_replacement_can_be_started() {
    let executor = with_limit(1, 1);
    let task = |()| {
        note("here", 0);
        wait_for("released", 1);
    };
    let first = executor.submit(task, ()).unwrap();
    let rest = [1, 2, 3].map(|n| executor.submit(square, n).unwrap());
    wait_for("here", 1);
    let mut release = list("released");
    let old = limit_descriptors(3); // those are taken
    release.write_all(b"0\n").unwrap();
    let first = first.into_result();
    let rest = rest.map(Future::into_result);
    limit_descriptors(old);
    assert_eq!(first, Ok(()));
    for result in rest {
        let Err(FutureError::Start(reason)) = result else {
            panic!("{result:?}");
        };
        assert!(reason.contains("Too many open files"), "{reason}");
    }
    assert_works(&executor);
    executor.shutdown(Shutdown::default());
    assert_no_children();

    let executor = super::executor(1);
    let old = limit_descriptors(3);
    let refused = executor.submit(square, 1);
    limit_descriptors(old);
    assert!(matches!(refused, Err(SubmitError::Start(_))), "{refused:?}");
    assert_eq!(executor.submit(square, 2).unwrap().into_result(), Ok(4));
}

/// PP-18
pub fn no_replacement_after_a_kill() {
    for end in [
        ProcessPoolExecutor::kill_workers as fn(&ProcessPoolExecutor),
        ProcessPoolExecutor::terminate_workers,
    ] {
        let executor = with_limit(2, 1);
        let futures: Vec<_> = (0..100)
            .map(|n| executor.submit(square, n).unwrap())
            .collect();
        assert_eq!(futures[0].result(None), Ok(&0));
        end(&executor);
        executor.shutdown(Shutdown::default());
        assert_no_children();
        assert!(futures.iter().all(Future::done));
        let last = futures.last().unwrap().exception(None);
        assert_eq!(last, Ok(Some(&FutureError::Broken(Broken::Terminated))));
    }
}
