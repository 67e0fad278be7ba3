//! 4.4 as_completed 与 wait: several futures, as they come, or up to a condition.

use std::collections::HashMap;
use std::thread;
use std::time::Duration;

use anyhow::Context;

use crate::thread_pool::ThreadPoolExecutor;
use crate::wait::as_completed;
use crate::wait::{ReturnWhen, wait};

fn random_task(i: usize) -> (usize, f64) {
    let delay = 0.1 + 0.9 * fastrand::f64();
    thread::sleep(Duration::from_secs_f64(delay));
    (i, delay)
}

pub fn run() -> anyhow::Result<()> {
    let executor = ThreadPoolExecutor::new(5)?;
    let mut ids = HashMap::new();
    let mut futures = Vec::new();
    for i in 0..10 {
        let future = executor.submit(random_task, i)?;
        ids.insert(future.id(), i);
        futures.push(future);
    }

    for future in as_completed(futures, None) {
        let future = future?;
        let task_id = ids.get(&future.id()).context("it is one of those")?;
        let result = future.result(None)?;
        println!("任务 {task_id} 完成: {result:?}");
    }
    drop(executor);

    let executor = ThreadPoolExecutor::new(5)?;
    let futures = (0..10).map(|i| executor.submit(random_task, i));
    let futures: Vec<_> = futures.collect::<Result<_, _>>()?;
    let half_a_second = Some(Duration::from_millis(500));
    let (done, not_done) = wait(futures, half_a_second, ReturnWhen::FirstCompleted);
    println!("已完成: {}, 未完成: {}", done.len(), not_done.len());

    println!("—— Rust");
    // What has not begun need not: each of the rest is cancelled, or runs already and comes to its end.
    let cancelled = not_done.iter().filter(|future| future.cancel()).count();
    let (over, _) = wait(not_done, None, ReturnWhen::AllCompleted);
    let finished = over
        .iter()
        .filter(|future| future.result(None).is_ok())
        .count();
    println!("其余: 取消 {cancelled}, 完成 {finished}");
    Ok(())
}
