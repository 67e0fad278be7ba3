//! Very many tasks that sleep at once.

use std::time::Duration;

use asyncio::event_loop::{self, EventLoop};
use asyncio::run::run;
use asyncio::task::create_task;
use tokio::runtime::Builder;

use crate::blocks::timed;

/// How many wait at once, and how long.
const WAITS: u64 = 10_000;
pub(super) const WAIT: Duration = Duration::from_millis(50);

/// The whole of it, with making the runtime and dropping it, as [`run`] does both.
pub(super) fn ours(times: u64) -> f64 {
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

pub(super) fn tokio(times: u64) -> f64 {
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

pub(super) fn event_loop(times: u64) -> f64 {
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
