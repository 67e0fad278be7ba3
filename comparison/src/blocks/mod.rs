//! Our blocks against what a user would otherwise pick, in the same process and in turn.
//!
//! A group of rows joins with its file and its line in `all`.

use std::hint::black_box;
use std::io::{self, Write};
use std::time::Instant;

use comfy_table::Table;

use crate::machine;
use crate::python::Python;
use crate::stats::{Spread, digits, time};

mod threading;

/// What one call of a contender does a number of times.
type Work = fn(times: u64);

/// A block, its rivals, and how close it should come.
#[derive(Clone, Copy)]
pub struct Row {
    /// Its name on the command line.
    pub name: &'static str,
    /// What is done, in both languages.
    label: &'static str,
    /// How often in a round: the fewer, the closer in time stand what is compared.
    times: u64,
    rounds: usize,
    ours: Work,
    /// What a user would otherwise pick: the ratio is taken to the first. The others stand beside.
    rivals: &'static [(&'static str, Work)],
    /// The most that ours may cost, as a multiple of the first rival.
    goal: f64,
}

/// Every row.
fn all() -> Vec<Row> {
    [threading::ROWS].concat()
}

/// The rows of these names; all where no name is given.
///
/// # Errors
///
/// What to say of a name that is not there.
pub fn choose(names: &[String]) -> Result<Vec<Row>, String> {
    let every = all();
    if names.is_empty() {
        return Ok(every);
    }
    let find = |name: &String| every.iter().copied().find(|row| row.name == name);
    let known = || {
        every
            .iter()
            .map(|row| row.name)
            .collect::<Vec<_>>()
            .join(" ")
    };
    let missing = |name: &String| format!("no row is named '{name}'; there are: {}", known());
    names
        .iter()
        .map(|name| find(name).ok_or_else(|| missing(name)))
        .collect()
}

/// Measures the rows and prints them.
///
/// # Errors
///
/// Only when standard output cannot be written.
pub fn print(rows: &[Row], python: Result<&Python, &str>) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "积木与同类 · blocks and their rivals")?;
    writeln!(out, "{}", machine::description())?;
    let beside = python.map_err(str::to_owned).and_then(threading::beside);
    match (python, &beside) {
        (Ok(python), Ok(_)) => writeln!(out, "{}", python.description)?,
        (_, Err(reason)) => writeln!(out, "没有 CPython 列 · no CPython column: {reason}")?,
        (Err(_), Ok(_)) => unreachable!("without a Python there is nothing beside"),
    }
    if let Some(warning) = machine::debug_warning() {
        writeln!(out, "{warning}")?;
    }
    let mut table = Table::new();
    table.load_style(comfy_table::presets::UTF8_FULL);
    table.set_content_arrangement(comfy_table::ContentArrangement::Dynamic);
    table.set_header([
        "积木 · block",
        "本项目 · ours",
        "同类 · rivals",
        "比值 · ratio to the first",
        "目标 · goal",
        "CPython",
    ]);
    for row in rows {
        let seconds = beside.as_ref().ok().and_then(|beside| beside.get(row.name));
        table.add_row(measure(row, seconds.copied()));
    }
    writeln!(out, "{table}")?;
    writeln!(
        out,
        "各方轮流测量，时间为各轮的中位数；比值逐轮计算，方括号内为其中位数的 95% 置信区间；\n\
         A/A 为第一同类与自身之比，即噪声。\n\
         The contenders in turn, times are medians of the rounds; ratios are taken in each\n\
         round, with the 95 % confidence interval of their median in brackets; A/A is the\n\
         first rival against itself, the noise."
    )
}

fn measure(row: &Row, python: Option<f64>) -> Vec<String> {
    let seconds = |work: Work| {
        let begin = Instant::now();
        work(black_box(row.times));
        begin.elapsed().as_secs_f64() / row.times as f64
    };
    let (mut ours, mut again) = (Vec::new(), Vec::new());
    let mut rivals = vec![Vec::new(); row.rivals.len()];
    for round in 0..=row.rounds {
        let first = seconds(row.ours);
        let rest: Vec<f64> = row.rivals.iter().map(|(_, work)| seconds(*work)).collect();
        let twin = seconds(row.rivals[0].1);
        if round == 0 {
            continue; // warm-up
        }
        ours.push(first);
        again.push(twin);
        for (rival, value) in rivals.iter_mut().zip(rest) {
            rival.push(value);
        }
    }
    let show = |values: &[f64]| {
        Spread::of(values.iter().copied()).map_or("—".to_owned(), |s| time(s.median))
    };
    let named = row.rivals.iter().zip(&rivals);
    let named: Vec<String> = named
        .map(|((name, _), values)| format!("{name} {}", show(values)))
        .collect();
    let ratio = Spread::of_ratios(&ours, &rivals[0]);
    let noise = Spread::of_ratios(&again, &rivals[0]);
    let spread = |s: Option<Spread>| {
        s.map_or("—".to_owned(), |s| {
            format!(
                "{}× [{}–{}]",
                digits(s.median),
                digits(s.lower),
                digits(s.upper)
            )
        })
    };
    vec![
        row.label.to_owned(),
        show(&ours),
        named.join("\n"),
        format!("{}\nA/A {}", spread(ratio), spread(noise)),
        format!("≤ {}×: {}", digits(row.goal), verdict(ratio, row.goal)),
        python.map_or("—".to_owned(), time),
    ]
}

/// Said only when the whole interval of confidence says so.
fn verdict(ratio: Option<Spread>, goal: f64) -> &'static str {
    match ratio {
        Some(ratio) if ratio.upper <= goal => "达到 · met",
        Some(ratio) if ratio.lower > goal => "未达到 · missed",
        _ => "无定论 · not conclusive",
    }
}
