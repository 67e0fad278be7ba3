//! The chapter's command line, from outside: what is run, in which order, and how it ends when its
//! input or output is not what it hopes for.

mod support;

use std::io::{BufRead, BufReader};
use std::process::Command;

use support::{Ended, drain, finish, redirected, run, start};
use threading::sections::{ALL, CHAPTER};

const PROGRAM: &str = env!("CARGO_BIN_EXE_threading");

fn threading(args: &[&str]) -> Ended {
    run(Command::new(PROGRAM).args(args))
}

fn headings(output: &str) -> Vec<&str> {
    output
        .lines()
        .filter(|line| line.starts_with("== "))
        .collect()
}

/// The heading of a section: its number in the document is its place.
fn heading(name: &str) -> String {
    let place = ALL.iter().position(|section| section.name == name).unwrap();
    format!("== {CHAPTER}.{} {} ==", place + 1, ALL[place].title)
}

/// CLI: an unknown name is refused before anything runs, wherever it stands, and the names are given.
#[test]
fn an_unknown_name_runs_nothing() {
    for args in [
        &["nonsense"][..],
        &["thread-local", "nonsense"],
        &["nonsense", "thread-local"],
    ] {
        let ended = threading(args);
        assert_eq!(ended.status.code(), Some(2), "{ended:#?}");
        assert_eq!(ended.stdout, "");
        assert!(ended.stderr.contains("'nonsense'"), "{ended:#?}");
        for section in ALL {
            assert!(
                ended.stderr.contains(section.name),
                "no {}: {ended:#?}",
                section.name
            );
        }
    }
}

/// CLI: `--list` has a line for each section, `--help` names them all; neither runs anything.
#[test]
fn list_and_help() {
    let list = threading(&["--list"]);
    assert!(list.status.success() && list.stderr.is_empty(), "{list:#?}");
    let lines: Vec<_> = list.stdout.lines().collect();
    assert_eq!(lines.len(), ALL.len());
    for (line, section) in lines.iter().zip(ALL) {
        let (name, title) = line.split_once(' ').unwrap();
        assert_eq!((name, title.trim_start()), (section.name, section.title));
    }
    for flag in ["--help", "-h"] {
        let help = threading(&["thread-local", flag]);
        assert!(help.status.success() && help.stderr.is_empty(), "{help:#?}");
        assert!(help.stdout.contains("Usage:") && headings(&help.stdout).is_empty());
        assert!(ALL.iter().all(|section| help.stdout.contains(section.name)));
    }
}

/// CLI: sections run in the order named, also one that is named twice, each under its heading.
#[test]
fn sections_run_in_the_order_named() {
    let ended = threading(&["thread-local", "thread", "thread-local"]);
    assert!(
        ended.status.success() && ended.stderr.is_empty(),
        "{ended:#?}"
    );
    let named = ["thread-local", "thread", "thread-local"].map(heading);
    assert_eq!(headings(&ended.stdout), named);
    assert_eq!(ended.stdout.matches("线程 T-0: 0\n").count(), 2);
}

/// CLI: a daemon that an earlier section left behind is neither heard nor counted by a later one.
#[test]
fn a_section_does_not_disturb_the_next() {
    let ended = threading(&["daemon", "thread"]);
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

/// CLI: without a name all sections run in the document's order, on one processor too. T01: the
/// daemon among them does not keep the process, nor disturb its end.
#[test]
fn everything_on_one_processor() {
    let taskset = || run(Command::new("sh").args(["-c", "command -v taskset"]));
    let pinned = cfg!(target_os = "linux") && taskset().status.success();
    let ended = if pinned {
        run(Command::new("taskset").args(["-c", "0", PROGRAM]))
    } else {
        threading(&[])
    };
    assert!(
        ended.status.success() && ended.stderr.is_empty(),
        "{ended:#?}"
    );
    let every: Vec<_> = ALL.iter().map(|section| heading(section.name)).collect();
    assert_eq!(headings(&ended.stdout), every);
}

/// R07: the reader goes after one line (`| head -1`): a quiet and early end.
#[test]
fn nobody_reads_on() {
    for args in [
        &["thread-local", "thread", "daemon"][..],
        &["daemon"],
        &["--help"],
    ] {
        let mut child = start(Command::new(PROGRAM).args(args));
        let stderr = drain(child.stderr.take().unwrap());
        let mut first = String::new();
        let mut reader = BufReader::new(child.stdout.take().unwrap());
        reader.read_line(&mut first).unwrap();
        drop(reader);
        let status = finish(&mut child).expect("it hangs without a reader");
        assert!(status.success(), "{args:?}: {status}");
        assert!(!first.is_empty());
        assert_eq!(stderr.recv().unwrap(), "", "{args:?}");
    }
}

/// R07: stdin and stdout may be closed from the start.
#[test]
#[cfg(unix)]
fn closed_from_the_start() {
    for redirection in ["<&-", ">&-", "<&- >&-", "</dev/null"] {
        let ended = run(&mut redirected(redirection, PROGRAM, &["thread-local"]));
        assert!(ended.status.success(), "{redirection}: {ended:#?}");
        assert_eq!(ended.stderr, "", "{redirection}");
        let silent = redirection.contains(">&-");
        assert_eq!(ended.stdout.is_empty(), silent, "{redirection}");
    }
}

/// R07: a stdout that takes nothing is an error, said once and calmly.
#[test]
#[cfg(target_os = "linux")]
fn a_full_stdout_is_an_error() {
    for args in [
        &["thread-local"][..],
        &["daemon", "thread"],
        &["--list"],
        &["--help"],
    ] {
        let ended = run(&mut redirected(">/dev/full", PROGRAM, args));
        assert_eq!(ended.status.code(), Some(1), "{args:?}: {ended:#?}");
        let message = ended.stderr.strip_prefix("error: ").unwrap_or_default();
        assert_eq!(message.lines().count(), 1, "{args:?}: {ended:#?}");
        assert!(
            message.contains("stdout") && !message.contains("panicked"),
            "{ended:#?}"
        );
    }
}

/// R07: also where the message has nowhere to go (`> log 2>&1`, the disk full).
#[test]
#[cfg(target_os = "linux")]
fn full_stdout_and_stderr_are_an_error() {
    let ended = run(&mut redirected("2>/dev/full", PROGRAM, &["nonsense"]));
    assert_eq!(ended.status.code(), Some(2), "{ended:#?}");
    let everything = ">/dev/full 2>&1";
    let ended = run(&mut redirected(everything, PROGRAM, &["thread-local"]));
    assert_eq!(ended.status.code(), Some(1), "{ended:#?}");
}
