//! A measurement that starts processes of its own, ended in the middle: nothing is left of it.
#![cfg(target_os = "linux")]

use std::fs;
use std::process::{self, Command};
use std::time::{Duration, Instant};

use comparison::child::{Session, Silence};

/// In the environment of all that the measurement starts.
const MARK: &str = "COMPARISON_TEST_NESTED";

/// The processes that have the mark: what they were started as.
fn marked(mark: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc")
        .expect("this system has /proc")
        .flatten()
    {
        // What cannot be read is no process, another user's, or gone.
        let environment = fs::read(entry.path().join("environ")).unwrap_or_default();
        if environment
            .split(|&byte| byte == 0)
            .any(|line| line == mark.as_bytes())
        {
            let words = fs::read(entry.path().join("cmdline")).unwrap_or_default();
            found.push(String::from_utf8_lossy(&words).replace('\0', " "));
        }
    }
    found
}

#[test]
fn a_deadline_ends_server_and_client() {
    for model in ["threads", "processes", "tasks"] {
        let value = format!("{}-{model}", process::id());
        let mark = format!("{MARK}={value}");
        let mut command = Command::new(env!("CARGO_BIN_EXE_comparison"));
        // More than there is time for.
        command.args(["__measure", "network", model, "20", "100000000"]);
        command.env(MARK, value);
        let mut session = Session::start(command).expect("it can be started");
        let ceiling = Instant::now() + Duration::from_secs(120);
        let is_there = |word| marked(&mark).iter().any(|words| words.contains(word));
        while !is_there("__server") || !is_there("__client") {
            assert!(Instant::now() < ceiling, "server and client do not begin");
        }
        let short = Duration::from_millis(10);
        assert_eq!(session.line(short), Err(Silence::TimedOut(short)));
        drop(session); // it waits until the whole group is gone
        assert_eq!(marked(&mark), [""; 0], "left behind");
    }
}
