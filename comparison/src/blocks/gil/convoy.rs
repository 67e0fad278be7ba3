//! The convoy: how many switch intervals an answer takes.
//!
//! Each time the answering thread lets go of the lock for a call, it costs an interval to have it back,
//! or nothing if the call is over before the computing thread has woken. So times are not compared at
//! once but the distribution of intervals, and then the medians.

use std::ops::RangeInclusive;
use std::time::Duration;

use indicatif::ProgressBar;

use super::trips::{self, Place};
use super::{Line, ROUNDS, cores, none};
use crate::blocks::{Verdict, times};
use crate::python::Python;
use crate::stats::{Spread, time};

struct Setting {
    label: &'static str,
    interval: Duration,
    /// In each round.
    trips: usize,
    /// Whether there is a goal: with few trips there is not.
    goal: bool,
}

const SETTINGS: [Setting; 3] = [
    Setting {
        label: "车队效应，切换间隔 0.5 ms\nconvoy, switch interval 0.5 ms",
        interval: Duration::from_micros(500),
        trips: 400,
        goal: true,
    },
    Setting {
        label: "车队效应，切换间隔 5 ms\nconvoy, switch interval 5 ms",
        interval: Duration::from_millis(5),
        trips: 60,
        goal: true,
    },
    Setting {
        label: "车队效应，切换间隔 50 ms\nconvoy, switch interval 50 ms",
        interval: Duration::from_millis(50),
        trips: 8,
        goal: false,
    },
];

/// The medians are within a quarter of each other.
const CLOSE: RangeInclusive<f64> = 0.75..=1.25;

/// The trips of each round, in seconds.
type Side = Result<Vec<Vec<f64>>, String>;

pub(super) fn lines(python: Result<&Python, &str>, bar: &ProgressBar) -> Vec<Line> {
    let cores = match cores::two() {
        Ok(cores) => cores,
        Err(reason) => {
            bar.inc(ROUNDS as u64);
            return SETTINGS
                .iter()
                .map(|setting| unfit(setting, &reason))
                .collect();
        }
    };
    let mut sides: Vec<[Side; 2]> = SETTINGS
        .iter()
        .map(|_| {
            [
                Ok(Vec::new()),
                python.map(|_| Vec::new()).map_err(str::to_owned),
            ]
        })
        .collect();
    for _ in 0..ROUNDS {
        for (setting, sides) in SETTINGS.iter().zip(&mut sides) {
            bar.set_message(setting.label.replace('\n', " "));
            let place = Place {
                interval: setting.interval,
                burn: cores.0,
                answer: cores.1,
            };
            for (side, python) in sides.iter_mut().zip([None, python.ok()]) {
                let Ok(rounds) = side else { continue };
                match trips::measure(place, setting.trips, python) {
                    Ok(times) => rounds.push(times),
                    Err(reason) => *side = Err(reason),
                }
            }
        }
        bar.inc(1);
    }
    let rows = SETTINGS.iter().zip(&sides);
    rows.map(|(setting, [ours, theirs])| line(setting, ours, theirs))
        .collect()
}

/// The row on a machine that has no two cores.
fn unfit(setting: &Setting, reason: &str) -> Line {
    let dash = || "—".to_owned();
    let verdict = format!("{}: {reason}", Verdict::Inconclusive);
    [setting.label.to_owned(), dash(), dash(), dash(), verdict]
}

fn line(setting: &Setting, ours: &Side, theirs: &Side) -> Line {
    let cell = |side: &Side| match side {
        Ok(rounds) => {
            let shares = Intervals::of(rounds.iter().flatten(), setting.interval).shares();
            let median = Spread::of(rounds.iter().flatten().copied());
            let median = median.map_or("—".to_owned(), |spread| time(spread.median));
            format!("{shares}\n中位数 · median {median}")
        }
        Err(reason) => none(reason),
    };
    let goal = |verdict| format!("同众数，±25% · same mode, ±25 %: {verdict}");
    let mut line = [
        setting.label.to_owned(),
        cell(ours),
        cell(theirs),
        "—".to_owned(),
        "—".to_owned(),
    ];
    if let (Ok(ours), Ok(theirs)) = (ours, theirs) {
        let ratio = Spread::of_ratios(&medians(ours), &medians(theirs));
        let modes = Modes::of(ours, theirs, setting.interval);
        line[3] = format!("{}\n{}", times(ratio), modes.text());
        if setting.goal {
            line[4] = goal(judge(modes, ratio));
        }
    } else if setting.goal {
        line[4] = goal(Verdict::Inconclusive);
    }
    line
}

/// The median of each round.
fn medians(rounds: &[Vec<f64>]) -> Vec<f64> {
    let median = |round: &Vec<f64>| Spread::of(round.iter().copied()).map(|spread| spread.median);
    rounds.iter().filter_map(median).collect()
}

/// How many trips took 0, 1, 2, and 3 or more switch intervals.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Intervals([usize; 4]);

impl Intervals {
    fn of<'t>(trips: impl IntoIterator<Item = &'t f64>, interval: Duration) -> Self {
        let mut counts = [0; 4];
        for trip in trips {
            let intervals = (trip / interval.as_secs_f64()).round();
            counts[intervals.clamp(0.0, 3.0) as usize] += 1;
        }
        Self(counts)
    }

    /// What most trips took; the least of those that equally many took.
    fn mode(self) -> usize {
        let most = self.0.iter().max();
        self.0
            .iter()
            .position(|count| Some(count) == most)
            .unwrap_or(0)
    }

    fn shares(self) -> String {
        let all: usize = self.0.iter().sum();
        let share = |count: usize| format!("{:.0}", 100.0 * count as f64 / all.max(1) as f64);
        let [zero, one, two, more] = self.0.map(share);
        format!("0: {zero} %, 1: {one} %, 2: {two} %, 3+: {more} %")
    }
}

/// Whether most trips take equally many intervals on both sides.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Modes {
    /// In each round.
    Same(usize),
    /// In no round.
    Different(usize, usize),
    /// In so many of so many rounds.
    Mixed(usize, usize),
}

impl Modes {
    fn of(ours: &[Vec<f64>], theirs: &[Vec<f64>], interval: Duration) -> Self {
        let mode = |rounds: &[Vec<f64>]| Intervals::of(rounds.iter().flatten(), interval).mode();
        let of_round = |round: &Vec<f64>| Intervals::of(round, interval).mode();
        let rounds = ours.iter().zip(theirs);
        let same = rounds.filter(|(a, b)| of_round(a) == of_round(b)).count();
        match same {
            0 => Self::Different(mode(ours), mode(theirs)),
            same if same == ours.len() => Self::Same(mode(ours)),
            same => Self::Mixed(same, ours.len()),
        }
    }

    fn text(self) -> String {
        match self {
            Self::Same(mode) => format!("众数相同 · same mode: {mode}"),
            Self::Different(ours, theirs) => {
                format!("众数不同 · modes differ: {ours}, {theirs}")
            }
            Self::Mixed(same, all) => {
                format!("{all} 轮中 {same} 轮众数相同 · same mode in {same} of {all}")
            }
        }
    }
}

fn judge(modes: Modes, ratio: Option<Spread>) -> Verdict {
    match (modes, Verdict::of(ratio, &CLOSE)) {
        (Modes::Different(..), _) | (_, Verdict::Missed) => Verdict::Missed,
        (Modes::Same(_), Verdict::Met) => Verdict::Met,
        _ => Verdict::Inconclusive,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERVAL: Duration = Duration::from_millis(5);

    /// A round in which the trips took so many intervals each.
    fn round(intervals: &[f64]) -> Vec<f64> {
        let seconds = INTERVAL.as_secs_f64();
        intervals.iter().map(|count| count * seconds).collect()
    }

    #[test]
    fn trips_are_counted_by_the_nearest_number_of_intervals() {
        let trips = round(&[0.0, 0.49, 0.51, 1.0, 1.2, 2.4, 2.6, 17.0]);
        let intervals = Intervals::of(&trips, INTERVAL);
        assert_eq!(intervals, Intervals([2, 3, 1, 2]));
        assert_eq!(intervals.mode(), 1);
        assert_eq!(intervals.shares(), "0: 25 %, 1: 38 %, 2: 12 %, 3+: 25 %");
    }

    #[test]
    fn of_two_modes_the_lesser_counts_and_nothing_has_one_too() {
        assert_eq!(Intervals([0, 4, 4, 1]).mode(), 1);
        assert_eq!(Intervals([0; 4]).mode(), 0);
        assert_eq!(
            Intervals([0; 4]).shares(),
            "0: 0 %, 1: 0 %, 2: 0 %, 3+: 0 %"
        );
    }

    #[test]
    fn modes_are_compared_round_by_round() {
        let (one, two) = (round(&[1.0, 1.1, 2.0]), round(&[2.0, 2.1, 1.0]));
        let modes = |ours: [&Vec<f64>; 2], theirs: [&Vec<f64>; 2]| {
            Modes::of(&ours.map(Clone::clone), &theirs.map(Clone::clone), INTERVAL)
        };
        assert_eq!(modes([&one, &one], [&one, &one]), Modes::Same(1));
        assert_eq!(modes([&one, &one], [&two, &two]), Modes::Different(1, 2));
        assert_eq!(modes([&one, &two], [&one, &one]), Modes::Mixed(1, 2));
    }

    #[test]
    fn the_goal_needs_the_same_mode_and_close_medians() {
        let ratio = |value: f64| Spread::of([value, value]);
        assert_eq!(judge(Modes::Same(1), ratio(1.1)), Verdict::Met);
        assert_eq!(judge(Modes::Same(1), ratio(1.3)), Verdict::Missed);
        assert_eq!(judge(Modes::Different(1, 2), ratio(1.1)), Verdict::Missed);
        assert_eq!(judge(Modes::Mixed(1, 2), ratio(1.1)), Verdict::Inconclusive);
        assert_eq!(judge(Modes::Mixed(1, 2), ratio(2.0)), Verdict::Missed);
        assert_eq!(judge(Modes::Same(1), None), Verdict::Inconclusive);
    }

    #[test]
    fn a_side_that_failed_says_why() {
        let (fine, failed) = (Ok(vec![round(&[1.0])]), Err("went wrong".to_owned()));
        let [_, ours, theirs, ratio, goal] = line(&SETTINGS[1], &fine, &failed);
        assert_eq!(
            ours,
            "0: 0 %, 1: 100 %, 2: 0 %, 3+: 0 %\n中位数 · median 5.00 ms"
        );
        assert_eq!((theirs, &*ratio), (none("went wrong"), "—"));
        assert!(goal.ends_with("not conclusive"), "{goal}");
    }
}
