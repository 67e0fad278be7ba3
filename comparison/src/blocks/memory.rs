//! What one of very many things takes in memory: a task that sleeps, a task that waits in a pool's queue.

use std::io::{self, Write};
use std::mem::ManuallyDrop;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use asyncio::event_loop::EventLoop;
use comfy_table::Table;
use futures_pool::process_pool::ProcessPoolExecutor;
use futures_pool::rayon_pool::RayonExecutor;
use futures_pool::thread_pool::ThreadPoolExecutor;

use super::{DEADLINE, Verdict, heading, progress, times};
use crate::child;
use crate::models::proportional_set_size;
use crate::python::Python;
use crate::stats::{Spread, digits};

/// Its name on the command line.
pub(super) const NAME: &str = "memory";

/// How often each is measured, in turn, each time in a new process.
const ROUNDS: usize = 5;

/// How many tasks sleep.
const SLEEPING: usize = 100_000;

/// How many tasks wait in a queue.
const QUEUED: usize = 1_000_000;

/// Longer than it takes to measure.
const LONG: Duration = Duration::from_secs(3600);

/// Makes very many of something, and gives the bytes that one takes.
type Weigh = fn() -> anyhow::Result<f64>;

/// What is weighed, by its name on the command line of a child.
const THINGS: &[(&str, Weigh)] = &[
    ("event-loop", event_loop),
    ("task", task),
    ("tokio", tokio_task),
    ("thread-pool", thread_pool),
    ("rayon-pool", rayon_pool),
    ("rayon", rayon),
    ("process-pool", process_pool),
];

/// A line of the table.
struct Line {
    label: &'static str,
    /// Among [`THINGS`].
    ours: &'static str,
    /// A label, and one of [`THINGS`].
    rival: Option<(&'static str, &'static str)>,
    /// The most, as a multiple of the rival's.
    goal: Option<f64>,
    /// As an argument of the Python program.
    python: &'static str,
}

const LINES: &[Line] = &[
    Line {
        label: "休眠的任务，EventLoop\na sleeping task, EventLoop",
        ours: "event-loop",
        rival: Some(("tokio", "tokio")),
        goal: Some(1.1),
        python: "sleeping",
    },
    Line {
        label: "休眠的任务，create_task\na sleeping task, create_task",
        ours: "task",
        rival: Some(("tokio", "tokio")),
        goal: Some(1.1),
        python: "sleeping",
    },
    Line {
        label: "排队的任务，ThreadPoolExecutor\na queued task, ThreadPoolExecutor",
        ours: "thread-pool",
        rival: Some(("rayon spawn + channel", "rayon")),
        goal: None,
        python: "thread-pool",
    },
    Line {
        label: "排队的任务，RayonExecutor\na queued task, RayonExecutor",
        ours: "rayon-pool",
        rival: Some(("rayon spawn + channel", "rayon")),
        goal: None,
        python: "thread-pool",
    },
    Line {
        label: "排队的任务，ProcessPoolExecutor\na queued task, ProcessPoolExecutor",
        ours: "process-pool",
        rival: None,
        goal: None,
        python: "process-pool",
    },
];

/// Measures and prints the table.
pub(super) fn print(out: &mut dyn Write, python: Result<&Python, &str>) -> io::Result<()> {
    heading(
        out,
        "很多时，每一个的内存 · the memory of one of very many",
        python,
    )?;
    let mut table = Table::new();
    table.load_style(comfy_table::presets::UTF8_FULL);
    table.set_content_arrangement(comfy_table::ContentArrangement::Dynamic);
    table.set_header([
        "每个 · each",
        "本项目 · ours",
        "同类 · rival",
        "比值 · ratio",
        "目标 · goal",
        "CPython",
    ]);
    let bar = progress(LINES.len() * ROUNDS);
    for line in LINES {
        bar.set_message(line.ours);
        let (mut ours, mut rival) = (Ok(Vec::new()), Ok(Vec::new()));
        let mut beside = python.map(|_| Vec::new()).map_err(str::to_owned);
        for _ in 0..ROUNDS {
            add(&mut ours, || weigh(line.ours));
            if let Some((_, thing)) = line.rival {
                add(&mut rival, || weigh(thing));
            }
            add(&mut beside, || weigh_beside(line.python, python?));
            bar.inc(1);
        }
        table.add_row(cells(line, &ours, &rival, &beside));
    }
    bar.finish_and_clear();
    writeln!(out, "{table}")?;
    writeln!(
        out,
        "{SLEEPING} 个休眠的任务，{QUEUED} 个排队的任务（各工作者都忙着）；{ROUNDS} 轮的中位数，每次在一个新进程中。CPython 排队 100000 个。\n\
         {SLEEPING} tasks that sleep, {QUEUED} that are queued (all workers are busy); medians of {ROUNDS}\n\
         rounds, each in a new process. What grows is the process's PSS. In CPython 100000 are queued."
    )
}

type Weighed = Result<Vec<f64>, String>;

fn add(weighed: &mut Weighed, weigh: impl FnOnce() -> Result<f64, String>) {
    if let Ok(values) = weighed {
        match weigh() {
            Ok(value) => values.push(value),
            Err(reason) => *weighed = Err(reason),
        }
    }
}

fn cells(line: &Line, ours: &Weighed, rival: &Weighed, beside: &Weighed) -> [String; 6] {
    let show = |weighed: &Weighed| match weighed {
        Err(reason) => format!("无 · none: {reason}"),
        Ok(values) => Spread::of(values.iter().copied()).map_or("—".to_owned(), |spread| {
            format!("{} B", digits(spread.median))
        }),
    };
    let ratio = |other: &Weighed| match (ours, other) {
        (Ok(ours), Ok(other)) => Spread::of_ratios(ours, other),
        _ => None,
    };
    let to_rival = ratio(rival);
    [
        line.label.to_owned(),
        show(ours),
        line.rival.map_or("—".to_owned(), |(label, _)| {
            format!("{label} {}", show(rival))
        }),
        times(to_rival),
        line.goal.map_or("—".to_owned(), |goal| {
            let verdict = Verdict::of(to_rival, &(0.0..=goal));
            format!("≤ {}×: {verdict}", digits(goal))
        }),
        match beside {
            Err(_) => show(beside),
            Ok(_) => format!("{}\n{}", show(beside), times(ratio(beside))),
        },
    ]
}

fn weigh(thing: &str) -> Result<f64, String> {
    let command = child::weight(thing).map_err(|error| error.to_string())?;
    let ended = child::run(command, "", DEADLINE).map_err(|error| error.to_string())?;
    let output = ended.output(DEADLINE)?;
    output
        .trim()
        .parse()
        .map_err(|_| format!("no weight: {output}"))
}

fn weigh_beside(thing: &str, python: &Python) -> Result<f64, String> {
    let output = python.run(
        include_str!("../../../scripts/python/memory_blocks.py"),
        &[thing],
    )?;
    output
        .trim()
        .parse()
        .map_err(|_| format!("no weight: {output}"))
}

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
