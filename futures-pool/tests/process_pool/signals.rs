//! Signals for all processes of the program: what becomes of the tasks is the parent's decision.

use std::fs;
use std::io::Write;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use futures_pool::future::{Broken, Future, FutureError};
use futures_pool::process_pool::ProcessPoolExecutor;
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::sys::signal::{SigSet, SigmaskHow, Signal, killpg, raise, sigprocmask};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, fork, getpgrp, getpid, pause, setpgid, setsid};

use super::{assert_works, executor, pid, to_pid};
use crate::support::{
    again, again_with, assert_no_children, eventually, kill, note, notes, process, role,
    run_to_end, stay, wait_for,
};

/// Those that end a process by default, and that another one sends.
fn deadly() -> impl Iterator<Item = i32> {
    let named = [
        libc::SIGHUP,
        libc::SIGINT,
        libc::SIGQUIT,
        libc::SIGTERM,
        libc::SIGUSR1,
        libc::SIGUSR2,
        libc::SIGALRM,
        libc::SIGVTALRM,
        libc::SIGPROF,
        libc::SIGIO,
        libc::SIGPWR,
        libc::SIGXCPU,
        libc::SIGXFSZ,
        libc::SIGPIPE,
    ];
    named.into_iter().chain(libc::SIGRTMIN()..=libc::SIGRTMAX())
}

extern "C" fn nothing(_: i32) {}

/// What this process does about a signal. Not nix, which knows no real-time signals.
fn set(signal: i32, handler: usize) {
    // SAFETY: the handler does nothing.
    let before = unsafe { libc::signal(signal, handler) };
    assert_ne!(before, libc::SIG_ERR, "{signal}");
}

const HANDLED: fn(i32) = |signal| set(signal, nothing as *const () as usize);
const IGNORED: fn(i32) = |signal| set(signal, libc::SIG_IGN);

/// Sends a signal to this process, which leads its group, and its workers.
fn to_the_group(signal: i32) {
    assert_eq!(getpgrp(), getpid(), "not to the test runner");
    // SAFETY: two numbers.
    assert_eq!(unsafe { libc::kill(0, signal) }, 0);
}

/// Runs the case again for each role, as the leader of a group of its own.
fn in_groups(roles: &[&str], case: impl Fn(&str)) {
    match role() {
        None => {
            for role in roles {
                let ended = again(role);
                assert!(ended.status.success(), "{role}: {ended:?}");
            }
        }
        Some(role) => {
            setpgid(Pid::from_raw(0), Pid::from_raw(0)).unwrap();
            case(&role);
        }
    }
}

/// Waits for the note, and gives its worker.
fn until_released(name: String) -> u32 {
    note(&format!("{name} began"), std::process::id().into());
    wait_for(&format!("{name} released"), 1);
    std::process::id()
}

/// The task, when it has begun, and its worker.
fn begin(executor: &ProcessPoolExecutor, name: &str) -> (Future<u32>, Pid) {
    let future = executor.submit(until_released, name.to_owned()).unwrap();
    let pid = wait_for(&format!("{name} began"), 1)[0];
    (future, to_pid(pid))
}

fn release(name: &str) {
    note(&format!("{name} released"), 0);
}

/// A set of signals, as the kernel shows it.
fn signals(pid: Pid, what: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(what));
    u64::from_str_radix(line.unwrap().trim_start_matches(':').trim(), 16).unwrap()
}

/// Waits until the process has been interrupted for all signals that it was sent.
fn until_delivered(pid: Pid) {
    eventually("no signal is pending", || signals(pid, "ShdPnd") == 0);
}

/// F05: whatever the parent ignores or handles ends no task, running or next.
pub fn what_the_parent_ignores_or_handles() {
    in_groups(&["ignored", "handled"], |role| {
        deadly().for_each(if role == "ignored" { IGNORED } else { HANDLED });
        let executor = executor(1);
        let (future, worker) = begin(&executor, role);
        for signal in deadly() {
            to_the_group(signal);
        }
        until_delivered(worker);
        release(role);
        assert_eq!(future.into_result(), Ok(worker.as_raw().cast_unsigned()));
        assert_works(&executor);
        assert_eq!(
            executor.submit(pid, ()).unwrap().into_result().unwrap(),
            worker.as_raw().cast_unsigned()
        );
        let ignored = signals(worker, "SigIgn") & 1 << (libc::SIGHUP - 1) != 0;
        assert_eq!(
            ignored,
            role == "ignored",
            "what the parent ignores, the worker does"
        );
        assert_eq!(signals(worker, "SigBlk"), 0);
    });
}

/// F05: also while a worker starts, when the parent's handlers are forgotten and its own not yet there.
pub fn while_workers_start() {
    static OVER: AtomicBool = AtomicBool::new(false);
    in_groups(&["handled"], |_| {
        let sent = [libc::SIGHUP, libc::SIGTERM, libc::SIGUSR1];
        sent.into_iter().for_each(HANDLED);
        let sender = thread::spawn(move || {
            while !OVER.load(Ordering::Relaxed) {
                sent.into_iter().for_each(to_the_group);
                thread::yield_now();
            }
        });
        let builder = ProcessPoolExecutor::builder().max_workers(2);
        let executor = builder.max_tasks_per_child(1).build().unwrap();
        let futures: Vec<_> = (0..100)
            .map(|n| executor.submit(super::square, n).unwrap())
            .collect();
        let results: Vec<_> = futures.into_iter().map(Future::into_result).collect();
        OVER.store(true, Ordering::Relaxed);
        sender.join().unwrap();
        assert_eq!(
            results,
            (0..100).map(|n| Ok(super::square(n))).collect::<Vec<_>>()
        );
    });
}

/// F05: the keys of a terminal, and its end, which the kernel sends.
pub fn from_the_terminal() {
    let Some(role) = role() else {
        let (mut master, mut slave) = (-1, -1);
        let none = std::ptr::null_mut();
        // SAFETY: it writes two numbers; the rest need not be there.
        let code =
            unsafe { libc::openpty(&mut master, &mut slave, none, none.cast(), none.cast()) };
        assert_eq!(code, 0);
        // SAFETY: they have just been made, for us alone.
        let [master, slave] = [master, slave].map(|fd| unsafe { OwnedFd::from_raw_fd(fd) });
        for end in [&master, &slave] {
            fcntl(end, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC)).unwrap();
        }
        let keys = thread::spawn(|| {
            let mut master = fs::File::from(master);
            for (name, keys) in [("Ctrl-C", b"\x03"), ("Ctrl-\\", b"\x1c")] {
                wait_for(&format!("{name} wanted"), 1);
                master.write_all(keys).unwrap();
            }
            wait_for("the end wanted", 1);
        });
        let mut command = again_with("with a terminal");
        let terminal = slave.as_raw_fd();
        // SAFETY: two system calls.
        unsafe {
            command.pre_exec(move || {
                setsid()?;
                Errno::result(libc::ioctl(terminal, libc::TIOCSCTTY, 0))?;
                Ok(())
            });
        }
        let ended = run_to_end(&mut command);
        drop(slave);
        keys.join().unwrap();
        assert!(ended.status.success(), "{ended:?}");
        return;
    };
    static SEEN: [AtomicBool; 4] = [const { AtomicBool::new(false) }; 4];
    extern "C" fn seen(signal: i32) {
        SEEN[signal as usize].store(true, Ordering::Relaxed);
    }
    let signals = [libc::SIGINT, libc::SIGQUIT, libc::SIGHUP];
    for signal in signals {
        set(signal, seen as *const () as usize);
    }
    let executor = executor(1);
    let (future, worker) = begin(&executor, &role);
    for (signal, name) in signals.into_iter().zip(["Ctrl-C", "Ctrl-\\", "the end"]) {
        note(&format!("{name} wanted"), 0);
        eventually(name, || SEEN[signal as usize].load(Ordering::Relaxed));
        until_delivered(worker);
    }
    release(&role);
    assert_eq!(future.into_result(), Ok(worker.as_raw().cast_unsigned()));
    assert_works(&executor);
}

fn is_stopped(pid: Pid) -> bool {
    process(pid).is_some_and(|process| process.state == 'T')
}

/// F05: Ctrl-Z stops the workers with the parent, and not without it.
pub fn the_stop_key() {
    match role().as_deref() {
        None => {
            let watch = thread::spawn(|| {
                let [parent, worker] =
                    ["parent", "default began"].map(|name| to_pid(wait_for(name, 1)[0]));
                eventually("both stand", || is_stopped(parent) && is_stopped(worker));
                killpg(parent, Signal::SIGCONT).unwrap();
                note("default released", 0);
            });
            let ended = again("default");
            watch.join().unwrap();
            assert!(ended.status.success(), "{ended:?}");
            let ended = again("handled");
            assert!(ended.status.success(), "{ended:?}");
        }
        Some(role) => {
            setpgid(Pid::from_raw(0), Pid::from_raw(0)).unwrap();
            if role == "handled" {
                HANDLED(libc::SIGTSTP);
            }
            let executor = executor(1);
            let (future, worker) = begin(&executor, role);
            note("parent", getpid().as_raw().into());
            to_the_group(libc::SIGTSTP);
            if role == "handled" {
                until_delivered(worker);
                assert!(!is_stopped(worker));
                release(role);
            }
            assert!(future.into_result().is_ok());
        }
    }
}

/// What a worker does to itself and to its own processes has its effect, whatever it leaves to the parent.
pub fn a_worker_and_its_own() {
    let executor = executor(1);
    let task = |()| {
        // SAFETY: the worker's other thread holds no lock, and the child only waits.
        let child = match unsafe { fork() }.unwrap() {
            ForkResult::Parent { child } => child,
            ForkResult::Child => loop {
                pause();
            },
        };
        kill(child, Signal::SIGTERM);
        let ended = waitpid(child, None).unwrap();
        assert_eq!(ended, WaitStatus::Signaled(child, Signal::SIGTERM, false));
        let listed = Command::new("/bin/cat")
            .arg("/proc/self/status")
            .output()
            .unwrap();
        String::from_utf8(listed.stdout).unwrap()
    };
    let status = executor.submit(task, ()).unwrap().into_result().unwrap();
    let field = |name: &str| {
        status
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .map(str::to_owned)
    };
    let blocked = field("SigBlk:\t").unwrap();
    assert_eq!(u64::from_str_radix(&blocked, 16), Ok(0));
    let ignored = u64::from_str_radix(&field("SigIgn:\t").unwrap(), 16).unwrap();
    assert_eq!(ignored & 1 << (libc::SIGTERM - 1), 0, "{status}");
    drop(executor);
    for signal in [Signal::SIGUSR1, Signal::SIGINT, Signal::SIGALRM] {
        let executor = super::executor(1);
        let task = |number: i32| _ = raise(Signal::try_from(number).unwrap());
        let (_, status) = super::died(executor.submit(task, signal as i32).unwrap());
        assert_eq!(status.signal(), Some(signal as i32));
    }
    // A timer.
    let executor = super::executor(1);
    let task = |()| {
        // SAFETY: a number.
        unsafe { libc::alarm(1) };
        stay("timed");
    };
    let (_, status) = super::died(executor.submit(task, ()).unwrap());
    assert_eq!(status.signal(), Some(libc::SIGALRM));
}

/// F05: the executor's own SIGTERM ends a worker though the parent blocks the signal, though another one is
/// pending, and though a worker takes no notice of those that are not the executor's.
pub fn terminated_all_the_same() {
    in_groups(&["blocked", "pending"], |role| {
        HANDLED(libc::SIGTERM);
        let mut terminate = SigSet::empty();
        terminate.add(Signal::SIGTERM);
        if role == "blocked" {
            sigprocmask(SigmaskHow::SIG_BLOCK, Some(&terminate), None).unwrap();
        }
        let executor = executor(1);
        let (future, worker) = begin(&executor, role);
        kill(worker, Signal::SIGTERM);
        until_delivered(worker);
        if role == "pending" {
            kill(worker, Signal::SIGSTOP);
            eventually("it stands", || is_stopped(worker));
            to_the_group(libc::SIGTERM);
        }
        executor.terminate_workers();
        kill(worker, Signal::SIGCONT);
        assert_eq!(
            future.into_result(),
            Err(FutureError::Broken(Broken::Terminated))
        );
        executor.shutdown(Default::default());
        assert_no_children();
    });
}

/// Where SIGPIPE is not ignored, a worker that dies while it is sent a task does not end the parent.
pub fn a_broken_pipe() {
    in_groups(&["default"], |_| {
        set(libc::SIGPIPE, libc::SIG_DFL);
        super::deaths::a_worker_dies_in_the_middle_of_a_big_task();
    });
}

/// A parent that wants to hear of no child.
pub fn children_are_ignored() {
    in_groups(&["ignored"], |_| {
        IGNORED(libc::SIGCHLD);
        let executor = executor(2);
        assert_works(&executor);
        drop(executor);
        let executor = super::executor(1);
        let future = executor.submit(|()| stay("busy"), ()).unwrap();
        wait_for("busy", 1);
        executor.kill_workers();
        assert!(future.into_result().is_err());
        executor.shutdown(Default::default());
        eventually("it is gone", || process(to_pid(notes("busy")[0])).is_none());
    });
}
