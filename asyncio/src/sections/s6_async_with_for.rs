//! 5.6 异步上下文管理器与迭代器: acquiring, iterating and yielding, each with awaits in between.
//!
//! `async with` is [`with`], `async for` is `while let Some(…) = stream.next().await`, a class with `__anext__` is
//! an `impl Stream`, an async generator is [`generator`].

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Sleep, sleep, timeout};
use tokio_stream::{Stream, StreamExt};

use crate::context::{AsyncContext, Exit, with};
use crate::generator::{Generator, generator};
use crate::run::run as run_future;

struct AsyncResource;

impl AsyncContext for AsyncResource {
    type Error = Infallible;

    async fn enter(&mut self) -> Result<(), Infallible> {
        println!("异步获取资源");
        sleep(Duration::from_millis(100)).await;
        Ok(())
    }

    async fn exit(&mut self, _: Exit) -> Result<(), Infallible> {
        println!("异步释放资源");
        sleep(Duration::from_millis(100)).await;
        Ok(())
    }

    fn abandon(&mut self) {
        println!("被取消: 只能同步清理，不能再 await");
    }
}

impl AsyncResource {
    async fn do_work(&mut self) -> Result<&'static str, Infallible> {
        Ok("工作完成")
    }
}

/// A stream by hand, as the document's class with `__anext__`. That one suspends itself in its middle; here
/// the state that is needed to go on is a field: the sleep that has begun.
struct AsyncCounter {
    current: u32,
    stop: u32,
    sleep: Option<Pin<Box<Sleep>>>, // boxed: a sleep must not move once it was polled
}

impl AsyncCounter {
    fn new(stop: u32) -> Self {
        Self {
            current: 0,
            stop,
            sleep: None,
        }
    }
}

impl Stream for AsyncCounter {
    type Item = u32;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<u32>> {
        if self.current >= self.stop {
            return Poll::Ready(None); // StopAsyncIteration
        }
        let new = || Box::pin(sleep(Duration::from_millis(100)));
        let sleep = self.sleep.get_or_insert_with(new);
        ready!(sleep.as_mut().poll(context)); // not over: comes back here when it is
        self.sleep = None;
        self.current += 1;
        Poll::Ready(Some(self.current - 1))
    }
}

fn async_range(n: u32) -> Generator<'static, u32> {
    generator(async move |mut out| {
        for i in 0..n {
            sleep(Duration::from_millis(50)).await;
            out.emit(i).await;
        }
    })
}

async fn main() -> anyhow::Result<()> {
    let result = with(AsyncResource, async |res| {
        let result = res.do_work().await?;
        println!("{result}");
        Ok::<_, Infallible>(())
    });
    result.await?;

    let mut counter = AsyncCounter::new(5);
    while let Some(num) = counter.next().await {
        println!("异步迭代: {num}");
    }

    let mut range = async_range(5);
    while let Some(val) = range.next().await {
        println!("异步生成器: {val}");
    }

    println!("—— Rust");
    cancelled().await;
    left_early().await;
    Ok(())
}

/// The one way out that cannot await: the future is dropped, here by a time-out.
async fn cancelled() {
    let body = async |_: &mut AsyncResource| std::future::pending::<Result<(), Infallible>>().await;
    let all = with(AsyncResource, body);
    let late = timeout(Duration::from_millis(150), all).await.is_err();
    println!("超时: {late}");
}

/// A loop that is left early: what the generator holds is released with it, and code after its `yield` never runs.
async fn left_early() {
    struct Cursor;

    impl Drop for Cursor {
        fn drop(&mut self) {
            println!("游标已关闭");
        }
    }

    let mut rows = generator(async |mut out| {
        let _cursor = Cursor;
        for row in 0.. {
            out.emit(row).await;
        }
    });
    while let Some(row) = rows.next().await {
        println!("读到第 {row} 行");
        if row == 1 {
            break;
        }
    }
    drop(rows);
    println!("提前离开循环后，资源已释放");
}

pub fn run() -> anyhow::Result<()> {
    run_future(main())?
}
