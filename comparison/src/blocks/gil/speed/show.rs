//! The rounds as lines of the table, and what they allow to say of the goals.

use std::ops::RangeInclusive;

use super::{Beside, Ours, Took};
use crate::blocks::gil::{Line, bracketed, none};
use crate::blocks::{Verdict, times};
use crate::machine;
use crate::stats::{Spread, TIMES, Unit, digits, unit_of_time};
use crate::table::{TRUSTED, UNDISTURBED};

/// A row whose figure is how much faster two threads are than one.
struct SpeedUp {
    label: &'static str,
    one: fn(&Ours) -> Took,
    two: fn(&Ours) -> Took,
    lock: bool,
    goal: RangeInclusive<f64>,
    bound: &'static str,
}

const LOCKED: SpeedUp = SpeedUp {
    label: "CPU 密集，两个线程，有锁\n2 CPU-bound threads under the lock, over one",
    one: |round| round.one,
    two: |round| round.two,
    lock: true,
    goal: 0.0..=1.05,
    bound: "≤ 1.05×",
};

const FREE: SpeedUp = SpeedUp {
    label: "CPU 密集，两个线程，无锁\n2 CPU-bound threads without it, over one",
    one: |round| round.free_one,
    two: |round| round.free_two,
    lock: false,
    goal: 1.7..=f64::INFINITY,
    bound: "≥ 1.7×",
};

/// The machine's turn costs no more than CPython's.
const TURN: RangeInclusive<f64> = 0.0..=1.0;

pub(super) fn lines(
    ours: Result<Vec<Ours>, String>,
    beside: Result<Vec<Beside>, String>,
) -> [Line; 3] {
    // Without rounds there are no values, and the reason stands where they would.
    let (ours, no_ours) = split(ours);
    let (beside, no_beside) = split(beside);
    let walls =
        |of: fn(&Ours) -> Took| -> Vec<f64> { ours.iter().map(|round| of(round).wall).collect() };
    let (one, again) = (walls(|round| round.one), walls(|round| round.again));
    let noise = Spread::of_ratios(&again, &one);
    let noise_shown = format!("A/A {}", times(noise));
    let cell = |values: &[f64], unit: fn(f64) -> Unit, missing: &Option<String>| match missing {
        Some(reason) => none(reason),
        None => bracketed(values, unit),
    };

    let speed_up = |row: &SpeedUp| {
        let pairs = walls(row.one).into_iter().zip(walls(row.two));
        let values: Vec<f64> = pairs.map(|(one, two)| one / two).collect();
        // A build of CPython without the lock stands beside ours without it.
        let alike = beside.iter().filter(|round| round.gil == row.lock);
        let theirs: Vec<f64> = alike.map(|round| round.one / round.two).collect();
        let verdict = match distrust(row, noise, &ours) {
            Some(reason) => format!("{}: {reason}", Verdict::Inconclusive),
            None => Verdict::of(Spread::of(values.iter().copied()), &row.goal).to_string(),
        };
        [
            row.label.to_owned(),
            cell(&values, |_| TIMES, &no_ours),
            cell(&theirs, |_| TIMES, &no_beside),
            noise_shown.clone(),
            format!("{}: {verdict}", row.bound),
        ]
    };

    let mine: Vec<f64> = ours.iter().map(|r| r.one.wall / (2.0 * r.turns)).collect();
    let theirs: Vec<f64> = beside.iter().map(|r| r.one / (2.0 * r.turns)).collect();
    let ratio = Spread::of_ratios(&mine, &theirs);
    let verdict = match noisy(noise) {
        Some(reason) => format!("{}: {reason}", Verdict::Inconclusive),
        None => Verdict::of(ratio, &TURN).to_string(),
    };
    let turn = [
        "字节码循环，每次迭代\nbytecode loop `count < n: count += 1`, a turn".to_owned(),
        cell(&mine, unit_of_time, &no_ours),
        cell(&theirs, unit_of_time, &no_beside),
        format!("{}\n{noise_shown}", times(ratio)),
        format!("≤ 1.00×: {verdict}"),
    ];
    [speed_up(&LOCKED), speed_up(&FREE), turn]
}

fn split<T>(rounds: Result<Vec<T>, String>) -> (Vec<T>, Option<String>) {
    match rounds {
        Ok(rounds) => (rounds, None),
        Err(reason) => (Vec::new(), Some(reason)),
    }
}

/// Why a speed-up measured on this machine, at this time, would say too much: or too little, since to
/// be no faster is a goal here, and a machine whose other core is busy meets it without any lock.
fn distrust(row: &SpeedUp, noise: Option<Spread>, rounds: &[Ours]) -> Option<String> {
    if machine::cores() < 2 {
        return Some("只有一个核 · one core".to_owned());
    }
    if let Some(reason) = noisy(noise) {
        return Some(reason);
    }
    let busy = |of: fn(&Ours) -> Took, cores: f64| {
        let shares = rounds
            .iter()
            .map(of)
            .filter_map(|took| Some(took.cpu? / took.wall / cores));
        let share = Spread::of(shares)?.median;
        let percent = digits(100.0 * share);
        let reason = || format!("机器繁忙 · busy: {percent} % of {cores} cores");
        (share < UNDISTURBED).then(reason)
    };
    // Both cores were there to be had if two threads without the lock have had them.
    busy(row.one, 1.0).or_else(|| busy(FREE.two, 2.0))
}

/// Whether one thread differs from itself. As for every ratio here it is the median that is judged: a
/// single disturbed round is in the spread of all of them, and does not decide.
fn noisy(noise: Option<Spread>) -> Option<String> {
    let noise = noise?;
    let trusted = TRUSTED.contains(&noise.lower) && TRUSTED.contains(&noise.upper);
    (!trusted).then(|| format!("A/A {}–{}", digits(noise.lower), digits(noise.upper)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blocks::gil::ROUNDS;

    fn rounds(again: f64, two: f64, free_cpu: f64) -> Vec<Ours> {
        let took = |wall| Took {
            wall,
            cpu: Some(wall),
        };
        let round = |_| Ours {
            turns: 1e6,
            one: took(0.5),
            again: took(again),
            two: took(two),
            free_one: took(0.5),
            free_two: Took {
                wall: 0.26,
                cpu: Some(free_cpu),
            },
        };
        (0..ROUNDS).map(round).collect()
    }

    fn goals(ours: Vec<Ours>) -> [String; 3] {
        lines(Ok(ours), Err("--no-python".to_owned())).map(|[.., goal]| goal)
    }

    fn says(goal: &str, verdict: Verdict) {
        assert!(goal.contains(&verdict.to_string()), "{goal}");
    }

    #[test]
    fn a_quiet_machine_gives_verdicts() {
        let [locked, free, turn] = goals(rounds(0.5, 0.51, 0.52));
        if machine::cores() < 2 {
            says(&locked, Verdict::Inconclusive);
            says(&free, Verdict::Inconclusive);
        } else {
            says(&locked, Verdict::Met);
            says(&free, Verdict::Met);
            says(&goals(rounds(0.5, 0.4, 0.52))[0], Verdict::Missed);
        }
        says(&turn, Verdict::Inconclusive); // there is nothing beside
    }

    #[test]
    fn a_noisy_or_busy_machine_gives_none() {
        for [locked, free, _] in [
            goals(rounds(0.7, 0.51, 0.52)),
            goals(rounds(0.5, 0.51, 0.4)),
        ] {
            says(&locked, Verdict::Inconclusive);
            says(&free, Verdict::Inconclusive);
        }
    }

    #[test]
    fn a_build_without_the_lock_stands_beside_ours_without_it() {
        let beside = |gil| {
            let round = || Beside {
                gil,
                turns: 1e6,
                one: 0.9,
                two: 0.5,
            };
            let lines = lines(Ok(rounds(0.5, 0.51, 0.52)), Ok(vec![round(), round()]));
            lines.map(|[_, _, theirs, ..]| theirs)
        };
        let [locked, free, turn] = beside(false);
        assert_eq!((&*locked, &*free), ("—", "1.80× [1.80–1.80]"));
        assert_eq!(turn, "450 ns [450–450]");
        let [locked, free, _] = beside(true);
        assert_eq!((&*locked, &*free), ("1.80× [1.80–1.80]", "—"));
    }

    #[test]
    fn why_there_is_no_figure_stands_in_its_place() {
        let lines = lines(Err("no threads".to_owned()), Err("--no-python".to_owned()));
        for [_, ours, theirs, _, goal] in lines {
            assert!(ours.ends_with("none: no threads"), "{ours}");
            assert!(theirs.ends_with("none: --no-python"), "{theirs}");
            says(&goal, Verdict::Inconclusive);
        }
    }
}
