//! The table of the rows.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use comfy_table::Table;
use indicatif::{ProgressBar, ProgressStyle};

use super::turns::{Times, measure, measure_beside};
use super::verdict::{Verdict, times};
use super::{Goal, Group, Row, TURNS};
use crate::machine;
use crate::python::Python;
use crate::stats::{Spread, digits, time};

/// What stands above the figures: where they come from.
pub(super) fn heading(
    out: &mut dyn Write,
    title: &str,
    python: Result<&Python, &str>,
) -> io::Result<()> {
    writeln!(out, "{title}")?;
    writeln!(out, "{}", machine::description())?;
    match python {
        Ok(python) => writeln!(out, "{}", python.description)?,
        Err(reason) => writeln!(out, "没有 CPython 列 · no CPython column: {reason}")?,
    }
    match machine::debug_warning() {
        Some(warning) => writeln!(out, "{warning}"),
        None => Ok(()),
    }
}

pub(super) fn print_rows(
    out: &mut impl Write,
    rows: &[(&Group, &Row)],
    python: Result<&Python, &str>,
) -> io::Result<()> {
    heading(out, "积木与同类 · blocks and their rivals", python)?;
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
    let bar = progress(rows.len() * TURNS);
    for (group, row) in rows {
        bar.set_message(row.name);
        let mut ours = Ok(Times::default());
        let mut beside = python.map(|_| Vec::new()).map_err(str::to_owned);
        for _ in 0..TURNS {
            ours = ours.and_then(|times: Times| Ok(times.and(measure(row)?)));
            beside = beside.and_then(|mut turns| {
                turns.push(measure_beside(group, row, python?)?);
                Ok(turns)
            });
            bar.inc(1);
        }
        table.add_row(line(row, ours, beside));
    }
    bar.finish_and_clear();
    writeln!(out, "{table}")?;
    writeln!(
        out,
        "各方轮流测量，每个积木的每一回合各在一个新进程中；时间为各轮的中位数；比值逐轮计算，方括号内为其\n\
         中位数的 95% 置信区间；A/A 为第一同类与自身之比，即噪声。与 CPython 之比按回合计算。\n\
         The contenders in turn, a block in a new process for each of {TURNS} turns; times are medians\n\
         of the rounds; ratios are taken in each round, with the 95 % confidence interval of their\n\
         median in brackets; A/A is the first rival against itself, the noise. The ratio to\n\
         CPython is taken in each turn."
    )
}

pub(super) fn progress(steps: usize) -> ProgressBar {
    let bar = ProgressBar::new(steps as u64);
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {elapsed} (~{eta}) {msg}")
        .expect("the template is right");
    bar.set_style(style);
    if io::stderr().is_terminal() {
        bar.enable_steady_tick(Duration::from_millis(200));
    }
    bar
}

fn line(row: &Row, ours: Result<Times, String>, beside: Result<Vec<f64>, String>) -> Vec<String> {
    let dash = || "—".to_owned();
    let show = |values: &[f64]| {
        Spread::of(values.iter().copied()).map_or_else(dash, |spread| time(spread.median))
    };
    let ours = match ours {
        Ok(times) => times,
        Err(reason) => {
            let reason = format!("无 · none: {reason}");
            return vec![row.label.to_owned(), reason, dash(), dash(), dash(), dash()];
        }
    };
    let named = row.rivals.iter().zip(&ours.rivals);
    let named = named.map(|((name, _), values)| format!("{name} {}", show(values)));
    let named: Vec<String> = named.collect();
    let first = ours.rivals.first();
    let to_rival = first.and_then(|first| Spread::of_ratios(&ours.ours, first));
    let noise = first.and_then(|first| Spread::of_ratios(&ours.again, first));
    let to_cpython = match &beside {
        Ok(turns) => Spread::of_ratios(&ours.turns, turns),
        Err(_) => None,
    };
    let judge = |goal: f64, ratio| Verdict::of(ratio, &(0.0..=goal));
    let goal = match row.goal {
        Goal::OfRival(goal) => format!("≤ {}×: {}", digits(goal), judge(goal, to_rival)),
        #[cfg(target_os = "linux")]
        Goal::OfCpython(goal) => {
            let verdict = judge(goal, to_cpython);
            format!("≤ {}× CPython: {verdict}", digits(goal))
        }
    };
    vec![
        row.label.to_owned(),
        show(&ours.ours),
        named.join("\n"),
        match first {
            Some(_) => format!("{}\nA/A {}", times(to_rival), times(noise)),
            None => dash(),
        },
        goal,
        match beside {
            Ok(turns) => format!("{}\n{}", show(&turns), times(to_cpython)),
            Err(reason) => format!("无 · none: {reason}"),
        },
    ]
}
