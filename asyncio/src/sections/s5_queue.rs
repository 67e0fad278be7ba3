//! 5.5 asyncio.Queue: between two tasks, with a limit.

use std::pin::pin;
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::queue::Queue;
use crate::queue::ShutDown;
use crate::run::run as run_future;

async fn producer(queue: &Queue<Option<i32>>) -> anyhow::Result<()> {
    for i in 0..5 {
        queue.put(Some(i)).await?; // waits while the queue is full
        println!("生产: {i}");
        sleep(Duration::from_millis(200)).await;
    }
    queue.put(None).await?; // the end
    Ok(())
}

async fn consumer(queue: &Queue<Option<i32>>) -> anyhow::Result<()> {
    loop {
        let item = queue.get().await?; // waits while the queue is empty
        let Some(number) = *item else { break };
        println!("消费: {number}");
        item.task_done(); // dropping it says the same
    }
    Ok(())
}

async fn main() -> anyhow::Result<()> {
    let queue = Queue::bounded(3);

    // The document's gather: here two futures that borrow the queue, in this task.
    tokio::try_join!(producer(&queue), consumer(&queue))?;

    println!("—— Rust");
    queue.join().await; // comes back, since the end mark counts as done too: its token was dropped
    println!("join 返回: 每一项都已完成");
    println!(
        "丢弃再重建的 future: 放入 3 个，收到 {} 个",
        recreated().await?
    );
    println!("一直保留的 future: 放入 3 个，收到 {} 个", kept().await?);
    Ok(())
}

/// Two queues, the first with three values, the second with room for one.
fn queues() -> anyhow::Result<(Queue<i32>, Queue<i32>)> {
    let (source, target) = (Queue::unbounded(), Queue::bounded(1));
    for i in 0..3 {
        source.put_nowait(i)?;
    }
    Ok((source, target))
}

async fn move_one(source: &Queue<i32>, target: &Queue<i32>) -> Result<(), ShutDown> {
    let item = source.get().await?; // can be dropped without loss
    // Not so from here on: the value is in this future, and goes with it.
    target
        .put(item.into_inner())
        .await
        .map_err(|_| ShutDown(()))
}

const TICK: Duration = Duration::from_millis(20);

/// Moves values, and empties the target whenever that takes longer than a tick: with a time-out, which
/// drops the future that is on its way.
async fn recreated() -> anyhow::Result<usize> {
    let (source, target) = queues()?;
    let mut received = 0;
    while !(source.is_empty() && target.is_empty()) {
        match timeout(TICK, move_one(&source, &target)).await {
            Ok(moved) => moved?,
            Err(_late) => received += usize::from(target.get_nowait().is_ok()),
        }
    }
    Ok(received)
}

/// The same with one future that is polled on where it was: `select!` on a reference drops nothing.
async fn kept() -> anyhow::Result<usize> {
    let (source, target) = queues()?;
    let mut received = 0;
    let mut moving = pin!(async {
        for _ in 0..3 {
            move_one(&source, &target).await?;
        }
        Ok::<_, ShutDown>(())
    });
    let mut moved = false;
    while !(moved && target.is_empty()) {
        let tick = sleep_until(Instant::now() + TICK);
        tokio::select! {
            ended = &mut moving, if !moved => {
                ended?;
                moved = true;
            }
            () = tick => received += usize::from(target.get_nowait().is_ok()),
        }
    }
    Ok(received)
}

pub fn run() -> anyhow::Result<()> {
    run_future(main())?
}
