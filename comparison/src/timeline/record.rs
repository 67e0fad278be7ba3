//! The eight tasks under each model, in this process and its children.

use std::hint::black_box;
use std::io;
use std::thread;

use anyhow::{bail, ensure};
use asyncio::gather::gather;
use asyncio::task::TaskError;
use multiprocess::connection::pipe;
use multiprocess::process::Process;
use nix::time::{ClockId, clock_gettime};
use nix::unistd::gettid;

use super::{COMPUTE, GAP, Seen, TASKS, WAIT};

/// What was seen of all tasks under this model.
pub(super) fn under(model: &str) -> anyhow::Result<Vec<Seen>> {
    match model {
        "sequential" => sequential(),
        "threads" => threads(),
        "processes" => processes(),
        "tasks" => tasks(),
        _ => bail!("there is no timeline of '{model}'"),
    }
}

fn sequential() -> anyhow::Result<Vec<Seen>> {
    let mut seen = Vec::new();
    for index in 0..TASKS {
        seen.extend(task(index)?);
    }
    Ok(seen)
}

fn threads() -> anyhow::Result<Vec<Seen>> {
    let threads = (0..TASKS)
        .map(|index| threading::thread::spawn(move || task(index)))
        .collect::<io::Result<Vec<_>>>()?;
    let mut seen = Vec::new();
    for thread in threads {
        seen.extend(thread.join()??);
    }
    Ok(seen)
}

fn processes() -> anyhow::Result<Vec<Seen>> {
    let mut processes = Vec::new();
    for index in 0..TASKS {
        let (mut ours, theirs) = pipe()?;
        let process = Process::start(theirs, move |mut theirs| -> anyhow::Result<()> {
            Ok(theirs.send(&task(index)?)?)
        })?;
        processes.push((process, move || ours.recv::<Vec<Seen>>()));
    }
    let mut seen = Vec::new();
    for (process, mut recv) in processes {
        seen.extend(recv()?);
        ensure!(process.join()? == 0, "a process failed");
    }
    Ok(seen)
}

/// On one thread, as in Python: what computes there keeps all others waiting.
fn tasks() -> anyhow::Result<Vec<Seen>> {
    async fn task(index: u32) -> Result<Vec<Seen>, Failed> {
        let mut seen = compute(index)?;
        tokio::time::sleep(WAIT).await;
        seen.extend(compute(index)?);
        Ok(seen)
    }
    let all = asyncio::run::run(async { gather((0..TASKS).map(task)).await })?;
    Ok(all.map_err(|Failed(error)| error)?.concat())
}

/// Any error of a task: `gather` adds those of its own.
struct Failed(anyhow::Error);

impl From<TaskError> for Failed {
    fn from(error: TaskError) -> Self {
        Self(error.into())
    }
}

impl From<anyhow::Error> for Failed {
    fn from(error: anyhow::Error) -> Self {
        Self(error)
    }
}

/// One task, on the thread that calls.
fn task(index: u32) -> anyhow::Result<Vec<Seen>> {
    let mut seen = compute(index)?;
    thread::sleep(WAIT);
    seen.extend(compute(index)?);
    Ok(seen)
}

/// Uses [`COMPUTE`] of this thread's CPU time, and tells when it ran.
fn compute(task: u32) -> anyhow::Result<Vec<Seen>> {
    let thread = i64::from(gettid().as_raw());
    let enough = read(ClockId::CLOCK_THREAD_CPUTIME_ID)? + COMPUTE.as_secs_f64();
    let mut seen = Vec::new();
    let mut begin = read(ClockId::CLOCK_MONOTONIC)?;
    let mut last = begin;
    loop {
        let squares: u64 = (0..black_box(2_000)).map(|i: u64| black_box(i * i)).sum();
        black_box(squares);
        let now = read(ClockId::CLOCK_MONOTONIC)?;
        if now - last > GAP.as_secs_f64() {
            seen.push(Seen {
                task,
                thread,
                begin,
                end: last,
            });
            begin = now;
        }
        last = now;
        if read(ClockId::CLOCK_THREAD_CPUTIME_ID)? >= enough {
            seen.push(Seen {
                task,
                thread,
                begin,
                end: last,
            });
            return Ok(seen);
        }
    }
}

/// Seconds on a clock. All processes read the same monotonic one.
fn read(clock: ClockId) -> nix::Result<f64> {
    let time = clock_gettime(clock)?;
    Ok(time.tv_sec() as f64 + time.tv_nsec() as f64 * 1e-9)
}
