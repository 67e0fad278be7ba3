//! This executable, started again to do one thing in a process of its own.
//!
//! The first argument is a hidden word. [`act`] looks for it before `main` does anything else: a
//! section may fork, which is only sound while the process has one thread and nothing else is set up.

use std::env;
use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::panic;
use std::process::{self, Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::blocks;
use crate::chapters::Chapter;
use crate::contract::Contract;
use crate::measures::{Measure, Sizes};
use crate::models;
#[cfg(target_os = "linux")]
use crate::network;
#[cfg(target_os = "linux")]
use crate::python::Python;

use left::Before;

mod left;

mod session; // a child that measures as often as it is asked

pub use session::{Session, Silence};

const SECTION: &str = "__section";
const MEASURE: &str = "__measure";
#[cfg(target_os = "linux")]
const MEASURE_SERVER: &str = "__measure-server";
const BLOCK: &str = "__block";
const TIMELINE: &str = "__timeline";
const CONVOY: &str = "__convoy";
#[cfg(target_os = "linux")]
const WEIGHT: &str = "__weight";
#[cfg(target_os = "linux")]
const SERVER: &str = "__server";
#[cfg(target_os = "linux")]
const CLIENT: &str = "__client";

/// The exit code of a section that left a child or shared memory behind, or other threads or descriptors
/// than its contract says.
pub const LEFT_BEHIND: i32 = 3;

/// The first line of `main`: if this process was started to run a section, to take a measurement or
/// to answer requests, does so and does not return.
pub fn act(chapters: &[Chapter]) {
    #[cfg(feature = "peers")]
    procspawn::init(); // its workers are this executable too
    let args: Vec<OsString> = env::args_os().collect();
    let word = |index: usize| args.get(index).and_then(|arg| arg.to_str());
    let code = match (word(1), word(2), word(3), word(4)) {
        (Some(SECTION), Some(chapter), Some(section), _) => run_section(chapters, chapter, section),
        (Some(MEASURE), Some(measure), Some(model), _) => {
            NESTED.store(true, Relaxed);
            let sizes = args.iter().skip(4).filter_map(|arg| arg.to_str());
            models::measure_in_this_process(measure, model, &sizes.collect::<Vec<_>>())
        }
        #[cfg(target_os = "linux")]
        (Some(MEASURE_SERVER), Some(python), Some(model), _) => {
            NESTED.store(true, Relaxed);
            let sizes = args.iter().skip(4).filter_map(|arg| arg.to_str());
            models::measure_server_in_this_process(python, model, &sizes.collect::<Vec<_>>())
        }
        (Some(BLOCK), Some(row), _, _) => blocks::measure_in_this_process(row),
        (Some(TIMELINE), Some(model), _, _) => crate::timeline::record_in_this_process(model),
        (Some(CONVOY), Some(interval), Some(burn), Some(answer)) => {
            blocks::answer_in_this_process(interval, burn, answer)
        }
        #[cfg(target_os = "linux")]
        (Some(WEIGHT), Some(thing), _, _) => blocks::weigh_in_this_process(thing),
        #[cfg(target_os = "linux")]
        (Some(SERVER), Some(model), _, _) => network::serve_in_this_process(model),
        #[cfg(target_os = "linux")]
        (Some(CLIENT), Some(port), Some(connections), Some(requests)) => {
            network::ask_in_this_process(port, connections, requests)
        }
        _ => return,
    };
    // Not a return from `main`: what a section left running ends here too.
    process::exit(code);
}

/// A command that makes this executable run a section.
///
/// # Errors
///
/// When the system does not say where this executable is.
pub fn section(chapter: &str, section: &str) -> io::Result<Command> {
    let mut command = Command::new(env::current_exe()?);
    command.args([SECTION, chapter, section]);
    Ok(command)
}

/// A command that makes this executable take a measurement of a model.
///
/// # Errors
///
/// As [`section`].
pub fn measurement(measure: Measure, model: &str, sizes: &Sizes) -> io::Result<Command> {
    let mut command = Command::new(env::current_exe()?);
    command.args([MEASURE, measure.name(), model]);
    command.args(sizes.0.iter().map(u64::to_string));
    Ok(command)
}

/// What takes the same measurement by hand.
pub fn measurement_by_hand(measure: Measure, model: &str, sizes: &Sizes) -> String {
    let words = sizes.0.iter().map(|size| format!(" {size}"));
    let (measure, words) = (measure.name(), words.collect::<String>());
    format!("target/release/comparison {MEASURE} {measure} {model}{words} </dev/null")
}

/// A command that makes this executable measure a server of that Python's, of a model.
///
/// # Errors
///
/// As [`section`].
#[cfg(target_os = "linux")]
pub fn server_measurement(python: &Python, model: &str, sizes: &Sizes) -> io::Result<Command> {
    let mut command = Command::new(env::current_exe()?);
    command.args([MEASURE_SERVER, python.path(), model]);
    command.args(sizes.0.iter().map(u64::to_string));
    Ok(command)
}

/// What takes the same measurement by hand.
#[cfg(target_os = "linux")]
pub fn server_measurement_by_hand(python: &Python, model: &str, sizes: &Sizes) -> String {
    let words: String = sizes.0.iter().map(|size| format!(" {size}")).collect();
    let python = python.path();
    format!("target/release/comparison {MEASURE_SERVER} {python} {model}{words} </dev/null")
}

/// A command that makes this executable measure a block against its rivals.
///
/// # Errors
///
/// As [`section`].
pub fn block(row: &str) -> io::Result<Command> {
    let mut command = Command::new(env::current_exe()?);
    command.args([BLOCK, row]);
    Ok(command)
}

/// A command that makes this executable record who ran when under a model.
///
/// # Errors
///
/// As [`section`].
pub fn timeline(model: &str) -> io::Result<Command> {
    let mut command = Command::new(env::current_exe()?);
    command.args([TIMELINE, model]);
    Ok(command)
}

/// A command that makes this executable answer the bytes on its standard input under a lock with this
/// switch interval (in microseconds), while a thread on another core computes under the same lock.
///
/// # Errors
///
/// As [`section`].
pub fn convoy(interval: u64, burn: usize, answer: usize) -> io::Result<Command> {
    let mut command = Command::new(env::current_exe()?);
    command.arg(CONVOY);
    command.args([interval.to_string(), burn.to_string(), answer.to_string()]);
    Ok(command)
}

/// A command that makes this executable weigh something of which there are very many.
///
/// # Errors
///
/// As [`section`].
#[cfg(target_os = "linux")]
pub fn weight(thing: &str) -> io::Result<Command> {
    let mut command = Command::new(env::current_exe()?);
    command.args([WEIGHT, thing]);
    Ok(command)
}

/// A command that makes this executable a server of this model. Its standard input is to be a socket.
///
/// # Errors
///
/// As [`section`].
#[cfg(target_os = "linux")]
pub fn server(model: &str) -> io::Result<Command> {
    let mut command = Command::new(env::current_exe()?);
    command.args([SERVER, model]);
    Ok(command)
}

/// A command that makes this executable a client with so many connections, which make so many requests
/// each. Its standard input is to be a socket.
///
/// # Errors
///
/// As [`section`].
#[cfg(target_os = "linux")]
pub fn client(port: u16, connections: usize, requests: usize) -> io::Result<Command> {
    let mut command = Command::new(env::current_exe()?);
    command.arg(CLIENT).arg(port.to_string());
    command.args([connections.to_string(), requests.to_string()]);
    Ok(command)
}

fn run_section(chapters: &[Chapter], chapter: &str, name: &str) -> i32 {
    exit_quietly_without_stdout();
    let sections = chapters.iter().filter(|c| c.name == chapter);
    let Some(section) = sections.flat_map(|c| &c.sections).find(|s| s.name == name) else {
        eprintln!("error: there is no section {chapter}/{name}");
        return 2;
    };
    let before = Before::look();
    if let Err(error) = (section.run)() {
        eprintln!("error: {error:?}");
        return 1;
    }
    let flushed = io::stdout().flush();
    if let Err(error) = flushed {
        eprintln!("error: {error}");
        return 1;
    }
    // One that cannot be read is a fault already, which the parent reports.
    let contract = Contract::parse(section.contract).unwrap_or_default();
    if let Some(fault) = before.fault(&contract) {
        eprintln!("error: {fault}");
        return LEFT_BEHIND;
    }
    0
}

/// `println!` panics when nobody reads any more, which is no fault of the section's.
fn exit_quietly_without_stdout() {
    let report = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let text = info.payload().downcast_ref::<String>();
        if text.is_some_and(|text| text.starts_with("failed printing to stdout")) {
            process::exit(0);
        }
        report(info);
    }));
}

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

fn read_all(source: Option<impl Read>) -> String {
    let mut bytes = Vec::new();
    if let Some(mut source) = source {
        // What could be read counts; a broken pipe is the end of it.
        let _ = source.read_to_end(&mut bytes);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A child and its process group. The mutex keeps a kill from meeting a process that was reaped.
struct Group {
    child: Mutex<Child>,
    /// Whether the group is its own.
    led: bool,
}

/// Set where this process is itself a child that measures. What it starts stays in its group then, so that who
/// ends that group ends all.
static NESTED: AtomicBool = AtomicBool::new(false);

/// For how long what a child has started may outlive it: the system ends it a moment later.
const GRACE: Duration = Duration::from_secs(5);

/// The groups that are alive, for [`kill_all`].
static GROUPS: Mutex<Vec<u32>> = Mutex::new(Vec::new());

impl Group {
    fn start(command: &mut Command) -> io::Result<Self> {
        let led = !NESTED.load(Relaxed);
        #[cfg(unix)]
        if led {
            std::os::unix::process::CommandExt::process_group(command, 0);
        }
        // Under the lock, so that `kill_all` cannot come between the start and the entry.
        let mut groups = groups();
        let child = command.spawn()?;
        if led {
            groups.push(child.id());
        }
        Ok(Self {
            child: Mutex::new(child),
            led,
        })
    }

    fn with<T>(&mut self, take: impl FnOnce(&mut Child) -> T) -> T {
        take(self.child.get_mut().unwrap_or_else(PoisonError::into_inner))
    }

    fn child(&self) -> MutexGuard<'_, Child> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn kill(&self) {
        let mut child = self.child();
        if matches!(child.try_wait(), Ok(None)) {
            if self.led {
                kill_group(child.id());
            }
            // Where there are no groups, at least the child. Fails only if it has just ended.
            let _ = child.kill();
        }
    }

    /// After the child has been reaped: whether all that it started is gone too. What is not, by the end
    /// of [`GRACE`], is killed.
    fn is_gone(&self) -> bool {
        if !self.led {
            return true; // whoever leads the group looks
        }
        let group = self.child().id();
        let ceiling = Instant::now() + GRACE;
        while group_lives(group) {
            if Instant::now() > ceiling {
                kill_group(group);
                return false;
            }
            thread::sleep(Duration::from_millis(1));
        }
        true
    }

    fn reap(&self) -> io::Result<ExitStatus> {
        loop {
            let mut groups = groups();
            let mut child = self.child();
            if let Some(status) = child.try_wait()? {
                groups.retain(|&id| id != child.id());
                return Ok(status);
            }
            drop((child, groups)); // the watchdog needs them
            thread::sleep(Duration::from_millis(1)); // its outputs are closed: it is about to end
        }
    }
}

/// Kills every child that is alive and all that it started: for a program that is interrupted.
pub fn kill_all() {
    for &group in groups().iter() {
        kill_group(group);
    }
}

fn groups() -> MutexGuard<'static, Vec<u32>> {
    GROUPS.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(unix)]
fn kill_group(group: u32) {
    use nix::sys::signal::{Signal, killpg};
    use nix::unistd::Pid;

    if let Ok(group) = i32::try_from(group) {
        // It has ended when there is no such group; nothing is left to kill then.
        let _ = killpg(Pid::from_raw(group), Signal::SIGKILL);
    }
}

/// Its number is not given to anybody else while a process is in it.
#[cfg(unix)]
fn group_lives(group: u32) -> bool {
    use nix::sys::signal::killpg;
    use nix::unistd::Pid;

    i32::try_from(group).is_ok_and(|group| killpg(Pid::from_raw(group), None).is_ok())
}

#[cfg(not(unix))]
fn kill_group(_group: u32) {}

#[cfg(not(unix))]
fn group_lives(_group: u32) -> bool {
    false
}
