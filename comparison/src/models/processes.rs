//! A process for each thing: chapter 3's `Process`, as the document uses `multiprocessing.Process`.

use std::io::{self, Read, Write};
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::thread::sleep;

use anyhow::ensure;
use multiprocess::process::Process;
use multiprocess::shared::Shared;

use super::meter::{amount, proportional_set_size, seconds_each};
use super::sequential::{cpu_job_under, mixed_under, sum_of_squares, waits_under};
use super::{Measure, Model, Sample, Sizes};

mod greatest; // as many as there can be
mod talk; // channels, and a counter

pub(super) const MODEL: Model = Model {
    name: "processes",
    zh: "多进程",
    en: "processes",
    python: Some("multiprocessing"),
    measure: |measure| match measure {
        Measure::CpuJob => Ok(cpu_job),
        Measure::Memory => Ok(memory),
        Measure::Creation => Ok(creation),
        Measure::Waits => Ok(waits),
        Measure::Message => Ok(talk::message),
        Measure::RoundTrip => Ok(talk::round_trip),
        Measure::Counter => Ok(talk::counter),
        Measure::Network => Ok(|sizes| super::served::ours("processes", sizes)),
        Measure::Mixed => Ok(mixed),
        Measure::Greatest => Ok(greatest::greatest),
    },
    in_python: |_| Ok(()),
};

/// One process for each of `n` tasks; the sum of what they come to, in memory they share.
fn one_each(n: u64, task: impl Fn(u64) -> u64 + Copy) -> anyhow::Result<u64> {
    let sum = Shared::new(AtomicU64::new(0))?;
    let mut processes = Vec::new();
    for index in 0..n {
        let add = move |sum: Shared<AtomicU64>| {
            sum.fetch_add(task(index), Relaxed);
        };
        processes.push(Process::start(sum.clone(), add)?);
    }
    for process in processes {
        ensure!(process.join()? == 0, "a process failed");
    }
    Ok(sum.load(Relaxed))
}

fn cpu_job(sizes: &Sizes) -> anyhow::Result<Sample> {
    cpu_job_under(sizes, |tasks, terms, over| {
        one_each(tasks, |_| sum_of_squares(terms, over))
    })
}

/// A process does one wait after the other where there are more of them than processes at a time.
fn waits(sizes: &Sizes) -> anyhow::Result<Sample> {
    waits_under(sizes, 3, |waits, wait, at_a_time| {
        let each = waits.div_ceil(at_a_time);
        one_each(waits.div_ceil(each), |index| {
            let mine = each.min(waits - index * each);
            (0..mine).for_each(|_| sleep(wait));
            mine
        })
    })
}

/// A process serves one request after the other where there are more of them than processes at a time.
fn mixed(sizes: &Sizes) -> anyhow::Result<Sample> {
    mixed_under(sizes, 5, |requests, request, at_a_time| {
        let each = requests.div_ceil(at_a_time);
        one_each(requests.div_ceil(each), |index| {
            let mine = each.min(requests - index * each);
            (0..mine).map(|_| request.serve()).sum()
        })
    })
}

fn creation(sizes: &Sizes) -> anyhow::Result<Sample> {
    let times = sizes.at(0)?;
    seconds_each(times, || {
        for _ in 0..times {
            let process = Process::start((), |()| ())?;
            ensure!(process.join()? == 0, "a process failed");
        }
        Ok(1)
    })
}

/// The memory of this process and of these.
fn all_of_them(processes: &[Process]) -> anyhow::Result<u64> {
    let mut bytes = proportional_set_size("self")?;
    for process in processes {
        bytes += proportional_set_size(&process.pid().to_string())?;
    }
    Ok(bytes)
}

/// Processes that wait: what each adds to the memory of all. A page that several have counts for each
/// with its share.
fn memory(sizes: &Sizes) -> anyhow::Result<Sample> {
    let units = sizes.at(0)?;
    let before = all_of_them(&[])?;
    let (mut waits, ready) = io::pipe()?;
    let (messages, _sender) = io::pipe()?;
    let mut waiting = Vec::new();
    for _ in 0..units {
        let wait = |()| -> io::Result<()> {
            (&ready).write_all(&[0])?;
            (&messages).read_exact(&mut [0])
        };
        waiting.push(Process::start((), wait)?);
        waits.read_exact(&mut [0])?;
    }
    let after = all_of_them(&waiting)?;
    for process in waiting {
        process.kill()?;
        process.join()?;
    }
    let added = after.saturating_sub(before);
    Ok(amount(added as f64 / units as f64, 1)) // every one of them waited, or this is not reached
}
