//! One thing after the other: what every model is held against.

use std::hint::black_box;
use std::thread::sleep;
use std::time::Duration;

use anyhow::ensure;
use serde::{Deserialize, Serialize};

use super::meter::{rate, seconds_each};
use super::{Measure, Model, Sample, Sizes};

pub(super) const MODEL: Model = Model {
    name: "sequential",
    zh: "顺序",
    en: "sequential",
    python: Some("sequential"),
    measure: |measure| match measure {
        Measure::CpuJob => Ok(cpu_job),
        Measure::Waits => Ok(waits),
        Measure::Mixed => Ok(mixed),
        Measure::Network => Err(ONE_AT_A_TIME),
        Measure::Memory | Measure::Creation | Measure::Greatest => Err(NOTHING_IS_CREATED),
        Measure::Message | Measure::RoundTrip | Measure::Counter => Err(NOBODY_ELSE),
    },
    in_python: |measure| match measure {
        Measure::CpuJob | Measure::Waits | Measure::Mixed => Ok(()),
        Measure::Network => Err(ONE_AT_A_TIME),
        Measure::Memory | Measure::Creation | Measure::Greatest => Err(NOTHING_IS_CREATED),
        Measure::Message | Measure::RoundTrip | Measure::Counter => Err(NOBODY_ELSE),
    },
};

const NOTHING_IS_CREATED: &str = "不创建任何单元 · nothing is created";
const ONE_AT_A_TIME: &str =
    "只服务一个连接，其余一直等 · serves one connection, the others wait for its end";
const NOBODY_ELSE: &str = "没有通信的对方 · there is nobody to talk to";

/// Inlined, LLVM puts the closed formula in place of the loop. A black box around each square would keep it
/// from that as well, but goes through memory, which on some machines takes twice as long in one process
/// as in the next.
#[inline(never)]
fn square(i: u64) -> u64 {
    i * i
}

/// A task of the CPU-bound job: the sum of the squares of the numbers below `terms`, `over` times over.
///
/// Never inlined: every model must run the very same code, and not what the optimiser makes of it in
/// that model's loop.
///
/// # Panics
///
/// When the same work comes to something else.
#[inline(never)]
pub(super) fn sum_of_squares(terms: u64, over: u64) -> u64 {
    let once = || (0..black_box(terms)).map(square).sum();
    (1..over).fold(once(), |sum, _| {
        assert_eq!(once(), sum, "the same work comes to the same");
        sum
    })
}

/// The CPU-bound job under a model: `all` does each of so many tasks and adds up what they come to.
pub(super) fn cpu_job_under(
    sizes: &Sizes,
    all: impl FnOnce(u64, u64, u64) -> anyhow::Result<u64>,
) -> anyhow::Result<Sample> {
    let (tasks, terms, over) = (sizes.at(0)?, sizes.at(1)?, sizes.at(2)?);
    seconds_each(over, || all(tasks, terms, over))
}

/// The waits under a model: `all` does so many of the duration, so many at a time, and says how many
/// there were. The answer is 1 for all: the sequential model has fewer of them to do.
pub(super) fn waits_under(
    sizes: &Sizes,
    at_a_time: usize,
    all: impl FnOnce(u64, Duration, u64) -> anyhow::Result<u64>,
) -> anyhow::Result<Sample> {
    let (waits, wait) = (sizes.at(0)?, Duration::from_millis(sizes.at(1)?));
    let at_a_time = sizes.at(at_a_time)?;
    rate(waits, || {
        ensure!(all(waits, wait, at_a_time)? == waits, "a wait is missing");
        Ok(1)
    })
}

/// A request of the mixed job: it waits, and then computes something.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Request {
    pub(super) wait: Duration,
    pub(super) terms: u64,
    pub(super) over: u64,
}

impl Request {
    /// Both, on the thread that calls.
    pub(super) fn serve(self) -> u64 {
        sleep(self.wait);
        self.compute()
    }

    pub(super) fn compute(self) -> u64 {
        sum_of_squares(self.terms, self.over)
    }
}

/// The mixed job under a model: `all` serves so many requests, so many at a time, and adds up what they
/// come to. The answer is that of one: the sequential model has fewer of them.
pub(super) fn mixed_under(
    sizes: &Sizes,
    at_a_time: usize,
    all: impl FnOnce(u64, Request, u64) -> anyhow::Result<u64>,
) -> anyhow::Result<Sample> {
    let requests = sizes.at(0)?;
    let request = Request {
        wait: Duration::from_millis(sizes.at(1)?),
        terms: sizes.at(2)?,
        over: sizes.at(3)?,
    };
    let at_a_time = sizes.at(at_a_time)?;
    rate(requests, || {
        let sum = all(requests, request, at_a_time)?;
        ensure!(
            sum.is_multiple_of(requests),
            "requests came to different sums"
        );
        Ok(sum / requests)
    })
}

fn cpu_job(sizes: &Sizes) -> anyhow::Result<Sample> {
    cpu_job_under(sizes, |tasks, terms, over| {
        Ok((0..tasks).map(|_| sum_of_squares(terms, over)).sum())
    })
}

fn waits(sizes: &Sizes) -> anyhow::Result<Sample> {
    waits_under(sizes, 2, |waits, wait, _| {
        (0..waits).for_each(|_| sleep(wait));
        Ok(waits)
    })
}

fn mixed(sizes: &Sizes) -> anyhow::Result<Sample> {
    mixed_under(sizes, 4, |requests, request, _| {
        Ok((0..requests).map(|_| request.serve()).sum())
    })
}
