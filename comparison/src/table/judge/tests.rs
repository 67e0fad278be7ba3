//! Judged with recorded samples: what depends on the machine must not depend on this one.

use super::*;
use crate::models;
use crate::report::{Finding, Label};
use crate::rows;
use crate::table::words;

/// A quiet run of the CPU-bound job on two cores: (model, language, seconds).
const QUIET_RUN: [(&str, Language, f64); 6] = [
    ("sequential", Language::Rust, 1.0),
    ("threads", Language::Rust, 0.51),
    ("processes", Language::Rust, 0.52),
    ("sequential", Language::Cpython, 40.0),
    ("threads", Language::Cpython, 41.0),
    ("processes", Language::Cpython, 21.0),
];

/// A little noise, the same in every run, of its own for each seed.
fn samples(seconds: f64, share: f64, seed: u32) -> Vec<Sample> {
    let noisy = |round: u32| 1.0 + f64::from((round * 7 + seed * 5) % 11) / 1000.0;
    let sample = |round| Sample {
        value: seconds * noisy(round),
        wall: Some(seconds * noisy(round)),
        cpu: Some(seconds * share),
        voluntary: Some(3),
        involuntary: Some(40),
        answer: 7,
        ..Sample::default()
    };
    (0..5).map(sample).collect()
}

fn taken(runs: &[(&str, Language, f64)], cores: f64) -> Taken {
    let column = |(seed, &(model, language, seconds)): (u32, &(&str, Language, f64))| {
        // What runs in parallel has the CPU time of both cores.
        let base = if language == Language::Rust {
            1.0
        } else {
            40.0
        };
        Column {
            model: models::named(model).expect(model),
            language,
            command: String::new(),
            samples: Samples::Taken(samples(seconds, base / seconds, seed)),
        }
    };
    let columns: Vec<Column> = (0..).zip(runs).map(column).collect();
    let twins = [0, 3].map(|index| (index, samples(runs[index].2, 1.0, 9)));
    Taken {
        measure: Measure::CpuJob,
        columns,
        twins: twins.into(),
        rounds: 5,
        others: Some(0.02),
        cores,
    }
}

fn report(taken: &Taken) -> MeasureReport {
    let row = &rows::choose(&["suited".to_owned()]).expect("a row")[0];
    taken.report(&row.lines[0], Label::new("", ""), true)
}

fn cell<'a>(report: &'a MeasureReport, model: &str, language: Language) -> &'a Cell {
    let mut cells = report.cells.iter();
    let cell = cells.find(|cell| cell.model == model && cell.language == language);
    cell.expect("a cell")
}

#[test]
fn a_quiet_machine_lets_claims_be_made() {
    let report = report(&taken(&QUIET_RUN, 2.0));
    let threads = cell(&report, "threads", Language::Rust);
    let speed_up = threads.speed_up.as_ref().expect("a speed-up");
    assert_eq!(speed_up.verdict, Verdict::Better);
    assert!(speed_up.low > 1.9 && speed_up.high < 2.0, "{speed_up:?}");
    let ratio = threads.ratio.as_ref().expect("CPython is there");
    assert!(ratio.value > 79.0 && ratio.value < 82.0, "{ratio:?}");
    let theirs = cell(&report, "threads", Language::Cpython);
    let speed_up = theirs.speed_up.as_ref().expect("a speed-up");
    assert_eq!(speed_up.verdict, Verdict::Worse, "{speed_up:?}");
    assert_eq!(report.twins.len(), 2);
    assert!(
        report
            .twins
            .iter()
            .all(|twin| twin.ratio.verdict == Verdict::NoDifference)
    );
}

#[test]
fn what_is_hardly_better_is_as_good() {
    let report = report(&taken(&QUIET_RUN, 2.0));
    let best = |language| {
        let cells = report
            .cells
            .iter()
            .filter(|cell| cell.best && cell.language == language);
        cells.map(|cell| cell.model.as_str()).collect::<Vec<_>>()
    };
    assert_eq!(best(Language::Rust), ["threads", "processes"]);
    assert_eq!(best(Language::Cpython), ["processes"]);
}

/// The machine with two busy loops beside: the job gets half of a core, and others keep the rest busy.
#[test]
fn two_busy_loops_leave_no_claim() {
    let mut taken = taken(&QUIET_RUN, 2.0);
    taken.others = Some(1.1);
    let report = report(&taken);
    for cell in &report.cells {
        let Outcome::NotConclusive { reason, figures } = &cell.outcome else {
            panic!("{cell:?}");
        };
        assert!(reason.contains("others 1.10 / 2.00 cores"), "{reason}");
        assert!(figures.counts.text.contains("⇄ 3+40"), "{figures:?}");
        assert_eq!(cell.text[0], figures::NOT_CONCLUSIVE);
        let ratios = [&cell.speed_up, &cell.ratio];
        assert!(
            ratios
                .into_iter()
                .flatten()
                .all(|ratio| ratio.verdict == Verdict::NotConclusive)
        );
        assert!(!cell.best);
    }
}

#[test]
fn a_base_without_its_share_of_a_core_leaves_no_claim() {
    let mut taken = taken(&QUIET_RUN, 2.0);
    taken.others = None; // a system that does not tell
    taken.columns[0].samples = Samples::Taken(samples(1.0, 0.6, 1));
    let report = report(&taken);
    let outcome = |language| &cell(&report, "threads", language).outcome;
    assert!(matches!(
        outcome(Language::Rust),
        Outcome::NotConclusive { .. }
    ));
    assert!(matches!(
        outcome(Language::Cpython),
        Outcome::Measured { .. }
    ));
}

#[test]
fn twins_that_differ_leave_no_claim() {
    let mut taken = taken(&QUIET_RUN, 2.0);
    taken.twins[1].1 = samples(60.0, 1.0, 2);
    let report = report(&taken);
    let outcome = |language| &cell(&report, "processes", language).outcome;
    assert!(matches!(
        outcome(Language::Cpython),
        Outcome::NotConclusive { .. }
    ));
    assert!(matches!(outcome(Language::Rust), Outcome::Measured { .. }));
}

#[test]
fn one_core_has_no_speed_up_but_a_time() {
    let report = report(&taken(&QUIET_RUN, 1.0));
    let threads = cell(&report, "threads", Language::Rust);
    assert!(matches!(threads.outcome, Outcome::Measured { .. }));
    let speed_up = threads.speed_up.as_ref().expect("it says why not");
    assert_eq!(speed_up.verdict, Verdict::NotConclusive);
    assert!(
        speed_up
            .reason
            .as_deref()
            .is_some_and(|reason| reason.contains("one core"))
    );
}

/// GD-03.
#[test]
fn a_wrong_answer_fails_the_row() {
    let mut taken = taken(&QUIET_RUN, 2.0);
    if let Samples::Taken(samples) = &mut taken.columns[4].samples {
        samples[3].answer = 8;
    }
    for cell in report(&taken).cells {
        let Outcome::Failed { reason } = &cell.outcome else {
            panic!("{cell:?}");
        };
        assert!(
            reason.contains("CPython threads 8, Rust sequential 7"),
            "{reason}"
        );
        assert_eq!((cell.speed_up, cell.ratio), (None, None));
    }
}

#[test]
fn one_that_failed_leaves_the_others() {
    let mut taken = taken(&QUIET_RUN, 2.0);
    taken.columns[3].samples = Samples::Failed("signal: 9 (SIGKILL)".to_owned());
    taken.twins.remove(1);
    let report = report(&taken);
    let base = cell(&report, "sequential", Language::Cpython);
    assert_eq!(base.text, ["失败 · failed: signal: 9 (SIGKILL)"]);
    let theirs = cell(&report, "processes", Language::Cpython);
    assert!(matches!(theirs.outcome, Outcome::Measured { .. }));
    assert_eq!(theirs.speed_up, None, "there is no base");
}

#[test]
fn the_words_follow_the_figures() {
    let mut runs: Vec<_> = QUIET_RUN.to_vec();
    runs.push(("tasks", Language::Rust, 1.0));
    runs.push(("tasks", Language::Cpython, 40.5));
    let findings = |taken: &Taken| {
        let advice = words::of(&report(taken));
        advice
            .into_iter()
            .map(|advice| (advice.language, advice.finding))
            .collect::<Vec<_>>()
    };
    let mut taken = taken(&runs, 2.0);
    let (rust, cpython) = (Language::Rust, Language::Cpython);
    assert_eq!(
        findings(&taken),
        [(rust, Finding::Shared), (cpython, Finding::Confirmed)]
    );
    taken.columns[5].samples = Samples::Taken(samples(60.0, 40.0 / 60.0, 3));
    assert_eq!(findings(&taken)[1], (cpython, Finding::Contradicted));
    taken.others = Some(1.0);
    assert_eq!(
        findings(&taken),
        [(rust, Finding::Open), (cpython, Finding::Open)]
    );
}
