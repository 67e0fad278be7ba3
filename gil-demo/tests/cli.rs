//! The chapter's command line, from outside: what is run, in which order, and how it ends when its
//! input or output is not what it hopes for.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use gil_demo::sections::{ALL, CHAPTER};

const PROGRAM: &str = env!("CARGO_BIN_EXE_gil-demo");

/// Far above what any of these needs on a busy machine; to reach it is a hang.
const CEILING: Duration = Duration::from_secs(120);

/// The exit code, stdout and stderr of a command that must end by itself.
fn run(command: &mut Command) -> (Option<i32>, String, String) {
    command.stdin(Stdio::null());
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let stdout = read(child.stdout.take().unwrap());
    let stderr = read(child.stderr.take().unwrap());
    let (stdout, stderr) = (stdout.recv_timeout(CEILING), stderr.recv_timeout(CEILING));
    let code = end(child, stdout.is_err() || stderr.is_err());
    (code, stdout.unwrap(), stderr.unwrap())
}

/// Reads to the end in a thread of its own, so that no full pipe can stop the other.
fn read(mut pipe: impl Read + Send + 'static) -> mpsc::Receiver<String> {
    let (sender, text) = mpsc::channel();
    thread::spawn(move || {
        let mut read = String::new();
        // Nobody waits for the text any more when the test has failed.
        let _ = pipe.read_to_string(&mut read).map(|_| sender.send(read));
    });
    text
}

/// Reaps the child, which has closed its outputs, or hangs and is killed.
fn end(mut child: Child, hangs: bool) -> Option<i32> {
    if hangs {
        child.kill().unwrap();
    }
    let status = child.wait().unwrap();
    assert!(!hangs, "not done after {CEILING:?}");
    status.code()
}

fn gil_demo(args: &[&str]) -> (Option<i32>, String, String) {
    run(Command::new(PROGRAM).args(args))
}

/// A shell that redirects as it is told and then becomes the program.
#[cfg(unix)]
fn redirected(redirection: &str, args: &str) -> (Option<i32>, String, String) {
    let line = format!("exec \"$0\" {args} {redirection}");
    run(Command::new("sh").args(["-c", &line, PROGRAM]))
}

fn heading(name: &str) -> String {
    let place = ALL.iter().position(|section| section.name == name).unwrap();
    format!("== {CHAPTER}.{} {} ==", place + 1, ALL[place].title)
}

/// CLI: an unknown name is refused before anything runs, wherever it stands, and the names are given.
#[test]
fn an_unknown_name_runs_nothing() {
    for args in [&["nonsense"][..], &["what-is-gil", "nonsense"]] {
        let (code, stdout, stderr) = gil_demo(args);
        assert_eq!((code, stdout.as_str()), (Some(2), ""));
        assert!(stderr.contains("'nonsense'"), "{stderr}");
        let all_named = ALL.iter().all(|section| stderr.contains(section.name));
        assert!(all_named, "{stderr}");
    }
}

/// CLI: `--list` has a line for each section, `--help` names them all; neither runs anything.
#[test]
fn list_and_help() {
    let (code, stdout, stderr) = gil_demo(&["--list"]);
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    for (line, section) in stdout.lines().zip(ALL) {
        assert!(
            line.starts_with(section.name) && line.ends_with(section.title),
            "{line}"
        );
    }
    assert_eq!(stdout.lines().count(), ALL.len());
    let (code, stdout, _) = gil_demo(&["what-is-gil", "--help"]);
    assert_eq!(code, Some(0));
    assert!(
        stdout.contains("Usage:") && !stdout.contains("=="),
        "{stdout}"
    );
}

/// CLI: sections run in the order named, also one that is named twice, each under its heading.
#[test]
fn sections_run_in_the_order_named() {
    let names = ["choosing-by-task", "what-is-gil", "what-is-gil"];
    let (code, stdout, stderr) = gil_demo(&names);
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    let headings: Vec<_> = stdout
        .lines()
        .filter(|line| line.starts_with("== "))
        .collect();
    assert_eq!(headings, names.map(heading));
}

/// R07: the reader goes after one line (`| head -1`): a quiet and early end.
#[test]
fn nobody_reads_on() {
    let mut child = Command::new(PROGRAM)
        .args(["what-is-gil", "choosing-by-task"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = String::new();
    let mut reader = BufReader::new(child.stdout.take().unwrap());
    reader.read_line(&mut first).unwrap();
    drop(reader);
    let stderr = read(child.stderr.take().unwrap()).recv_timeout(CEILING);
    assert_eq!(end(child, stderr.is_err()), Some(0));
    assert_eq!(stderr.unwrap(), "");
    assert_eq!(first.trim_end(), heading("what-is-gil"));
}

/// R07: stdin and stdout may be closed from the start, and stdout may be full.
#[test]
#[cfg(unix)]
fn closed_or_full() {
    for redirection in ["<&-", ">&-", "<&- >&-", "</dev/null"] {
        let (code, _, stderr) = redirected(redirection, "what-is-gil");
        assert_eq!((code, stderr.as_str()), (Some(0), ""), "{redirection}");
    }
    if cfg!(target_os = "linux") {
        let (code, _, stderr) = redirected(">/dev/full", "what-is-gil");
        assert_eq!(code, Some(1));
        assert!(
            stderr.starts_with("error: ") && stderr.lines().count() == 1,
            "{stderr}"
        );
        let (code, _, _) = redirected("2>/dev/full", "nonsense");
        assert_eq!(code, Some(2));
    }
}

/// GD-06: on one processor nothing hangs; what two threads have to themselves they then take in turn.
#[test]
#[cfg(target_os = "linux")]
fn one_processor() {
    let taskset = || {
        Command::new("sh")
            .args(["-c", "command -v taskset"])
            .output()
    };
    if !taskset().unwrap().status.success() {
        return; // not on this machine
    }
    let command = ["-c", "0", PROGRAM, "what-is-gil", "choosing-by-task"];
    let (code, stdout, stderr) = run(Command::new("taskset").args(command));
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    assert!(stdout.contains(&heading("choosing-by-task")));
}

/// GD-01: how many times as fast two threads are without the lock is computed from the two times that are
/// printed beside it, not typed. What it comes to is the machine's affair.
#[test]
fn the_speed_up_is_the_quotient_of_the_times() {
    let (code, stdout, stderr) = gil_demo(&["effect-on-threads"]);
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    // Each figure, in turn, after its word.
    let mut rest = stdout.as_str();
    let mut figure = |word: &str| -> f64 {
        let (_, after) = rest.split_once(word).expect(word);
        let end = after.find(|c: char| !(c.is_ascii_digit() || c == '.'));
        let (digits, tail) = after.split_at(end.unwrap_or(after.len()));
        rest = tail;
        digits.parse().expect(word)
    };
    let one = figure("\n单线程耗时: ");
    let two = figure("\n无锁多线程耗时: ");
    let times = figure("s（单线程的 ");
    // Each is rounded to two decimals.
    let half = 0.005;
    let (least, most) = ((one - half) / (two + half), (one + half) / (two - half));
    assert!(
        least - half <= times && times <= most + half,
        "{one} s over {two} s is not {times}"
    );
    assert!(one > 0.0 && two > 0.0, "{one} s, {two} s");
}

/// GD-07: that an update is lost without the lock, and never with it, is no matter of luck or of a sleep
/// that is long enough: it is so in each of many runs.
///
/// The lock itself waits for no time to pass either. `model.rs` checks it with a clock that stands still
/// or runs out at any moment, and there its `std::thread` has no `sleep`.
#[test]
fn an_update_is_lost_in_every_run() {
    let (_, first, _) = gil_demo(&["what-is-gil"]);
    assert!(
        first.contains("没有锁: 两个线程各加 1，计数为 1\n"),
        "{first}"
    );
    assert!(
        first.contains("有 GIL: 两个线程各加 1，计数为 2\n"),
        "{first}"
    );
    let again = gil_demo(&["what-is-gil"; 200]);
    assert_eq!(again, (Some(0), first.repeat(200), String::new()));
}
