//! Busy loops beside the table: then nothing that depends on time may be claimed.
#![cfg(target_os = "linux")]

use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use comparison::child;
use comparison::report::{Outcome, Report, Verdict};

/// Long enough for a quick row beside them.
const CEILING: Duration = Duration::from_secs(300);

/// A loop in a process of its own.
struct Busy(Child);

impl Busy {
    fn start() -> Self {
        let mut command = Command::new("sh");
        command.args(["-c", "while :; do :; done"]);
        Self(command.stdin(Stdio::null()).spawn().expect("there is a sh"))
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.kill().expect("it is ours");
        self.0.wait().expect("it is ours");
    }
}

#[test]
fn nothing_is_claimed() {
    let path = std::env::temp_dir().join(format!("comparison-busy-{}.json", std::process::id()));
    let cores = thread::available_parallelism().map_or(2, usize::from);
    let busy: Vec<_> = (0..cores.max(2)).map(|_| Busy::start()).collect();
    let mut command = Command::new(env!("CARGO_BIN_EXE_comparison"));
    command.args([
        "table",
        "--quick",
        "--no-python",
        "--only",
        "creation",
        "--json",
    ]);
    command.arg(&path);
    let ended = child::run(command, "", CEILING).expect("it can be started");
    drop(busy);
    assert!(ended.status.success(), "{ended:?}");

    let json = std::fs::read_to_string(&path).expect("it was written");
    std::fs::remove_file(&path).expect("it is ours");
    let report: Report = serde_json::from_str(&json).expect("it is a report");
    let mut figures = 0;
    for cell in &report.rows[0].measures[0].cells {
        match &cell.outcome {
            Outcome::NotConclusive {
                reason,
                figures: it,
            } => {
                assert!(reason.contains("busy"), "{reason}");
                assert!(it.counts.cpu.is_some(), "counts stand in for it: {it:?}");
                figures += 1;
            }
            Outcome::Measured { .. } => panic!("it claims a figure: {cell:?}"),
            Outcome::None { .. } | Outcome::Failed { .. } => {}
        }
        let ratios = [&cell.ratio, &cell.speed_up];
        for ratio in ratios.into_iter().flatten() {
            assert_eq!(ratio.verdict, Verdict::NotConclusive, "{ratio:?}");
        }
    }
    assert!(
        figures >= 3,
        "the document's models were measured: {report:?}"
    );
    assert!(ended.stdout.contains("无定论"), "{}", ended.stdout);
}
