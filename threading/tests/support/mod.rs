//! What the tests share: ceilings instead of hangs, child processes, and a way to know that another
//! thread is asleep.
//!
//! Nothing here is timed for speed. A ceiling is far above what a busy machine needs; to reach it is
//! a failure with a message.

#![allow(dead_code)] // every test file has the whole of this and uses a part

use std::any::Any;
use std::env;
use std::io::Read;
use std::panic;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use threading::thread::{Builder, JoinHandle};

/// How long a test may last, children aside.
pub const CEILING: Duration = Duration::from_secs(30);

/// How long a test may wait for a condition: shorter, so that what it waited for is named.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long a child may live: longer than [`CEILING`], so that its own message comes first.
const CHILD_CEILING: Duration = Duration::from_secs(60);

/// Tells a child that this executable started what to do.
const ROLE: &str = "THREADING_TEST_ROLE";

/// Runs a test's body. One that hangs fails at the ceiling, and says what its threads wait for.
#[track_caller]
pub fn bounded(body: impl FnOnce() + Send + 'static) {
    let (running, ended) = mpsc::channel::<()>();
    let name = thread::current().name().unwrap_or("test").to_owned();
    let body = thread::Builder::new().name(name).spawn(move || {
        let _running = running; // dropped at the end, also by a panic
        body();
    });
    let body = body.expect("a thread for the test's body");
    if ended.recv_timeout(CEILING) == Err(RecvTimeoutError::Timeout) {
        panic!("hangs after {CEILING:?}; the threads:\n{}", threads());
    }
    if let Err(payload) = body.join() {
        panic::resume_unwind(payload);
    }
}

/// Waits until `condition` holds.
#[track_caller]
pub fn eventually(what: &str, condition: impl FnMut() -> bool) {
    assert!(comes_true(condition), "not in {PATIENCE:?}: {what}");
}

/// Waits until `condition` holds; whether it did so at last.
pub fn comes_true(mut condition: impl FnMut() -> bool) -> bool {
    let start = Instant::now();
    while !condition() {
        if start.elapsed() > PATIENCE {
            return false;
        }
        pause();
    }
    true
}

/// Checks that a wait of `asked` lasted. Clocks and timers differ a little, hence the 0.6; there is
/// no upper bound, since a busy machine may take its time.
#[track_caller]
pub fn assert_lasted(start: Instant, asked: Duration) {
    let lasted = start.elapsed();
    assert!(
        lasted >= asked.mul_f64(0.6),
        "{lasted:?} instead of {asked:?}"
    );
}

/// The text that a thread panicked with.
pub fn panic_text(payload: Box<dyn Any + Send>) -> String {
    match payload.downcast::<String>() {
        Ok(text) => *text,
        Err(other) => other
            .downcast::<&str>()
            .map_or_else(|_| String::new(), |text| (*text).to_owned()),
    }
}

fn pause() {
    // why a sleep: nobody tells us about the change; this only spaces out the looks at it.
    thread::sleep(Duration::from_millis(1));
}

/// A thread that runs until the sender is dropped.
pub fn held(builder: Builder) -> (Sender<()>, JoinHandle<()>) {
    let (hold, released) = mpsc::channel::<()>();
    let handle = builder.spawn(move || released.recv().unwrap_or_default());
    (hold, handle.expect("a thread"))
}

// ---- threads that sleep

/// By which others know that a thread sleeps in a wait that it is about to begin.
#[derive(Default)]
pub struct Sleeper {
    /// The kernel's number of the thread; 0 before it has announced itself.
    task: AtomicU32,
}

impl Sleeper {
    /// Called by the thread right before the wait; nothing in between may block.
    pub fn about_to_wait(&self) {
        self.task.store(kernel_task(), Ordering::SeqCst);
    }

    /// Returns when the thread sleeps. It is in its wait then: it has nothing else to sleep in,
    /// provided that nobody uses the lock inside what it waits for meanwhile.
    ///
    /// Elsewhere than on Linux it returns when the thread is about to wait, and the test is weaker.
    #[track_caller]
    pub fn wait_until_asleep(&self) {
        eventually("a thread sleeps", || {
            match self.task.load(Ordering::SeqCst) {
                0 => false,
                task => is_asleep(task),
            }
        });
    }
}

/// The kernel's number of the calling thread; 1 where we do not know how to ask.
pub fn kernel_task() -> u32 {
    // The link reads PID/task/TID.
    let number = std::fs::read_link("/proc/thread-self")
        .ok()
        .and_then(|link| link.file_name()?.to_str()?.parse().ok());
    number.unwrap_or(1)
}

/// How many threads the kernel has for this process.
#[cfg(target_os = "linux")]
pub fn kernel_tasks() -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").expect("/proc is mounted");
    tasks.count()
}

#[cfg(target_os = "linux")]
fn is_asleep(task: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/self/task/{task}/stat"));
    // The name in parentheses may contain anything; the state is the letter after it.
    let state = stat.unwrap_or_default();
    state
        .rsplit_once(") ")
        .is_some_and(|(_, rest)| rest.starts_with('S'))
}

#[cfg(not(target_os = "linux"))]
fn is_asleep(_task: u32) -> bool {
    true
}

/// What every thread of this process does, a line each.
fn threads() -> String {
    let tasks = std::fs::read_dir("/proc/self/task").into_iter().flatten();
    let line = |task: std::io::Result<std::fs::DirEntry>| {
        let path = task.ok()?.path();
        let read = |file| std::fs::read_to_string(path.join(file)).unwrap_or_default();
        let (name, place) = (read("comm"), read("wchan"));
        Some(format!("  {}: in {place}\n", name.trim_end()))
    };
    tasks.filter_map(line).collect()
}

// ---- child processes

/// How a child ended and what it printed.
#[derive(Debug)]
pub struct Ended {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

/// Runs a command to its end, without input. Past the ceiling its process group is killed.
#[track_caller]
pub fn run(command: &mut Command) -> Ended {
    let mut child = start(command);
    let stdout = drain(child.stdout.take().expect("piped"));
    let stderr = drain(child.stderr.take().expect("piped"));
    let status = finish(&mut child);
    let text = |pipe: Receiver<String>| {
        let text = pipe.recv_timeout(CEILING);
        text.expect("an orphan of the child keeps its pipe open")
    };
    let (stdout, stderr) = (text(stdout), text(stderr));
    Ended {
        status: status.unwrap_or_else(|| panic!("killed at {CHILD_CEILING:?}: {stdout}{stderr}")),
        stdout,
        stderr,
    }
}

/// Starts a command in a process group of its own, its output piped, its input empty.
pub fn start(command: &mut Command) -> Child {
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    let command = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command.env("RUST_BACKTRACE", "0").spawn().expect("a child")
}

/// Waits for a child's end: `None` if it had to be killed at the ceiling.
pub fn finish(child: &mut Child) -> Option<ExitStatus> {
    let start = Instant::now();
    while start.elapsed() < CHILD_CEILING {
        if let Some(status) = child.try_wait().expect("our own child") {
            return Some(status);
        }
        pause();
    }
    kill_group(child);
    child.wait().expect("our own child");
    None
}

/// Reads a pipe to its end, beside whatever else goes on.
pub fn drain(mut pipe: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = pipe.read_to_end(&mut bytes); // what came before an error is what there is
        let _ = sender.send(String::from_utf8_lossy(&bytes).into_owned());
    });
    receiver
}

fn kill_group(child: &mut Child) {
    #[cfg(target_os = "linux")]
    {
        let group = i32::try_from(child.id()).expect("a pid");
        // SAFETY: no memory is involved. The child leads its group and is not reaped yet, so the
        // number is still its own.
        unsafe { libc::kill(-group, libc::SIGKILL) };
    }
    #[cfg(not(target_os = "linux"))]
    let _ = child.kill(); // else it has just ended, as it should
}

/// What this child is to do; `None` in the process that cargo started.
pub fn role() -> Option<String> {
    env::var(ROLE).ok()
}

/// Runs the test `name` once more in a child of its own, where [`role`] is `role`.
#[track_caller]
pub fn again(name: &str, role: &str) -> Ended {
    again_through("", name, role)
}

/// Like [`again`], with a redirection of the shell's, such as `2>&-`.
#[track_caller]
pub fn again_through(redirection: &str, name: &str, role: &str) -> Ended {
    let program = env::current_exe().expect("the path of this executable");
    let program = program.to_str().expect("a path in UTF-8");
    let args = ["--exact", name, "--nocapture", "--test-threads=1"];
    let ended = run(redirected(redirection, program, &args).env(ROLE, role));
    // A misspelt name would run nothing, and succeed.
    assert!(ended.stdout.contains("running 1 test\n"), "{ended:#?}");
    ended
}

/// A command, through a shell if there is something to redirect.
pub fn redirected(redirection: &str, program: &str, args: &[&str]) -> Command {
    let mut command = Command::new(if redirection.is_empty() {
        program
    } else {
        "sh"
    });
    if !redirection.is_empty() {
        let script = format!("exec \"$0\" \"$@\" {redirection}");
        command.args(["-c", script.as_str(), program]);
    }
    command.args(args);
    command
}
