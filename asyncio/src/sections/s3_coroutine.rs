//! 5.3 协程的创建与运行: one after the other, and at the same time.
//!
//! Both requests of a pair wait a second. Awaited one after the other that is two; gathered it is one, on one
//! thread: while a future waits, its thread polls another. That works as long as each gives the thread back
//! soon. One that blocks it, with a `std::thread::sleep` or a long computation, stops all the others.

use std::cell::Cell;
use std::rc::Rc;
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use tokio::task::{LocalSet, spawn_blocking, spawn_local};
use tokio::time::sleep;

use crate::gather::gather;
use crate::run::run as run_future;

async fn fetch(url: &str) -> anyhow::Result<String> {
    println!("开始请求: {url}");
    sleep(Duration::from_secs(1)).await; // stands for a request on the network
    Ok(format!("响应: {url}"))
}

async fn main() -> anyhow::Result<()> {
    let r1 = fetch("url1").await?;
    let r2 = fetch("url2").await?;
    println!("{r1} {r2}");

    let results = gather([fetch("url3"), fetch("url4")]).await?;
    println!("{results:?}");

    println!("—— Rust");
    // What is local to a set runs on the thread that awaits the set, whatever the runtime.
    LocalSet::new().run_until(heartbeats()).await
}

const WORK: Duration = Duration::from_millis(200);

/// A task that beats every 10 ms, and the longest pause in its beat while something else works for 200 ms.
async fn heartbeats() -> anyhow::Result<()> {
    let longest = Rc::new(Cell::new(Duration::ZERO));
    let heart = spawn_local(heartbeat(Rc::clone(&longest)));
    let pause = || longest.replace(Duration::ZERO).as_millis();

    sleep(WORK).await;
    println!("空闲: 心跳最长间隔 {} 毫秒", pause());

    // Not one await in it: while it runs nothing else on this thread does.
    let blocks = spawn_local(async { thread::sleep(WORK) });
    blocks.await?;
    sleep(BEAT).await; // the next beat is overdue
    println!("阻塞事件循环: 心跳最长间隔 {} 毫秒", pause());

    spawn_blocking(|| thread::sleep(WORK)).await?;
    println!("spawn_blocking: 心跳最长间隔 {} 毫秒", pause());

    // For computations: as many threads as there are cores, and the answer comes back by a channel.
    let (answer, sum) = oneshot::channel();
    let pool = rayon::ThreadPoolBuilder::new().build()?; // of our own, since nothing ends the global one
    pool.spawn(|| {
        // Nobody waits for it any more if main was cancelled: then it may be lost.
        let _ = answer.send(compute());
    });
    let sum = sum.await?;
    println!("rayon: 心跳最长间隔 {} 毫秒，结果 {sum}", pause());

    heart.abort();
    Ok(())
}

const BEAT: Duration = Duration::from_millis(10);

async fn heartbeat(longest: Rc<Cell<Duration>>) {
    let mut last = Instant::now();
    loop {
        sleep(BEAT).await;
        longest.set(longest.get().max(last.elapsed()));
        last = Instant::now();
    }
}

/// Adds up for so long: a computation of a stated length on any machine.
fn compute() -> u64 {
    let begin = Instant::now();
    let mut sum = 0;
    while begin.elapsed() < WORK {
        sum = (1..=100).sum();
    }
    sum
}

pub fn run() -> anyhow::Result<()> {
    run_future(main())?
}
