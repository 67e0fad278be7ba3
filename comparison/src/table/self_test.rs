//! The table's own check on this machine: A against A, a hundred times. What is the same must be found to be.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use crate::child;
use crate::measures::{Effort, Measure};
use crate::report::Language;
use crate::{machine, models};

use super::interval::{Interval, LEVEL};
use super::rounds::{self, Plan, Source};
use super::sources::{Child, Hung};

/// How many comparisons.
const COMPARISONS: usize = 100;

/// So many of a hundred must say "no difference".
const AT_LEAST: usize = 95;

/// Rounds of each.
const ROUNDS: usize = 5;

/// Holds the sequential CPU-bound job against itself and prints how often that is no difference; whether it is
/// often enough.
///
/// # Errors
///
/// When a measurement fails, or standard output cannot be written.
pub fn self_test(deadline: Duration) -> anyhow::Result<bool> {
    let (measure, model) = (Measure::CpuJob, models::ALL[0].name);
    let sizes = measure.sizes(Effort::Quick, model, Language::Rust);
    let hung = Hung::default();
    let now = Instant::now();
    let plan = Plan {
        least: ROUNDS,
        most: ROUNDS,
        until: now,
        latest: now + deadline * COMPARISONS as u32,
    };
    let mut same = 0;
    for _ in 0..COMPARISONS {
        let source = || -> Box<dyn Source + '_> {
            let command = || child::measurement(measure, model, &sizes);
            Box::new(Child::new(measure, deadline, &hung, command))
        };
        let (samples, _) = rounds::take(&mut [source(), source()], &plan, |_| {});
        let mut values = Vec::new();
        for samples in samples {
            let samples = samples.map_err(anyhow::Error::msg)?;
            values.push(
                samples
                    .iter()
                    .map(|sample| sample.value)
                    .collect::<Vec<_>>(),
            );
        }
        let interval = Interval::of_ratios(&values[0], &values[1]);
        same += usize::from(interval.is_some_and(|interval| interval.holds_one()));
    }
    let percent = LEVEL * 100.0;
    let mut out = io::stdout().lock();
    writeln!(out, "{}", machine::description())?;
    writeln!(
        out,
        "A/A，{percent} % 水平：{COMPARISONS} 次中 {same} 次无差别 · A/A at the {percent} % level: \
         no difference in {same} of {COMPARISONS}, at least {AT_LEAST} are needed"
    )?;
    Ok(same >= AT_LEAST)
}
