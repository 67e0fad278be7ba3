//! Programs of their own, for what concerns a whole process: a test starts its executable once more, and that does what
//! the test gives to [`as_program`].

#![allow(dead_code)] // every test file has the whole of this and uses a part

use std::env;
use std::io::{BufRead, BufReader, Read};
use std::process::{self, Child, ChildStdout, Command, ExitStatus, Stdio};
use std::time::Duration;

/// Set for a program, to its argument.
const PROGRAM: &str = "PROGRAM_OF_A_TEST";

/// At the beginning of a test: what its program does. There it goes no further.
pub fn as_program(act: impl FnOnce(&str)) {
    if let Ok(argument) = env::var(PROGRAM) {
        act(&argument);
        process::exit(0);
    }
}

/// The program of the test named so.
pub fn program(test: &str, argument: &str) -> Command {
    let mut command = Command::new(env::current_exe().expect("a test has an executable"));
    command
        .args([test, "--exact", "--nocapture", "--quiet"]) // or, on one core, a name comes before the first line
        .env(PROGRAM, argument)
        .env_remove("RUST_BACKTRACE");
    command
}

/// A program that runs. It is killed if its test fails before it has ended.
pub struct Program {
    child: Child,
    stdout: BufReader<ChildStdout>,
    printed: String,
}

/// How a program has ended.
pub struct Ended {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

impl Program {
    pub fn start(mut command: Command) -> Self {
        command.stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("it starts");
        let stdout = child.stdout.take().expect("it is a pipe");
        let (stdout, printed) = (BufReader::new(stdout), String::new());
        Self {
            child,
            stdout,
            printed,
        }
    }

    /// Waits until it has printed this line.
    pub fn prints(&mut self, line: &str) {
        while !self.printed.lines().any(|printed| printed == line) {
            let read = self.stdout.read_line(&mut self.printed);
            let read = read.expect("it prints text");
            assert_ne!(read, 0, "it ended without '{line}': {}", self.printed);
        }
    }

    /// Sends it SIGINT, as Ctrl-C does.
    pub fn interrupt(&self) {
        let pid = self.child.id().to_string();
        let kill = Command::new("kill").args(["-INT", &pid]).status();
        assert!(kill.expect("there is a kill").success());
    }

    /// True while the program runs.
    pub fn is_alive(&mut self) -> bool {
        let ended = self.child.try_wait().expect("it is our child");
        ended.is_none()
    }

    /// Waits for its end; for half a minute, or it counts as hanging.
    pub fn ends(mut self) -> Ended {
        for _ in 0..3000 {
            if !self.is_alive() {
                break;
            }
            // why a sleep: std has no wait with a deadline.
            std::thread::sleep(Duration::from_millis(10));
        }
        assert!(!self.is_alive(), "it hangs: {}", self.printed);
        let mut stderr = String::new();
        let errors = self.child.stderr.as_mut().expect("it is a pipe");
        errors.read_to_string(&mut stderr).expect("it prints text");
        let rest = self.stdout.read_to_string(&mut self.printed);
        rest.expect("it prints text");
        Ended {
            status: self.child.wait().expect("it is our child"),
            stdout: std::mem::take(&mut self.printed),
            stderr,
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Ended {
    /// What the program said for its test, without what the test harness says.
    pub fn told(&self) -> Vec<&str> {
        let lines = self.stdout.lines();
        lines.filter(|line| line.ends_with('.')).collect()
    }
}
