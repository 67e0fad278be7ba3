//! How many switch intervals trips take, and how sure that is.
//!
//! How sure it is depends on rounds, not on trips. The trips of a process resemble each other, and
//! processes that follow each other share what else the machine does: from one round to the next, shares
//! vary five to a hundred times as much as those of so many single trips would. What hundreds of trips
//! seem to prove may be the luck of one round.

use std::time::Duration;

use crate::blocks::gil::ROUNDS;
use crate::stats::Spread;

/// Student's t, 95 % on both sides, for the 23 degrees of freedom that 24 rounds leave.
const STUDENT: f64 = 2.069;
const _: () = assert!(ROUNDS == 24);

/// The mean of a figure of each round, and how far the true one may be from it, at 95 %. After a single
/// round nobody knows how far: that is not a number then, and nothing is greater.
fn mean(figures: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    let count = figures.clone().count() as f64;
    let mean = figures.clone().sum::<f64>() / count;
    let squares: f64 = figures.map(|figure| (figure - mean).powi(2)).sum();
    (mean, STUDENT * (squares / (count - 1.0) / count).sqrt())
}

/// The median of all trips. Its interval is Woodruff's, for samples in clusters: how well the share of
/// trips below it is known, as a mean over rounds, says how far to go among the trips. The median of
/// each round would jump from one number of intervals to the next where both are about as frequent.
pub(super) fn median(rounds: &[Vec<f64>]) -> Option<Spread> {
    let all = Spread::of(rounds.iter().flatten().copied())?;
    let mut trips = rounds.concat();
    trips.sort_by(f64::total_cmp);
    let below = rounds.iter().map(|trips| {
        let below = trips.iter().filter(|&&trip| trip < all.median);
        below.count() as f64 / trips.len() as f64
    });
    let (_, reach) = mean(below);
    let last = (trips.len() - 1) as f64;
    // `max` and `min` prefer what is a number.
    let (lower, upper) = ((0.5 - reach).max(0.0), (0.5 + reach).min(1.0));
    Some(Spread {
        lower: trips[(lower * last).floor() as usize],
        upper: trips[(upper * last).ceil() as usize],
        ..all
    })
}

/// Of the medians. The ends of both intervals give one that is wider than it would have to be.
pub(super) fn ratio(ours: &[Vec<f64>], theirs: &[Vec<f64>]) -> Option<Spread> {
    let (ours, theirs) = (median(ours)?, median(theirs)?);
    Some(Spread {
        low: ours.low / theirs.high,
        lower: ours.lower / theirs.upper,
        median: ours.median / theirs.median,
        upper: ours.upper / theirs.lower,
        high: ours.high / theirs.low,
    })
}

/// How many trips took 0, 1, 2, and 3 or more switch intervals.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Intervals(pub(super) [usize; 4]);

impl Intervals {
    pub(super) fn of<'t>(trips: impl IntoIterator<Item = &'t f64>, interval: Duration) -> Self {
        let mut counts = [0; 4];
        for trip in trips {
            let intervals = (trip / interval.as_secs_f64()).round();
            counts[intervals.clamp(0.0, 3.0) as usize] += 1;
        }
        Self(counts)
    }

    /// What most trips took; the least of those that equally many took.
    pub(super) fn mode(self) -> usize {
        let most = self.0.iter().max();
        self.0
            .iter()
            .position(|count| Some(count) == most)
            .unwrap_or(0)
    }

    fn shares(self) -> [f64; 4] {
        let all: usize = self.0.iter().sum();
        self.0.map(|count| count as f64 / all.max(1) as f64)
    }

    /// How many a trip took in the mean; three and more count as three.
    fn mean(self) -> f64 {
        let shares = self.shares().into_iter().enumerate();
        shares.map(|(number, share)| number as f64 * share).sum()
    }

    pub(super) fn text(self) -> String {
        let [zero, one, two, more] = self.shares().map(|share| format!("{:.0}", 100.0 * share));
        format!("0: {zero} %, 1: {one} %, 2: {two} %, 3+: {more} %")
    }
}

/// How many intervals a trip takes in the mean, in each round.
pub(super) fn means(rounds: &[Vec<f64>], interval: Duration) -> Vec<f64> {
    let rounds = rounds.iter();
    rounds
        .map(|trips| Intervals::of(trips, interval).mean())
        .collect()
}

/// What most trips take.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Mode {
    pub(super) intervals: usize,
    /// Whether its lead over each other number, as a mean over rounds, is beyond chance at 95 %.
    pub(super) sure: bool,
}

impl Mode {
    pub(super) fn of(rounds: &[Vec<f64>], interval: Duration) -> Self {
        let mode = Intervals::of(rounds.iter().flatten(), interval).mode();
        let shares = rounds.iter();
        let shares = shares.map(|trips| Intervals::of(trips, interval).shares());
        let leads = |other: usize| {
            let (lead, reach) = mean(shares.clone().map(|shares| shares[mode] - shares[other]));
            lead > reach
        };
        Self {
            intervals: mode,
            sure: (0..4).filter(|&other| other != mode).all(leads),
        }
    }

    pub(super) fn text(self) -> String {
        format!("{}{}", self.intervals, if self.sure { "" } else { "?" })
    }
}

/// Whether most trips take equally many intervals on both sides.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Modes {
    Same(usize),
    Different(usize, usize),
    /// At least one of both is not sure.
    Undecided(Mode, Mode),
}

impl Modes {
    pub(super) fn of(ours: &[Vec<f64>], theirs: &[Vec<f64>], interval: Duration) -> Self {
        let (ours, theirs) = (Mode::of(ours, interval), Mode::of(theirs, interval));
        match (ours.intervals, theirs.intervals) {
            _ if !(ours.sure && theirs.sure) => Self::Undecided(ours, theirs),
            (ours, theirs) if ours == theirs => Self::Same(ours),
            (ours, theirs) => Self::Different(ours, theirs),
        }
    }

    pub(super) fn text(self) -> String {
        match self {
            Self::Same(mode) => format!("众数相同 · same mode: {mode}"),
            Self::Different(ours, theirs) => {
                format!("众数不同 · modes differ: {ours}, {theirs}")
            }
            Self::Undecided(ours, theirs) => {
                let (ours, theirs) = (ours.text(), theirs.text());
                format!("众数未定 · modes undecided: {ours}, {theirs}")
            }
        }
    }
}
