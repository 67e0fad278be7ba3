//! What a measurement costs: time, CPU time, context switches, memory.

use std::fs;
use std::time::Instant;

use anyhow::Context;

use crate::measures::Sample;

/// Takes the time of `work`, which gives its answer. The value is the time divided by `count`.
pub(super) fn seconds_each(
    count: u64,
    work: impl FnOnce() -> anyhow::Result<u64>,
) -> anyhow::Result<Sample> {
    let mut sample = timed(work)?;
    sample.value = sample.wall.unwrap_or(f64::NAN) / count as f64;
    Ok(sample)
}

/// Takes the time of `work`, which does `count` of something. The value is how many a second.
pub(super) fn rate(
    count: u64,
    work: impl FnOnce() -> anyhow::Result<u64>,
) -> anyhow::Result<Sample> {
    let mut sample = timed(work)?;
    sample.value = count as f64 / sample.wall.unwrap_or(f64::NAN);
    Ok(sample)
}

/// The value of something that is no time.
pub(super) fn amount(value: f64, answer: u64) -> Sample {
    Sample {
        value,
        answer,
        ..Sample::default()
    }
}

fn timed(work: impl FnOnce() -> anyhow::Result<u64>) -> anyhow::Result<Sample> {
    let before = Usage::now();
    let begin = Instant::now();
    let answer = work()?;
    let wall = begin.elapsed().as_secs_f64();
    let used = Usage::now().zip(before);
    Ok(Sample {
        value: wall,
        wall: Some(wall),
        cpu: used.map(|(after, before)| after.cpu - before.cpu),
        voluntary: used.map(|(after, before)| after.voluntary - before.voluntary),
        involuntary: used.map(|(after, before)| after.involuntary - before.involuntary),
        answer,
        stopped_by: None,
    })
}

/// What this process and the children that it has waited for have used.
#[derive(Clone, Copy)]
struct Usage {
    cpu: f64,
    voluntary: u64,
    involuntary: u64,
}

impl Usage {
    #[cfg(unix)]
    fn now() -> Option<Self> {
        use nix::sys::resource::{UsageWho, getrusage};
        use nix::sys::time::TimeValLike;

        let (mut micros, mut voluntary, mut involuntary) = (0, 0, 0);
        for who in [UsageWho::RUSAGE_SELF, UsageWho::RUSAGE_CHILDREN] {
            let usage = getrusage(who).ok()?;
            micros += usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
            voluntary += u64::try_from(usage.voluntary_context_switches()).ok()?;
            involuntary += u64::try_from(usage.involuntary_context_switches()).ok()?;
        }
        Some(Self {
            cpu: micros as f64 / 1e6,
            voluntary,
            involuntary,
        })
    }

    #[cfg(not(unix))]
    fn now() -> Option<Self> {
        None
    }
}

/// The CPU time that this process and the children it has waited for have used, in seconds.
pub(crate) fn cpu_seconds() -> Option<f64> {
    Usage::now().map(|usage| usage.cpu)
}

/// The memory that is a process's own share, in bytes; `self` is this one.
pub(crate) fn proportional_set_size(pid: &str) -> anyhow::Result<u64> {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))
        .context("this system does not tell the memory of a process")?;
    let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"));
    let kibibytes = line.and_then(|line| line.trim().strip_suffix("kB"));
    let kibibytes = kibibytes.context("the memory of a process is told in another form")?;
    let kibibytes: u64 = kibibytes.trim().parse()?;
    Ok(kibibytes * 1024)
}
