//! 5.4 asyncio.gather 与 asyncio.create_task: several at a time, in the background, and stopped.
//!
//! | to await several | results | on the first error |
//! |---|---|---|
//! | `tokio::join!(a, b)` | a tuple; not spawned, may borrow | all are awaited |
//! | `tokio::try_join!(a, b)` | a tuple; not spawned, may borrow | the others are dropped at once |
//! | [`gather`] | a `Vec` in order, spawned | returned at once, the others go on |
//! | [`task_group`] | what the body returns, spawned | the others are cancelled and waited for |
//! | `tokio::task::JoinSet` | as they end, spawned | for you to say; dropped, it cancels all |

use std::panic::resume_unwind;
use std::pin::Pin;
use std::time::Duration;

use anyhow::{anyhow, bail};
use tokio::sync::oneshot;
use tokio::time::sleep;

use crate::gather::gather;
use crate::run::run as run_future;
use crate::task::create_named_task;
use crate::task::create_task;
use crate::task_group::task_group;

async fn task(name: &'static str, delay: f64) -> anyhow::Result<&'static str> {
    sleep(Duration::from_secs_f64(delay)).await;
    println!("任务 {name} 完成");
    Ok(name)
}

async fn main() -> anyhow::Result<()> {
    let tasks = [task("A", 1.0), task("B", 0.5), task("C", 1.5)];
    let results = gather(tasks).return_exceptions().await;
    let results: Vec<&str> = results.into_iter().collect::<Result<_, _>>()?;
    println!("gather 结果: {results:?}"); // in the order of the arguments

    let t1 = create_named_task("task-D", task("D", 1.0));
    let t2 = create_named_task("task-E", task("E", 0.5));
    println!("任务名: {}", t1.name()); // both are under way
    let r1 = t1.await??;
    let r2 = t2.await??;
    println!("Task 结果: {r1}, {r2}");

    let t3 = create_task(task("F", 10.0));
    sleep(Duration::from_millis(100)).await;
    t3.cancel(); // its future is dropped at the await where it stands
    match t3.await {
        Err(error) if error.is_cancelled() => println!("任务 F 已取消"),
        ended => bail!("F was not cancelled: {ended:?}"),
    }

    println!("—— Rust");
    errors().await?;
    panics().await
}

async fn fails() -> anyhow::Result<&'static str> {
    sleep(Duration::from_millis(50)).await;
    Err(anyhow!("模拟异常"))
}

/// The first error, and what becomes of the others.
async fn errors() -> anyhow::Result<()> {
    let (done, is_done) = oneshot::channel();
    let goes_on = async {
        let name = task("G", 0.1).await?;
        let _ = done.send(()); // main would have to be gone
        Ok(name)
    };
    // Boxed, so that futures of two functions are of one type.
    let both: [Boxed; 2] = [Box::pin(fails()), Box::pin(goes_on)];
    if let Err(error) = gather(both).await {
        println!("gather 的错误: {error}");
    }
    is_done.await?; // G went on

    let ended = task_group(async |group| {
        group.spawn(fails())?;
        group.spawn(task("H", 10.0))?;
        anyhow::Ok(())
    });
    if let Err(error) = ended.await {
        println!("任务组的错误: {error}；H 已随之取消");
    }
    Ok(())
}

type Boxed = Pin<Box<dyn Future<Output = anyhow::Result<&'static str>> + Send>>;

/// A panic ends its task and nothing else, and arrives where the task is awaited.
async fn panics() -> anyhow::Result<()> {
    // As `panic!`, but without the message on stderr.
    let broken = create_task(async { resume_unwind(Box::new("下标越界")) });
    match broken.await {
        Err(error) if error.is_panic() => println!("await 时得知 panic: {error}"),
        Err(error) => return Err(error.into()),
        Ok(()) => bail!("a panic was lost"),
    }
    Ok(())
}

pub fn run() -> anyhow::Result<()> {
    run_future(main())?
}
