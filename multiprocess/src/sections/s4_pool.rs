//! 3.4 进程池（Pool）: workers that stay, and serve any function.

use std::thread;
use std::time::Duration;

use anyhow::bail;
use nix::sys::signal::{Signal, raise};

use crate::pool::Pool;

fn square(x: i32) -> i32 {
    thread::sleep(Duration::from_millis(100));
    x * x
}

fn add(a: i32, b: i32) -> i32 {
    a + b
}

pub fn run() -> anyhow::Result<()> {
    let pool = Pool::new(4)?;

    let results = pool.map(square, 0..10)?;
    println!("map 结果: {results:?}");

    let async_result = pool.map_async(square, 0..10);
    let Ok(results) = async_result.get_timeout(Duration::from_secs(5)) else {
        bail!("not done in time");
    };
    println!("map_async 结果: {:?}", results?);

    let results = pool.starmap(add, [(1, 2), (3, 4), (5, 6)])?;
    println!("starmap 结果: {results:?}");

    for result in pool.imap(square, 0..10) {
        print!("{} ", result?);
    }
    println!();

    println!("—— Rust");
    on_threads();
    a_worker_dies(&pool);
    Ok(())
}

/// For CPU work Rust needs no process: nothing keeps threads from computing at once, and they share
/// what is there. A process is for isolation: what may crash, leak or be killed.
fn on_threads() {
    let squares: Vec<i32> = thread::scope(|scope| {
        let handles: Vec<_> = (0..10).map(|x| scope.spawn(move || x * x)).collect();
        handles
            .into_iter()
            .map(|h| h.join().expect("no panic"))
            .collect()
    });
    println!("作用域线程: {squares:?}");
}

/// Python's `map` waits for ever for what a killed worker was doing. Here that task alone has an error. It is
/// asked by `imap`, which yields each item's result or error; `map` completes as well, all other items are
/// computed, but it returns one `Result` for all, and that would be the error.
fn a_worker_dies(pool: &Pool) {
    let risky = |x: i32| {
        if x == 3 {
            let _ = raise(Signal::SIGKILL);
        }
        x * x
    };
    let results: Vec<_> = pool.imap(risky, 0..6).map(|result| result.ok()).collect();
    println!("任务 3 的进程被杀: {results:?}");
}
