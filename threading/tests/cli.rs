//! What the chapter's sections do to each other. That the command line does what `--help` says, and how
//! it ends without input or output, holds for every chapter and is checked by `scripts/checks/cli`.

mod support;

use std::process::Command;

use support::run;
use threading::sections::{ALL, CHAPTER};

const PROGRAM: &str = env!("CARGO_BIN_EXE_threading");

/// The heading of a section: its number in the document is its place.
fn heading(name: &str) -> String {
    let place = ALL.iter().position(|section| section.name == name).unwrap();
    format!("== {CHAPTER}.{} {} ==", place + 1, ALL[place].title)
}

/// CLI: a daemon that an earlier section left behind is neither heard nor counted by a later one. T01: nor
/// does it keep the process, or disturb its end.
#[test]
fn a_section_does_not_disturb_the_next() {
    let ended = run(Command::new(PROGRAM).args(["daemon", "thread"]));
    assert!(
        ended.status.success() && ended.stderr.is_empty(),
        "{ended:#?}"
    );
    let (daemon, thread) = ended.stdout.split_once(&heading("thread")).unwrap();
    assert!(daemon.contains("后台任务运行中..."));
    assert!(!thread.contains("后台"), "{ended:#?}");
    let lines: Vec<_> = thread.lines().collect();
    let counted = lines
        .windows(3)
        .any(|l| l == ["main", "1", "[Thread(main, started 1)]"]);
    assert!(counted, "{ended:#?}");
}
