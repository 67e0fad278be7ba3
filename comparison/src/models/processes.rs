//! A process for each thing: chapter 3's `Process`, as the document uses `multiprocessing.Process`.

use std::io::{self, Read, Write};
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::thread::sleep;

use anyhow::ensure;
use multiprocess::process::Process;
use multiprocess::shared::Shared;

use super::{
    Model, OVER, Row, Sample, TASKS, WAIT, WAITS, proportional_set_size, sum_of_squares, timed,
};

pub(super) const MODEL: Model = Model {
    name: "processes",
    label: "多进程 · processes",
    measure: |row| match row {
        Row::CpuBound => Some(cpu_bound),
        Row::IoBound => Some(io_bound),
        Row::Creation => Some(creation),
        Row::Memory => Some(memory),
    },
};

/// One process for each of `n` tasks; the sum of what they come to, in memory they share.
fn one_each(n: u64, task: fn() -> u64) -> anyhow::Result<u64> {
    let sum = Shared::new(AtomicU64::new(0))?;
    let mut processes = Vec::new();
    for _ in 0..n {
        let add = move |sum: Shared<AtomicU64>| {
            sum.fetch_add(task(), Relaxed);
        };
        processes.push(Process::start(sum.clone(), add)?);
    }
    for process in processes {
        ensure!(process.join()? == 0, "a process failed");
    }
    Ok(sum.load(Relaxed))
}

fn cpu_bound() -> anyhow::Result<Sample> {
    timed(1, OVER, || one_each(TASKS, sum_of_squares))
}

fn io_bound() -> anyhow::Result<Sample> {
    timed(1, 1, || {
        one_each(WAITS, || {
            sleep(WAIT);
            1
        })
    })
}

fn creation() -> anyhow::Result<Sample> {
    timed(200, 1, || {
        let process = Process::start((), |()| ())?;
        Ok(u64::from(process.join()? == 0))
    })
}

/// Processes that wait for a message, as CPython's beside them do: what each adds to the memory of all. A
/// page that several have counts for each with its share.
fn memory() -> anyhow::Result<Sample> {
    const UNITS: u64 = 50;

    let before = proportional_set_size("self")?;
    let (mut waits, ready) = io::pipe()?;
    let (messages, _sender) = io::pipe()?;
    let mut waiting = Vec::new();
    for _ in 0..UNITS {
        let wait = |()| -> io::Result<()> {
            (&ready).write_all(&[0])?;
            (&messages).read_exact(&mut [0])
        };
        waiting.push(Process::start((), wait)?);
        waits.read_exact(&mut [0])?;
    }
    let mut after = proportional_set_size("self")?;
    for process in &waiting {
        after += proportional_set_size(&process.pid().to_string())?;
    }
    for process in waiting {
        process.kill()?;
        process.join()?;
    }
    Ok(Sample {
        value: after.saturating_sub(before) as f64 / UNITS as f64,
        cpu: None,
        answer: 1, // every one of them waited, or this is not reached
    })
}
