//! 3.3 共享内存（Value、Array）: what processes have in common.

use std::sync::atomic::AtomicI32;
use std::sync::atomic::Ordering::Relaxed;

use nix::sys::signal::{Signal, raise};

use crate::array::Array;
use crate::process::Process;
use crate::shared::Shared;
use crate::value::LockError;
use crate::value::Value;

fn increment(shared_val: Value<i32>) -> anyhow::Result<()> {
    for _ in 0..1000 {
        *shared_val.lock()? += 1;
    }
    Ok(())
}

pub fn run() -> anyhow::Result<()> {
    let shared_counter = Value::new(0)?; // the lock is in it, and no way to the value without it
    let mut processes = Vec::new();
    for _ in 0..4 {
        processes.push(Process::start(shared_counter.clone(), increment)?);
    }
    for p in &processes {
        p.join()?;
    }
    println!("共享计数器: {}", *shared_counter.lock()?);

    let shared_arr = Array::new([0, 1, 2, 3, 4])?;
    println!("{:?}", shared_arr.to_vec()?);

    println!("—— Rust");
    without_a_lock()?;
    owner_died()
}

/// One instruction needs no lock.
fn without_a_lock() -> anyhow::Result<()> {
    let counter = Shared::new(AtomicI32::new(0))?;
    let mut processes = Vec::new();
    for _ in 0..4 {
        processes.push(Process::start(counter.clone(), |counter| {
            for _ in 0..1000 {
                counter.fetch_add(1, Relaxed);
            }
        })?);
    }
    for p in &processes {
        p.join()?;
    }
    println!("原子计数器: {}", counter.load(Relaxed));
    Ok(())
}

/// In Python the lock of a process that was killed is lost, and everybody waits for ever.
fn owner_died() -> anyhow::Result<()> {
    let balance = Value::new((100, 0))?;
    let p = Process::start(balance.clone(), |balance| {
        let mut guard = balance.lock()?;
        guard.0 -= 30;
        raise(Signal::SIGKILL)?; // before the other half of it
        anyhow::Ok(())
    })?;
    p.join()?;
    println!(
        "持锁进程已死: {}",
        matches!(balance.lock(), Err(LockError::OwnerDied))
    );
    let mut guard = balance.lock_anyway()?;
    println!("只改了一半: {:?}", *guard);
    *guard = (100, 0);
    guard.clear_owner_died();
    Ok(())
}
