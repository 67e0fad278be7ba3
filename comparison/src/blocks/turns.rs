//! Ours and its rivals in turn, in a process of its own, and CPython in another.

use std::hint::black_box;

use serde::{Deserialize, Serialize};

use super::{DEADLINE, Group, Row, Work, all};
use crate::child;
use crate::python::Python;
use crate::stats::Spread;

/// What one process, or several one after the other, measured: seconds an operation.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Times {
    /// The median of each turn.
    pub(super) turns: Vec<f64>,
    pub(super) ours: Vec<f64>,
    /// Of each rival.
    pub(super) rivals: Vec<Vec<f64>>,
    /// The first rival once more.
    pub(super) again: Vec<f64>,
}

impl Times {
    pub(super) fn and(mut self, other: Self) -> Self {
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
pub(super) fn measure(row: &Row) -> Result<Times, String> {
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

pub(super) fn measure_beside(group: &Group, row: &Row, python: &Python) -> Result<f64, String> {
    let output = python.run(group.python, &[row.name])?;
    serde_json::from_str(&output).map_err(|error| format!("not a measurement: {error}"))
}
