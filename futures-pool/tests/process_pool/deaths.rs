//! Workers that die: nothing hangs, and everybody hears how.

use std::os::unix::process::ExitStatusExt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use futures_pool::future::{Broken, FutureError};
use futures_pool::process_pool::ProcessPoolExecutor;
use nix::sys::signal::{Signal, raise};
use nix::unistd::{ForkResult, Pid, fork, pause};
use serde::{Serialize, Serializer};

use super::{assert_broken, assert_works, died, executor, pid, square, to_pid};
use crate::support::{
    assert_no_children, children, eventually, is_running, kill, note, process, stay, wait_for,
};

/// P01, PP-01
pub fn a_busy_worker_is_killed() {
    let executor = executor(2);
    let running = [(), ()].map(|()| executor.submit(|()| stay("busy"), ()).unwrap());
    let queued: Vec<_> = (0..10)
        .map(|n| executor.submit(square, n).unwrap())
        .collect();
    let pids = wait_for("busy", 2);
    kill(to_pid(pids[0]), Signal::SIGKILL);
    for future in running {
        let (pid, status) = died::<()>(future);
        assert_eq!((i64::from(pid), status.signal()), (pids[0], Some(9)));
    }
    for future in queued {
        assert_eq!(i64::from(died(future).0), pids[0]);
    }
    assert_broken(&executor);
    executor.shutdown(Default::default());
    assert_no_children();
}

/// P02. The pool is found broken without a task.
pub fn an_idle_worker_is_killed() {
    for _ in 0..20 {
        let executor = executor(2);
        let pid = executor.submit(pid, ()).unwrap().into_result().unwrap();
        kill(Pid::from_raw(pid as i32), Signal::SIGKILL);
        eventually("its death is seen", || children().is_empty());
        assert_broken(&executor);
    }
}

/// PL-21
pub fn all_workers_are_killed_at_once() {
    let executor = executor(4);
    let futures: Vec<_> = (0..8)
        .map(|_| executor.submit(|()| stay("busy"), ()).unwrap())
        .collect();
    for pid in wait_for("busy", 4) {
        kill(to_pid(pid), Signal::SIGKILL);
    }
    for future in futures {
        assert_eq!(died::<()>(future).1.signal(), Some(9));
    }
    assert_broken(&executor);
}

/// PP-20, P09 (gh-94777)
pub fn a_worker_dies_in_the_middle_of_a_big_task() {
    let executor = executor(1);
    let pid = executor.submit(pid, ()).unwrap().into_result().unwrap();
    let pid = Pid::from_raw(pid as i32);
    kill(pid, Signal::SIGSTOP);
    eventually("it stands", || process(pid).unwrap().state == 'T');
    let big = "x".repeat(20_000_000); // so that the sender waits
    let future = executor.submit(|text: String| text.len(), big).unwrap();
    let behind = executor.submit(square, 1).unwrap();
    eventually("it is being sent", || future.running());
    kill(pid, Signal::SIGKILL);
    assert_eq!(died(future).1.signal(), Some(9));
    assert_eq!(died(behind).1.signal(), Some(9));
    assert_broken(&executor);
}

static ENCODED: AtomicBool = AtomicBool::new(false);

/// Has its worker killed as soon as it is encoded: while it is being written.
struct Doomed(Vec<u64>);

impl Serialize for Doomed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        thread::spawn(|| {
            while !ENCODED.load(Ordering::Acquire) {
                thread::yield_now();
            }
            raise(Signal::SIGKILL)
        });
        let result = self.0.serialize(serializer);
        ENCODED.store(true, Ordering::Release);
        result
    }
}

impl<'de> serde::Deserialize<'de> for Doomed {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::deserialize(deserializer).map(Self)
    }
}

/// CH mid_write
pub fn a_worker_dies_in_the_middle_of_a_big_result() {
    let executor = executor(1);
    let task = |len: usize| Doomed(vec![u64::MAX; len]);
    let future = executor.submit(task, 5_000_000).unwrap();
    match future.into_result() {
        Err(FutureError::Broken(Broken::WorkerDied { status, .. })) => {
            assert_eq!(status.signal(), Some(9));
        }
        other => panic!("{:?}", other.map(|doomed| doomed.0.len())),
    }
    assert_broken(&executor);
}

/// What a worker has finished is not lost, though it was sent the next tasks along with it.
pub fn finished_results_outlive_their_worker() {
    for _ in 0..10 {
        let executor = executor(1);
        assert_works(&executor);
        let task = |n: u64| {
            if n == 25 {
                let _ = raise(Signal::SIGKILL);
            }
            n
        };
        let futures: Vec<_> = (0..50).map(|n| executor.submit(task, n)).collect();
        for (n, future) in (0..).zip(futures) {
            match future {
                Ok(future) if n < 25 => assert_eq!(future.into_result(), Ok(n)),
                Ok(future) => assert_eq!(died(future).1.signal(), Some(9)),
                Err(error) => assert!(n > 25 && error.is_broken(), "{n}: {error}"),
            }
        }
    }
}

/// The end of file does not come then.
pub fn a_worker_that_leaves_its_socket_to_a_child_is_seen_to_die() {
    let executor = executor(1);
    let task = |()| {
        // SAFETY: the worker's other thread holds no lock, and the child only waits.
        match unsafe { fork() }.unwrap() {
            ForkResult::Parent { child } => note("child", child.as_raw().into()),
            ForkResult::Child => loop {
                pause();
            },
        }
        let _ = raise(Signal::SIGKILL);
    };
    let future = executor.submit(task, ()).unwrap();
    assert_eq!(died(future).1.signal(), Some(9));
    let child = to_pid(wait_for("child", 1)[0]);
    assert!(is_running(child));
    drop(executor);
    kill(child, Signal::SIGKILL);
}

/// PL-21: in the initialiser, which is before anything else.
pub fn workers_are_killed_while_they_start() {
    let builder = || ProcessPoolExecutor::builder().max_workers(1);
    let executor = builder()
        .initializer(|()| stay("first"), ())
        .build()
        .unwrap();
    let future = executor.submit(square, 1).unwrap();
    kill(to_pid(wait_for("first", 1)[0]), Signal::SIGKILL);
    assert_eq!(died(future).1.signal(), Some(9));
    assert_broken(&executor);

    let executor = builder()
        .initializer(|()| stay("second"), ())
        .build()
        .unwrap();
    let future = executor.submit(square, 1).unwrap();
    wait_for("second", 1);
    executor.kill_workers();
    let error = future.into_result();
    assert_eq!(error, Err(FutureError::Broken(Broken::Terminated)));
    executor.shutdown(Default::default());

    // Its thread is just starting it.
    for _ in 0..20 {
        let executor = builder()
            .initializer(|()| stay("third"), ())
            .build()
            .unwrap();
        let future = executor.submit(square, 1).unwrap();
        eventually("it is being started", || !children().is_empty());
        executor.kill_workers();
        executor.shutdown(Default::default());
        assert!(future.done());
        assert_no_children();
    }
}

/// P09: shutdown returns, whatever the workers do.
pub fn stopped_workers_can_be_killed() {
    let executor = executor(1);
    let future = executor.submit(|()| stay("busy"), ()).unwrap();
    let pid = to_pid(wait_for("busy", 1)[0]);
    kill(pid, Signal::SIGSTOP);
    executor.kill_workers();
    assert!(
        future
            .into_result()
            .is_err_and(|error: FutureError| error.is_broken())
    );
    executor.shutdown(Default::default());

    let executor = super::executor(1);
    let pid = executor
        .submit(super::pid, ())
        .unwrap()
        .into_result()
        .unwrap();
    kill(Pid::from_raw(pid as i32), Signal::SIGSTOP);
    drop(executor); // waits some seconds for it
    assert_no_children();
}
