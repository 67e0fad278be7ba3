//! The document's function that chooses a model, and what was measured for its answer.

use std::io::{self, Write};
use std::time::Duration;

use crate::measures::Effort;
use crate::python::Python;
use crate::report::text;
use crate::rows::{self, Row};
use crate::table::{self, Options};

/// The document's task for the CPU.
pub const CPU: &str = "cpu_intensive";

/// The document's task that waits.
pub const IO: &str = "io_intensive";

/// The document's `choose_concurrency_model`: which model it recommends for so many tasks of a type.
///
/// ```
/// use comparison::choose::choose;
///
/// assert_eq!(choose("io_intensive", 1000), "ThreadPoolExecutor 或 asyncio");
/// assert_eq!(choose("io_intensive", 1001), "asyncio（协程）");
/// ```
pub fn choose(task_type: &str, concurrency: u64) -> &'static str {
    match (task_type, concurrency) {
        (CPU, _) => "multiprocessing.Pool 或 ProcessPoolExecutor",
        (IO, 1001..) => "asyncio（协程）",
        (IO, _) => "ThreadPoolExecutor 或 asyncio",
        _ => "根据具体场景测试后决定",
    }
}

/// Prints what the document's two calls print.
///
/// # Errors
///
/// When standard output cannot be written.
pub fn print_document() -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{}", choose(CPU, 8))?;
    writeln!(out, "{}", choose(IO, 5000))
}

/// The document's row of suited tasks with the one line that the answer rests on. Of a task that the document
/// does not know: the mixed one, since it says to test.
fn evidence(task_type: &str) -> Row {
    let id = match task_type {
        CPU => "cpu-job",
        IO => "waits",
        _ => "mixed",
    };
    let of_line = |row: &&Row| row.lines.iter().any(|line| line.id == id);
    let row = rows::ALL.iter().find(of_line);
    let row = row.expect("each of these is a line of the table");
    Row {
        lines: row
            .lines
            .split(|line| line.id != id)
            .find(|lines| !lines.is_empty())
            .unwrap_or_default(),
        ..*row
    }
}

/// Prints the answer, then measures the row that it rests on, at the sizes of `--quick`, and prints that;
/// whether it was sound.
///
/// # Errors
///
/// When standard output cannot be written.
pub fn print(
    task_type: &str,
    concurrency: u64,
    python: Result<&Python, &str>,
    deadline: Duration,
) -> io::Result<bool> {
    writeln!(io::stdout(), "{}", choose(task_type, concurrency))?;
    let options = Options {
        effort: Effort::Quick,
        // One for the life of the program.
        rows: vec![Box::leak(Box::new(evidence(task_type)))],
        deadline,
    };
    let report = table::measure(&options, python);
    let mut out = io::stdout().lock();
    out.write_all(text::written(&report).as_bytes())?;
    Ok(report.rows.iter().all(|row| row.sound))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answers_are_the_documents() {
        for (task, concurrency, answer) in [
            (CPU, 1, "multiprocessing.Pool 或 ProcessPoolExecutor"),
            (CPU, u64::MAX, "multiprocessing.Pool 或 ProcessPoolExecutor"),
            (IO, 1, "ThreadPoolExecutor 或 asyncio"),
            (IO, 1000, "ThreadPoolExecutor 或 asyncio"),
            (IO, 1001, "asyncio（协程）"),
            (IO, u64::MAX, "asyncio（协程）"),
            ("gpu_intensive", 8, "根据具体场景测试后决定"),
            ("", 8, "根据具体场景测试后决定"),
            ("CPU_INTENSIVE", 8, "根据具体场景测试后决定"),
        ] {
            assert_eq!(choose(task, concurrency), answer, "{task} {concurrency}");
        }
    }

    #[test]
    fn the_evidence_is_one_line() {
        for (task, id) in [(CPU, "cpu-job"), (IO, "waits"), ("else", "mixed")] {
            let row = evidence(task);
            let ids: Vec<_> = row.lines.iter().map(|line| line.id).collect();
            assert_eq!((row.name, ids), ("suited", vec![id]));
        }
    }
}
