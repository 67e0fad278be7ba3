//! The table: what each model costs and gains, measured here and now.
//!
//! Every cell is measured in a process of its own. In each round all columns of a measure are measured in turn,
//! so that what slows the machine for a while slows them alike, and ratios are taken within a round. The first
//! column of each language is measured twice a round: how far those two differ shows how far the
//! machine can be trusted with a ratio.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use crate::machine;
use crate::measures::{self, Effort, Measure};
use crate::python::Python;
use crate::report::{self, Label, Outcome, PythonReport, Report, Settings};
use crate::rows::{self, Row};
use crate::timeline;

mod columns; //  what is measured, beside what
mod interval; // a ratio and how well it is known
mod judge; //    from samples to cells
mod outputs; //  files
mod progress; // how far it has come
mod rounds; //   all in turn
mod self_test; // A against A, a hundred times
mod sources; //  processes that measure
mod words; //    what the document recommends

pub use interval::Interval;
pub use judge::{Column, Samples, TRUSTED, Taken, UNDISTURBED};
pub use outputs::{Form, Outputs};
pub use self_test::self_test;

use columns::Columns;
use progress::Progress;
use rounds::Plan;
use sources::Hung;

/// What to measure, and how.
pub struct Options {
    /// How much.
    pub effort: Effort,
    /// Which rows.
    pub rows: Vec<&'static Row>,
    /// For how long one sample may take.
    pub deadline: Duration,
}

/// Measures, prints the table, writes the files; whether every row was sound and every file was written.
///
/// `python` is the interpreter to measure beside, or why there is none.
///
/// # Errors
///
/// Only when standard output cannot be written. The files are written all the same.
pub fn run(options: &Options, python: Result<&Python, &str>, outputs: Outputs) -> io::Result<bool> {
    let mut report = measure(options, python);
    if options.rows.len() == rows::ALL.len() {
        let (timelines, faults) = timeline::take(python.ok(), options.deadline);
        report.timelines = timelines;
        report.notes.extend(faults);
    }
    let mut out = io::stdout().lock();
    let text = report::text::written(&report);
    let printed = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    let written = outputs.write(&report);
    printed?;
    Ok(written && report.rows.iter().all(|row| row.sound))
}

/// Measures what the options say.
pub fn measure(options: &Options, python: Result<&Python, &str>) -> Report {
    let found = match python {
        Ok(python) => python.report(),
        Err(why) => PythonReport::None {
            why: why.to_owned(),
        },
    };
    let (date, machine, fitness) = (machine::now(), machine::report(found), machine::fitness());
    let cores = machine.cores;
    // Half of the columns fall away without it.
    let share = if python.is_ok() { 1.0 } else { 0.6 };
    let [budget, limit] = [options.effort.budget(), options.effort.limit()].map(|all| all * share);

    let shown = |measure: &&Measure| {
        let mut lines = options.rows.iter().flat_map(|row| row.lines);
        lines.any(|line| line.measure == **measure)
    };
    let wanted: Vec<Measure> = measures::ALL.iter().filter(shown).copied().collect();
    let progress = Progress::new(wanted.len());
    let begin = Instant::now();
    let all: f64 = wanted.iter().map(|measure| measure.share()).sum();
    let mut shares = all; // of those that are still to come
    let (rust, cpython) = (Hung::default(), Hung::default());
    let mut taken = Vec::new();
    for (step, &measure) in wanted.iter().enumerate() {
        let now = Instant::now();
        let part = measure.share() / shares;
        // As slow as so far.
        let expected = match all - shares {
            0.0 => begin + Duration::from_secs_f64(budget),
            done => now + (now - begin).mul_f64(shares / done),
        };
        shares -= measure.share();
        // Its part of what is left of them.
        let by = |seconds: f64| {
            let left = Duration::from_secs_f64(seconds).saturating_sub(now - begin);
            now + left.mul_f64(part)
        };
        let (least, most) = measure.rounds(options.effort);
        let plan = Plan {
            least,
            most,
            until: by(budget),
            latest: by(limit),
        };
        let mut table = Columns::new(measure, options, python.ok(), [&rust, &cpython]);
        let tell = |round| progress.round(step, measure.name(), round, most, expected);
        taken.push(table.take(&plan, cores, tell));
    }
    progress.end();

    let rows = options
        .rows
        .iter()
        .map(|row| row_report(row, &taken, options.effort));
    let rows: Vec<_> = rows.collect();
    let suited = rows.iter().filter(|row| row.id == "suited");
    let advice = suited
        .flat_map(|row| &row.measures)
        .flat_map(words::of)
        .collect();
    Report {
        schema: report::SCHEMA.to_owned(),
        version: report::VERSION,
        date,
        machine,
        settings: Settings {
            effort: options.effort.name().to_owned(),
            budget,
            deadline: options.deadline.as_secs_f64(),
            level: interval::LEVEL,
        },
        fitness,
        rows,
        advice,
        timelines: Vec::new(),
        notes: machine::debug_warning()
            .map(str::to_owned)
            .into_iter()
            .collect(),
    }
}

fn row_report(row: &Row, taken: &[Taken], effort: Effort) -> report::RowReport {
    let mut report = row.report();
    for line in row.lines {
        if let Some(taken) = taken.iter().find(|taken| taken.measure == line.measure) {
            let what: Label = line.measure.what(effort);
            report
                .measures
                .push(taken.report(line, what, row.name == "suited"));
        }
    }
    let mut cells = report.measures.iter().flat_map(|measure| &measure.cells);
    report.sound = !cells.any(|cell| matches!(cell.outcome, Outcome::Failed { .. }));
    report
}
