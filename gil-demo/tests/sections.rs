//! What the sections print, where it is a figure or a matter of luck.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// Far above what any of these needs on a busy machine; to reach it is a hang.
const CEILING: Duration = Duration::from_secs(120);

/// The exit code, stdout and stderr of the sections, which must end by themselves.
fn gil_demo(sections: &[&str]) -> (Option<i32>, String, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_gil-demo"))
        .args(sections)
        .stdin(Stdio::null())
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
