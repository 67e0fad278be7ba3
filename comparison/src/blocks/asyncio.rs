//! Chapter 5's blocks.

use std::time::Duration;

use asyncio::event_loop::{self, EventLoop};
use asyncio::queue::Queue;
use asyncio::run::run;
use asyncio::task::create_task;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc;
use tokio::task::LocalSet;

use super::{Goal, Group, Row, timed};

pub(super) const GROUP: Group = Group {
    rows: ROWS,
    python: include_str!("../../../scripts/python/asyncio_blocks.py"),
};

/// How many tasks are there at a time.
const TASKS: u64 = 1000;

/// How many wait at once, and how long.
const WAITS: u64 = 10_000;
const WAIT: Duration = Duration::from_millis(50);

const ROWS: &[Row] = &[
    Row {
        name: "event-loop",
        label: "事件循环 任务创建与等待，一批 1000 个\nEventLoop spawn + join, 1000 at a time",
        times: 10_000,
        rounds: 21,
        ours: event_loop,
        rivals: &[
            ("tokio current_thread, spawn", tokio_spawn),
            ("tokio LocalSet, spawn_local", tokio_spawn_local),
        ],
        goal: Goal::OfRival(0.6),
    },
    Row {
        name: "async-queue-1024",
        label: "异步队列 一条消息，容量 1024\nasync Queue a message, capacity 1024",
        times: 20_000,
        rounds: 21,
        ours: queue::<1024>,
        rivals: &[("tokio mpsc", tokio_mpsc::<1024>)],
        goal: Goal::OfRival(1.2),
    },
    Row {
        name: "async-queue-3",
        label: "异步队列 一条消息，容量 3\nasync Queue a message, capacity 3",
        times: 20_000,
        rounds: 21,
        ours: queue::<3>,
        rivals: &[("tokio mpsc", tokio_mpsc::<3>)],
        goal: Goal::OfRival(1.2),
    },
    Row {
        name: "async-waits",
        label: "create_task 同时等待 10000 次，每次 50 毫秒\ncreate_task, 10,000 waits of 50 ms at once",
        times: 1,
        rounds: 9,
        ours: waits,
        rivals: &[("tokio current_thread, spawn", tokio_waits)],
        goal: Goal::OfRival(1.1),
    },
    Row {
        name: "event-loop-waits",
        label: "事件循环 同时等待 10000 次，每次 50 毫秒\nEventLoop, 10,000 waits of 50 ms at once",
        times: 1,
        rounds: 9,
        ours: event_loop_waits,
        rivals: &[("tokio current_thread, spawn", tokio_waits)],
        goal: Goal::OfRival(1.1),
    },
];

/// A task that does nothing but return a number, the same for all.
async fn same(n: u64) -> u64 {
    n
}

fn event_loop(times: u64) -> f64 {
    let event_loop = EventLoop::new();
    let main = async {
        let current = event_loop::current().expect("this runs on it");
        for _ in 0..times / TASKS {
            let tasks: Vec<_> = (0..TASKS).map(|n| current.spawn(same(n))).collect();
            for (n, task) in (0..).zip(tasks) {
                assert_eq!(task.await.ok(), Some(n));
            }
        }
    };
    timed(|| event_loop.run_until_complete(main).expect("none runs here"))
}

fn tokio_spawn(times: u64) -> f64 {
    let main = async {
        for _ in 0..times / TASKS {
            let tasks: Vec<_> = (0..TASKS).map(|n| tokio::spawn(same(n))).collect();
            for (n, task) in (0..).zip(tasks) {
                assert_eq!(task.await.ok(), Some(n));
            }
        }
    };
    let runtime = current_thread();
    timed(|| runtime.block_on(main))
}

/// Its tasks need not be `Send`, as ours.
fn tokio_spawn_local(times: u64) -> f64 {
    let main = async {
        for _ in 0..times / TASKS {
            let spawn = |n| tokio::task::spawn_local(same(n));
            let tasks: Vec<_> = (0..TASKS).map(spawn).collect();
            for (n, task) in (0..).zip(tasks) {
                assert_eq!(task.await.ok(), Some(n));
            }
        }
    };
    let runtime = current_thread();
    timed(|| LocalSet::new().block_on(&runtime, main))
}

fn current_thread() -> Runtime {
    let runtime = Builder::new_current_thread().build();
    runtime.expect("the system has what a runtime needs")
}

/// One task puts, another gets; each item counts as done as soon as it has been added.
fn queue<const CAPACITY: usize>(times: u64) -> f64 {
    let main = async {
        let queue = Queue::bounded(CAPACITY);
        let all = queue.clone();
        let producer = tokio::spawn(async move {
            for n in 0..times {
                all.put(n).await.expect("it is not shut down yet");
            }
            all.shutdown();
        });
        let consumer = tokio::spawn(async move {
            let mut sum = 0;
            while let Ok(n) = queue.get().await {
                sum += *n;
            }
            sum
        });
        producer.await.expect("it does not panic");
        assert_eq!(consumer.await.ok(), Some(sum(times)));
    };
    let runtime = current_thread();
    timed(|| runtime.block_on(main))
}

/// It has no `task_done`, and ends when the sender is dropped.
fn tokio_mpsc<const CAPACITY: usize>(times: u64) -> f64 {
    let main = async {
        let (sender, mut receiver) = mpsc::channel(CAPACITY);
        let producer = tokio::spawn(async move {
            for n in 0..times {
                sender.send(n).await.expect("the receiver is there");
            }
        });
        let consumer = tokio::spawn(async move {
            let mut sum = 0;
            while let Some(n) = receiver.recv().await {
                sum += n;
            }
            sum
        });
        producer.await.expect("it does not panic");
        assert_eq!(consumer.await.ok(), Some(sum(times)));
    };
    let runtime = current_thread();
    timed(|| runtime.block_on(main))
}

fn sum(times: u64) -> u64 {
    times * (times - 1) / 2
}

/// The whole of it, with making the runtime and dropping it, as [`run`] does both.
fn waits(times: u64) -> f64 {
    timed(|| {
        for _ in 0..times {
            let main = async {
                let sleep = || async { tokio::time::sleep(WAIT).await };
                let tasks: Vec<_> = (0..WAITS).map(|_| create_task(sleep())).collect();
                for task in tasks {
                    task.await.expect("it only sleeps");
                }
            };
            run(main).expect("nothing interrupts it");
        }
    })
}

fn tokio_waits(times: u64) -> f64 {
    timed(|| {
        for _ in 0..times {
            let main = async {
                let sleep = || async { tokio::time::sleep(WAIT).await };
                let tasks: Vec<_> = (0..WAITS).map(|_| tokio::spawn(sleep())).collect();
                for task in tasks {
                    task.await.expect("it only sleeps");
                }
            };
            let runtime = Builder::new_current_thread().enable_all().build();
            let runtime = runtime.expect("the system has what a runtime needs");
            runtime.block_on(main);
        }
    })
}

fn event_loop_waits(times: u64) -> f64 {
    timed(|| {
        for _ in 0..times {
            let event_loop = EventLoop::new();
            let main = async {
                let sleep = || async { event_loop::sleep(WAIT).await };
                let tasks: Vec<_> = (0..WAITS).map(|_| event_loop.spawn(sleep())).collect();
                for task in tasks {
                    task.await.expect("it only sleeps");
                }
            };
            let done = event_loop.run_until_complete(main);
            done.expect("none runs here");
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each checks its own result, so that a figure never stands for work that was not done.
    #[test]
    fn all_do_the_work() {
        for row in ROWS {
            let times = if row.times == 1 { 1 } else { 2 * TASKS };
            let works = row.rivals.iter().map(|(_, work)| *work);
            for work in works.chain([row.ours]) {
                let seconds = work(times);
                assert!(seconds > 0.0, "{}", row.name);
                if row.name.ends_with("waits") {
                    assert!(seconds >= WAIT.as_secs_f64(), "{}", row.name);
                }
            }
        }
    }
}
