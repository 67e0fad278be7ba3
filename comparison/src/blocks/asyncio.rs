//! Chapter 5's blocks.

use asyncio::event_loop::{self, EventLoop};
use tokio::runtime::{Builder, Runtime};
use tokio::task::LocalSet;

use super::{Goal, Group, Row, timed};

mod queue; // messages from a task to another
mod waits; // very many that sleep at once

pub(super) const GROUP: Group = Group {
    rows: ROWS,
    python: include_str!("../../../scripts/python/asyncio_blocks.py"),
};

/// How many tasks are there at a time.
const TASKS: u64 = 1000;

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
        ours: queue::ours::<1024>,
        rivals: &[("tokio mpsc", queue::tokio_mpsc::<1024>)],
        goal: Goal::OfRival(1.2),
    },
    Row {
        name: "async-queue-3",
        label: "异步队列 一条消息，容量 3\nasync Queue a message, capacity 3",
        times: 20_000,
        rounds: 21,
        ours: queue::ours::<3>,
        rivals: &[("tokio mpsc", queue::tokio_mpsc::<3>)],
        goal: Goal::OfRival(1.2),
    },
    Row {
        name: "async-waits",
        label: "create_task 同时等待 10000 次，每次 50 毫秒\ncreate_task, 10,000 waits of 50 ms at once",
        times: 1,
        rounds: 9,
        ours: waits::ours,
        rivals: &[("tokio current_thread, spawn", waits::tokio)],
        goal: Goal::OfRival(1.1),
    },
    Row {
        name: "event-loop-waits",
        label: "事件循环 同时等待 10000 次，每次 50 毫秒\nEventLoop, 10,000 waits of 50 ms at once",
        times: 1,
        rounds: 9,
        ours: waits::event_loop,
        rivals: &[("tokio current_thread, spawn", waits::tokio)],
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
                    assert!(seconds >= waits::WAIT.as_secs_f64(), "{}", row.name);
                }
            }
        }
    }
}
