//! 4.2 ProcessPoolExecutor: the same, with processes; and what Rust has instead.

use std::hint::black_box;

use crate::process_pool::ProcessPoolExecutor;
use crate::rayon_pool::RayonExecutor;

/// The black box keeps the compiler from finding the formula for the sum.
fn cpu_intensive(n: u64) -> u64 {
    (0..n).map(|i| black_box(i * i)).sum()
}

pub fn run() -> anyhow::Result<()> {
    let data = [1_000_000; 8];

    let executor = ProcessPoolExecutor::new(4)?;
    let results: Vec<u64> = executor
        .map(cpu_intensive, data)
        .collect::<Result<_, _>>()?;
    println!("结果数量: {}", results.len());
    drop(executor);

    println!("—— Rust");
    // Threads compute at once here, so the processes were not needed: one line is another.
    let executor = RayonExecutor::new(4)?;
    let on_threads: Vec<u64> = executor
        .map(cpu_intensive, data)
        .collect::<Result<_, _>>()?;
    println!("rayon 线程池结果相同: {}", on_threads == results);
    Ok(())
}
