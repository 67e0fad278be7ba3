//! [`Session`]: a child that takes a measurement, and another each time it is asked.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use super::group::{GRACE, Group};
use super::run::read_all;

/// No answer is longer: what prints more than this without an end of line prints no measurements.
const LONGEST: u64 = 64 * 1024;

/// A child that prints a line, and another one for each line it reads. Ended, with all that it started, when
/// it is dropped.
pub struct Session {
    child: Group,
    stdin: Option<ChildStdin>,
    /// Disconnected at the end of its output.
    lines: Receiver<String>,
    stderr: Receiver<String>,
    asked: bool,
}

impl Session {
    /// Starts the child. The first line is on its way without being asked for.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub fn start(mut command: Command) -> io::Result<Self> {
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = Group::start(&mut command)?;
        let (stdin, stdout, stderr) = child.with(|child| {
            let outputs = (child.stdout.take(), child.stderr.take());
            (child.stdin.take(), outputs.0, outputs.1)
        });
        // One line waits at most: a child that does not stop printing waits too.
        let (send, lines) = mpsc::sync_channel(1);
        thread::spawn(move || {
            let mut output = BufReader::new(stdout?);
            loop {
                let mut line = Vec::new();
                let mut limited = output.by_ref().take(LONGEST);
                let count = limited.read_until(b'\n', &mut line).ok()?;
                if count == 0
                    || send
                        .send(String::from_utf8_lossy(&line).into_owned())
                        .is_err()
                {
                    return Some(());
                }
            }
        });
        let (send, errors) = mpsc::channel();
        thread::spawn(move || {
            // At the end there may be nobody who wants to know.
            let _ = send.send(read_all(stderr));
        });
        Ok(Self {
            child,
            stdin,
            lines,
            stderr: errors,
            asked: true,
        })
    }

    /// Its next line; asks for it first, if it is not on its way.
    ///
    /// # Errors
    ///
    /// Why there is none: it was not there after `deadline`, or the child has ended, and how. The
    /// session is over then.
    pub fn line(&mut self, deadline: Duration) -> Result<String, Silence> {
        if !std::mem::replace(&mut self.asked, false)
            && let Some(stdin) = &mut self.stdin
        {
            // If it has ended, that is seen below.
            let _ = stdin.write_all(b"\n");
        }
        match self.lines.recv_timeout(deadline) {
            Ok(line) => Ok(line),
            Err(RecvTimeoutError::Timeout) => {
                self.child.kill();
                Err(Silence::TimedOut(deadline))
            }
            Err(RecvTimeoutError::Disconnected) => Err(Silence::Ended(self.how_it_ended())),
        }
    }

    fn how_it_ended(&mut self) -> String {
        let status = match self.reap() {
            Ok(status) => status.to_string(),
            Err(error) => error.to_string(),
        };
        let stderr = self.stderr.recv_timeout(GRACE).unwrap_or_default();
        // After a panic the last line tells how to have a backtrace.
        let mut lines = stderr.lines().rev();
        let reason = lines.find(|line| !line.starts_with("note: "));
        reason.map_or_else(|| status.clone(), |reason| format!("{status}: {reason}"))
    }

    /// Waits for its end, for a while; then it is ended.
    fn reap(&mut self) -> io::Result<ExitStatus> {
        drop(self.stdin.take());
        let ceiling = Instant::now() + GRACE;
        while self.child.with(|child| child.try_wait())?.is_none() && Instant::now() < ceiling {
            thread::sleep(Duration::from_millis(1));
        }
        self.child.kill();
        let status = self.child.reap();
        self.child.is_gone();
        status
    }
}

impl Drop for Session {
    /// Its end of file comes first: a child that reads it ends by itself, and its CPU time is counted.
    fn drop(&mut self) {
        // There is nobody to tell how it ended, and what it said in time counts.
        let _ = self.reap();
    }
}

/// Why there is no line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Silence {
    /// It was not there in time.
    TimedOut(Duration),
    /// The child has ended: how, and the last line of its standard error.
    Ended(String),
}

impl std::fmt::Display for Silence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::TimedOut(deadline) => write!(f, "not done after {deadline:?}"),
            Self::Ended(how) => f.write_str(how),
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    fn shell(line: &str) -> Session {
        let mut command = Command::new("sh");
        command.args(["-c", line]);
        Session::start(command).expect("sh starts")
    }

    #[test]
    fn a_line_comes_for_each_that_is_asked_for() {
        let mut session = shell("echo 0; i=1; while read line; do echo $i; i=$((i+1)); done");
        for expected in ["0\n", "1\n", "2\n"] {
            assert_eq!(session.line(LONG).as_deref(), Ok(expected));
        }
    }

    #[test]
    fn how_it_ended_is_told() {
        let ended = |line| shell(line).line(LONG).expect_err("no line").to_string();
        assert_eq!(ended("echo reason >&2; exit 3"), "exit status: 3: reason");
        assert!(ended("kill -9 $$").contains("signal: 9"));
        assert_eq!(ended("true"), "exit status: 0");
    }

    #[test]
    fn what_hangs_is_ended_and_so_is_what_it_started() {
        let begin = Instant::now();
        let mut session = shell("sleep 600 & sleep 600");
        let short = Duration::from_millis(50);
        assert_eq!(session.line(short), Err(Silence::TimedOut(short)));
        drop(session);
        assert!(begin.elapsed() < LONG);
    }

    #[test]
    fn an_output_without_end_is_no_line_without_end() {
        let mut session = shell("yes | tr -d '\\n'");
        let line = session.line(LONG).expect("so much of it");
        assert_eq!(line.len() as u64, LONGEST);
    }
}
