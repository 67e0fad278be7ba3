//! Threads that compute under chapter 1's lock, as CPython's do: what the document's 伪并行 comes from.

use std::io;
use std::sync::Arc;
use std::thread::sleep;

use anyhow::Context;
use gil_demo::gil::{Gil, GilGuard};
use threading::thread::spawn;

use super::sequential::{cpu_job_under, mixed_under, sum_of_squares};
use super::{Measure, Model, Sample, Sizes};

pub(super) const MODEL: Model = Model {
    name: "gil-threads",
    zh: "GIL 多线程",
    en: "threads under a GIL",
    python: None,
    measure: |measure| match measure {
        Measure::CpuJob => Ok(cpu_job),
        Measure::Mixed => Ok(mixed),
        _ => Err(AS_THREADS),
    },
    in_python: |_| Err("CPython 的多线程就是 · CPython's threads are these"),
};

const AS_THREADS: &str =
    "不计算时不持锁，与多线程相同 · without computing the lock is free: as threads";

/// One thread for each, which holds the lock except where it lets go; the sum of what they come to.
fn one_each(
    n: u64,
    task: impl Fn(u64, &mut GilGuard<'_, ()>) -> u64 + Copy + Send + 'static,
) -> anyhow::Result<u64> {
    let gil = Arc::new(Gil::new(()));
    let start = |index| {
        let gil = Arc::clone(&gil);
        spawn(move || gil.acquire().map(|mut guard| task(index, &mut guard)))
    };
    let mut sum = 0;
    for thread in (0..n).map(start).collect::<io::Result<Vec<_>>>()? {
        sum += thread.join()?.context("a thread has the lock twice")?;
    }
    Ok(sum)
}

/// As [`sum_of_squares`], with a look now and then whether another thread wants the lock.
fn compute(terms: u64, over: u64, guard: &mut GilGuard<'_, ()>) -> u64 {
    let mut sum = 0;
    for _ in 0..over {
        sum = sum_of_squares(terms, 1);
        guard.check();
    }
    sum
}

fn cpu_job(sizes: &Sizes) -> anyhow::Result<Sample> {
    cpu_job_under(sizes, |tasks, terms, over| {
        one_each(tasks, move |_, guard| compute(terms, over, guard))
    })
}

fn mixed(sizes: &Sizes) -> anyhow::Result<Sample> {
    mixed_under(sizes, 4, |requests, request, at_a_time| {
        let each = requests.div_ceil(at_a_time);
        one_each(requests.div_ceil(each), move |index, guard| {
            let mine = each.min(requests - index * each);
            let serve = |_| {
                guard.allow_threads(|| sleep(request.wait));
                compute(request.terms, request.over, guard)
            };
            (0..mine).map(serve).sum()
        })
    })
}
