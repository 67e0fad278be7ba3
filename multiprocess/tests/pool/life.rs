//! How pools and workers begin and end.

use std::collections::BTreeMap;
use std::fs;
use std::io::{PipeReader, PipeWriter, Read, Write, pipe};
use std::mem;
use std::process;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use multiprocess::ends::{self, End, Ends, Pass};
use multiprocess::fork;
use multiprocess::pool::{Broken, BuildError, JoinError, Pool, TaskError};
use multiprocess::process::{Builder, Process, StartError, current};
use nix::sys::wait::waitpid;
use nix::unistd::{self, Pid, getpid};
use serde::{Deserialize, Serialize};

use crate::support::{
    again, assert_no_children, children, descriptors, eventually, is_running, role,
};
use crate::workers::{assert_works, board, kill_worker, pid, square, stay, wait_for, workers};

/// PL-11, P11: 10 000 tasks queued, big ones among them, three workers busy: the pool ends, every
/// handle is resolved.
pub fn terminate_does_not_wait_for_what_is_queued() {
    board(0);
    let pool = Pool::new(3).expect("a pool");
    let stuck = pool.map_chunked_async(|_: i64| stay(0), 0..3, 1);
    wait_for(0, 3);
    let queued = pool.map_chunked_async(square, 0..10_000, 1);
    let big = pool.map_chunked_async(|text: String| text, vec!["x".repeat(1 << 20); 8], 1);
    let begin = Instant::now();
    pool.terminate();
    // Milliseconds, or 10 s if the broker had to be killed.
    assert!(
        begin.elapsed() < Duration::from_secs(9),
        "the broker did not hear it"
    );
    assert_no_children();
    assert_eq!(pool.join(), Ok(()));
    assert_eq!(stuck.get(), Err(TaskError::Terminated));
    assert_eq!(queued.successful(), Some(false));
    assert_eq!(queued.get(), Err(TaskError::Terminated));
    assert_eq!(big.get(), Err(TaskError::Terminated));
    assert_eq!(pool.map(square, 0..3), Err(TaskError::Terminated));
    let mut imap = pool.imap(square, 0..);
    assert_eq!(imap.next(), Some(Err(TaskError::Terminated)));
    assert_eq!(imap.next(), None);
}

/// PL-12, P10, PL-19: a pool that is dropped in the middle ends all it has; a handle says so; one
/// that was resolved still is.
pub fn a_dropped_pool_resolves_its_handles() {
    board(0);
    let pool = Pool::new(2).expect("a pool");
    let done = pool.map_async(square, 0..5);
    done.wait();
    let stuck = pool.apply_async(|| stay(0), ());
    wait_for(0, 1);
    let mut half = pool.imap(square, 0..1000);
    assert_eq!(half.next(), Some(Ok(0)));
    drop(pool);
    assert_no_children();
    assert!(stuck.ready());
    assert!(matches!(
        stuck.get_timeout(Duration::ZERO),
        Ok(Err(TaskError::Terminated))
    ));
    assert_eq!(done.get(), Ok(vec![0, 1, 4, 9, 16]));
    let rest: Vec<_> = half.collect();
    let (good, bad): (Vec<_>, Vec<_>) = rest.into_iter().partition(Result::is_ok);
    assert!(good.len() < 1000);
    assert!(!bad.is_empty() && bad.iter().all(|error| *error == Err(TaskError::Terminated)));
}

/// PL-12: after `close` nothing is taken; what was before is done; join needs a close.
pub fn a_closed_pool_takes_nothing_and_finishes_the_rest() {
    board(0);
    let pool = Pool::new(2).expect("a pool");
    assert_eq!(pool.join(), Err(JoinError::StillOpen));
    let count = |_: i64| board(0).fetch_add(1, SeqCst);
    drop(pool.map_chunked_async(count, 0..500, 1)); // nobody waits for these
    let handle = pool.map_async(square, 0..500);
    pool.close();
    assert_eq!(pool.map(square, 0..3), Err(TaskError::Closed));
    assert_eq!(pool.apply(square, (3,)), Err(TaskError::Closed));
    let imap: Vec<_> = pool.imap(square, 0..3).collect();
    assert_eq!(imap, [Err(TaskError::Closed)]);
    assert_eq!(pool.join(), Ok(()));
    assert_no_children();
    assert_eq!(
        board(0).load(SeqCst),
        500,
        "also what nobody waited for is done"
    );
    assert_eq!(handle.get().map(|all| all.len()), Ok(500));
    assert_eq!(pool.map(square, 0..3), Err(TaskError::Closed));
}

/// PL-14, P08: a limit of 10 tasks, 100 tasks: all results, no worker did more, none is left of the
/// first ones.
pub fn a_worker_is_replaced_after_its_tasks() {
    let pool = Pool::builder()
        .workers(3)
        .tasks_per_worker(10)
        .build()
        .expect("a pool");
    for _ in 0..2 {
        let pids = pool.map_chunked(pid, 0..100, 1).expect("results");
        let mut tasks = BTreeMap::new();
        pids.iter()
            .for_each(|pid| *tasks.entry(*pid).or_insert(0) += 1);
        assert_eq!(pids.len(), 100);
        assert!(tasks.values().all(|&count| count <= 10), "{tasks:?}");
        assert!(tasks.len() >= 10);
        let again = pool.map_chunked(pid, 0..40, 1).expect("results");
        let firsts: Vec<_> = tasks.iter().filter(|(_, count)| **count == 10).collect();
        assert!(firsts.iter().all(|(pid, _)| !again.contains(pid)));
    }
}

/// PL-15, P08: limit 1, six tasks, closed at once, with one worker and with two; a limit of 2 and a
/// backlog.
pub fn a_limit_of_one_task_and_an_early_close() {
    for workers in [1, 2] {
        let builder = || Pool::builder().workers(workers);
        let pool = builder().tasks_per_worker(1).build().expect("a pool");
        let handle = pool.map_chunked_async(pid, 0..6, 1);
        pool.close();
        assert_eq!(pool.join(), Ok(()));
        let mut pids = handle.get().expect("results");
        pids.sort_unstable();
        pids.dedup();
        assert_eq!(pids.len(), 6);

        let pool = builder().tasks_per_worker(2).build().expect("a pool");
        assert_eq!(
            pool.map_chunked(square, 0..200, 1).map(|all| all.len()),
            Ok(200)
        );
    }
}

/// PL-17: descriptors run out, at each place in the start of a pool: an error or a whole pool, and
/// after the error no process and no descriptor.
pub fn workers_that_cannot_all_be_started_leave_nothing() {
    let limit = |soft| {
        let mut limit = libc::rlimit {
            rlim_cur: 0,
            rlim_max: 0,
        };
        // SAFETY: it fills the structure, then reads it.
        unsafe {
            assert_eq!(libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit), 0);
            limit.rlim_cur = limit.rlim_max.min(soft);
            assert_eq!(libc::setrlimit(libc::RLIMIT_NOFILE, &limit), 0);
        }
    };
    board(0);
    let before = descriptors();
    let mut failures = 0;
    for numbers in 3..50 {
        limit(numbers);
        let built = Pool::new(4);
        limit(1024);
        match built {
            Ok(pool) => assert_works(&pool, 0),
            Err(BuildError::System(error)) => {
                assert_eq!(error.raw_os_error(), Some(libc::EMFILE));
                failures += 1;
            }
            Err(error) => panic!("{error}"),
        }
        assert_no_children();
        assert_eq!(descriptors(), before);
    }
    assert!(
        (8..47).contains(&failures),
        "{failures}: some of them before, some at each worker"
    );
}

/// PL-18: every argument and every result is dropped once, in each of the processes.
pub fn arguments_and_results_are_dropped() {
    #[derive(Serialize)]
    struct Counted(i64);
    impl Counted {
        fn new(number: i64) -> Self {
            board(0).fetch_add(1, SeqCst);
            Self(number)
        }
    }
    impl<'de> Deserialize<'de> for Counted {
        fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
            i64::deserialize(from).map(Self::new)
        }
    }
    impl Drop for Counted {
        fn drop(&mut self) {
            board(0).fetch_sub(1, SeqCst);
        }
    }
    board(0);
    let pool = Pool::new(2).expect("a pool");
    let task = |counted: Counted| {
        assert!(counted.0 != 7, "injected");
        Counted::new(counted.0 + 1)
    };
    let results = pool
        .map_chunked(task, (10..40).map(Counted::new), 4)
        .expect("results");
    assert_eq!(
        results.iter().map(|counted| counted.0).sum::<i64>(),
        (11..41).sum()
    );
    assert_eq!(board(0).load(SeqCst), 30, "the results");
    drop(results);
    assert!(
        pool.map_chunked(task, (0..20).map(Counted::new), 4)
            .is_err()
    );
    for _ in pool.imap(task, (10..20).map(Counted::new)) {}
    assert_eq!(board(0).load(SeqCst), 0);
}

/// PL-18: after a task and a result of 100 MiB neither parent nor broker nor worker is any larger.
pub fn the_memory_of_a_large_task_is_given_back() {
    const LARGE: usize = 100 << 20;
    let resident = |pid: Pid| {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("it is there");
        let line = status.lines().find(|line| line.starts_with("VmRSS:"));
        let number = line.and_then(|line| line.split_whitespace().nth(1));
        let kib: usize = number.and_then(|kib| kib.parse().ok()).expect("a number");
        kib * 1024
    };
    let pool = Pool::new(1).expect("a pool");
    let worker = Pid::from_raw(pool.apply(pid, (0,)).expect("a pid") as i32);
    let all = [getpid(), children()[0].pid, worker];
    // Soon: a result may be here before the worker has let go of it.
    let assert_small = |when: &str| {
        eventually(when, || all.iter().all(|&pid| resident(pid) < LARGE / 4));
    };
    assert_small("small before");
    for _ in 0..2 {
        let text = pool.apply(|text: String| text, ("x".repeat(LARGE),));
        assert_eq!(text.map(|text| text.len()), Ok(LARGE));
        assert_eq!(
            pool.map_chunked(square, 0..1000, 1).map(|all| all.len()),
            Ok(1000)
        );
        assert_small("small after more tasks");
    }
    let lens = pool.imap(
        |text: String| text.len(),
        ["x".repeat(LARGE), String::new()],
    );
    assert!(lens.eq([Ok(LARGE), Ok(0)]));
    assert_small("small after an imap");
}

/// PL-19, X03: a process that a task has started, and forgotten, is a daemon as the worker is, and ends
/// when the pool does; so does one of a worker that is killed.
pub fn what_a_task_has_started_ends_with_the_pool() {
    fn start() -> i64 {
        assert!(current().is_daemon());
        let plain = Builder::new().daemon(false).start((), |()| ());
        assert!(matches!(plain, Err(StartError::NotDaemon)));
        let started = Process::start((), |()| stay(0)).expect("a worker has one thread");
        let pid = started.pid();
        mem::forget(started);
        pid.as_raw().into()
    }
    board(0);
    assert!(!current().is_daemon());
    let pool = Pool::new(1).expect("a pool");
    let first = pool.apply(start, ()).expect("a pid");
    wait_for(0, 1);
    kill_worker(pool.apply(pid, (0,)).expect("a pid"));
    eventually("it ends with its worker", || {
        !is_running(Pid::from_raw(first as i32))
    });
    let second = pool.apply(start, ()).expect("a pid");
    wait_for(0, 2);
    assert!(is_running(Pid::from_raw(second as i32)));
    drop(pool);
    eventually("it ends with the pool", || {
        !is_running(Pid::from_raw(second as i32))
    });
}

/// PR-14: a task reads nothing of what the parent is to read. A pool can also be built without a stdin.
pub fn stdin_is_the_parents() {
    let nothing = |_: i64| {
        let read = std::io::stdin().read(&mut [0; 10]);
        read.expect("there is a stdin") as i64
    };
    let (reader, mut writer) = pipe().expect("a pipe");
    let before = unistd::dup(std::io::stdin()).expect("a copy");
    unistd::dup2_stdin(&reader).expect("a stdin");
    drop(reader);
    writer.write_all(b"the parent's").expect("our own pipe");
    drop(writer);
    let pool = Pool::new(2).expect("a pool");
    assert_eq!(pool.map_chunked(nothing, 0..4, 1), Ok(vec![0; 4]));
    drop(pool);
    let text = std::io::read_to_string(std::io::stdin()).expect("our own pipe");
    assert_eq!(text, "the parent's");
    unistd::close(0).expect("it is open");
    let pool = Pool::new(2).expect("a pool");
    assert_eq!(pool.map_chunked(nothing, 0..4, 1), Ok(vec![0; 4]));
    drop(pool);
    unistd::dup2_stdin(&before).expect("as before");
}

/// PL-19, R10: a program that exits with its pool busy, or that forgot it, leaves no process behind: that
/// the harness sees.
pub fn the_program_may_end_without_a_word() {
    if role().is_none() {
        let ended = again("program");
        assert_eq!(ended.status.code(), Some(3), "{ended:?}");
        return;
    }
    board(0);
    let pool = Pool::new(3).expect("a pool");
    let forgotten = Pool::new(2).expect("a second pool");
    let _stuck = pool.map_chunked_async(|_: i64| stay(0), 0..10, 1);
    wait_for(0, 3);
    mem::forget(forgotten);
    process::exit(3);
}

/// PL-20: once in each worker, replacements included, with arguments.
pub fn the_initialiser_runs_once_in_each_worker() {
    static mut SEEN: i64 = 0;
    board(0);
    let pool = Pool::builder()
        .workers(2)
        .initializer((5, "text".to_owned()), |(number, text): (i64, String)| {
            board(0).fetch_add(1, SeqCst);
            // SAFETY: a worker has one thread.
            unsafe { SEEN += number + text.len() as i64 };
        })
        .build()
        .expect("a pool");
    let seen = |_: i64| {
        // SAFETY: as above.
        unsafe { SEEN }
    };
    assert_eq!(pool.map_chunked(seen, 0..50, 1), Ok(vec![9; 50]));
    let pids = workers(&pool, 1);
    assert_eq!(board(0).load(SeqCst), 2);
    kill_worker(pids[0]);
    eventually("a replacement", || board(0).load(SeqCst) == 3);
    workers(&pool, 1);
    assert_eq!(pool.map_chunked(seen, 0..50, 1), Ok(vec![9; 50]));
    assert_eq!(board(0).load(SeqCst), 3);
}

/// PL-20, P07: an initialiser that always fails: a bounded number of workers, then the pool says
/// that it is broken: what was queued, and what comes later.
pub fn a_failing_initialiser_breaks_the_pool() {
    let fail: [fn(); 3] = [
        || panic!("injected"),
        || process::exit(0),
        || process::abort(),
    ];
    board(0);
    for fail in fail {
        let before = board(0).load(SeqCst);
        let initialise = move |()| {
            board(0).fetch_add(1, SeqCst);
            fail();
        };
        let pool = Pool::builder()
            .workers(2)
            .initializer((), initialise)
            .build();
        let pool = pool.expect("the processes were started");
        let queued = pool.map_chunked_async(square, 0..100, 1);
        let broken = queued.get();
        assert!(
            matches!(broken, Err(TaskError::Broken(Broken::Workers { .. }))),
            "{broken:?}"
        );
        assert_eq!(
            pool.map(square, 0..3).map_err(Err::<(), _>),
            broken.map_err(Err)
        );
        let started = board(0).load(SeqCst) - before;
        assert!(
            (12..=14).contains(&started),
            "{started} workers were started"
        );
        assert_no_children();
        pool.close();
        assert!(matches!(pool.join(), Err(JoinError::Broken(_))));
    }
}

/// X03: in a child process the pool is not usable, and not harmed.
pub fn a_child_of_the_parent_cannot_use_the_pool() {
    board(0);
    let pool = Pool::new(2).expect("a pool");
    let handle = pool.map_async(square, 0..5);
    let child = fork::fork(|| {
        let refused = pool.map(square, 0..3) == Err(TaskError::Terminated);
        let resolved = handle.wait_timeout(Duration::MAX);
        pool.terminate();
        i32::from(!refused || !resolved)
    });
    let child = child.expect("one thread");
    let status = waitpid(child, None).expect("our child");
    assert_eq!(status, nix::sys::wait::WaitStatus::Exited(child, 0));
    assert_eq!(handle.get(), Ok(vec![0, 1, 4, 9, 16]));
    assert_works(&pool, 0);
    // A worker is such a child too, and has no descriptors but its own.
    let in_worker = |_: i64| {
        let entries = fs::read_dir("/proc/self/fd").expect("/proc is mounted");
        entries.count() as i64 - 1
    };
    let before = descriptors().len() as i64;
    let second = Pool::new(3).expect("a second pool");
    let counts = second.map_chunked(in_worker, 0..10, 1).expect("counts");
    // Its socket, and what it sleeps on. The first pool's pidfd and socket are the parent's.
    assert!(
        counts.iter().all(|&count| count <= before),
        "{counts:?}, {before}"
    );
    drop(pool);
    assert_eq!(second.map(square, 0..3), Ok(vec![0, 1, 4]));
}

/// P09: any order of close, terminate, join, drop; twice.
pub fn shutdown_can_be_done_twice_in_any_order() {
    let join = |pool: &Pool| {
        let _ = pool.join(); // an error if it is still open
    };
    let steps: [fn(&Pool); 3] = [Pool::close, Pool::terminate, join];
    for first in steps {
        for second in steps {
            for third in steps {
                let pool = Pool::new(2).expect("a pool");
                let handle = pool.map_chunked_async(square, 0..100, 1);
                [first, second, third].iter().for_each(|step| step(&pool));
                let result = handle.get_timeout(Duration::ZERO);
                drop(pool);
                match result {
                    Ok(result) => drop(result),
                    Err(handle) => assert!(handle.ready()),
                }
                assert_no_children();
            }
        }
    }
}

/// Q07: an end of a channel that is an argument of the initialiser is there in each worker, in
/// replacements too; every other end is closed there.
pub fn workers_keep_the_ends_they_were_given() {
    struct Writer(Mutex<Option<PipeWriter>>);
    impl End for Writer {
        fn close_in_child(&self) {
            self.0.lock().expect("no panic").take();
        }
    }
    struct Given(Arc<Writer>);
    impl Pass for Given {
        fn ends(&self, ends: &mut Ends) {
            ends.add(self.0.clone());
        }
    }
    fn pair() -> (PipeReader, Arc<Writer>) {
        let (reader, writer) = pipe().expect("a pipe");
        let writer = Arc::new(Writer(Mutex::new(Some(writer))));
        let end: Arc<dyn End> = writer.clone();
        ends::register(Arc::downgrade(&end));
        (reader, writer)
    }
    board(0);
    let (mut reader, given) = pair();
    let (mut other_reader, other) = pair();
    let initialise = |given: Given| {
        let mut writer = given.0.0.lock().expect("no panic");
        let writer = writer.as_mut().expect("it was kept");
        writer.write_all(b"x").expect("the parent reads");
    };
    let builder = Pool::builder().workers(2);
    let pool = builder
        .initializer(Given(given), initialise)
        .build()
        .expect("a pool");
    kill_worker(workers(&pool, 0)[0]);
    assert_works(&pool, 0);
    drop(other);
    let mut nothing = Vec::new();
    other_reader
        .read_to_end(&mut nothing)
        .expect("no process has the other end");
    assert!(nothing.is_empty());
    drop(pool);
    let mut marks = Vec::new();
    reader
        .read_to_end(&mut marks)
        .expect("with the pool the end is gone");
    assert_eq!(marks, b"xxx");
}
