//! What the executors of chapter 4 have in common: made, used and shut down in each measurement, as the
//! document's `with` does.

use std::thread::sleep;
use std::time::Duration;

use futures_pool::executor::{BuildError, Executor};

use super::meter::seconds_each;
use super::sequential::{Request, cpu_job_under, mixed_under, sum_of_squares, waits_under};
use super::{Measure, Sample, Sizes};
use crate::machine;

/// Makes an executor with so many workers.
type New<E> = fn(usize) -> Result<E, BuildError>;

pub(super) fn cpu_job<E: Executor>(sizes: &Sizes, new: New<E>) -> anyhow::Result<Sample> {
    cpu_job_under(sizes, |tasks, terms, over| {
        let executor = new(machine::cores())?;
        let inputs = (0..tasks).map(|_| (terms, over));
        let sums = executor.map(|(terms, over)| sum_of_squares(terms, over), inputs);
        Ok(sums.sum::<Result<u64, _>>()?)
    })
}

/// A task that does nothing: submitted, and its result asked for.
pub(super) fn creation<E: Executor>(sizes: &Sizes, new: New<E>) -> anyhow::Result<Sample> {
    let times = sizes.at(0)?;
    seconds_each(times, || {
        let executor = new(machine::cores())?;
        for n in 0..times {
            executor.submit(|n: u64| n, n)?.into_result()?;
        }
        Ok(1)
    })
}

/// `at_a_time` is the place of that size.
pub(super) fn waits<E: Executor>(
    sizes: &Sizes,
    at_a_time: usize,
    new: New<E>,
) -> anyhow::Result<Sample> {
    waits_under(sizes, at_a_time, |waits, wait, at_a_time| {
        let executor = new(usize::try_from(at_a_time.min(waits))?)?;
        let done = executor.map(one_wait, (0..waits).map(|_| wait));
        Ok(done.sum::<Result<u64, _>>()?)
    })
}

fn one_wait(wait: Duration) -> u64 {
    sleep(wait);
    1
}

/// `at_a_time` is the place of that size.
pub(super) fn mixed<E: Executor>(
    sizes: &Sizes,
    at_a_time: usize,
    new: New<E>,
) -> anyhow::Result<Sample> {
    mixed_under(sizes, at_a_time, |requests, request, at_a_time| {
        let executor = new(usize::try_from(at_a_time.min(requests))?)?;
        let sums = executor.map(Request::serve, (0..requests).map(|_| request));
        Ok(sums.sum::<Result<u64, _>>()?)
    })
}

/// Why there is no such measurement.
pub(super) fn why_not(measure: Measure) -> &'static str {
    match measure {
        Measure::Message | Measure::RoundTrip | Measure::Counter => {
            "结果经 Future 返回，见创建 · results come as futures, see creation"
        }
        Measure::Network => "一个连接会占住一个工作者 · a connection would occupy a worker",
        _ => "单元即工作者，数目由参数定 · its units are the workers, as many as one says",
    }
}
