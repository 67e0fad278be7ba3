//! Chapter 1's lock and machine, beside CPython's in the same run.
//!
//! What a lock does to two threads is a speed-up, and what it does to an answer is a distribution:
//! neither is a row of the other table.

use std::io::{self, Write};

use comfy_table::Table;

use super::progress;
use super::{heading, times};
use crate::python::Python;
use crate::stats::{Spread, Unit, digits};

mod convoy; // what a thread that answers suffers from one that computes
mod counts; // what it costs to count references
mod speed; //  two threads, and the bytecode loop
mod trips; //  requests to a process that answers them under its lock

pub(crate) use trips::answer_in_this_process;

/// Its name on the command line.
pub(super) const NAME: &str = "gil";

/// How often everything is measured: many short rounds rather than a few long ones, since what else the
/// machine does changes within seconds.
const ROUNDS: usize = 24;

/// What is measured, ours, CPython's, the ratio of both, the goal and whether it is met.
type Line = [String; 5];

/// Measures and prints the table.
pub(super) fn print(out: &mut dyn Write, python: Result<&Python, &str>) -> io::Result<()> {
    heading(out, "第 1 章与 CPython · chapter 1 and CPython", python)?;
    let mut table = Table::new();
    table.load_style(comfy_table::presets::UTF8_FULL);
    table.set_content_arrangement(comfy_table::ContentArrangement::Dynamic);
    table.set_header([
        "测量 · measured",
        "本项目 · ours",
        "CPython",
        "比值 · ratio",
        "目标 · goal",
    ]);
    let bar = progress(2 * ROUNDS + 1);
    table.add_rows(speed::lines(python, &bar));
    table.add_rows(counts::lines());
    bar.inc(1);
    table.add_rows(convoy::lines(python, &bar));
    bar.finish_and_clear();
    writeln!(out, "{table}")?;
    writeln!(
        out,
        "{ROUNDS} 轮，各方轮流；每格为各轮的中位数，比值逐轮计算，方括号内为 95% 置信区间。\n\
         A/A 为单线程与自身之比，即噪声。车队效应: 一次应答耗费 0、1、2、3 个及以上切换间隔的比例。\n\
         平均为每次应答的平均间隔数；一与二个间隔几乎同样常见时，众数与中位数在两者间跳动，只有平均数能作比较。\n\
         应答的线程在一个核上，计算的线程在另一个核上，每次测量独占一个进程；请求来自本进程，与计算同核。\n\
         其中位数取自所有轮次的应答，区间宽度取决于各轮之间的差异。\n\
         {ROUNDS} rounds, everything in turn: medians, ratios taken in each round, with the 95 %\n\
         confidence interval in brackets. A/A is one thread against itself, the noise. Convoy: the\n\
         share of round trips that took 0, 1, 2, and 3 or more switch intervals. The answering thread\n\
         is on one core and the computing one on another, each time in a process of their own; the\n\
         requests come from this one, on the computing thread's core. Its median is that of all trips;\n\
         how wide the interval is depends on how the rounds differ. Where one and two intervals are\n\
         about equally frequent, mode and median jump between them, and only the mean compares."
    )
}

/// What stands in a cell when there is no figure.
fn none(reason: &str) -> String {
    format!("无 · none: {reason}")
}

/// A median with its 95 % interval, in the unit that suits the median.
fn bracketed(values: &[f64], unit: impl Fn(f64) -> Unit) -> String {
    Spread::of(values.iter().copied()).map_or("—".to_owned(), |spread| {
        let (unit, factor) = unit(spread.median);
        let [median, lower, upper] =
            [spread.median, spread.lower, spread.upper].map(|value| digits(value * factor));
        format!("{median}{unit} [{lower}–{upper}]")
    })
}

/// The ratios of each round, as a cell.
fn ratios(a: &[f64], b: &[f64]) -> String {
    times(Spread::of_ratios(a, b))
}
