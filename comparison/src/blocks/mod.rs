//! Our blocks against what a user would otherwise pick, in the same process and in turn.
//!
//! A group of rows joins with its file and its line in `all`. What rows cannot say, since it needs
//! several processes or is no time, has a table of its own: chapter 1's, in `gil`.

use std::fmt;
use std::hint::black_box;
use std::io::{self, Write};
use std::ops::RangeInclusive;
use std::time::Instant;

use comfy_table::Table;

use crate::machine;
use crate::python::Python;
use crate::stats::{Spread, digits, time};

mod gil;
mod threading;

pub(crate) use gil::answer_in_this_process;

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

/// What is to be measured.
pub struct Selection {
    rows: Vec<Row>,
    gil: bool,
}

/// What has these names: rows, or chapter 1's table; everything where no name is given.
///
/// # Errors
///
/// What to say of a name that is not there.
pub fn choose(names: &[String]) -> Result<Selection, String> {
    let every = all();
    if names.is_empty() {
        let (rows, gil) = (every, true);
        return Ok(Selection { rows, gil });
    }
    let find = |name: &String| every.iter().copied().find(|row| row.name == name);
    let known = || {
        let rows = every.iter().map(|row| row.name);
        rows.chain([gil::NAME]).collect::<Vec<_>>().join(" ")
    };
    let missing = |name: &String| format!("no row is named '{name}'; there are: {}", known());
    let is_gil = |name: &&String| *name == gil::NAME;
    let rows = names
        .iter()
        .filter(|name| !is_gil(name))
        .map(|name| find(name).ok_or_else(|| missing(name)))
        .collect::<Result<_, _>>()?;
    let gil = names.iter().any(|name| is_gil(&name));
    Ok(Selection { rows, gil })
}

/// Measures and prints it.
///
/// # Errors
///
/// Only when standard output cannot be written.
pub fn print(chosen: &Selection, python: Result<&Python, &str>) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if !chosen.rows.is_empty() {
        print_rows(&mut out, &chosen.rows, python)?;
    }
    if chosen.gil {
        if !chosen.rows.is_empty() {
            writeln!(out)?;
        }
        gil::print(&mut out, python)?;
    }
    Ok(())
}

/// What stands above the figures: where they come from.
fn heading(out: &mut impl Write, title: &str, python: Result<&Python, &str>) -> io::Result<()> {
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

fn print_rows(out: &mut impl Write, rows: &[Row], python: Result<&Python, &str>) -> io::Result<()> {
    let beside = python.map_err(str::to_owned).and_then(threading::beside);
    let shown = match &beside {
        Ok(_) => python,
        Err(reason) => Err(reason.as_str()),
    };
    heading(out, "积木与同类 · blocks and their rivals", shown)?;
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
    vec![
        row.label.to_owned(),
        show(&ours),
        named.join("\n"),
        format!("{}\nA/A {}", times(ratio), times(noise)),
        format!(
            "≤ {}×: {}",
            digits(row.goal),
            Verdict::of(ratio, &(0.0..=row.goal))
        ),
        python.map_or("—".to_owned(), time),
    ]
}

/// A ratio and how well it is known.
fn times(ratio: Option<Spread>) -> String {
    ratio.map_or("—".to_owned(), |ratio| {
        let [median, lower, upper] = [ratio.median, ratio.lower, ratio.upper].map(digits);
        format!("{median}× [{lower}–{upper}]")
    })
}

/// What can be said of a goal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Met,
    Missed,
    Inconclusive,
}

impl Verdict {
    /// Said only when the whole interval of confidence says so.
    fn of(ratio: Option<Spread>, goal: &RangeInclusive<f64>) -> Self {
        match ratio {
            Some(r) if *goal.start() <= r.lower && r.upper <= *goal.end() => Self::Met,
            Some(r) if r.upper < *goal.start() || *goal.end() < r.lower => Self::Missed,
            _ => Self::Inconclusive,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Met => "达到 · met",
            Self::Missed => "未达到 · missed",
            Self::Inconclusive => "无定论 · not conclusive",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_needs_the_whole_interval() {
        let of = |low: f64, high: f64, goal| {
            Verdict::of(Spread::of([low, (low + high) / 2.0, high]), &goal)
        };
        let (most, least) = (0.0..=1.05, 1.7..=f64::INFINITY);
        assert_eq!(of(0.9, 1.05, most.clone()), Verdict::Met);
        assert_eq!(of(0.9, 1.06, most.clone()), Verdict::Inconclusive);
        assert_eq!(of(1.06, 1.2, most.clone()), Verdict::Missed);
        assert_eq!(of(1.7, 1.9, least.clone()), Verdict::Met);
        assert_eq!(of(1.2, 1.6, least), Verdict::Missed);
        assert_eq!(of(0.7, 1.0, 0.75..=1.25), Verdict::Inconclusive);
        assert_eq!(Verdict::of(None, &most), Verdict::Inconclusive);
    }

    #[test]
    fn the_table_of_chapter_1_is_chosen_by_its_name_or_with_everything() {
        let choose = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            choose(&names).map(|chosen| (chosen.rows.len(), chosen.gil))
        };
        assert_eq!(choose(&["gil"]), Ok((0, true)));
        assert_eq!(choose(&["semaphore"]), Ok((1, false)));
        assert_eq!(choose(&["gil", "semaphore"]), Ok((1, true)));
        assert_eq!(choose(&[]), Ok((all().len(), true)));
        let error = choose(&["gil", "nothing"]).expect_err("there is no such row");
        assert!(
            error.contains("'nothing'") && error.ends_with(" gil"),
            "{error}"
        );
    }
}
