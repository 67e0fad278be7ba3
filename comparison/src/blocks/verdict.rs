//! [`Verdict`]: what can be said of a goal.

use std::fmt;
use std::ops::RangeInclusive;

use crate::stats::{Spread, digits};

/// A ratio and how well it is known.
pub(super) fn times(ratio: Option<Spread>) -> String {
    ratio.map_or("—".to_owned(), |ratio| {
        let [median, lower, upper] = [ratio.median, ratio.lower, ratio.upper].map(digits);
        format!("{median}× [{lower}–{upper}]")
    })
}

/// What can be said of a goal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Met,
    Missed,
    Inconclusive,
}

impl Verdict {
    /// Said only when the whole interval of confidence says so.
    pub(super) fn of(ratio: Option<Spread>, goal: &RangeInclusive<f64>) -> Self {
        match ratio {
            Some(r) if *goal.start() <= r.lower && r.upper <= *goal.end() => Self::Met,
            Some(r) if r.upper < *goal.start() || *goal.end() < r.lower => Self::Missed,
            _ => Self::Inconclusive,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Met => "达到 · met",
            Self::Missed => "未达到 · missed",
            Self::Inconclusive => "无定论 · not conclusive",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_needs_the_whole_interval() {
        let of = |low: f64, high: f64, goal| {
            Verdict::of(Spread::of([low, (low + high) / 2.0, high]), &goal)
        };
        let (most, least) = (0.0..=1.05, 1.7..=f64::INFINITY);
        assert_eq!(of(0.9, 1.05, most.clone()), Verdict::Met);
        assert_eq!(of(0.9, 1.06, most.clone()), Verdict::Inconclusive);
        assert_eq!(of(1.06, 1.2, most.clone()), Verdict::Missed);
        assert_eq!(of(1.7, 1.9, least.clone()), Verdict::Met);
        assert_eq!(of(1.2, 1.6, least), Verdict::Missed);
        assert_eq!(of(0.7, 1.0, 0.75..=1.25), Verdict::Inconclusive);
        assert_eq!(Verdict::of(None, &most), Verdict::Inconclusive);
    }
}
