//! [`run`]: a child from its start to its end, with a deadline.

use std::io::{self, Read, Write};
use std::panic;
use std::process::{ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use super::group::Group;

/// What a child printed and how it ended.
#[derive(Debug)]
pub struct Ended {
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
    /// How it ended.
    pub status: ExitStatus,
    /// Whether that was because its time was up.
    pub timed_out: bool,
    /// Whether processes of its group lived on after it, until they were killed here.
    pub left_processes: bool,
    /// From its start to its end.
    pub elapsed: Duration,
}

impl Ended {
    /// What it printed, if it ended well.
    ///
    /// # Errors
    ///
    /// Why it did not; `deadline` is the time that it had.
    pub fn output(self, deadline: Duration) -> Result<String, String> {
        if self.timed_out {
            return Err(format!("not done after {deadline:?}"));
        }
        if !self.status.success() {
            // After a panic the last line tells how to have a backtrace.
            let mut lines = self.stderr.lines().rev();
            let reason = lines.find(|line| !line.starts_with("note: "));
            let reason = reason.unwrap_or_default();
            return Err(format!("{}: {reason}", self.status));
        }
        Ok(self.stdout)
    }
}

/// Runs the command to its end, or kills it and all that it started when `deadline` is over.
///
/// It reads `input` on its standard input and is the leader of a process group of its own, so
/// that what it started can be found and killed with it. Where this process is such a child itself, and
/// measures, it stays in this one's group, and only it is killed.
///
/// # Errors
///
/// When it cannot be started.
pub fn run(command: Command, input: &str, deadline: Duration) -> io::Result<Ended> {
    let write = |stdin: Option<ChildStdin>| {
        // A child that does not read its input has its reasons; how it ends will tell.
        let _ = stdin.map(|mut stdin| stdin.write_all(input.as_bytes()));
    };
    let (ended, ()) = watch(command, Stdio::piped(), deadline, write)?;
    Ok(ended)
}

/// As [`run`], but the child's standard input is `stdin`, and `talk`, in a thread of its own, has the
/// other end of it: the end of the child, killed or not, is an end of file there.
///
/// # Errors
///
/// As [`run`].
pub fn converse<T: Send>(
    command: Command,
    stdin: impl Into<Stdio>,
    deadline: Duration,
    talk: impl FnOnce() -> T + Send,
) -> io::Result<(Ended, T)> {
    watch(command, stdin.into(), deadline, |_| talk())
}

fn watch<T: Send>(
    mut command: Command,
    stdin: Stdio,
    deadline: Duration,
    talk: impl FnOnce(Option<ChildStdin>) -> T + Send,
) -> io::Result<(Ended, T)> {
    command
        .stdin(stdin)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let begin = Instant::now();
    let mut child = Group::start(&mut command)?;
    drop(command); // it has the child's end of `stdin` too, and would keep it open
    let stdin = child.with(|child| child.stdin.take());
    let stdout = child.with(|child| child.stdout.take());
    let stderr = child.with(|child| child.stderr.take());

    thread::scope(|scope| {
        // One thread each, so that no full pipe can stop another.
        let talk = scope.spawn(move || talk(stdin));
        let stderr = scope.spawn(move || read_all(stderr));
        let (done, watch) = mpsc::channel::<()>();
        let watchdog = scope.spawn({
            let child = &child;
            move || match watch.recv_timeout(deadline) {
                Err(RecvTimeoutError::Timeout) => {
                    child.kill();
                    true
                }
                _ => false,
            }
        });
        // The end of both outputs is the end of all who hold them, or the watchdog's doing.
        let stdout = read_all(stdout);
        let stderr = stderr.join().expect("reading does not panic");
        let status = child.reap();
        let elapsed = begin.elapsed();
        drop(done);
        let timed_out = watchdog.join().expect("waiting does not panic");
        let left_processes = !child.is_gone();
        let talked = talk
            .join()
            .unwrap_or_else(|panic| panic::resume_unwind(panic));
        let ended = Ended {
            stdout,
            stderr,
            status: status?,
            timed_out,
            left_processes,
            elapsed,
        };
        Ok((ended, talked))
    })
}

pub(super) fn read_all(source: Option<impl Read>) -> String {
    let mut bytes = Vec::new();
    if let Some(mut source) = source {
        // What could be read counts; a broken pipe is the end of it.
        let _ = source.read_to_end(&mut bytes);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
