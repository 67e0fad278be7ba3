//! The table: what each model costs and gains, measured here and now.
//!
//! Every figure comes from a process of its own; in each round all columns of a row are measured in
//! turn, so that what slows the machine for a while slows them alike, and ratios are taken within a
//! round. The sequential column is measured twice a round: how far those two differ shows how far the
//! machine can be trusted with a ratio.

use std::io::{self, IsTerminal};
use std::time::Duration;

use comfy_table::Table;
use indicatif::{ProgressBar, ProgressStyle};

use crate::child;
use crate::machine;
use crate::models::{self, Model, ROWS, Row, Sample};
use crate::python::Python;
use crate::stats::{KIB, Spread, TIMES, digits, time, unit_of_time};

/// How often everything is measured.
const ROUNDS: usize = 5;

/// For how long one measurement may run.
const DEADLINE: Duration = Duration::from_secs(60);

/// Two runs of the same must not differ by more for a ratio to be worth showing.
pub(crate) const TRUSTED: std::ops::RangeInclusive<f64> = 0.8..=1.25;

/// The least share of a core that the sequential job must have had.
pub(crate) const UNDISTURBED: f64 = 0.9;

/// A column: a model in Rust or in CPython.
struct Column<'a> {
    model: &'a Model,
    python: Option<&'a Python>,
}

/// The measurements of a cell, or why there are none.
type Cell = Result<Vec<Sample>, String>;

/// Measures and prints the table; whether every row was sound.
///
/// `python` is the interpreter to measure beside, or why there is none.
pub fn print(python: Result<&Python, &str>) -> io::Result<bool> {
    use io::Write;

    let mut columns: Vec<Column> = Vec::new();
    for python in [None, python.ok()] {
        if columns.is_empty() || python.is_some() {
            columns.extend(models::ALL.iter().map(|model| Column { model, python }));
        }
    }

    let bar = progress(ROWS.len() * ROUNDS);
    let mut table = Table::new();
    table.load_style(comfy_table::presets::UTF8_FULL);
    table.set_content_arrangement(comfy_table::ContentArrangement::Dynamic);
    table.set_header(header(&columns));
    let mut sound = true;
    for &row in ROWS {
        let (cells, twins) = measure(row, &columns, &bar);
        let answers_agree = agree(&cells);
        sound &= answers_agree && cells.iter().flatten().all(Result::is_ok);
        let mut line = vec![label(row)];
        for (column, cell) in cells.iter().enumerate() {
            line.push(match cell {
                None => "—".to_owned(),
                Some(Err(reason)) => format!("无 · none: {reason}"),
                Some(Ok(_)) if !answers_agree => "结果不一致 · wrong answer".to_owned(),
                Some(Ok(samples)) => figure(row, samples, &cells, &twins, &columns[column]),
            });
        }
        table.add_row(line);
    }
    bar.finish_and_clear();

    let mut out = io::stdout().lock();
    writeln!(out, "\n性能对比表格 · the models compared")?;
    writeln!(out, "{}", machine::description())?;
    match python {
        Ok(python) => writeln!(out, "{}", python.description)?,
        Err(reason) => writeln!(out, "没有 CPython 列 · no CPython columns: {reason}")?,
    }
    if let Some(warning) = machine::debug_warning() {
        writeln!(out, "{warning}")?;
    }
    writeln!(out, "{table}")?;
    writeln!(
        out,
        "每格 {ROUNDS} 轮的中位数，每次测量独占一个进程，各列轮流；方括号内为最小–最大。\n\
         ×: 相对同语言顺序执行的加速比。\n\
         Medians of {ROUNDS} rounds, each measurement in a process of its own, the columns\n\
         in turn; least–greatest in brackets. ×: the speed-up over the sequential column\n\
         of the same language."
    )?;
    Ok(sound)
}

/// The cells of a row, `None` where a model has no such measurement, and for each language the
/// second measurement of the sequential column.
fn measure(row: Row, columns: &[Column], bar: &ProgressBar) -> (Vec<Option<Cell>>, Vec<Twin>) {
    let has = |column: &Column| (column.model.measure)(row).is_some();
    let mut cells: Vec<Option<Cell>> = columns
        .iter()
        .map(|column| has(column).then(|| Ok(Vec::new())))
        .collect();
    let mut twins = Vec::new();
    for column in columns
        .iter()
        .filter(|column| is_base(column) && has(column))
    {
        twins.push(Twin {
            python: column.python.is_some(),
            samples: Vec::new(),
        });
    }
    for _ in 0..ROUNDS {
        bar.set_message(label(row).replace('\n', " "));
        for (column, cell) in columns.iter().zip(&mut cells) {
            let Some(Ok(samples)) = cell else { continue };
            match sample(row, column) {
                Ok(sample) => samples.push(sample),
                Err(reason) => *cell = Some(Err(reason)),
            }
        }
        for column in columns.iter().filter(|column| is_base(column)) {
            let python = column.python.is_some();
            if let Some(twin) = twins.iter_mut().find(|twin| twin.python == python) {
                twin.samples.extend(sample(row, column));
            }
        }
        bar.inc(1);
    }
    (cells, twins)
}

/// The sequential column once more.
struct Twin {
    python: bool,
    samples: Vec<Sample>,
}

fn is_base(column: &Column) -> bool {
    column.model.name == models::ALL[0].name
}

fn sample(row: Row, column: &Column) -> Result<Sample, String> {
    let output = match column.python {
        Some(python) => python.run(program(row), &[column.model.name])?,
        None => {
            let command = child::measurement(row.name(), column.model.name);
            let ended = command
                .and_then(|command| child::run(command, "", DEADLINE))
                .map_err(|error| format!("cannot start: {error}"))?;
            ended.output(DEADLINE)?
        }
    };
    serde_json::from_str(&output).map_err(|error| format!("not a measurement: {error}"))
}

/// The Python side of a row.
fn program(row: Row) -> &'static str {
    match row {
        Row::CpuBound => include_str!("../../scripts/python/cpu_bound.py"),
        Row::IoBound => include_str!("../../scripts/python/io_bound.py"),
        Row::Creation => include_str!("../../scripts/python/creation.py"),
        Row::Memory => include_str!("../../scripts/python/memory.py"),
    }
}

/// Whether every measurement of the row came to the same answer.
fn agree(cells: &[Option<Cell>]) -> bool {
    let mut samples = cells.iter().flatten().flatten().flatten();
    let first = samples.next();
    samples.all(|sample| Some(sample.answer) == first.map(|first| first.answer))
}

fn figure(
    row: Row,
    samples: &[Sample],
    cells: &[Option<Cell>],
    twins: &[Twin],
    column: &Column,
) -> String {
    let values = values(samples);
    let Some(spread) = Spread::of(values.iter().copied()) else {
        return "无 · none".to_owned();
    };
    let unit = match row {
        Row::Memory => KIB,
        _ => unit_of_time(spread.median),
    };
    let mut text = spread.show(unit);
    if is_base(column) {
        return text;
    }
    let twin = twins
        .iter()
        .find(|twin| twin.python == column.python.is_some());
    let base = cells.get(if column.python.is_some() {
        models::ALL.len()
    } else {
        0
    });
    if let (Some(twin), Some(Some(Ok(base)))) = (twin, base) {
        text += "\n";
        text += &match distrust(row, base, twin, samples) {
            Some(reason) => format!("无定论 · not conclusive: {reason}"),
            None => speed_up(&self::values(base), &values),
        };
    }
    text
}

fn speed_up(base: &[f64], values: &[f64]) -> String {
    let ratio = Spread::of_ratios(base, values);
    ratio.map_or("无 · none".to_owned(), |ratio| ratio.show(TIMES))
}

/// Why a ratio measured on this machine, at this time, would claim too much.
fn distrust(row: Row, base: &[Sample], twin: &Twin, samples: &[Sample]) -> Option<String> {
    if row == Row::CpuBound && machine::cores() < 2 {
        return Some("只有一个核 · one core".to_owned());
    }
    let noise = Spread::of_ratios(&values(base), &values(&twin.samples))?;
    if !TRUSTED.contains(&noise.low) || !TRUSTED.contains(&noise.high) {
        let (low, high) = (digits(noise.low), digits(noise.high));
        return Some(format!("A/A {low}–{high}"));
    }
    if row == Row::CpuBound {
        let share = Spread::of(base.iter().filter_map(|base| Some(base.cpu? / base.value)))?;
        if share.median < UNDISTURBED {
            let percent = digits(share.median * 100.0);
            return Some(format!("机器繁忙 · busy: {percent} % of a core"));
        }
        // The same work needs the same CPU time, or more: less means that it ran on a faster core.
        let cpu = |samples: &[Sample]| Spread::of(samples.iter().filter_map(|sample| sample.cpu));
        let (ours, base) = (cpu(samples)?.median, cpu(base)?.median);
        if ours / base < *TRUSTED.start() {
            let (ours, base) = (time(ours), time(base));
            return Some(format!(
                "CPU 时间不符 · CPU time {ours}, {base} sequentially"
            ));
        }
    }
    None
}

fn values(samples: &[Sample]) -> Vec<f64> {
    samples.iter().map(|sample| sample.value).collect()
}

fn label(row: Row) -> String {
    use models::{TASKS, TERMS, WAIT, WAITS};

    match row {
        Row::CpuBound => format!("CPU 密集 · CPU-bound\n{TASKS} × Σ i², i < {TERMS}"),
        Row::IoBound => format!("IO 密集 · I/O-bound\n{WAITS} × {WAIT:?}"),
        Row::Creation => "创建开销 · creation\ncreate + join".to_owned(),
        Row::Memory => "内存开销 · memory\nper idle unit".to_owned(),
    }
}

fn header(columns: &[Column]) -> Vec<String> {
    let mut header = vec!["维度 · row".to_owned()];
    for column in columns {
        let language = if column.python.is_some() {
            "CPython"
        } else {
            "Rust"
        };
        header.push(format!("{}\n{language}", column.model.label));
    }
    header
}

pub(crate) fn progress(steps: usize) -> ProgressBar {
    let bar = ProgressBar::new(steps as u64);
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {elapsed} (~{eta}) {msg}")
        .expect("the template is right");
    bar.set_style(style);
    if io::stderr().is_terminal() {
        bar.enable_steady_tick(Duration::from_millis(200));
    }
    bar
}
