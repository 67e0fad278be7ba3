//! 2.5 守护线程: a thread that the end of the program does not wait for.
//!
//! In Python a thread keeps the program alive unless it is a daemon. In Rust every thread is one: when
//! `main` returns the process ends, whatever else runs. What waits is the [`ExitGuard`] that this
//! chapter's `main` holds. `std::process::exit` runs no guard; the binary `exit-kinds` shows all three.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{park, sleep};
use std::time::Duration;

use crate::registry::ExitGuard;
use crate::thread::Builder;

/// Held by the daemon for ever: this line is never printed, since nobody unwinds a detached thread.
struct Resource;

impl Drop for Resource {
    fn drop(&mut self) {
        println!("后台资源已释放");
    }
}

/// The document's `while True`, which only the end of the process ends. Here another section may
/// follow in the same process, so when the stage is no longer ours the thread falls silent instead.
fn background_task(on_stage: &Mutex<bool>) {
    let _resource = Resource;
    loop {
        let on_stage = on_stage.lock().unwrap_or_else(PoisonError::into_inner);
        if !*on_stage {
            break;
        }
        println!("后台任务运行中...");
        drop(on_stage); // not while asleep
        sleep(Duration::from_secs(1));
    }
    loop {
        park();
    }
}

pub fn run() -> anyhow::Result<()> {
    let on_stage = Arc::new(Mutex::new(true));
    let t = Builder::new().daemon(true).spawn({
        let on_stage = Arc::clone(&on_stage);
        move || background_task(&on_stage)
    })?;

    sleep(Duration::from_secs(3));
    println!("主线程结束，守护线程自动终止");
    *on_stage.lock().unwrap_or_else(PoisonError::into_inner) = false;
    t.thread().disown(); // left behind: the next section neither hears it nor counts it

    println!("—— Rust");
    non_daemon()?;
    println!("守护线程从未打印“后台资源已释放”: 被留下的线程不运行析构函数");
    Ok(())
}

/// What the document's comment says of the others: the end of the program waits for them.
fn non_daemon() -> anyhow::Result<()> {
    let end_of_main = ExitGuard::new();
    let handle = Builder::new().daemon(false).spawn(|| {
        sleep(Duration::from_millis(100));
        println!("非守护线程完成");
    })?;
    drop(handle); // nobody joins it
    drop(end_of_main);
    println!("守卫放行: 非守护线程均已结束");
    Ok(())
}
