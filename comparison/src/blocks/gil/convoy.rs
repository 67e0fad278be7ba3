//! The convoy: how many switch intervals an answer takes.
//!
//! Each time the answering thread lets go of the lock for a call, it costs an interval to have it back,
//! or nothing if the call is over before the computing thread has woken. So times are not compared at
//! once but the distribution of intervals: what most trips take, the median, and the mean. Where one and
//! two intervals are about equally frequent, mode and median jump between them from run to run, on both
//! sides, and nothing can be said of them; the mean does not jump.

use std::ops::RangeInclusive;
use std::time::Duration;

use indicatif::ProgressBar;

use intervals::{Intervals, Modes, means, median, ratio};

use super::trips::{self, Place};
use super::{Line, ROUNDS, none};
use crate::blocks::{Verdict, times};
use crate::cores;
use crate::python::Python;
use crate::stats::{Spread, digits, time};

mod intervals; // how many intervals trips take, and how sure that is

struct Setting {
    label: &'static str,
    interval: Duration,
    /// Of each process.
    trips: usize,
    /// Whether the medians are to be close, too: with few trips they need not.
    close: bool,
}

const SETTINGS: [Setting; 3] = [
    Setting {
        label: "车队效应，切换间隔 0.5 ms\nconvoy, switch interval 0.5 ms",
        interval: Duration::from_micros(500),
        trips: 150,
        close: true,
    },
    Setting {
        label: "车队效应，切换间隔 5 ms\nconvoy, switch interval 5 ms",
        interval: Duration::from_millis(5),
        trips: 20,
        close: true,
    },
    Setting {
        label: "车队效应，切换间隔 50 ms\nconvoy, switch interval 50 ms",
        interval: Duration::from_millis(50),
        trips: 4,
        close: false,
    },
];

/// The medians, and the means, are within a quarter of each other.
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
    let python_side = python.map(|_| Vec::new()).map_err(str::to_owned);
    let mut sides: Vec<[Side; 2]> = vec![[Ok(Vec::new()), python_side]; SETTINGS.len()];
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
            let shares = Intervals::of(rounds.iter().flatten(), setting.interval).text();
            let median = median(rounds).map_or("—".to_owned(), |spread| time(spread.median));
            let mean = Spread::of(means(rounds, setting.interval));
            let mean = mean.map_or("—".to_owned(), |spread| digits(spread.median));
            format!("{shares}\n中位数 · median {median}, 平均 · mean {mean}")
        }
        Err(reason) => none(reason),
    };
    let goal = |mode, mean| {
        let bound = match setting.close {
            true => "同众数，中位数 ±25% · same mode, median ±25 %",
            false => "同众数 · same mode",
        };
        format!("{bound}: {mode}\n平均 ±25% · mean ±25 %: {mean}")
    };
    let mut line = [
        setting.label.to_owned(),
        cell(ours),
        cell(theirs),
        "—".to_owned(),
        goal(Verdict::Inconclusive, Verdict::Inconclusive),
    ];
    if let (Ok(ours), Ok(theirs)) = (ours, theirs) {
        let medians = ratio(ours, theirs);
        let modes = Modes::of(ours, theirs, setting.interval);
        let close = match setting.close {
            true => Verdict::of(medians, &CLOSE),
            false => Verdict::Met,
        };
        let [ours, theirs] = [ours, theirs].map(|rounds| means(rounds, setting.interval));
        let means = Spread::of_ratios(&ours, &theirs);
        let [medians_text, means_text] = [medians, means].map(times);
        let modes_text = modes.text();
        line[3] = format!("{medians_text}\n{modes_text}\n平均 · mean {means_text}");
        line[4] = goal(judge(modes, close), Verdict::of(means, &CLOSE));
    }
    line
}

fn judge(modes: Modes, close: Verdict) -> Verdict {
    match (modes, close) {
        (Modes::Different(..), _) | (_, Verdict::Missed) => Verdict::Missed,
        (Modes::Same(_), Verdict::Met) => Verdict::Met,
        _ => Verdict::Inconclusive,
    }
}

#[cfg(test)]
mod tests {
    use super::intervals::Mode;
    use super::*;

    const INTERVAL: Duration = Duration::from_millis(5);

    /// A round whose trips took so many intervals each.
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
        assert_eq!(intervals.text(), "0: 25 %, 1: 38 %, 2: 12 %, 3+: 25 %");
    }

    #[test]
    fn of_two_modes_the_lesser_counts_and_nothing_has_one_too() {
        assert_eq!(Intervals([0, 4, 4, 1]).mode(), 1);
        assert_eq!(Intervals([0; 4]).mode(), 0);
        assert_eq!(Intervals([0; 4]).text(), "0: 0 %, 1: 0 %, 2: 0 %, 3+: 0 %");
    }

    /// As many rounds as are measured, of ten trips each, so many of which took two intervals, and the
    /// others one.
    fn rounds(twos: [usize; 3]) -> Vec<Vec<f64>> {
        let of = |twos| round(&[vec![2.0; twos], vec![1.0; 10 - twos]].concat());
        vec![twos.map(of); ROUNDS / 3].concat()
    }

    #[test]
    fn modes_are_the_same_or_different_when_both_are_sure() {
        let modes = |ours, theirs| Modes::of(&rounds(ours), &rounds(theirs), INTERVAL);
        assert_eq!(modes([3, 3, 3], [0, 1, 4]), Modes::Same(1));
        assert_eq!(modes([3, 2, 3], [6, 9, 7]), Modes::Different(1, 2));
        let (one, two) = (Modes::Same(1), Modes::Different(1, 2));
        assert_eq!(one.text(), "众数相同 · same mode: 1");
        assert_eq!(two.text(), "众数不同 · modes differ: 1, 2");
        // In a third of the rounds two are as frequent.
        assert_eq!(modes([2, 3, 5], [3, 3, 3]), Modes::Same(1));
    }

    #[test]
    fn modes_are_undecided_when_rounds_disagree_however_many_trips_there_are() {
        // 136 trips of 240 take one interval: sure, if they had nothing to do with each other.
        let split = rounds([1, 3, 9]);
        let lead = Mode::of(&split, INTERVAL);
        let one = |sure| Mode { intervals: 1, sure };
        assert_eq!(lead, one(false));
        let modes = Modes::of(&rounds([3, 3, 3]), &split, INTERVAL);
        assert_eq!(modes, Modes::Undecided(one(true), one(false)));
        assert_eq!(modes.text(), "众数未定 · modes undecided: 1, 1?");
        // Both equally often, nothing at all, or too little to know its spread.
        assert!(!Mode::of(&rounds([5, 5, 5]), INTERVAL).sure);
        assert!(!Mode::of(&[], INTERVAL).sure);
        assert!(!Mode::of(&[round(&[1.0; 100])], INTERVAL).sure);
    }

    #[test]
    fn the_median_is_as_sure_as_rounds_agree() {
        let ratio = |ours, theirs| {
            let ratio = ratio(&rounds(ours), &rounds(theirs)).expect("there are trips");
            [ratio.lower, ratio.median, ratio.upper]
        };
        assert_eq!(ratio([3, 2, 3], [2, 3, 2]), [1.0, 1.0, 1.0]);
        assert_eq!(ratio([8, 9, 8], [2, 3, 2]), [2.0, 2.0, 2.0]);
        let trips = |few: f64| -> Vec<f64> { (1..=9).map(|n| few + f64::from(n)).collect() };
        let apart = [[0.0, 6.0, 3.0]; 4].concat().into_iter().map(trips);
        let apart: Vec<_> = apart.collect();
        let spread = median(&apart).expect("there are trips");
        assert_eq!(
            (spread.lower, spread.median, spread.upper),
            (6.0, 8.0, 10.0)
        );
        let ratio = super::ratio(&apart, &apart).expect("there are trips");
        assert_eq!((ratio.lower, ratio.upper), (6.0 / 10.0, 10.0 / 6.0));
        let alone = median(&[trips(0.0)]).expect("there are trips");
        assert_eq!((alone.lower, alone.median, alone.upper), (1.0, 5.0, 9.0));
        assert!(median(&[]).is_none());
    }

    #[test]
    fn the_goal_needs_the_same_mode_and_close_medians() {
        use Verdict::{Inconclusive, Met, Missed};
        let unsure = Mode {
            intervals: 1,
            sure: false,
        };
        let undecided = Modes::Undecided(unsure, unsure);
        assert_eq!(judge(Modes::Same(1), Met), Met);
        assert_eq!(judge(Modes::Same(1), Missed), Missed);
        assert_eq!(judge(Modes::Same(1), Inconclusive), Inconclusive);
        assert_eq!(judge(Modes::Different(1, 2), Met), Missed);
        assert_eq!(judge(undecided, Met), Inconclusive);
        assert_eq!(judge(undecided, Missed), Missed);
    }

    #[test]
    fn with_few_trips_the_mode_alone_is_judged() {
        let [short, _, long] = &SETTINGS;
        let slower = |setting: &Setting| {
            let times = |seconds: f64| Ok(vec![vec![seconds; 9]; ROUNDS]);
            let interval = setting.interval.as_secs_f64();
            let [.., goal] = line(setting, &times(1.4 * interval), &times(1.0 * interval));
            goal
        };
        let mode = |goal: String| goal.lines().next().expect("a line for the mode").to_owned();
        assert!(mode(slower(short)).ends_with(&Verdict::Missed.to_string()));
        assert_eq!(
            mode(slower(long)),
            format!("同众数 · same mode: {}", Verdict::Met)
        );
    }

    #[test]
    fn means_are_close_where_modes_and_medians_tell_nothing() {
        let [_, setting, _] = &SETTINGS;
        let side = |twos| Ok(rounds(twos));
        let says = |ours, theirs| {
            let [.., goal] = line(setting, &side(ours), &side(theirs));
            let verdicts = goal
                .lines()
                .map(|line| line.rsplit(": ").next().expect("some"));
            verdicts.map(str::to_owned).collect::<Vec<_>>()
        };
        let words = |verdicts: [Verdict; 2]| verdicts.map(|verdict| verdict.to_string());
        let (met, unsure) = (Verdict::Met, Verdict::Inconclusive);
        assert_eq!(says([5, 4, 6], [4, 6, 5]), words([unsure, met]));
        assert_eq!(says([9, 9, 9], [1, 1, 1])[1], Verdict::Missed.to_string());
        assert_eq!(means(&rounds([5, 0, 10]), INTERVAL)[..3], [1.5, 1.0, 2.0]);
    }

    #[test]
    fn a_side_that_failed_says_why() {
        let (fine, failed) = (Ok(vec![round(&[1.0])]), Err("went wrong".to_owned()));
        let [_, ours, theirs, ratio, goal] = line(&SETTINGS[1], &fine, &failed);
        assert_eq!(
            ours,
            "0: 0 %, 1: 100 %, 2: 0 %, 3+: 0 %\n中位数 · median 5.00 ms, 平均 · mean 1.00"
        );
        assert_eq!((theirs, &*ratio), (none("went wrong"), "—"));
        assert!(goal.ends_with("not conclusive"), "{goal}");
    }
}
