//! What is weighed: each makes very many of something, and gives the bytes that one takes.

use std::mem::ManuallyDrop;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::ensure;
use asyncio::event_loop::EventLoop;
use futures_pool::process_pool::ProcessPoolExecutor;
use futures_pool::rayon_pool::RayonExecutor;
use futures_pool::thread_pool::ThreadPoolExecutor;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;

use crate::measures::{Measure, Sizes};
use crate::models::{self, proportional_set_size};

/// How many tasks sleep.
pub(super) const SLEEPING: usize = 100_000;

/// How many tasks wait in a queue.
pub(super) const QUEUED: usize = 1_000_000;

/// How many threads are idle, and how many processes.
pub(super) const THREADS: u64 = 1000;
pub(super) const PROCESSES: u64 = 100;

/// Longer than it takes to measure.
const LONG: Duration = Duration::from_secs(3600);

/// Makes very many of something, and gives the bytes that one takes.
type Weigh = fn() -> anyhow::Result<f64>;

/// What is weighed, by its name on the command line of a child.
const THINGS: &[(&str, Weigh)] = &[
    ("thread", || of_the_table("threads", THREADS)),
    ("std-thread", std_thread),
    ("process", || of_the_table("processes", PROCESSES)),
    ("fork", fork_only),
    ("event-loop", event_loop),
    ("task", task),
    ("tokio", tokio_task),
    ("thread-pool", thread_pool),
    ("rayon-pool", rayon_pool),
    ("rayon", rayon),
    ("process-pool", process_pool),
];

/// The hidden word: weighs and prints; the exit code. What was made goes with the process.
pub(crate) fn weigh_in_this_process(thing: &str) -> i32 {
    let Some((_, weigh)) = THINGS.iter().find(|(name, _)| *name == thing) else {
        eprintln!("error: nothing to weigh is named '{thing}'");
        return 2;
    };
    match weigh() {
        Ok(bytes) => {
            println!("{bytes}");
            0
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            1
        }
    }
}

/// As the table has it: so many idle units of a model.
fn of_the_table(model: &str, units: u64) -> anyhow::Result<f64> {
    let found = models::named(model).and_then(|model| (model.measure)(Measure::Memory).ok());
    let measure = found.ok_or_else(|| anyhow::anyhow!("the table has no {model}"))?;
    Ok(measure(&Sizes(vec![units]))?.value)
}

/// Threads of the standard library's that have nothing to do. They go with the process.
fn std_thread() -> anyhow::Result<f64> {
    let (idle, is_idle) = mpsc::channel();
    let start = || -> anyhow::Result<()> {
        let idle = idle.clone();
        thread::Builder::new().spawn(move || {
            let _ = idle.send(()); // fails if nobody waits for it any more
            loop {
                thread::park();
            }
        })?;
        is_idle.recv()?;
        Ok(())
    };
    start()?; // what the first of all sets up is not the others' memory
    let before = memory()?;
    (0..THREADS).try_for_each(|_| start())?;
    Ok((memory()? - before) / THREADS as f64)
}

/// Processes that were forked and then wait for a signal: what the system alone takes.
fn fork_only() -> anyhow::Result<f64> {
    let before = memory()?;
    let mut children = Vec::new();
    for _ in 0..PROCESSES {
        // SAFETY: this process has one thread, and the child only waits to be killed.
        match unsafe { libc::fork() } {
            0 => loop {
                // SAFETY: it takes nothing, and returns when a signal has come.
                unsafe { libc::pause() };
            },
            child if child < 0 => {
                end(&children)?;
                anyhow::bail!("the system gives no process");
            }
            child => children.push(Pid::from_raw(child)),
        }
    }
    let after = children.iter().try_fold(memory()?, |sum, child| {
        Ok::<_, anyhow::Error>(sum + proportional_set_size(&child.to_string())? as f64)
    });
    end(&children)?;
    Ok((after? - before) / PROCESSES as f64)
}

fn end(children: &[Pid]) -> anyhow::Result<()> {
    for &child in children {
        kill(child, Signal::SIGKILL)?;
        let status = waitpid(child, None)?;
        ensure!(
            matches!(status, WaitStatus::Signaled(_, Signal::SIGKILL, _)),
            "an idle process ended by itself: {status:?}"
        );
    }
    Ok(())
}

/// The memory of this process now.
fn memory() -> anyhow::Result<f64> {
    Ok(proportional_set_size("self")? as f64)
}

/// On the loop written by hand. That all of them sleep is certain when the last one that was spawned has begun.
fn event_loop() -> anyhow::Result<f64> {
    let event_loop = EventLoop::new();
    event_loop.run_until_complete(async {
        let before = memory()?;
        let sleep = || async { asyncio::event_loop::sleep(LONG).await };
        let tasks: Vec<_> = (0..SLEEPING).map(|_| event_loop.spawn(sleep())).collect();
        event_loop.spawn(async {}).await?;
        let after = memory()?;
        drop(tasks);
        Ok((after - before) / SLEEPING as f64)
    })?
}

fn tokio_task() -> anyhow::Result<f64> {
    sleeping(|| tokio::spawn(async { tokio::time::sleep(LONG).await }))
}

/// Chapter 5's `Task`: it has a name, and knows whether it was cancelled.
fn task() -> anyhow::Result<f64> {
    sleeping(|| asyncio::task::create_task(async { tokio::time::sleep(LONG).await }))
}

fn sleeping<T>(spawn: impl Fn() -> T) -> anyhow::Result<f64> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()?;
    runtime.block_on(async {
        let before = memory()?;
        let tasks: Vec<T> = (0..SLEEPING).map(|_| spawn()).collect();
        tokio::spawn(async {}).await?;
        let after = memory()?;
        drop(tasks);
        Ok((after - before) / SLEEPING as f64)
    })
}

const WORKERS: usize = 2;

/// The argument of a task that never ends.
const FOREVER: u64 = u64::MAX;

fn task_of_a_pool(n: u64) -> u64 {
    if n == FOREVER {
        loop {
            thread::park();
        }
    }
    n
}

/// All workers are given a task that never ends; then so many are queued. The process ends with them.
fn queued<F>(submit: impl Fn(u64) -> anyhow::Result<F>) -> anyhow::Result<f64> {
    let submit_all = |tasks: &mut dyn Iterator<Item = u64>| {
        tasks.map(&submit).collect::<anyhow::Result<Vec<F>>>()
    };
    let busy = submit_all(&mut [FOREVER; WORKERS].into_iter())?;
    let before = memory()?;
    let futures = submit_all(&mut (0..QUEUED as u64))?;
    let after = memory()?;
    // Not dropped, nor the pool: it would wait for tasks that never end.
    std::mem::forget((busy, futures));
    Ok((after - before) / QUEUED as f64)
}

fn thread_pool() -> anyhow::Result<f64> {
    let executor = ManuallyDrop::new(ThreadPoolExecutor::new(WORKERS)?);
    queued(|n| Ok(executor.submit(task_of_a_pool, n)?))
}

fn rayon_pool() -> anyhow::Result<f64> {
    let executor = ManuallyDrop::new(RayonExecutor::new(WORKERS)?);
    queued(|n| Ok(executor.submit(task_of_a_pool, n)?))
}

fn process_pool() -> anyhow::Result<f64> {
    let executor = ManuallyDrop::new(ProcessPoolExecutor::new(WORKERS)?);
    queued(|n| Ok(executor.submit(task_of_a_pool, n)?))
}

/// What one would write without an executor: the answer comes by a channel.
fn rayon() -> anyhow::Result<f64> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(WORKERS);
    let pool = ManuallyDrop::new(pool.build()?);
    queued(|n| {
        let (sender, receiver) = mpsc::sync_channel(1);
        pool.spawn(move || {
            let _ = sender.send(task_of_a_pool(n)); // fails if nobody asks, and here nobody does
        });
        Ok(receiver)
    })
}
