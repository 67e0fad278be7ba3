//! Where a fault happens.

use std::io::{BufRead, BufReader, Read, Seek};
use std::process::{self, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::AtomicI64;
use std::sync::atomic::Ordering::SeqCst;
use std::thread;
use std::time::Duration;

use multiprocess::pool::{Pool, TaskError};
use multiprocess::robust_mutex::RobustMutex;
use multiprocess::shared_memory::SharedMemory;
use nix::sys::signal::Signal;
use nix::unistd::{Pid, getppid};
use serde::ser::SerializeSeq;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::faults::{Fault, is_of, pool, strike};
use crate::support::{
    again_with, assert_no_children, children, eventually, is_running, kill, kill_with_all_of,
    process as look, role, unnamed_file, wait_until_asleep,
};
use crate::workers::{assert_works, board, kill_worker, pid, square, stay, wait_for, workers};

/// For `workers` and `assert_works`.
const MEETING: usize = 90;

/// Leaves a thread in the worker that strikes when it is told to.
fn leave_a_thread(_: i64) -> i64 {
    thread::spawn(|| {
        struct Gone;
        impl Drop for Gone {
            fn drop(&mut self) {
                board(2).fetch_add(1, SeqCst);
            }
        }
        let _gone = Gone;
        wait_for(1, 1);
        strike();
    });
    process::id().into()
}

/// A worker that has nothing to do. P02
pub fn idle(fault: Fault) {
    let pool = pool(2);
    let pids = workers(&pool, MEETING);
    let victim = match fault {
        Fault::Kill => {
            kill_worker(pids[0]);
            pids[0]
        }
        _ => {
            let victim = pool.apply(leave_a_thread, (0,)).expect("a pid");
            board(1).store(1, SeqCst);
            victim
        }
    };
    if fault == Fault::Panic {
        wait_for(2, 1); // the thread alone has ended
    } else {
        eventually("it ends", || !is_running(Pid::from_raw(victim as i32)));
    }
    assert_works(&pool, MEETING);
    assert_eq!(
        workers(&pool, MEETING).contains(&victim),
        fault == Fault::Panic
    );
}

/// A worker with many tasks in its hands, in one of which it is struck: the others are run, once.
pub fn taken(fault: Fault) {
    const AT: i64 = 50;
    (100..500).for_each(|place| board(place).store(0, SeqCst));
    let pool = pool(1);
    pool.map_chunked(square, 0..5000, 1)
        .expect("quick tasks: many are given at once");
    let task = |n: i64| {
        board(100 + n as usize).fetch_add(1, SeqCst);
        if n == AT {
            strike();
        }
        n
    };
    let handles: Vec<_> = (0..400).map(|n| pool.apply_async(task, (n,))).collect();
    for (n, handle) in (0..).zip(handles) {
        let result = handle.get();
        assert!(
            if n == AT {
                is_of(fault, &result)
            } else {
                result == Ok(n)
            },
            "{n}: {result:?}"
        );
        assert_eq!(board(100 + n as usize).load(SeqCst), 1, "task {n} ran once");
    }
    assert_works(&pool, MEETING);
}

/// A worker in a task that has said that it runs. P01
pub fn running(fault: Fault) {
    let pool = pool(2);
    let task = |n: i64| {
        if n == 1 {
            board(3).store(1, SeqCst);
            wait_for(4, 1);
            strike();
        }
        n
    };
    let handles: Vec<_> = (0..4).map(|n| pool.apply_async(task, (n,))).collect();
    wait_for(3, 1);
    board(4).store(1, SeqCst);
    for (n, handle) in (0..).zip(handles) {
        let result = handle.get();
        assert!(
            if n == 1 {
                is_of(fault, &result)
            } else {
                result == Ok(n)
            },
            "{n}: {result:?}"
        );
    }
    assert_works(&pool, MEETING);
}

/// Half of its data is encoded when it is struck.
struct Half;

impl Serialize for Half {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut numbers = serializer.serialize_seq(Some(1 << 17))?;
        for number in 0..1_u64 << 17 {
            if number == 1 << 16 {
                strike();
            }
            numbers.serialize_element(&number)?;
        }
        numbers.end()
    }
}

impl<'de> Deserialize<'de> for Half {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Vec::<u64>::deserialize(from).map(|_| Self)
    }
}

/// A worker that encodes a result. PP-02..13
pub fn encoding(fault: Fault) {
    let pool = pool(2);
    let handle = pool.apply_async(|| Half, ());
    let others = pool.map_chunked_async(square, 0..100, 1);
    let result = handle.get().map(drop);
    match fault {
        Fault::Panic => assert!(matches!(result, Err(TaskError::Result(_))), "{result:?}"),
        _ => assert!(is_of(fault, &result), "{result:?}"),
    }
    assert_eq!(others.get().map(|all| all.len()), Ok(100));
    assert_works(&pool, MEETING);
}

/// 1 MiB. When it is encoded in a worker the broker stands still, and takes nothing of it.
struct Big;

impl Serialize for Big {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        kill(getppid(), Signal::SIGSTOP);
        board(5).store(process::id().into(), SeqCst);
        serializer.serialize_bytes(&[7; 1 << 20])
    }
}

impl<'de> Deserialize<'de> for Big {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Vec::<u8>::deserialize(from).map(|_| Self)
    }
}

/// A worker that has written a part of a frame of 1 MiB, and waits to write on.
pub fn in_mid_write(fault: Fault) {
    let pool = pool(1);
    let broker = children()[0].pid;
    let task = || {
        leave_a_thread(0);
        Big
    };
    let handle = pool.apply_async(task, ());
    let behind = pool.map_chunked_async(square, 0..10, 1);
    wait_for(5, 1);
    eventually("the broker stands still", || {
        look(broker).is_some_and(|broker| broker.state == 'T')
    });
    let worker = Pid::from_raw(board(5).load(SeqCst) as i32);
    wait_until_asleep(worker);
    match fault {
        Fault::Kill => kill(worker, Signal::SIGKILL),
        _ => board(1).store(1, SeqCst),
    }
    if fault == Fault::Panic {
        wait_for(2, 1);
    } else {
        eventually("the worker ends", || !is_running(worker));
    }
    kill(broker, Signal::SIGCONT);
    let result = handle.get().map(drop);
    match fault {
        Fault::Panic => assert_eq!(result, Ok(())), // it was another thread's
        _ => assert!(is_of(fault, &result), "{result:?}"),
    }
    assert_eq!(behind.get(), Ok((0..10).map(square).collect()));
    board(1).store(1, SeqCst); // so that no thread is left waiting
    assert_works(&pool, MEETING);
}

static LOCK: OnceLock<SharedMemory> = OnceLock::new();

fn lock() -> &'static RobustMutex {
    let memory = LOCK.get_or_init(|| {
        let memory = SharedMemory::zeroed(size_of::<RobustMutex>()).expect("a page");
        // SAFETY: a page of our own, which stays.
        unsafe { RobustMutex::init(memory.start().as_ptr().cast()) }.expect("a mutex");
        memory
    });
    // SAFETY: it was initialised, and stays.
    unsafe { memory.start().cast().as_ref() }
}

/// A worker that holds a lock. Q05
pub fn locked(fault: Fault) {
    lock();
    let pool = pool(2);
    let hold = || {
        let _guard = lock().lock().expect("not held by this thread");
        strike();
    };
    assert!(is_of(fault, &pool.apply(hold, ())));
    let died = |_: i64| lock().lock().expect("not held by this thread").owner_died();
    let told = pool
        .map_chunked(died, 0..10, 1)
        .expect("the lock is not lost");
    // A panic lets go of it in order. Else one is told, the first to lock.
    let times = told.iter().filter(|told| **told).count();
    assert_eq!(times, usize::from(fault != Fault::Panic));
    assert_works(&pool, MEETING);
}

/// The last thing of a worker's last task is to drop this.
#[derive(Serialize, Deserialize)]
struct Last(i64);

impl Drop for Last {
    fn drop(&mut self) {
        static TASKS: AtomicI64 = AtomicI64::new(0);
        let in_worker = board(6).load(SeqCst) != process::id().into();
        if in_worker && TASKS.fetch_add(1, SeqCst) == 1 {
            board(7).fetch_add(1, SeqCst);
            strike();
        }
    }
}

/// A worker at its limit of two tasks. PL-14, P08
pub fn recycling(fault: Fault) {
    board(6).store(process::id().into(), SeqCst);
    let limited = |tasks| {
        Pool::builder()
            .workers(2)
            .tasks_per_worker(tasks)
            .build()
            .expect("a pool")
    };
    let pool = limited(2);
    let results: Vec<_> = pool
        .imap(Last, 0..40)
        .map(|last| last.map(|last| last.0))
        .collect();
    assert_eq!(results.len(), 40);
    let struck = results.iter().filter(|result| is_of(fault, result)).count() as i64;
    let good = results.iter().filter(|result| result.is_ok()).count() as i64;
    let strikes = board(7).load(SeqCst);
    assert!(strikes >= 19, "{strikes}");
    match fault {
        // The result was there already.
        Fault::Panic => assert_eq!((struck, good), (0, 40)),
        _ => assert_eq!((struck, good), (strikes, 40 - strikes)),
    }
    assert_eq!(
        pool.map_chunked(square, 0..10, 1).map(|all| all.len()),
        Ok(10)
    );
    drop(pool);

    // From outside, at whatever point of its end it is.
    let pool = limited(1);
    for _ in 0..20 {
        let worker = pool.apply(pid, (0,)).expect("it had its result");
        if fault == Fault::Kill {
            kill_worker(worker);
        }
    }
}

/// A worker in its initialiser, three times; then it goes well. P07, PL-21
pub fn initialising(_: Fault) {
    let initialise = |()| {
        if board(8).fetch_add(1, SeqCst) < 3 {
            strike();
        }
    };
    let pool = Pool::builder()
        .workers(2)
        .initializer((), initialise)
        .build();
    let pool = pool.expect("a pool");
    assert_eq!(pool.map(square, 0..10), Ok((0..10).map(square).collect()));
    assert_works(&pool, MEETING);
    assert_eq!(board(8).load(SeqCst), 5);
}

/// A pool that is dropped with tasks in all states. P10, PL-12
pub fn dropped(_: Fault) {
    let pool = pool(3);
    let done = pool.map_async(square, 0..10);
    done.wait();
    let stuck = pool.map_chunked_async(|_: i64| stay(9), 0..3, 1);
    wait_for(9, 3);
    let queued = pool.map_chunked_async(square, 0..1000, 1);
    let big = pool.apply_async(|text: Vec<u8>| text, (vec![1; 4 << 20],));
    drop(pool);
    assert_no_children();
    assert_eq!(stuck.get(), Err(TaskError::Terminated));
    assert_eq!(queued.get(), Err(TaskError::Terminated));
    assert_eq!(big.get(), Err(TaskError::Terminated));
    assert_eq!(done.get().map(|all| all.len()), Ok(10));
    let next = Pool::new(2).expect("a pool");
    assert_works(&next, MEETING);
}

/// X03, PR-16: the parent is killed, its pool idle and busy: broker and workers end in 2 s. Twice.
pub fn the_parent_is_killed() {
    if let Some(role) = role() {
        board(0);
        let pool = pool(3);
        let pids = workers(&pool, MEETING);
        let _stuck = (role == "busy").then(|| {
            let stuck = pool.map_chunked_async(|_: i64| stay(9), 0..10, 1);
            wait_for(9, 3);
            stuck
        });
        println!("{}", children()[0].pid);
        pids.iter().for_each(|pid| println!("{pid}"));
        println!("ready");
        thread::sleep(Duration::MAX); // why a sleep: it is to be killed
    }
    for role in ["idle", "busy", "idle", "busy"] {
        let mut stderr = unnamed_file();
        let mut command = again_with(role);
        let mut parent = command
            .stdout(Stdio::piped())
            .stderr(stderr.try_clone().expect("a copy of a descriptor"))
            .spawn()
            .expect("this executable");
        let output = parent.stdout.take().expect("it was asked for");
        let lines = BufReader::new(output)
            .lines()
            .map(|line| line.expect("text"));
        let pids = lines.map_while(|line| line.parse().ok());
        let pids: Vec<_> = pids.map(Pid::from_raw).collect();
        assert_eq!(pids.len(), 4, "the broker and three workers");
        kill_with_all_of(Pid::from_raw(parent.id().cast_signed()), &pids);
        parent.wait().expect("our own child");
        let mut text = String::new();
        let read = stderr
            .rewind()
            .and_then(|()| stderr.read_to_string(&mut text));
        read.expect("a file just written");
        assert_eq!(text, "", "there was no panic");
    }
}
