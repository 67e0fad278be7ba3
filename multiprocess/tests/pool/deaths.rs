//! Workers and brokers that die.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::process;
use std::ptr;
use std::sync::atomic::Ordering::SeqCst;
use std::thread;
use std::time::Duration;

use multiprocess::fork::exit_now;
use multiprocess::pool::{Broken, JoinError, Pool, TaskError};
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, raise, sigaction};
use nix::unistd::Pid;

use crate::support::{
    assert_no_children, children, children_of, eventually, is_running, kill, kill_with_all_of,
    process as process_of,
};
use crate::workers::{assert_works, board, kill_worker, pid, square, stay, wait_for, workers};

/// P01, PL-21: of four tasks one's worker is killed, after it said that it runs: three results, one
/// error with the pid and the signal; the pool has its size again.
pub fn a_busy_worker_is_killed() {
    board(0);
    let pool = Pool::new(2).expect("a pool");
    let task = |n: i64| {
        if n == 1 {
            board(1).store(process::id().into(), SeqCst);
            wait_for(0, 1);
        }
        n
    };
    let handles: Vec<_> = (0..4).map(|n| pool.apply_async(task, (n,))).collect();
    wait_for(1, 1);
    let victim = board(1).load(SeqCst);
    kill_worker(victim);
    for (n, handle) in (0..).zip(handles) {
        match handle.get() {
            Ok(result) => assert_eq!(result, n),
            Err(TaskError::WorkerDied { pid, status }) => {
                assert_eq!((n, pid, status.signal()), (1, victim as u32, Some(9)));
            }
            Err(error) => panic!("{error}"),
        }
    }
    assert_works(&pool, 2);
}

/// P02, PL-21: an idle worker is killed, fifty times.
pub fn an_idle_worker_is_killed_fifty_times() {
    let pool = Pool::new(1).expect("a pool");
    for _ in 0..50 {
        let worker = pool.apply(pid, (0,)).expect("a pid");
        kill_worker(worker);
        assert_ne!(pool.apply(pid, (0,)).expect("a pid"), worker);
    }
}

/// P03: exit codes, signals, an abort, a stack that overflows: each with its own status, and the
/// pool goes on.
pub fn each_way_to_die_has_its_status() {
    fn overflow(n: u64) -> u64 {
        let here = [n; 1000];
        std::hint::black_box(&here);
        if n == u64::MAX {
            0
        } else {
            overflow(n + 1) + here[(n % 1000) as usize]
        }
    }
    board(0);
    let pool = Pool::new(2).expect("a pool");
    let died = |result: Result<(), TaskError>| match result {
        Err(TaskError::WorkerDied { status, .. }) => (status.code(), status.signal()),
        result => panic!("{result:?}"),
    };
    let signal = |signal: i32| {
        let _ = raise(Signal::try_from(signal).expect("a signal"));
    };
    for code in [0, 7, 101, 255] {
        assert_eq!(
            died(pool.apply(|code| exit_now(code), (code,))),
            (Some(code), None)
        );
        assert_eq!(
            died(pool.apply(|code: i32| process::exit(code), (code,))),
            (Some(code), None)
        );
    }
    for number in [libc::SIGKILL, libc::SIGTERM, libc::SIGUSR1] {
        assert_eq!(died(pool.apply(signal, (number,))), (None, Some(number)));
    }
    assert_eq!(
        died(pool.apply(|| process::abort(), ())),
        (None, Some(libc::SIGABRT))
    );
    let segfault = || {
        // SAFETY: none: that is the point. The page at 0 is not mapped.
        unsafe { ptr::null_mut::<u8>().write_volatile(1) }
    };
    // Optimised and checked builds end differently.
    let (code, number) = died(pool.apply(segfault, ()));
    assert!(code.is_none() && [Some(libc::SIGSEGV), Some(libc::SIGABRT)].contains(&number));
    let (code, number) = died(pool.apply(|| _ = overflow(0), ()));
    assert!(code.is_none() && [Some(libc::SIGSEGV), Some(libc::SIGABRT)].contains(&number));
    assert_works(&pool, 0);
}

/// PL-21: a worker is killed that has got a part of a task of 8 MiB: it had not begun it, so another
/// one runs it.
pub fn a_worker_is_killed_in_the_middle_of_being_sent_a_task() {
    let pool = Pool::new(1).expect("a pool");
    let broker = children()[0].pid;
    for _ in 0..5 {
        let worker = Pid::from_raw(pool.apply(pid, (0,)).expect("a pid") as i32);
        kill(worker, Signal::SIGSTOP);
        let stands = || process_of(worker).is_some_and(|worker| worker.state == 'T');
        eventually("it stands still", stands);
        let length = |bytes: Vec<u8>| (bytes.len() as i64, i64::from(process::id()));
        let handle = pool.apply_async(length, (vec![1; 8 << 20],));
        let unread = || {
            assert!(!handle.ready(), "the only worker stands still");
            process_of(broker).is_some_and(|broker| broker.state == 'S')
        };
        // Each look sends some more; then the broker has no more to do. Once more, to be sure.
        eventually("the broker sleeps", unread);
        (0..100).for_each(|_| eventually("the broker sleeps", unread));
        kill(worker, Signal::SIGKILL);
        let (len, pid) = handle.get().expect("it was not begun");
        assert_eq!(len, 8 << 20);
        assert_ne!(pid, i64::from(worker.as_raw()));
    }
}

/// P01: a task is too large for a worker's memory. That one is killed while it is being sent the task,
/// and so is the next: the task fails, no other does, and the pool goes on.
pub fn a_task_that_kills_whoever_is_sent_it_fails() {
    extern "C" fn killed(_: i32) {
        let _ = raise(Signal::SIGKILL);
    }
    board(0);
    let little_memory = |()| {
        board(1).fetch_add(1, SeqCst);
        let action = SigAction::new(
            SigHandler::Handler(killed),
            SaFlags::empty(),
            SigSet::empty(),
        );
        // SAFETY: the handler only ends the process. What std does without memory is to abort; the
        // system's way is to kill.
        unsafe { sigaction(Signal::SIGABRT, &action) }.expect("a signal");
        let status = fs::read_to_string("/proc/self/statm").expect("/proc is mounted");
        let pages = status.split(' ').next().and_then(|text| text.parse().ok());
        let now: u64 = pages.expect("the first number is the size");
        limit_memory(now * 4096 + (48 << 20));
    };
    let builder = Pool::builder().workers(2);
    let pool = builder.initializer((), little_memory).build();
    let pool = pool.expect("a pool");
    for round in 1..=8 {
        let large = pool.apply_async(|text: String| text.len(), ("x".repeat(64 << 20),));
        let others = pool.map_chunked_async(square, 0..10, 1);
        match large.get() {
            Err(TaskError::WorkerDied { status, .. }) => assert_eq!(status.signal(), Some(9)),
            other => panic!("{other:?}"),
        }
        assert_eq!(others.get(), Ok((0..10).map(square).collect()));
        workers(&pool, 0);
        assert_eq!(board(1).load(SeqCst), 2 + 3 * round, "three for each task");
    }
    assert_works(&pool, 0);
}

/// Kills an idle worker that was ready, of those of this broker that are not in `killed`. `false`: the
/// broker has ended.
fn kill_an_idle_worker(broker: Pid, killed: &mut Vec<Pid>) -> bool {
    let mut next = None;
    eventually("a worker waits for tasks", || {
        let mut all = children_of(broker);
        all.retain(|worker| worker.state == 'S' && !killed.contains(&worker.pid));
        next = all.first().map(|worker| worker.pid);
        next.is_some() || !is_running(broker)
    });
    let Some(worker) = next else { return false };
    kill(worker, Signal::SIGKILL);
    killed.push(worker);
    true
}

/// P07: nothing is done, and each worker is killed as soon as it is there: a bounded number is started,
/// then the pool says that it is broken.
pub fn idle_workers_that_are_killed_again_and_again_break_the_pool() {
    let pool = Pool::new(2).expect("a pool");
    let broker = children()[0].pid;
    let mut killed = Vec::new();
    while kill_an_idle_worker(broker, &mut killed) {
        assert!(killed.len() < 100, "they are started without end");
    }
    assert!(killed.len() >= 12, "{killed:?}");
    let error = pool.map(square, 0..3).expect_err("there are no workers");
    assert!(matches!(error, TaskError::Broken(Broken::Workers { .. })));
    assert_no_children();
}

/// P02: the workers of an idle pool are killed when they have been there for a while: they are replaced,
/// more often than in a row of quick deaths.
pub fn idle_workers_that_are_killed_now_and_then_do_not() {
    board(0);
    let pool = Pool::new(8).expect("a pool");
    let broker = children()[0].pid;
    let mut killed = Vec::new();
    for _ in 0..4 {
        // why a sleep: the age of the workers is what the pool goes by.
        thread::sleep(Duration::from_millis(1100));
        (0..8).for_each(|_| assert!(kill_an_idle_worker(broker, &mut killed)));
        let new = || {
            children_of(broker)
                .iter()
                .filter(|w| !killed.contains(&w.pid))
                .count()
        };
        eventually("all are replaced", || new() == 8);
    }
    assert_works(&pool, 0);
}

/// PL-21: all workers at once, busy ones and idle ones; every task is resolved once.
pub fn all_workers_are_killed_at_once() {
    board(0);
    let pool = Pool::new(4).expect("a pool");
    for round in 0..5 {
        let pids = workers(&pool, 0);
        pids.iter().for_each(|&pid| kill_worker(pid));
        assert_works(&pool, 0);
        let pids = workers(&pool, 0);
        board(1).store(0, SeqCst);
        let task = |n: i64| {
            if n < 4 {
                stay(1); // until it is killed
            }
            n
        };
        let handles: Vec<_> = (0..20).map(|n| pool.apply_async(task, (n,))).collect();
        wait_for(1, 4);
        pids.iter().for_each(|&pid| kill_worker(pid));
        for (n, handle) in (0..).zip(handles) {
            let result = handle.get();
            let died = result.as_ref().is_err_and(TaskError::is_worker_died);
            assert!(if n < 4 { died } else { result == Ok(n) }, "{round}: {n}");
        }
    }
    assert_works(&pool, 0);
}

/// PL-21, X03: the broker is killed: every handle says Broken, the workers end with it.
pub fn the_broker_is_killed() {
    board(0);
    for busy in [false, true] {
        let pool = Pool::new(3).expect("a pool");
        let pids = workers(&pool, 0);
        board(1).store(0, SeqCst);
        let handle = busy.then(|| {
            let stuck = |_: i64| stay(1);
            let handle = pool.map_chunked_async(stuck, 0..10, 1);
            wait_for(1, 3);
            handle
        });
        let broker = children()[0].pid;
        let workers: Vec<_> = pids.iter().map(|&pid| Pid::from_raw(pid as i32)).collect();
        kill_with_all_of(broker, &workers);
        let broken = Err(TaskError::Broken(Broken::Broker));
        if let Some(handle) = handle {
            assert_eq!(handle.get(), broken.clone().map(|()| vec![]));
        }
        assert_eq!(pool.apply(|| (), ()), broken);
        assert_eq!(pool.apply(|| (), ()), broken);
        assert_no_children();
        assert_eq!(pool.join(), Err(JoinError::Broken(Broken::Broker)));
    }
}

/// A worker is killed whose task has started a process that lives on with the worker's descriptors:
/// there is no end of file, and yet the death is seen.
pub fn a_worker_that_holds_nothing_but_has_a_child_is_seen_to_die() {
    board(0);
    let pool = Pool::new(1).expect("a pool");
    let task = || {
        let child = multiprocess::fork::fork(|| {
            wait_for(0, 1);
            0
        });
        let child = child.expect("a worker has one thread");
        board(1).store(child.as_raw().into(), SeqCst);
        let _ = raise(Signal::SIGKILL);
    };
    let error = pool.apply(task, ()).expect_err("it was killed");
    assert!(error.is_worker_died());
    let child = Pid::from_raw(board(1).load(SeqCst) as i32);
    assert!(is_running(child), "it has the worker's descriptors");
    assert_eq!(pool.map(square, 0..3), Ok(vec![0, 1, 4]));
    board(0).store(1, SeqCst);
    eventually("the child ends", || !is_running(child));
}

/// PP-17: the system lets no worker be started any more. With one left the pool goes on with it, and
/// has its size again later; with none it says why it is broken.
pub fn no_replacement_can_be_started() {
    // Enough for the poll of two workers' descriptors, and too few for a third worker's.
    const FEW: u64 = 6;
    board(0);
    let pool = Pool::new(2).expect("a pool");
    let broker = children()[0].pid;
    let pids = workers(&pool, 0);
    let before = limit_descriptors(broker, FEW);
    kill_worker(pids[0]);
    for _ in 0..20 {
        assert_eq!(pool.apply(pid, (0,)), Ok(pids[1]));
    }
    limit_descriptors(broker, before);
    assert_works(&pool, 0);

    let pids = workers(&pool, 0);
    limit_descriptors(broker, FEW);
    pids.iter().for_each(|&pid| kill_worker(pid));
    let error = pool.map(square, 0..10).expect_err("there is no worker");
    assert_eq!(error, TaskError::Broken(Broken::System(libc::EMFILE)));
    assert_no_children();
}

/// So many bytes of addresses this process may have, from now on.
fn limit_memory(soft: u64) {
    let limit = libc::rlimit {
        rlim_cur: soft,
        rlim_max: libc::RLIM_INFINITY,
    };
    // SAFETY: it reads the structure.
    let code = unsafe { libc::setrlimit(libc::RLIMIT_AS, &limit) };
    assert_eq!(code, 0);
}

/// How many descriptors another process may have; returns how many it might.
fn limit_descriptors(process: Pid, soft: u64) -> u64 {
    let mut old = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: the first call fills the structure, the second reads it.
    unsafe {
        let pid = process.as_raw();
        assert_eq!(
            libc::prlimit(pid, libc::RLIMIT_NOFILE, ptr::null(), &mut old),
            0
        );
        let new = libc::rlimit {
            rlim_cur: soft,
            ..old
        };
        assert_eq!(
            libc::prlimit(pid, libc::RLIMIT_NOFILE, &new, ptr::null_mut()),
            0
        );
    }
    old.rlim_cur
}
