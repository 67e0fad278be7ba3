//! Our blocks against what a user would otherwise pick, in turn.
//!
//! A group of rows joins with its file and its line in `GROUPS`. Each row is measured in a process
//! of its own, which has done nothing before and has one thread, so that it may fork. What rows cannot
//! say, since it is no time, has a table of its own: chapter 1's, in `gil`, the servers', in
//! `connections`, and what is counted in bytes, in `memory`.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use crate::python::Python;

// The rows, by chapter.
mod asyncio;
mod futures_pool;
#[cfg(target_os = "linux")]
mod multiprocess;
mod threading;

// Tables of their own.
#[cfg(target_os = "linux")]
mod connections;
mod gil;
#[cfg(target_os = "linux")]
mod memory;

mod lines; //   the table of the rows
mod turns; //   all contenders in turn
mod verdict; // whether a goal is met

pub(crate) use gil::answer_in_this_process;
#[cfg(target_os = "linux")]
pub(crate) use memory::weigh_in_this_process;
pub(crate) use turns::measure_in_this_process;

use lines::{heading, print_rows, progress};
use verdict::{Verdict, times};

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

#[cfg(test)]
mod tests {
    use super::*;

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
