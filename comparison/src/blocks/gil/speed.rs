//! Two threads that compute, under the lock and without it; and what a turn of their loop costs.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::ensure;
use gil_demo::gil::Gil;
use gil_demo::machine::{Code, Lock, run};
use gil_demo::object::Heap;
use gil_demo::program::{CPU_TASK, Program};
use indicatif::ProgressBar;
use serde::Deserialize;

use super::{Line, ROUNDS};
use crate::cores;
use crate::models::cpu_seconds;
use crate::python::Python;

mod show; // the rounds as lines of the table

/// For how long a task should run.
const TASK: Duration = Duration::from_millis(50);

/// How long two tasks took, in seconds.
#[derive(Clone, Copy)]
struct Took {
    wall: f64,
    /// The CPU time of this process, where it can be had.
    cpu: Option<f64>,
}

/// Two tasks in a round of ours.
struct Ours {
    /// How often the loop of one task turns.
    turns: f64,
    /// One after the other, under the lock.
    one: Took,
    /// The same once more.
    again: Took,
    /// In a thread each.
    two: Took,
    /// Without the lock, one after the other, and in a thread each.
    free_one: Took,
    free_two: Took,
}

/// The same two tasks in a round of CPython's: what `gil_loop.py` prints.
#[derive(Deserialize)]
struct Beside {
    /// Whether this build has the lock.
    gil: bool,
    turns: f64,
    one: f64,
    two: f64,
}

pub(super) fn lines(python: Result<&Python, &str>, bar: &ProgressBar) -> Vec<Line> {
    bar.set_message("cpu_task");
    let task = Task::sized();
    let mut ours = Ok(Vec::new());
    let mut beside = Ok(Vec::new());
    for _ in 0..ROUNDS {
        ours = ours.and_then(|mut rounds: Vec<Ours>| {
            let task = task.as_ref().map_err(|error| format!("{error:#}"))?;
            rounds.push(task.round().map_err(|error| format!("{error:#}"))?);
            Ok(rounds)
        });
        beside = beside.and_then(|mut rounds: Vec<Beside>| {
            rounds.push(round_beside(python?)?);
            Ok(rounds)
        });
        bar.inc(1);
    }
    show::lines(ours, beside).into()
}

/// The chapter's task, and up to what it counts.
struct Task {
    program: Program,
    turns: i64,
}

impl Task {
    /// One that takes about [`TASK`].
    fn sized() -> anyhow::Result<Self> {
        let mut task = Self {
            program: Program::parse(CPU_TASK)?,
            turns: 100_000,
        };
        let mut heap = Heap::new();
        let code = Code::load(&task.program, &mut heap);
        let turns = loop {
            let begin = Instant::now();
            task.execute(&code, &mut heap)?;
            let took = begin.elapsed();
            if took > TASK / 10 {
                break task.turns as f64 * TASK.as_secs_f64() / took.as_secs_f64();
            }
            task.turns *= 2;
        };
        code.unload(&mut heap);
        task.turns = turns as i64;
        Ok(task)
    }

    fn execute<L: Lock>(&self, code: &Code<'_>, lock: &mut L) -> anyhow::Result<()> {
        let count = run(code, "cpu_task", &[self.turns], lock)?;
        ensure!(count == self.turns, "it counted to {count}");
        Ok(())
    }

    fn round(&self) -> anyhow::Result<Ours> {
        let mut heap = Heap::new();
        let code = Code::load(&self.program, &mut heap);
        let gil = Gil::new(heap);
        let locked = || self.execute(&code, &mut gil.acquire()?);
        let free = || {
            let mut heap = Heap::new();
            let code = Code::load(&self.program, &mut heap);
            let result = self.execute(&code, &mut heap);
            code.unload(&mut heap);
            result
        };
        let ours = Ours {
            turns: self.turns as f64,
            one: timed(|| locked().and_then(|()| locked()))?,
            two: timed(|| two_threads(&locked))?,
            again: timed(|| locked().and_then(|()| locked()))?,
            free_one: timed(|| free().and_then(|()| free()))?,
            free_two: timed(|| two_threads(&free))?,
        };
        code.unload(&mut gil.into_inner());
        Ok(ours)
    }
}

fn timed(work: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<Took> {
    let before = cpu_seconds();
    let begin = Instant::now();
    work()?;
    let wall = begin.elapsed().as_secs_f64();
    let cpu = cpu_seconds()
        .zip(before)
        .map(|(after, before)| after - before);
    Ok(Took { wall, cpu })
}

/// Does it in two threads at once, each on a core of its own where there are two: else they begin on the
/// same one, and the system takes a good part of so short a task to move one of them.
fn two_threads(task: &(impl Fn() -> anyhow::Result<()> + Sync)) -> anyhow::Result<()> {
    let cores = cores::two().ok();
    let on = |core: Option<usize>| {
        move || {
            core.map_or(Ok(()), cores::pin)?;
            task()
        }
    };
    thread::scope(|scope| {
        let spawn = |core| thread::Builder::new().spawn_scoped(scope, on(core));
        let (first, second) = cores.unzip();
        for thread in [spawn(first)?, spawn(second)?] {
            thread.join().expect("counting does not panic")?;
        }
        Ok(())
    })
}

fn round_beside(python: &Python) -> Result<Beside, String> {
    let program = include_str!("../../../../scripts/python/gil_loop.py");
    let mut args = vec![TASK.as_secs_f64().to_string()];
    if let Ok((first, second)) = cores::two() {
        args.extend([first.to_string(), second.to_string()]);
    }
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let output = python.run(program, &args)?;
    serde_json::from_str(&output).map_err(|error| format!("not a measurement: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_task_is_run_in_every_way() {
        let mut task = Task {
            program: Program::parse(CPU_TASK).expect("it is right"),
            turns: 1000,
        };
        let round = task.round().expect("it counts");
        assert!(round.turns == 1000.0 && round.two.wall > 0.0 && round.free_two.wall > 0.0);
        task.turns = -1;
        assert!(task.round().is_err(), "it counts from 0");
    }
}
