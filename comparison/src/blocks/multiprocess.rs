//! Chapter 3's blocks.
//!
//! Each contender starts the processes it needs, lets them get to work, and then begins to time. The
//! process that measures has one thread, so it may fork.

use std::sync::OnceLock;

use multiprocess::connection::pipe;
use multiprocess::ends::Pass;
use multiprocess::pool::Pool;
use multiprocess::process::Process;
use multiprocess::queue::Queue;
use multiprocess::value::Value;

use super::{Goal, Group, Row, timed};
use crate::cores;

mod limit; // a lock and system calls alone
#[cfg(feature = "peers")]
mod peers;

pub(super) const GROUP: Group = Group {
    rows: ROWS,
    python: include_str!("../../../scripts/python/process_blocks.py"),
};

/// Messages that a queue holds.
const CAPACITY: usize = 1024;
/// Bytes of a large message.
const MESSAGE: usize = 64 * 1024;
/// Processes that count.
const PROCESSES: u64 = 4;
/// Workers of a pool.
const WORKERS: usize = 4;

const ROWS: &[Row] = &[
    Row {
        name: "process",
        label: "进程创建与等待\nprocess create + join",
        times: 20,
        rounds: 25,
        ours: process,
        rivals: &[
            ("fork + waitpid", limit::process),
            #[cfg(feature = "peers")]
            ("procspawn", peers::process),
        ],
        goal: Goal::OfRival(1.25),
    },
    Row {
        name: "queue",
        label: "进程间队列，小整数\nQueue, small integers",
        times: 100_000,
        rounds: 2,
        ours: queue,
        rivals: QUEUES,
        goal: Goal::OfRival(QUEUE_GOAL),
    },
    Row {
        name: "queue-pinned",
        label: "同上，固定在两个核上\nthe same, pinned to two cores",
        times: 100_000,
        rounds: 2,
        ours: |times| {
            pin_here();
            queue(times)
        },
        rivals: QUEUES, // in the same process, which is pinned by then
        goal: Goal::OfRival(QUEUE_GOAL),
    },
    Row {
        name: "queue-bytes",
        label: "进程间队列，每条 64 KiB\nQueue, 64 KiB a message",
        times: 10_000,
        rounds: 2,
        ours: queue_bytes,
        rivals: &[
            #[cfg(feature = "peers")]
            ("ipc-channel", peers::bytes_channel),
            ("socketpair", limit::bytes),
        ],
        goal: Goal::OfRival(0.5),
    },
    Row {
        name: "pipe",
        label: "Connection 往返，两个核\nConnection round trip, two cores",
        times: 2000,
        rounds: 10,
        ours: round_trip,
        rivals: &[
            ("socketpair", limit::round_trip),
            #[cfg(feature = "peers")]
            ("ipc-channel", peers::round_trip),
        ],
        goal: Goal::OfRival(1.15),
    },
    Row {
        name: "queue-trip",
        label: "两个 Queue 往返，两个核\nround trip through two Queues, two cores",
        times: 10_000,
        rounds: 3,
        ours: queue_trip,
        rivals: &[("socketpair", limit::round_trip)],
        goal: Goal::OfCpython(0.05),
    },
    Row {
        name: "counter",
        label: "共享计数器，四个进程\nshared counter, 4 processes",
        times: 200_000,
        rounds: 5,
        ours: counter,
        rivals: &[("robust pthread mutex", limit::counter)],
        goal: Goal::OfRival(1.5),
    },
    Row {
        name: "pool-each",
        label: "Pool.map，每条消息一个任务\nPool map, a task a message",
        times: 20_000,
        rounds: 3,
        ours: pool_each,
        rivals: &[
            #[cfg(feature = "peers")]
            ("procspawn", peers::pool),
        ],
        goal: Goal::OfCpython(0.1),
    },
    Row {
        name: "pool",
        label: "Pool.map，默认块大小\nPool map, default chunk size",
        times: 200_000,
        rounds: 3,
        ours: pool,
        rivals: &[],
        goal: Goal::OfCpython(0.5),
    },
];

const QUEUES: &[(&str, super::Work)] = &[
    #[cfg(feature = "peers")]
    ("ipc-channel", peers::channel),
    ("pipe", limit::channel),
];

/// Against the channel that one would pick, or else against the bare system calls.
const QUEUE_GOAL: f64 = if cfg!(feature = "peers") { 0.06 } else { 1.0 };

/// The first is for what a contender starts, the second for the process that measures.
static CORES: OnceLock<(usize, usize)> = OnceLock::new();

/// Keeps this process on one core, and leaves the other to what it starts: [`pin_elsewhere`].
fn pin_here() {
    let (_, here) = CORES.get_or_init(|| cores::two().unwrap_or_else(|reason| panic!("{reason}")));
    cores::pin(*here).expect("it may use this core");
}

/// In a process that a pinned one has started: to the other core.
fn pin_elsewhere() {
    if let Some((elsewhere, _)) = CORES.get() {
        cores::pin(*elsewhere).expect("it may use this core");
    }
}

/// Starts a process that does something beside this one, on the other core if this one is pinned.
fn beside<A: Pass>(args: A, work: fn(A)) -> Process {
    let work = move |args| {
        pin_elsewhere();
        work(args);
    };
    Process::start(args, work).expect("the system has a process to give")
}

fn joined(process: Process) {
    let code = process.join().expect("it can be waited for");
    assert_eq!(code, 0, "it did not fail");
}

fn process(times: u64) -> f64 {
    timed(|| {
        for _ in 0..times {
            let started = Process::start((), |()| ());
            joined(started.expect("the system has a process to give"));
        }
    })
}

/// One producer, one consumer; the first message says that the producer runs.
fn queue(times: u64) -> f64 {
    let queue = Queue::<u64>::bounded(CAPACITY).expect("there is memory");
    let producer = beside((queue.clone(), times), |(queue, times)| {
        for i in 0..=times {
            queue.put(&i).expect("somebody takes it");
        }
    });
    assert_eq!(queue.get().expect("somebody puts it"), 0);
    let took = timed(|| {
        for i in 1..=times {
            assert_eq!(queue.get().expect("somebody puts it"), i);
        }
    });
    joined(producer);
    took
}

fn queue_bytes(times: u64) -> f64 {
    let queue = Queue::<[u8]>::bounded(CAPACITY).expect("there is memory");
    let producer = beside((queue.clone(), times), |(queue, times)| {
        let message = vec![7; MESSAGE];
        for _ in 0..=times {
            queue.put(&message).expect("somebody takes it");
        }
    });
    let take = || assert_eq!(queue.get().expect("somebody puts it").len(), MESSAGE);
    take();
    let took = timed(|| (0..times).for_each(|_| take()));
    joined(producer);
    took
}

fn round_trip(times: u64) -> f64 {
    pin_here();
    let (mut ours, theirs) = pipe().expect("there are descriptors");
    let echo = beside((theirs, times), |(mut theirs, times)| {
        for _ in 0..=times {
            let message = theirs.recv_bytes().expect("it comes");
            theirs.send_bytes(&message).expect("it is read");
        }
    });
    let mut trip = || {
        ours.send_bytes(b"x").expect("it is read");
        assert_eq!(ours.recv_bytes().expect("it comes"), b"x");
    };
    trip();
    let took = timed(|| (0..times).for_each(|_| trip()));
    joined(echo);
    took
}

fn queue_trip(times: u64) -> f64 {
    pin_here();
    let there = Queue::<u64>::bounded(1).expect("there is memory");
    let back = Queue::<u64>::bounded(1).expect("there is memory");
    let args = (there.clone(), back.clone(), times);
    let echo = beside(args, |(there, back, times)| {
        for _ in 0..=times {
            let item = there.get().expect("it comes");
            back.put(&item).expect("it is read");
        }
    });
    let trip = |i| {
        there.put(&i).expect("it is read");
        assert_eq!(back.get().expect("it comes"), i);
    };
    trip(0);
    let took = timed(|| (1..=times).for_each(trip));
    joined(echo);
    took
}

fn counter(times: u64) -> f64 {
    let value = Value::new(0u64).expect("there is memory");
    let took = timed(|| {
        let count = |(value, times): (Value<u64>, u64)| {
            for _ in 0..times {
                *value.lock().expect("nobody is killed") += 1;
            }
        };
        let processes: Vec<_> = (0..PROCESSES)
            .map(|_| beside((value.clone(), times / PROCESSES), count))
            .collect();
        processes.into_iter().for_each(joined);
    });
    let count = *value.lock().expect("nobody was killed");
    assert_eq!(count, times / PROCESSES * PROCESSES);
    took
}

fn square(x: u64) -> u64 {
    x * x
}

fn pool_each(times: u64) -> f64 {
    let pool = Pool::new(WORKERS).expect("the system has processes to give");
    let map = |times| {
        let squares = pool
            .map_chunked(square, 0..times, 1)
            .expect("nobody is killed");
        assert_eq!(squares.len() as u64, times);
    };
    map(1000);
    timed(|| map(times))
}

fn pool(times: u64) -> f64 {
    let pool = Pool::new(WORKERS).expect("the system has processes to give");
    let map = |times| {
        let squares = pool.map(square, 0..times).expect("nobody is killed");
        assert_eq!(squares.len() as u64, times);
    };
    map(1000);
    timed(|| map(times))
}
