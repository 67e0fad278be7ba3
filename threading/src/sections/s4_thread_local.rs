//! 2.4 线程局部变量（threading.local）: a variable of which every thread has its own.

use std::cell::Cell;
use std::sync::mpsc;
use std::thread::sleep;
use std::time::Duration;

use crate::registry::current;
use crate::thread::{self, Builder};

thread_local! {
    // Each thread begins with its own 0, made when it first looks.
    static LOCAL_VALUE: Cell<u32> = const { Cell::new(0) };
}

fn worker(value: u32) {
    LOCAL_VALUE.set(value);
    sleep(Duration::from_millis(100));
    println!("线程 {}: {}", current().name(), LOCAL_VALUE.get());
}

pub fn run() -> anyhow::Result<()> {
    let threads = (0..5)
        .map(|i| {
            Builder::new()
                .name(format!("T-{i}"))
                .spawn(move || worker(i))
        })
        .collect::<Result<Vec<_>, _>>()?;
    for t in threads {
        t.join()?;
    }

    println!("—— Rust");
    println!("主线程: {}", LOCAL_VALUE.get()); // what the others set is theirs
    at_thread_exit()?;
    in_pool_threads()?;
    Ok(())
}

/// A thread's value is dropped when the thread ends; `join` waits for that too.
fn at_thread_exit() -> anyhow::Result<()> {
    struct Connection;

    impl Drop for Connection {
        fn drop(&mut self) {
            println!("线程结束，连接已关闭");
        }
    }

    thread_local! {
        static CONNECTION: Connection = {
            println!("首次使用，建立连接");
            Connection
        };
    }

    let t = thread::spawn(|| {
        CONNECTION.with(|_| println!("使用连接"));
        CONNECTION.with(|_| println!("使用连接"));
    })?;
    t.join()?;
    Ok(())
}

/// A pool's thread serves many tasks, and its thread-locals live on from one to the next: state of a
/// request must be reset at its beginning.
fn in_pool_threads() -> anyhow::Result<()> {
    thread_local! {
        static TASKS: Cell<u32> = const { Cell::new(0) };
    }

    let (tasks, queue) = mpsc::channel();
    let pool_of_one = thread::spawn(move || {
        for name in queue {
            TASKS.set(TASKS.get() + 1);
            println!("任务 {name}: 本线程的第 {} 个任务", TASKS.get());
        }
    })?;
    for name in ["甲", "乙", "丙"] {
        tasks.send(name)?;
    }
    drop(tasks); // the end of the queue is the end of the thread
    pool_of_one.join()?;
    Ok(())
}
