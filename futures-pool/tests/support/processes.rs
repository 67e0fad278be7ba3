//! A test harness for tests whose processes start themselves again as workers: that needs a `main` of
//! their own, which cargo's harness does not leave them. Each case has a process of its own here.
//!
//! ```ignore
//! #[cfg(target_os = "linux")]
//! #[path = "support/processes.rs"]
//! mod support;
//!
//! #[cfg(target_os = "linux")]
//! fn main() {
//!     futures_pool::init();
//!     support::main(cases![first_case, module::second_case]);
//! }
//!
//! #[cfg(not(target_os = "linux"))]
//! fn main() {}
//! ```
//!
//! and in `Cargo.toml` a `[[test]]` with `harness = false`. A case that returns has passed if nothing
//! is left of it: no child, no descriptor, no process. One that hangs is killed at the deadline, with
//! all its processes, and it is shown what they were waiting for.

#![allow(dead_code)] // every test file has the whole of this and uses a part

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fs::{self, File};
use std::io::{self, Read, Seek, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio, exit};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::prctl::set_child_subreaper;
use nix::sys::signal::{Signal, killpg};
use nix::sys::wait::{Id, WaitPidFlag, waitid, waitpid};
use nix::unistd::{Pid, getpid};

/// How long a case may last.
const DEADLINE: Duration = Duration::from_secs(60);

/// How long a case may wait for one thing: shorter, so that what it waited for is named.
pub const CEILING: Duration = Duration::from_secs(30);

/// How long what a case leaves behind has to go away.
const GRACE: Duration = Duration::from_secs(10);

/// How many cases run at a time.
const AT_A_TIME: usize = 2;

/// In the environment of a case and of all its processes: `UNIQUE:NAME`.
const CASE: &str = "FUTURES_POOL_TEST_CASE";

/// In the environment, too: a folder for the case alone.
const FOLDER: &str = "FUTURES_POOL_TEST_FOLDER";

/// In the environment of a process that a case started [again](again).
const ROLE: &str = "FUTURES_POOL_TEST_ROLE";

/// How a case ends that cannot be run here.
const SKIPPED: i32 = 77;

/// A case: its name and what it does.
pub type Case = (&'static str, fn());

/// The cases, by their functions.
#[macro_export]
macro_rules! cases {
    ($($case:path),* $(,)?) => { &[$((stringify!($case), $case as fn())),*] };
}

/// The test executable's `main`.
pub fn main(cases: &[Case]) {
    if let Ok(case) = env::var(CASE) {
        let (_, name) = case.split_once(':').expect("set by the harness");
        let (_, function) = cases.iter().find(|case| case.0 == name).expect("a case");
        return in_case(*function);
    }
    let mut options = Options::default();
    let mut args = env::args().skip(1);
    while let Some(arg) = args.next() {
        match &*arg {
            "--list" => options.list = true,
            "--exact" => options.exact = true,
            "--nocapture" | "--no-capture" | "--show-output" => options.show = true,
            "--ignored" => options.none = true, // there are none
            "--skip" => options.skip.extend(args.next()),
            "--test-threads" | "--format" | "--color" | "-Z" => drop(args.next()),
            option if option.starts_with('-') => {}
            _ => options.names.push(arg),
        }
    }
    let chosen: Vec<_> = cases.iter().filter(|case| options.wants(case.0)).collect();
    if options.list {
        chosen.iter().for_each(|case| println!("{}: test", case.0));
        return println!("\n{} tests, 0 benchmarks", chosen.len());
    }
    // What a case leaves behind becomes this process's, and is found.
    set_child_subreaper(true).expect("since Linux 3.4");
    let plural = if chosen.len() == 1 { "" } else { "s" };
    println!("\nrunning {} test{plural}", chosen.len());
    let (next, failures) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    let skipped = AtomicUsize::new(0);
    let begin = Instant::now();
    thread::scope(|scope| {
        for _ in 0..AT_A_TIME {
            scope.spawn(|| {
                while let Some((name, _)) = chosen.get(next.fetch_add(1, Ordering::Relaxed)) {
                    match run(name, options.show) {
                        Ok(true) => println!("test {name} ... ok"),
                        Ok(false) => {
                            println!("test {name} ... skipped: it needs root");
                            skipped.fetch_add(1, Ordering::Relaxed);
                        }
                        Err(text) => {
                            println!("test {name} ... FAILED");
                            failures.lock().expect("no panic").insert(name, text);
                        }
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().expect("no panic");
    for (name, text) in &failures {
        println!("\n---- {name} ----\n{text}");
    }
    let skipped = skipped.into_inner();
    println!(
        "\ntest result: {}. {} passed; {} failed; {skipped} ignored; 0 measured; {} filtered out; finished in {:.2}s\n",
        if failures.is_empty() { "ok" } else { "FAILED" },
        chosen.len() - failures.len() - skipped,
        failures.len(),
        cases.len() - chosen.len(),
        begin.elapsed().as_secs_f64(),
    );
    if !failures.is_empty() {
        exit(101);
    }
}

#[derive(Default)]
struct Options {
    list: bool,
    exact: bool,
    show: bool,
    none: bool,
    names: Vec<String>,
    skip: Vec<String>,
}

impl Options {
    fn wants(&self, name: &str) -> bool {
        let is = |wanted: &String| match self.exact {
            true => name == wanted,
            false => name.contains(&**wanted),
        };
        let wanted = self.names.is_empty() || self.names.iter().any(is);
        wanted && !self.skip.iter().any(is) && !self.none
    }
}

// ---- the side of the harness

/// Runs a case in a process of its own. `false` if it was skipped.
fn run(name: &str, show: bool) -> Result<bool, String> {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let unique = COUNT.fetch_add(1, Ordering::Relaxed);
    let marker = format!("{}-{unique}:{name}", getpid());
    let mut command = Command::new(env::current_exe().expect("the path of this executable"));
    let folder = env::temp_dir().join(format!("futures-pool-case-{}-{unique}", getpid()));
    fs::create_dir(&folder).expect("a new folder");
    command.env(CASE, &marker).env(FOLDER, &folder);
    command.env("RUST_BACKTRACE", "0");
    command.stdin(Stdio::null()).process_group(0);
    // A file and no pipe: whoever is left with it keeps nobody waiting.
    let mut output = unnamed_file();
    if !show {
        let copy = || output.try_clone().expect("a copy of a descriptor");
        command.stdout(copy()).stderr(copy());
    }
    let mut leaders = LEADERS.lock().expect("no panic");
    let mut child = command.spawn().expect("this executable, once more");
    let group = Pid::from_raw(child.id().cast_signed());
    leaders.insert(group.as_raw());
    drop(leaders);
    let status = finish(&mut child, DEADLINE);
    let skipped = status.is_some_and(|status| status.code() == Some(SKIPPED));
    let mut failure = match status {
        Some(status) if status.success() || skipped => String::new(),
        Some(status) => format!("{status}\n"),
        None => {
            let all = ours(group, &marker);
            let waits: String = all.iter().map(|&pid| what_it_waits_for(pid)).collect();
            let _ = killpg(group, Signal::SIGKILL); // not reaped yet, so the number is its own
            child.wait().expect("our own child");
            format!("killed after {DEADLINE:?}; its processes:\n{waits}")
        }
    };
    let mut leaders = LEADERS.lock().expect("no panic");
    leaders.remove(&group.as_raw());
    drop(leaders);
    if !comes_true(GRACE, || ours(group, &marker).is_empty()) {
        let all = ours(group, &marker);
        let waits: String = all.iter().map(|&pid| what_it_waits_for(pid)).collect();
        failure += &format!("processes left after {GRACE:?}:\n{waits}");
        all.iter().for_each(|&pid| kill(pid, Signal::SIGKILL));
        comes_true(GRACE, || ours(group, &marker).is_empty());
    }
    fs::remove_dir_all(folder).expect("our own folder");
    if failure.is_empty() {
        return Ok(!skipped);
    }
    let mut text = Vec::new();
    let read = output.rewind().and_then(|()| output.read_to_end(&mut text));
    read.expect("a file just written");
    Err(String::from_utf8_lossy(&text).into_owned() + &failure)
}

/// The processes of the cases that are running, which `Child` waits for.
static LEADERS: Mutex<BTreeSet<i32>> = Mutex::new(BTreeSet::new());

/// The processes of a case: those in its group, and those that left it but have its environment.
/// Zombies whose parent died before them are this process's to reap, and no fault.
fn ours(group: Pid, marker: &str) -> Vec<Pid> {
    let variable = format!("{CASE}={marker}\0");
    let mut all = processes();
    let leaders = LEADERS.lock().expect("no panic");
    all.retain(|process| {
        let left_to_us = process.parent == getpid() && process.state == 'Z';
        let orphan = left_to_us && !leaders.contains(&process.pid.as_raw());
        if orphan {
            let _ = waitpid(process.pid, Some(WaitPidFlag::WNOHANG)); // gone one way or the other
        }
        !orphan
    });
    drop(leaders);
    all.retain(|process| {
        let environment = || fs::read(format!("/proc/{}/environ", process.pid));
        let has_marker = |bytes: Vec<u8>| {
            let mut windows = bytes.windows(variable.len());
            windows.any(|window| window == variable.as_bytes())
        };
        process.group == group || environment().is_ok_and(has_marker)
    });
    all.iter().map(|process| process.pid).collect()
}

/// Waits for a child's end: `None` if it has not come at the ceiling.
fn finish(child: &mut Child, ceiling: Duration) -> Option<ExitStatus> {
    let mut status = None;
    comes_true(ceiling, || {
        status = child.try_wait().expect("our own child");
        status.is_some()
    });
    status
}

fn what_it_waits_for(pid: Pid) -> String {
    let tasks = fs::read_dir(format!("/proc/{pid}/task"))
        .into_iter()
        .flatten();
    let line = |task: io::Result<fs::DirEntry>| {
        let path = task.ok()?.path();
        let read = |file| fs::read_to_string(path.join(file)).unwrap_or_default();
        let (name, place, call) = (read("comm"), read("wchan"), read("syscall"));
        let state = process(pid).map_or('?', |process| process.state);
        let (name, call) = (name.trim_end(), call.trim_end());
        Some(format!("  {pid} {name} {state} in {place} ({call})\n"))
    };
    tasks.filter_map(line).collect()
}

/// A file that is gone with its last descriptor.
pub fn unnamed_file() -> File {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let path = env::temp_dir().join(format!("futures-pool-test-{}-{count}", getpid()));
    let mut options = File::options();
    let file = options.read(true).append(true).create_new(true).open(&path);
    let file = file.expect("a file for the output");
    fs::remove_file(path).expect("our own file");
    file
}

// ---- the side of the case

fn in_case(case: fn()) {
    let before = descriptors();
    case();
    assert_no_children();
    let after = descriptors();
    assert!(before == after, "descriptors {before:#?} became {after:#?}");
}

/// Ends the case here unless it is root's: that is said, and not counted as passed.
pub fn needs_root() {
    // SAFETY: it has no conditions.
    if unsafe { libc::geteuid() } != 0 {
        exit(SKIPPED);
    }
}

/// Checks that this process has no child, not even a zombie.
#[track_caller]
pub fn assert_no_children() {
    let flags = WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT | WaitPidFlag::WEXITED;
    let answer = waitid(Id::All, flags);
    let none = answer == Err(nix::errno::Errno::ECHILD);
    assert!(none, "{answer:?}; the children: {:?}", children());
}

/// The descriptors of this process, and what they are.
pub fn descriptors() -> BTreeMap<i32, String> {
    let folder = fs::read_dir("/proc/self/fd").expect("/proc is mounted");
    let entries: Vec<_> = folder.map(|entry| entry.expect("a descriptor")).collect();
    let entry = |entry: &fs::DirEntry| {
        let number = entry.file_name().to_str()?.parse().ok()?;
        let what = fs::read_link(entry.path()).ok()?;
        let what = what.to_string_lossy().into_owned();
        let is_this_look = what == format!("/proc/{}/fd", getpid());
        (!is_this_look).then_some((number, what))
    };
    entries.iter().filter_map(entry).collect()
}

/// The processes whose parent this one is, zombies included.
pub fn children() -> Vec<Process> {
    let mut all = processes();
    all.retain(|process| process.parent == getpid());
    all
}

/// What the kernel tells of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Process {
    pub pid: Pid,
    /// `R` running, `S` sleeping, `T` stopped, `Z` zombie, …
    pub state: char,
    pub parent: Pid,
    pub group: Pid,
}

/// The process of this number, a zombie too, if there is one.
pub fn process(pid: Pid) -> Option<Process> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may contain anything.
    let (_, rest) = stat.rsplit_once(") ")?;
    let mut fields = rest.split(' ');
    let state = fields.next()?.chars().next()?;
    let mut number = || fields.next()?.parse().ok().map(Pid::from_raw);
    Some(Process {
        pid,
        state,
        parent: number()?,
        group: number()?,
    })
}

fn processes() -> Vec<Process> {
    let folder = fs::read_dir("/proc").expect("/proc is mounted");
    let number = |entry: fs::DirEntry| entry.file_name().to_str()?.parse().ok();
    let pids = folder.flatten().filter_map(number).map(Pid::from_raw);
    pids.filter_map(process).collect()
}

/// Whether the process runs: neither gone nor a zombie.
pub fn is_running(pid: Pid) -> bool {
    process(pid).is_some_and(|process| !matches!(process.state, 'Z' | 'X'))
}

/// Sends a signal, if the process is there.
pub fn kill(pid: Pid, signal: Signal) {
    let _ = nix::sys::signal::kill(pid, signal);
}

/// Waits until the process sleeps; the caller knows in what it alone can.
#[track_caller]
pub fn wait_until_asleep(pid: Pid) {
    eventually("a process sleeps", || {
        process(pid).is_some_and(|process| process.state == 'S')
    });
}

/// Waits until `condition` holds.
#[track_caller]
pub fn eventually(what: &str, condition: impl FnMut() -> bool) {
    assert!(comes_true(CEILING, condition), "not in {CEILING:?}: {what}");
}

fn comes_true(ceiling: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let start = Instant::now();
    while !condition() {
        if start.elapsed() > ceiling {
            return false;
        }
        // why a sleep: nobody tells us about the change; this only spaces out the looks at it.
        thread::sleep(Duration::from_millis(1));
    }
    true
}

/// How a process ended and what it printed.
#[derive(Debug)]
pub struct Ended {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

/// What this process is to do; `None` in the one that the harness started.
pub fn role() -> Option<String> {
    env::var(ROLE).ok()
}

/// Runs this case once more, in a process where [`role`] is `role`, to see what that prints and how it
/// ends. It too must leave no child and no descriptor behind.
#[track_caller]
pub fn again(role: &str) -> Ended {
    run_to_end(&mut again_with(role))
}

/// The command for [`again`], to be changed before it is run.
pub fn again_with(role: &str) -> Command {
    let mut command = Command::new(env::current_exe().expect("the path of this executable"));
    command.env(ROLE, role);
    command
}

/// Runs a command to its end, without input. It is enough that it ends: its own children may go on.
#[track_caller]
pub fn run_to_end(command: &mut Command) -> Ended {
    let (mut stdout, mut stderr) = (unnamed_file(), unnamed_file());
    let copy = |file: &File| file.try_clone().expect("a copy of a descriptor");
    command.stdin(Stdio::null());
    command.stdout(copy(&stdout)).stderr(copy(&stderr));
    let mut child = command.spawn().expect("the command");
    let status = finish(&mut child, CEILING);
    // `command` has the copies still.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let text = |file: &mut File| {
        let mut bytes = Vec::new();
        let read = file.rewind().and_then(|()| file.read_to_end(&mut bytes));
        read.expect("a file just written");
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let (stdout, stderr) = (text(&mut stdout), text(&mut stderr));
    Ended {
        status: status.unwrap_or_else(|| panic!("hangs after {CEILING:?}: {stdout}{stderr}")),
        stdout,
        stderr,
    }
}

// ---- what the processes of a case tell each other: a list of numbers under a name

/// Appends a number to the list of this name. All processes of the case see it.
pub fn note(name: &str, number: i64) {
    let line = format!("{number}\n"); // short, in one write: whole, whoever else writes
    let written = list(name).write_all(line.as_bytes());
    written.expect("a file in the case's folder");
}

/// The list of this name, to be written to.
pub fn list(name: &str) -> File {
    let mut options = File::options();
    let file = options.append(true).create(true).open(path(name));
    file.expect("a file in the case's folder")
}

/// The numbers of the list of this name.
pub fn notes(name: &str) -> Vec<i64> {
    let text = fs::read_to_string(path(name)).unwrap_or_default();
    let lines = text
        .split_inclusive('\n')
        .filter(|line| line.ends_with('\n'));
    let number = |line: &str| line.trim_end().parse().expect("a number");
    lines.map(number).collect()
}

/// Waits until there are so many, and returns them.
#[track_caller]
pub fn wait_for(name: &str, count: usize) -> Vec<i64> {
    eventually(&format!("{count} notes of {name}"), || {
        notes(name).len() >= count
    });
    notes(name)
}

/// Notes this process, and stays until it is killed.
pub fn stay(name: &str) {
    note(name, std::process::id().into());
    loop {
        // why a sleep: it never ends by itself.
        thread::sleep(Duration::MAX);
    }
}

/// Notes this process, and waits until so many have.
pub fn meet(name: &str, count: usize) {
    note(name, std::process::id().into());
    wait_for(name, count);
}

fn path(name: &str) -> PathBuf {
    let folder = env::var_os(FOLDER).expect("set by the harness");
    Path::new(&folder).join(name)
}
