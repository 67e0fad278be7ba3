//! 2.2 线程同步（Lock、RLock、Semaphore）: one at a time, the same one again, three at a time.
//!
//! What Rust refuses: a counter that threads share without a lock.
//!
//! ```compile_fail,E0499
//! use std::thread;
//!
//! let mut counter = 0;
//! thread::scope(|scope| {
//!     scope.spawn(|| counter += 1);
//!     scope.spawn(|| counter += 1); // a second exclusive borrow
//! });
//! ```
//!
//! ```
//! use std::{sync::Mutex, thread};
//!
//! let counter = Mutex::new(0);
//! thread::scope(|scope| {
//!     scope.spawn(|| *counter.lock().unwrap() += 1);
//!     scope.spawn(|| *counter.lock().unwrap() += 1);
//! });
//! assert_eq!(counter.into_inner().unwrap(), 2);
//! ```

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::sleep;
use std::time::Duration;

use crate::bounded_semaphore::BoundedSemaphore;
use crate::reentrant_lock::ReentrantLock;
use crate::semaphore::Semaphore;
use crate::thread;

pub fn run() -> anyhow::Result<()> {
    lock()?;
    recursive_task(&ReentrantLock::new(()), 5);
    semaphore()?;

    println!("—— Rust");
    atomic()?;
    depth();
    bounded()?;
    Ok(())
}

/// Lock: the value lives inside its mutex, so there is no way to it but through the lock.
fn lock() -> anyhow::Result<()> {
    let counter = Arc::new(Mutex::new(0));
    let mut threads = Vec::new();
    for _ in 0..5 {
        let counter = Arc::clone(&counter);
        threads.push(thread::spawn(move || {
            for _ in 0..100_000 {
                *counter.lock().unwrap() += 1; // the guard is dropped at the end of the statement
            }
        })?);
    }
    for t in threads {
        t.join()?;
    }
    println!("counter = {}", counter.lock().unwrap());
    Ok(())
}

/// RLock: the thread that has it may take it again.
fn recursive_task(rlock: &ReentrantLock<()>, n: u32) {
    let _guard = rlock.lock(); // `_guard`, not `_`: that would release at once
    if n > 0 {
        recursive_task(rlock, n - 1);
    }
}

/// Semaphore: eight tasks, three of them at a time.
fn semaphore() -> anyhow::Result<()> {
    let semaphore = Arc::new(Semaphore::new(3));
    let mut threads = Vec::new();
    for i in 0..8 {
        let semaphore = Arc::clone(&semaphore);
        threads.push(thread::spawn(move || {
            let _permit = semaphore.acquire();
            println!("任务 {i} 执行中（最多 3 个并发）");
            sleep(Duration::from_secs(1));
        })?);
    }
    for t in threads {
        t.join()?;
    }
    Ok(())
}

/// For a plain count an atomic does without the lock.
fn atomic() -> anyhow::Result<()> {
    let counter = Arc::new(AtomicU32::new(0));
    let mut threads = Vec::new();
    for _ in 0..5 {
        let counter = Arc::clone(&counter);
        threads.push(thread::spawn(move || {
            for _ in 0..100_000 {
                counter.fetch_add(1, Ordering::Relaxed); // only the total counts, joined below
            }
        })?);
    }
    for t in threads {
        t.join()?;
    }
    println!("原子计数器 = {}", counter.load(Ordering::Relaxed));
    Ok(())
}

/// The lock knows how often its owner has taken it.
fn depth() {
    let rlock = ReentrantLock::new(());
    let _outer = rlock.lock();
    let _inner = rlock.lock();
    println!("重入深度: {}", rlock.depth());
}

/// The bounded semaphore refuses a release that nobody owes, and stays as it was.
fn bounded() -> anyhow::Result<()> {
    let semaphore = BoundedSemaphore::new(2);
    semaphore.acquire().forget(); // out, with no guard to give it back
    semaphore.release(1)?;
    let refused = semaphore.release(1).is_err();
    let permits = semaphore.available_permits();
    println!("多余的 release 被拒绝: {refused}，许可数: {permits}");
    Ok(())
}
