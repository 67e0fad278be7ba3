//! 1.3 CPU 密集型 vs IO 密集型任务的选择: what the text recommends, and two of its rows measured.

use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

use anyhow::ensure;

use crate::gil::Gil;
use crate::machine::{Code, run as execute};
use crate::object::Heap;
use crate::program::{CPU_TASK, Program};

/// The document's table.
const RECOMMENDED: [(&str, &str, &str); 4] = [
    ("CPU 密集型", "多进程", "绕过 GIL，真正并行"),
    ("IO 密集型", "多线程 / 协程", "IO 等待时释放 GIL"),
    ("高并发网络", "asyncio 协程", "单线程，开销最小"),
    ("混合型", "进程 + 协程", "各取所长"),
];

pub fn run() -> anyhow::Result<()> {
    println!("任务类型 | 推荐方案 | 原因");
    for (task, model, reason) in RECOMMENDED {
        println!("{task} | {model} | {reason}");
    }

    println!("—— Rust");
    let program = Program::parse(CPU_TASK)?;
    let computing = speed_ups(&|heap: &mut Side<'_>| heap.compute(&program))?;
    println!(
        "CPU 密集型，两个线程的加速: GIL 下 {:.2} 倍，无锁 {:.2} 倍",
        computing.0, computing.1
    );
    let waiting = speed_ups(&|side: &mut Side<'_>| {
        side.wait();
        Ok(())
    })?;
    println!(
        "IO 密集型，两个线程的加速: GIL 下 {:.2} 倍，无锁 {:.2} 倍",
        waiting.0, waiting.1
    );
    println!("其余各行: cargo run --release -p comparison -- table");
    Ok(())
}

/// A thread's side of the matter: under the lock, or free with objects of its own.
enum Side<'a> {
    Locked(&'a Gil<Heap>),
    Free,
}

impl Side<'_> {
    fn compute(&mut self, program: &Program) -> anyhow::Result<()> {
        const N: i64 = 5_000_000;

        let result = match self {
            Self::Locked(gil) => {
                let mut guard = gil.acquire()?;
                let code = Code::load(program, &mut guard);
                let result = execute(&code, "cpu_task", &[N], &mut guard);
                code.unload(&mut guard);
                result
            }
            Self::Free => {
                let mut heap = Heap::new();
                let code = Code::load(program, &mut heap);
                execute(&code, "cpu_task", &[N], &mut heap)
            }
        };
        ensure!(result? == N);
        Ok(())
    }

    fn wait(&mut self) {
        const WAIT: Duration = Duration::from_millis(200);

        match self {
            Self::Locked(gil) => match gil.acquire() {
                Ok(mut guard) => guard.allow_threads(|| sleep(WAIT)),
                Err(error) => unreachable!("{error}"),
            },
            Self::Free => sleep(WAIT),
        }
    }
}

/// How many times as fast two threads do two tasks as one thread does: under the lock, and free.
fn speed_ups(
    task: &(impl Fn(&mut Side<'_>) -> anyhow::Result<()> + Sync),
) -> anyhow::Result<(f64, f64)> {
    let gil = Gil::new(Heap::new());
    let locked = speed_up(&|| task(&mut Side::Locked(&gil)))?;
    let free = speed_up(&|| task(&mut Side::Free))?;
    Ok((locked, free))
}

fn speed_up(task: &(impl Fn() -> anyhow::Result<()> + Sync)) -> anyhow::Result<f64> {
    let start = Instant::now();
    task()?;
    task()?;
    let one = start.elapsed();
    let start = Instant::now();
    scope(|scope| {
        let threads = [scope.spawn(task), scope.spawn(task)];
        threads
            .into_iter()
            .try_for_each(|thread| thread.join().expect("the task does not panic"))
    })?;
    Ok(one.as_secs_f64() / start.elapsed().as_secs_f64())
}
