//! The models that the table compares. A new one joins with its file and its line in [`ALL`].
//!
//! Each measurement is taken in a process of its own: this executable, or `python3`, started anew
//! with a row and a model. It does the row's work once to warm up and once to be measured.

use std::fs;
use std::hint::black_box;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};

use serde::{Deserialize, Serialize};

#[cfg(target_os = "linux")]
mod processes;
mod sequential;
mod threads;

/// Every model, in the order of the table's columns.
pub const ALL: &[Model] = &[
    sequential::MODEL,
    threads::MODEL,
    #[cfg(target_os = "linux")]
    processes::MODEL,
];

/// A way to do several things.
pub struct Model {
    /// Its name, also as the argument of the Python programs.
    pub name: &'static str,
    /// Its label in the table.
    pub label: &'static str,
    /// Its measurement for each row, where it has one.
    pub measure: fn(Row) -> Option<Measurement>,
}

/// Takes one measurement in this process.
pub type Measurement = fn() -> anyhow::Result<Sample>;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Row {
    /// The time of a CPU-bound job of [`TASKS`] tasks.
    CpuBound,
    /// The time of [`WAITS`] waits.
    IoBound,
    /// The time to create and join one unit.
    Creation,
    /// The memory of one idle unit.
    Memory,
}

/// Every row, in the table's order.
pub const ROWS: &[Row] = &[Row::CpuBound, Row::IoBound, Row::Creation, Row::Memory];

impl Row {
    /// Its name on the command line of a child.
    pub fn name(self) -> &'static str {
        match self {
            Self::CpuBound => "cpu-bound",
            Self::IoBound => "io-bound",
            Self::Creation => "creation",
            Self::Memory => "memory",
        }
    }
}

/// Tasks of the CPU-bound job.
pub const TASKS: u64 = 8;
/// Each task adds up the squares of the numbers below this one.
pub const TERMS: u64 = 1_000_000;
/// So often over does a task do so here, and the time is divided by it: long enough for the start of a
/// thread to weigh as little as it does in CPython.
const OVER: u32 = 50;
/// Waits of the I/O-bound job, of [`WAIT`] each.
pub const WAITS: u64 = 16;
/// What stands for an answer that is on its way.
pub const WAIT: Duration = Duration::from_millis(10);

/// One measurement.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Sample {
    /// Seconds, or bytes for [`Row::Memory`].
    pub value: f64,
    /// The CPU time used meanwhile by the whole process, in seconds, where it can be had.
    pub cpu: Option<f64>,
    /// What the work came to: the same under every model, or the row is wrong.
    pub answer: u64,
}

/// Takes the measurement and prints it for the parent; the exit code.
pub fn measure_in_this_process(row: &str, model: &str) -> i32 {
    let row = ROWS.iter().copied().find(|r| r.name() == row);
    let model = ALL.iter().find(|m| m.name == model);
    let Some(measure) = row.zip(model).and_then(|(row, model)| (model.measure)(row)) else {
        eprintln!("error: there is no such measurement");
        return 2;
    };
    let json = measure().and_then(|sample| Ok(serde_json::to_string(&sample)?));
    match json {
        Ok(json) => {
            println!("{json}");
            0
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            1
        }
    }
}

/// The CPU-bound task: the sum of the squares of the numbers below [`TERMS`], [`OVER`] times over.
///
/// Never inlined: every model must run the very same code, and not what the optimiser makes of it in
/// that model's loop.
#[inline(never)]
fn sum_of_squares() -> u64 {
    // Without the black box LLVM puts the closed formula in place of the loop.
    let once = || (0..black_box(TERMS)).map(|i| black_box(i * i)).sum();
    (1..OVER).fold(once(), |sum, _| {
        assert_eq!(once(), sum, "the same work comes to the same");
        sum
    })
}

/// Does the work once to warm up, then `times` times: the mean of those, for one of `parts` equal
/// parts of the work.
fn timed(
    times: u32,
    parts: u32,
    mut work: impl FnMut() -> anyhow::Result<u64>,
) -> anyhow::Result<Sample> {
    let answer = work()?;
    let cpu_before = cpu_seconds();
    let begin = Instant::now();
    for _ in 0..times {
        ensure!(work()? == answer, "the same work came to something else");
    }
    let count = f64::from(times) * f64::from(parts);
    let value = begin.elapsed().as_secs_f64() / count;
    let cpu = cpu_seconds().zip(cpu_before);
    let cpu = cpu.map(|(after, before)| (after - before) / count);
    Ok(Sample { value, cpu, answer })
}

/// The CPU time that this process and the children it has waited for have used, in seconds.
#[cfg(unix)]
pub(crate) fn cpu_seconds() -> Option<f64> {
    use nix::sys::resource::{UsageWho, getrusage};
    use nix::sys::time::TimeValLike;

    let mut micros = 0;
    for who in [UsageWho::RUSAGE_SELF, UsageWho::RUSAGE_CHILDREN] {
        let usage = getrusage(who).ok()?;
        micros += usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    }
    Some(micros as f64 / 1e6)
}

#[cfg(not(unix))]
pub(crate) fn cpu_seconds() -> Option<f64> {
    None
}

/// The memory that is a process's own share, in bytes; `self` is this one.
fn proportional_set_size(pid: &str) -> anyhow::Result<u64> {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))
        .context("this system does not tell the memory of a process")?;
    let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"));
    let kibibytes = line.and_then(|line| line.trim().strip_suffix("kB"));
    let kibibytes = kibibytes.context("the memory of a process is told in another form")?;
    let kibibytes: u64 = kibibytes.trim().parse()?;
    Ok(kibibytes * 1024)
}
