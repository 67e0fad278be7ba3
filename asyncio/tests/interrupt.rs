//! Ctrl-C, in programs of their own: this test's executable once more, and the chapter's.
#![cfg(unix)]

use std::env;
use std::future::pending;
use std::io::{BufRead, BufReader, Read};
use std::process::{self, Child, Command, Stdio};
use std::time::Duration;

use asyncio::run::{RunError, run};

/// AS-16: main is cancelled where it stands, its destructors run, then those of the tasks it left, and the
/// program ends with 130.
#[test]
fn an_interrupt_cancels_main() {
    if env::var_os("INTERRUPTED_PROGRAM").is_some() {
        interrupted_program();
    }
    let mut command = Command::new(env::current_exe().expect("a test has an executable"));
    command
        .args(["an_interrupt_cancels_main", "--exact", "--nocapture"])
        .env("INTERRUPTED_PROGRAM", "1");
    let (code, stdout, stderr) = interrupted(command, "ready");
    assert_eq!(code, Some(130), "{stdout}{stderr}");
    let told: Vec<&str> = stdout.lines().filter(|line| line.ends_with('.')).collect();
    assert_eq!(
        told,
        ["main is dropped.", "the task is dropped.", "after run."]
    );
}

/// Says when it is dropped.
struct Says(&'static str);

impl Drop for Says {
    fn drop(&mut self) {
        println!("{} is dropped.", self.0);
    }
}

fn interrupted_program() -> ! {
    let ended = run(async {
        let _main = Says("main");
        let task = tokio::spawn(async {
            let _task = Says("the task");
            // Not before it has begun, or there would be nothing to drop; main listens since its first poll.
            println!("ready");
            pending::<()>().await;
        });
        task.await.expect("it never ends");
    });
    println!("after run.");
    process::exit(match ended {
        Err(RunError::Interrupted) => 130,
        _ => 1,
    });
}

/// AS-16 in the chapter's own program, on both runtimes.
#[test]
fn an_interrupted_section_ends_with_130() {
    for runtime in [None, Some("--multi-thread")] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_asyncio"));
        command.arg("coroutine").args(runtime);
        let (code, stdout, stderr) = interrupted(command, "开始请求: url1");
        assert_eq!(code, Some(130), "{stdout}{stderr}");
        assert!(!stdout.contains("url2"), "{stdout}");
        assert!(stderr.contains("interrupted"), "{stderr}");
        assert!(!stderr.contains("panicked"), "{stderr}");
    }
}

/// Starts a program, waits for a line on its stdout, interrupts it: its exit code and what it printed.
fn interrupted(mut command: Command, line: &str) -> (Option<i32>, String, String) {
    command.stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut program = Ended(command.spawn().expect("it starts"));
    let stdout = program.0.stdout.take().expect("it is a pipe");
    let mut stdout = BufReader::new(stdout);
    let mut printed = String::new();
    while !printed.lines().any(|printed| printed == line) {
        let read = stdout.read_line(&mut printed).expect("it prints text");
        assert_ne!(read, 0, "it ended without '{line}': {printed}");
    }
    let pid = program.0.id().to_string();
    let kill = Command::new("kill").args(["-INT", &pid]).status();
    assert!(kill.expect("there is a kill").success());
    stdout.read_to_string(&mut printed).expect("it prints text");
    let mut stderr = String::new();
    let errors = program.0.stderr.as_mut().expect("it is a pipe");
    errors.read_to_string(&mut stderr).expect("it prints text");
    (program.status(), printed, stderr)
}

/// Killed if the test fails before it has ended.
struct Ended(Child);

impl Ended {
    /// Its exit code; within a minute, or it counts as hanging.
    fn status(&mut self) -> Option<i32> {
        for _ in 0..6000 {
            if let Some(status) = self.0.try_wait().expect("it is our child") {
                return status.code();
            }
            // why a sleep: std has no wait with a deadline.
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("it hangs");
    }
}

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
