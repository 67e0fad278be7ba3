//! 4.3 Future 对象: is it done, what did it come to, what went wrong.

use std::error::Error;
use std::fmt;
use std::future::IntoFuture;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use crate::thread_pool::ThreadPoolExecutor;

/// Python's `ValueError`.
#[derive(Debug)]
struct ValueError(&'static str);

impl fmt::Display for ValueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Error for ValueError {}

fn task(n: u64) -> Result<u64, ValueError> {
    thread::sleep(Duration::from_secs(n));
    if n == 3 {
        return Err(ValueError("模拟异常"));
    }
    Ok(n * 2)
}

pub fn run() -> anyhow::Result<()> {
    let executor = ThreadPoolExecutor::new(3)?;
    let futures = (0..5).map(|i| executor.try_submit(task, i));
    let futures: Vec<_> = futures.collect::<Result<_, _>>()?;

    for future in &futures {
        println!("完成状态: {}", future.done());

        match future.result(Some(Duration::from_secs(5))) {
            Ok(result) => println!("结果: {result}"),
            Err(error) if error.is_failure_of::<ValueError>() => {
                if let Some(exception) = future.exception(None)? {
                    println!("捕获异常: {exception}");
                }
            }
            Err(error) => return Err(error.into()),
        }
    }

    println!("—— Rust");
    // The same future is awaited too, on whatever runtime: here on the smallest there is.
    let future = executor.try_submit(task, 0)?;
    println!("await 的结果: {}", block_on(future)?);
    Ok(())
}

/// Polls, and sleeps until it is woken.
fn block_on<F: IntoFuture>(future: F) -> F::Output {
    struct Unpark(Thread);

    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future.into_future());
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}
