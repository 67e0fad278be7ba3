//! Our blocks against what a user would otherwise pick, in turn.
//!
//! A group of rows joins with its file and its line in `GROUPS`. Each row is measured in a process
//! of its own, which has done nothing before and has one thread, so that it may fork. What rows cannot
//! say, since it is no time, has a table of its own: chapter 1's, in `gil`, the servers', in
//! `connections`, and what is counted in bytes, in `memory`.

use std::fmt;
use std::hint::black_box;
use std::io::{self, IsTerminal, Write};
use std::ops::RangeInclusive;
use std::time::{Duration, Instant};

use comfy_table::Table;
use indicatif::{ProgressBar, ProgressStyle};
use serde::{Deserialize, Serialize};

use crate::child;
use crate::machine;
use crate::python::Python;
use crate::stats::{Spread, digits, time};

#[cfg(target_os = "linux")]
mod asyncio;
mod connections;
mod cores; // which cores there are, and to stay on one
mod futures_pool;
mod gil;
#[cfg(target_os = "linux")]
mod memory;
#[cfg(target_os = "linux")]
mod multiprocess;
mod threading;

pub(crate) use gil::answer_in_this_process;
#[cfg(target_os = "linux")]
pub(crate) use memory::weigh_in_this_process;

/// Rows that one Python program stands beside.
struct Group {
    rows: &'static [Row],
    /// Takes the name of a row, and prints seconds an operation.
    python: &'static str,
}

const GROUPS: &[Group] = &[
    threading::GROUP,
    #[cfg(target_os = "linux")]
    multiprocess::GROUP,
    futures_pool::GROUP,
    asyncio::GROUP,
];

/// Does a thing a number of times; how many seconds that took in all.
type Work = fn(times: u64) -> f64;

fn timed(work: impl FnOnce()) -> f64 {
    let begin = Instant::now();
    work();
    begin.elapsed().as_secs_f64()
}

/// A block, its rivals, and how close it should come.
pub struct Row {
    /// Its name on the command line.
    name: &'static str,
    /// What is done, in both languages.
    label: &'static str,
    /// How often in a round: the fewer, the closer in time stand what is compared.
    times: u64,
    /// In each of the [`TURNS`].
    rounds: usize,
    ours: Work,
    /// What a user would otherwise pick, the nearest first. The others stand beside.
    rivals: &'static [(&'static str, Work)],
    goal: Goal,
}

/// The most that ours may cost.
#[derive(Clone, Copy)]
enum Goal {
    /// As a multiple of the first rival.
    OfRival(f64),
    /// As a multiple of CPython.
    #[cfg(target_os = "linux")]
    OfCpython(f64),
}

/// How often a process of ours and CPython measure a row in turn.
const TURNS: usize = 6;

/// For how long one process may measure.
const DEADLINE: Duration = Duration::from_secs(120);

fn all() -> impl Iterator<Item = (&'static Group, &'static Row)> {
    let of = |group: &'static Group| group.rows.iter().map(move |row| (group, row));
    GROUPS.iter().flat_map(of)
}

/// What is to be measured.
pub struct Selection {
    rows: Vec<(&'static Group, &'static Row)>,
    tables: Vec<&'static (&'static str, PrintTable)>,
}

/// Measures and prints a table of its own.
type PrintTable = fn(&mut dyn Write, Result<&Python, &str>) -> io::Result<()>;

/// What rows cannot say, since it is no time of an operation, by its name on the command line.
const TABLES: &[(&str, PrintTable)] = &[
    (gil::NAME, gil::print),
    #[cfg(target_os = "linux")]
    (connections::NAME, connections::print),
    #[cfg(target_os = "linux")]
    (memory::NAME, memory::print),
];

/// What has these names: rows, or chapter 1's table; everything where no name is given.
///
/// # Errors
///
/// What to say of a name that is not there.
pub fn choose(names: &[String]) -> Result<Selection, String> {
    if names.is_empty() {
        return Ok(Selection {
            rows: all().collect(),
            tables: TABLES.iter().collect(),
        });
    }
    let mut chosen = Selection {
        rows: Vec::new(),
        tables: Vec::new(),
    };
    for name in names {
        let row = all().find(|(_, row)| row.name == name);
        let table = TABLES.iter().find(|(table, _)| table == name);
        if row.is_none() && table.is_none() {
            let known = all().map(|(_, row)| row.name);
            let known = known.chain(TABLES.iter().map(|(name, _)| *name));
            let known = known.collect::<Vec<_>>().join(" ");
            return Err(format!("no row is named '{name}'; there are: {known}"));
        }
        chosen.rows.extend(row);
        chosen.tables.extend(table);
    }
    Ok(chosen)
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
    for (nth, (_, print)) in chosen.tables.iter().enumerate() {
        if nth > 0 || !chosen.rows.is_empty() {
            writeln!(out)?;
        }
        print(&mut out, python)?;
    }
    Ok(())
}

/// What stands above the figures: where they come from.
fn heading(out: &mut dyn Write, title: &str, python: Result<&Python, &str>) -> io::Result<()> {
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

fn print_rows(
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

fn progress(steps: usize) -> ProgressBar {
    let bar = ProgressBar::new(steps as u64);
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {elapsed} (~{eta}) {msg}")
        .expect("the template is right");
    bar.set_style(style);
    if io::stderr().is_terminal() {
        bar.enable_steady_tick(Duration::from_millis(200));
    }
    bar
}

/// What one process, or several one after the other, measured: seconds an operation.
#[derive(Default, Serialize, Deserialize)]
struct Times {
    /// The median of each turn.
    turns: Vec<f64>,
    ours: Vec<f64>,
    /// Of each rival.
    rivals: Vec<Vec<f64>>,
    /// The first rival once more.
    again: Vec<f64>,
}

impl Times {
    fn and(mut self, other: Self) -> Self {
        self.turns.extend(other.turns);
        self.ours.extend(other.ours);
        self.again.extend(other.again);
        self.rivals.resize_with(other.rivals.len(), Vec::new);
        for (rival, more) in self.rivals.iter_mut().zip(other.rivals) {
            rival.extend(more);
        }
        self
    }
}

/// Starts this executable again to measure a row.
fn measure(row: &Row) -> Result<Times, String> {
    let command = child::block(row.name).map_err(|error| error.to_string())?;
    let ended = child::run(command, "", DEADLINE).map_err(|error| error.to_string())?;
    serde_json::from_str(&ended.output(DEADLINE)?).map_err(|error| error.to_string())
}

/// The hidden word: measures a row and prints what it took for the parent; the exit code.
pub(crate) fn measure_in_this_process(name: &str) -> i32 {
    let Some((_, row)) = all().find(|(_, row)| row.name == name) else {
        eprintln!("error: there is no row {name}");
        return 2;
    };
    match serde_json::to_string(&take_turns(row)) {
        Ok(json) => {
            println!("{json}");
            0
        }
        Err(error) => {
            eprintln!("error: {error}");
            1
        }
    }
}

fn take_turns(row: &Row) -> Times {
    let seconds = |work: Work| work(black_box(row.times)) / row.times as f64;
    let mut times = Times {
        rivals: vec![Vec::new(); row.rivals.len()],
        ..Times::default()
    };
    for round in 0..=row.rounds {
        let first = seconds(row.ours);
        let rest: Vec<f64> = row.rivals.iter().map(|(_, work)| seconds(*work)).collect();
        let twin = row.rivals.first().map(|(_, work)| seconds(*work));
        if round == 0 {
            continue; // warm-up
        }
        times.ours.push(first);
        times.again.extend(twin);
        for (rival, value) in times.rivals.iter_mut().zip(rest) {
            rival.push(value);
        }
    }
    let median = Spread::of(times.ours.iter().copied()).map(|spread| spread.median);
    times.turns.extend(median);
    times
}

fn measure_beside(group: &Group, row: &Row, python: &Python) -> Result<f64, String> {
    let output = python.run(group.python, &[row.name])?;
    serde_json::from_str(&output).map_err(|error| format!("not a measurement: {error}"))
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
    fn each_row_has_a_line_in_its_python_program() {
        for (group, row) in all() {
            let named = group.python.contains(&format!("\"{}\"", row.name));
            assert!(named, "{} is not there", row.name);
        }
    }

    #[test]
    fn a_table_is_chosen_by_its_name_or_with_everything() {
        let choose = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            choose(&names).map(|chosen| (chosen.rows.len(), chosen.tables.len()))
        };
        assert_eq!(choose(&["gil"]), Ok((0, 1)));
        assert_eq!(choose(&["semaphore"]), Ok((1, 0)));
        assert_eq!(choose(&["gil", "semaphore"]), Ok((1, 1)));
        assert_eq!(choose(&[]), Ok((all().count(), TABLES.len())));
        let error = choose(&["gil", "nothing"]).expect_err("there is no such row");
        assert!(
            error.contains("'nothing'") && error.contains(" gil"),
            "{error}"
        );
    }
}
