//! What one of very many things takes in memory: an idle thread or process, a task that sleeps, a task that waits
//! in a pool's queue.

use std::io::{self, Write};

use comfy_table::Table;

use super::{DEADLINE, Verdict, heading, progress, times};
use crate::child;
use crate::measures::{Measure, Sample, Sizes};
use crate::python::Python;
use crate::stats::{Spread, digits};

mod things; // what is weighed

pub(crate) use things::weigh_in_this_process;
use things::{PROCESSES, QUEUED, SLEEPING, THREADS};

/// Its name on the command line.
pub(super) const NAME: &str = "memory";

/// How often each is measured, in turn, each time in a new process.
const ROUNDS: usize = 5;

/// A line of the table.
struct Line {
    label: &'static str,
    /// Its name as a thing.
    ours: &'static str,
    /// A label, and the name of a thing.
    rival: Option<(&'static str, &'static str)>,
    goal: Goal,
    python: Beside,
}

/// The most that ours may take.
enum Goal {
    None,
    /// As a multiple of the rival's.
    OfRival(f64),
    Bytes(f64),
}

/// How CPython's is weighed.
enum Beside {
    /// With an argument for the program of this table.
    Blocks(&'static str),
    /// As many units as here of a model, with the program of the other table.
    Units(&'static str, u64),
}

const KIB: f64 = 1024.0;

const LINES: &[Line] = &[
    Line {
        label: "空闲的线程\nan idle thread",
        ours: "thread",
        rival: Some(("std", "std-thread")),
        goal: Goal::Bytes(10.0 * KIB),
        python: Beside::Units("threads", THREADS),
    },
    Line {
        label: "空闲的进程\nan idle process",
        ours: "process",
        rival: Some(("fork", "fork")),
        goal: Goal::Bytes(64.0 * KIB),
        python: Beside::Units("processes", PROCESSES),
    },
    Line {
        label: "休眠的任务，EventLoop\na sleeping task, EventLoop",
        ours: "event-loop",
        rival: Some(("tokio", "tokio")),
        goal: Goal::OfRival(1.1),
        python: Beside::Blocks("sleeping"),
    },
    Line {
        label: "休眠的任务，create_task\na sleeping task, create_task",
        ours: "task",
        rival: Some(("tokio", "tokio")),
        goal: Goal::OfRival(1.1),
        python: Beside::Blocks("sleeping"),
    },
    Line {
        label: "排队的任务，ThreadPoolExecutor\na queued task, ThreadPoolExecutor",
        ours: "thread-pool",
        rival: Some(("rayon spawn + channel", "rayon")),
        goal: Goal::None,
        python: Beside::Blocks("thread-pool"),
    },
    Line {
        label: "排队的任务，RayonExecutor\na queued task, RayonExecutor",
        ours: "rayon-pool",
        rival: Some(("rayon spawn + channel", "rayon")),
        goal: Goal::None,
        python: Beside::Blocks("thread-pool"),
    },
    Line {
        label: "排队的任务，ProcessPoolExecutor\na queued task, ProcessPoolExecutor",
        ours: "process-pool",
        rival: None,
        goal: Goal::None,
        python: Beside::Blocks("process-pool"),
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
            add(&mut beside, || weigh_beside(&line.python, python?));
            bar.inc(1);
        }
        table.add_row(cells(line, &ours, &rival, &beside));
    }
    bar.finish_and_clear();
    writeln!(out, "{table}")?;
    writeln!(
        out,
        "{THREADS} 个空闲的线程，{PROCESSES} 个空闲的进程，{SLEEPING} 个休眠的任务，{QUEUED} 个排队的任务（各工作者都忙着）；{ROUNDS} 轮的中位数，每次在一个新进程中。CPython 排队 100000 个。\n\
         {THREADS} idle threads, {PROCESSES} idle processes, {SLEEPING} tasks that sleep, {QUEUED} that are queued (all workers are busy); medians of {ROUNDS}\n\
         rounds, each in a new process. What grows is the PSS, of the processes together. In CPython 100000 are queued."
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
        match line.goal {
            Goal::None => "—".to_owned(),
            Goal::OfRival(most) => {
                let verdict = Verdict::of(to_rival, &(0.0..=most));
                format!("≤ {}×: {verdict}", digits(most))
            }
            Goal::Bytes(most) => {
                let taken = ours.as_ref().ok();
                let taken = taken.and_then(|ours| Spread::of(ours.iter().copied()));
                let verdict = Verdict::of(taken, &(0.0..=most));
                format!("≤ {} B: {verdict}", digits(most))
            }
        },
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

fn weigh_beside(thing: &Beside, python: &Python) -> Result<f64, String> {
    const PROGRAM: &str = include_str!("../../../scripts/python/memory_blocks.py");
    match thing {
        Beside::Blocks(thing) => {
            let output = python.run(PROGRAM, &[thing])?;
            let weight = output.trim().parse();
            weight.map_err(|_| format!("no weight: {output}"))
        }
        Beside::Units(model, units) => {
            let (_, program) = Measure::Memory.program();
            let command = python.measurement(program, model, &Sizes(vec![*units]));
            let ended = child::run(command, "", DEADLINE).map_err(|error| error.to_string())?;
            let output = ended.output(DEADLINE)?;
            let line = output.lines().next().unwrap_or_default();
            let sample: Result<Sample, _> = serde_json::from_str(line);
            sample
                .map(|sample| sample.value)
                .map_err(|_| format!("no weight: {output}"))
        }
    }
}
