//! Whether the machine was fit for a claim.

use crate::measures::{Measure, Sample};
use crate::stats::{digits, time};

use super::super::interval::Interval;
use super::{Column, Taken, median, values};

/// Two measurements of the same must not differ by more for a ratio to be worth showing.
pub const TRUSTED: std::ops::RangeInclusive<f64> = 0.8..=1.25;

/// Nor may it be known less well than within this factor.
const BLURRED: f64 = 2.0;

/// The least share of a core that the sequential job must have had.
pub const UNDISTURBED: f64 = 0.9;

/// The greatest share of the machine that others may have used meanwhile.
const QUIET: f64 = 0.15;

impl Taken {
    /// Why a figure of this column, measured here and now, would claim too much.
    pub(super) fn unfit(&self, column: &Column) -> Option<String> {
        if !self.measure.is_timed() {
            return None;
        }
        if let Some(others) = self.others.filter(|others| *others > QUIET * self.cores) {
            let (others, cores) = (digits(others), digits(self.cores));
            return Some(format!(
                "机器繁忙 · busy: 其他程序 · others {others} / {cores} cores"
            ));
        }
        let of_language = |twin: &&(usize, _)| self.columns[twin.0].language == column.language;
        if let Some((index, again)) = self.twins.iter().find(of_language)
            && let Some(first) = self.columns[*index].values()
            && let Some(noise) = Interval::of_ratios(&first, &values(again))
            && (!TRUSTED.contains(&noise.value) || noise.high / noise.value > BLURRED)
        {
            let [low, high] = [noise.low, noise.high].map(digits);
            return Some(format!("噪声 · noise: A/A {low}–{high}"));
        }
        if self.measure != Measure::CpuJob {
            return None;
        }
        let base = self.base(column)?;
        let share = |sample: &Sample| Some(sample.cpu? / sample.wall?);
        let had = median(base.iter().filter_map(share))?;
        if had < UNDISTURBED {
            let percent = digits(had * 100.0);
            return Some(format!("机器繁忙 · busy: {percent} % of a core"));
        }
        // The same work needs the same CPU time, or more: less means that it ran on a faster core.
        let cpu = |samples: &[Sample]| median(samples.iter().filter_map(|sample| sample.cpu));
        let (ours, base) = (cpu(column.samples()?)?, cpu(base)?);
        (ours / base < *TRUSTED.start()).then(|| {
            let (ours, base) = (time(ours), time(base));
            format!("CPU 时间不符 · CPU time {ours}, {base} sequentially")
        })
    }
}
