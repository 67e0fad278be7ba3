//! Who ran when: the same eight tasks under each model, recorded.
//!
//! A task computes, waits, and computes again: it uses 5 ms of CPU time, sleeps 20 ms, and uses another 5 ms.
//! Each model is recorded in a process of its own.
//!
//! **One clock.** All read `CLOCK_MONOTONIC`, which on Linux is one for all processes and is what Python's
//! `time.monotonic` reads: what a thread, a process and a task say can be drawn on one axis.
//!
//! **Ran, not began.** While it computes, a task looks at that clock every few microseconds. Where it sees that more
//! than [`GAP`] has passed since it last looked, it did not run meanwhile: somebody else had the core, or the
//! GIL. There its span ends and another begins. So spans show who ran, and not only who had begun.

use std::io::{self, Write};
use std::time::Duration;

use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};

use crate::child;
use crate::python::Python;
use crate::report::{Language, Span, Timeline};
use crate::stats;

#[cfg(target_os = "linux")]
mod record; // under each model

/// How many tasks there are.
pub const TASKS: u32 = 8;

/// For how long a task waits.
pub const WAIT: Duration = Duration::from_millis(20);

/// How much CPU time it uses before, and again after.
pub const COMPUTE: Duration = Duration::from_millis(5);

/// Who does not look at the clock for so long did not run.
pub const GAP: Duration = Duration::from_micros(500);

/// The models, in the order in which they are shown.
pub const MODELS: [&str; 4] = ["sequential", "threads", "processes", "tasks"];

/// The program that records CPython.
const PROGRAM: &str = include_str!("../../scripts/python/timeline.py");

/// A span as a child prints it: seconds on the clock that all read, and the system's number of the thread.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Seen {
    task: u32,
    thread: i64,
    begin: f64,
    end: f64,
}

/// Records every model in both languages; and what to say of those that could not be recorded.
pub fn take(python: Option<&Python>, deadline: Duration) -> (Vec<Timeline>, Vec<String>) {
    let (mut timelines, mut faults) = (Vec::new(), Vec::new());
    if !cfg!(target_os = "linux") {
        return (timelines, faults);
    }
    for model in MODELS {
        for language in [Language::Rust, Language::Cpython] {
            let command = match (language, python) {
                (Language::Rust, _) => child::timeline(model),
                (Language::Cpython, Some(python)) => Ok(python.recording(PROGRAM, model)),
                (Language::Cpython, None) => continue,
            };
            let ended = command.and_then(|command| child::run(command, "", deadline));
            let output = ended
                .map_err(|error| error.to_string())
                .and_then(|ended| ended.output(deadline));
            let timeline = output.and_then(|text| {
                let seen = serde_json::from_str(&text).map_err(|error| error.to_string())?;
                timeline(model, language, seen).map_err(|error| error.to_string())
            });
            match timeline {
                Ok(timeline) => timelines.push(timeline),
                Err(reason) => {
                    let language = language.label();
                    faults.push(format!("时间线 · timeline, {language} {model}: {reason}"));
                }
            }
        }
    }
    (timelines, faults)
}

/// From what was seen to a timeline: counted from its start, runners numbered in the order of theirs.
fn timeline(model: &str, language: Language, mut seen: Vec<Seen>) -> anyhow::Result<Timeline> {
    seen.sort_by(|a, b| a.begin.total_cmp(&b.begin));
    let start = seen.first().context("nothing was recorded")?.begin;
    let mut threads: Vec<i64> = Vec::new();
    let mut spans: Vec<Span> = Vec::new();
    for span in seen {
        ensure!(span.task < TASKS, "there is no task {}", span.task);
        ensure!(span.begin <= span.end, "a span ends before it begins");
        let known = threads.iter().position(|&thread| thread == span.thread);
        let runner = known.unwrap_or_else(|| {
            threads.push(span.thread);
            threads.len() - 1
        }) as u32;
        let (begin, end) = (span.begin - start, span.end - start);
        let mut earlier = spans.iter().filter(|span| span.runner == runner);
        ensure!(
            earlier.all(|earlier| earlier.end <= begin),
            "a thread ran two tasks at once"
        );
        spans.push(Span {
            task: span.task,
            runner,
            begin,
            end,
        });
    }
    for task in 0..TASKS {
        ensure!(
            spans.iter().any(|span| span.task == task),
            "task {task} is missing"
        );
    }
    let seconds = spans.iter().map(|span| span.end).fold(0.0, f64::max);
    Ok(Timeline {
        model: model.to_owned(),
        language,
        seconds,
        spans,
        text: stats::time(seconds),
    })
}

/// The hidden word: runs the tasks under the model and prints what was seen; the exit code.
pub fn record_in_this_process(model: &str) -> i32 {
    #[cfg(target_os = "linux")]
    let seen = record::under(model);
    #[cfg(not(target_os = "linux"))]
    let seen: anyhow::Result<Vec<Seen>> = Err(anyhow::anyhow!("{model}: only on Linux"));

    let printed = seen.and_then(|seen| {
        // Not `println!`: a parent that is gone is no reason to panic.
        Ok(writeln!(io::stdout(), "{}", serde_json::to_string(&seen)?)?)
    });
    match printed {
        Ok(()) => 0,
        Err(error) => {
            eprintln!("error: {error:#}");
            1
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(task: u32, thread: i64, begin: f64, end: f64) -> Seen {
        Seen {
            task,
            thread,
            begin,
            end,
        }
    }

    fn all(of: impl Fn(u32) -> Seen) -> Vec<Seen> {
        (0..TASKS).map(of).collect()
    }

    #[test]
    fn time_begins_with_the_first_and_runners_are_numbered_by_their_start() {
        let later = |task| f64::from(TASKS - task); // the last begins first
        let spans = all(|task| seen(task, 70 + i64::from(task), later(task), later(task) + 0.5));
        let timeline = timeline("threads", Language::Rust, spans).expect("it is whole");
        let first = &timeline.spans[0];
        assert_eq!((first.task, first.runner), (TASKS - 1, 0));
        assert_eq!((first.begin, first.end), (0.0, 0.5));
        assert_eq!(timeline.spans[7].runner, 7);
        assert_eq!((timeline.seconds, timeline.text.as_str()), (7.5, "7.50 s"));
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let of = |spans| {
            let refused = timeline("tasks", Language::Rust, spans);
            refused.expect_err("it cannot be").to_string()
        };
        assert_eq!(of(Vec::new()), "nothing was recorded");
        let at = f64::from;
        let mut missing = all(|task| seen(task, 1, at(task), at(task) + 1.0));
        missing.pop();
        assert_eq!(of(missing), "task 7 is missing");
        let at_once = all(|task| seen(task, 1, at(task), at(task) + 1.5));
        assert_eq!(of(at_once), "a thread ran two tasks at once");
        let backwards = all(|task| seen(task, 1, at(task), at(task) - 1.0));
        assert_eq!(of(backwards), "a span ends before it begins");
        let unknown = vec![seen(TASKS, 1, 0.0, 1.0)];
        assert_eq!(of(unknown), "there is no task 8");
    }
}
