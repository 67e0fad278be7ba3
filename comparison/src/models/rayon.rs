//! What a Rust programmer would take for a CPU-bound job: rayon's thread pool, which steals work.

use rayon::iter::{IntoParallelIterator, ParallelIterator};

use super::sequential::{cpu_job_under, sum_of_squares};
use super::{Measure, Model, Sample, Sizes};

pub(super) const MODEL: Model = Model {
    name: "rayon",
    zh: "rayon",
    en: "rayon",
    python: None,
    measure: |measure| match measure {
        Measure::CpuJob => Ok(cpu_job),
        Measure::Waits | Measure::Network | Measure::Mixed => Err(WAITING),
        _ => Err(NO_UNITS),
    },
    in_python: |_| Err("Python 中没有 · there is no such thing in Python"),
};

const WAITING: &str =
    "等待会占住工作线程，rayon 只为计算 · a wait would occupy a worker: rayon is for computing";
const NO_UNITS: &str = "没有自己的单元，只有工作线程 · it has no units but its workers";

/// On rayon's own pool, which has as many threads as there are cores, and stays.
fn cpu_job(sizes: &Sizes) -> anyhow::Result<Sample> {
    cpu_job_under(sizes, |tasks, terms, over| {
        let each = (0..tasks).into_par_iter();
        Ok(each.map(|_| sum_of_squares(terms, over)).sum())
    })
}
