//! 4.1 ThreadPoolExecutor: functions go in, futures come out.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crate::thread_pool::ThreadPoolExecutor;

fn fetch_data(url: String) -> String {
    thread::sleep(Duration::from_millis(500)); // as a network would take
    format!("数据来自 {url}")
}

pub fn run() -> anyhow::Result<()> {
    let urls = (0..8).map(|i| format!("http://example.com/{i}"));

    let executor = ThreadPoolExecutor::new(4)?;

    let future = executor.submit(fetch_data, "http://example.com/test".to_owned())?;
    println!("{}", future.result(None)?);

    let results: Vec<String> = executor.map(fetch_data, urls).collect::<Result<_, _>>()?;
    println!("{results:?}");
    drop(executor); // waits for its threads

    println!("—— Rust");
    waiting_inside()
}

/// A task that waits for another task of the same pool: with one thread, which is its own, it waits for
/// ever. Nothing in the types forbids it, so such a wait needs a time-out. Python has the same trap.
fn waiting_inside() -> anyhow::Result<()> {
    let executor = Arc::new(ThreadPoolExecutor::new(1)?);
    let task = |executor: Arc<ThreadPoolExecutor>| {
        let Ok(inner) = executor.submit(|()| 42, ()) else {
            return false;
        };
        let result = inner.result(Some(Duration::from_millis(100)));
        result.is_err_and(|error| error.is_timeout()) && inner.cancel()
    };
    let outer = executor.submit(task, Arc::clone(&executor))?;
    println!(
        "单线程池内等待自己的任务: 超时并取消 {}",
        outer.result(None)?
    );
    Ok(())
}
