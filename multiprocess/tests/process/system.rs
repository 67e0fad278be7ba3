//! Threads, descriptors, stdio, signals: what a process has from the system.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::thread;
use std::time::{Duration, Instant};

use multiprocess::ends::{self, End, Ends, Pass};
use multiprocess::process::{Exit, Process, StartError, UNKNOWN, active_children};
use nix::errno::Errno;
use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::{
    SaFlags, SigAction, SigHandler, SigSet, SigmaskHow, Signal, sigaction, sigprocmask,
};
use nix::sys::wait::waitpid;
use nix::unistd::{Pid, close, dup2_stderr, dup2_stdin, dup2_stdout, getpid};

use super::basics::{for_ever, held};
use crate::sandbox::forbid;
use crate::support::{
    CEILING, Line, assert_no_children, descriptors, eventually, is_running, kill, process,
    wait_until_asleep,
};

/// PR-20, R01, R02, R03: beside busy threads a start is refused; after they were joined 200 starts succeed.
/// So no child is ever the child of a thread that ends before its process.
pub fn no_start_beside_threads() {
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let busy = || {
            while !stop.load(Ordering::Relaxed) {
                std::hint::black_box(vec![0u8; 1000]);
            }
        };
        for _ in 0..4 {
            scope.spawn(busy);
        }
        for _ in 0..5 {
            let refused = Process::start((), |()| ());
            assert!(matches!(refused, Err(StartError::Threads)), "{refused:?}");
        }
        let refused = scope.spawn(|| Process::start((), |()| ())).join().unwrap();
        assert!(matches!(refused, Err(StartError::Threads)), "{refused:?}");
        assert_no_children();
        stop.store(true, Ordering::Relaxed);
    });
    // The kernel may take its time with threads that were joined.
    eventually("a start succeeds", || Process::start((), |()| ()).is_ok());
    for _ in 0..200 {
        let child = Process::start((), |()| drop(std::hint::black_box(vec![0u8; 1000])));
        assert_eq!(child.unwrap().join().unwrap(), 0);
    }
}

/// PR-12, R09: the tenth child has as many descriptors as the first, though the others live.
pub fn descriptors_do_not_grow_with_siblings() {
    let (release, line) = (Line::new(), Line::new());
    let start = |_| {
        let child = Process::start((), |()| {
            line.send(descriptors().len().try_into().unwrap());
            release.receive();
        });
        (line.receive(), child.unwrap())
    };
    let all: Vec<_> = (0..10).map(start).collect();
    let counts: Vec<_> = all.iter().map(|(count, _)| *count).collect();
    assert_eq!(counts, [counts[0]; 10]);
    assert_eq!(counts[0], descriptors().len() as i64 - 10);
    all.iter().for_each(|_| release.send(0));
}

/// An end that says what happens to it.
struct Recorder(Mutex<Vec<String>>);

impl End for Recorder {
    fn close_in_child(&self) {
        self.0.lock().unwrap().push("closed".to_owned());
    }

    fn adopted(&self) {
        self.0.lock().unwrap().push("adopted".to_owned());
    }

    fn passed_to(&self, child: Pid) {
        self.0.lock().unwrap().push(format!("passed to {child}"));
    }
}

struct Handle(Arc<Recorder>);

impl Handle {
    fn new() -> Self {
        let recorder = Arc::new(Recorder(Mutex::new(Vec::new())));
        let end: Weak<Recorder> = Arc::downgrade(&recorder);
        ends::register(end);
        Self(recorder)
    }

    fn record(&self) -> Vec<String> {
        self.0.0.lock().unwrap().clone()
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.0.0.lock().unwrap().push("dropped".to_owned());
    }
}

impl Pass for Handle {
    fn ends(&self, ends: &mut Ends) {
        ends.add(self.0.clone());
    }
}

/// R09: the ends that are arguments are adopted before the function begins, all others are closed; the
/// parent says whom it has passed them to, and lets go of them.
pub fn a_child_keeps_the_ends_it_was_given() {
    let (given, kept) = (Handle::new(), Handle::new());
    let watch = Arc::clone(&given.0);
    let child = Process::start((1, given), |(_, given)| {
        assert_eq!(given.record(), ["adopted"]);
        assert_eq!(kept.record(), ["closed"]);
    });
    let child = child.unwrap();
    assert_eq!(child.join().unwrap(), 0);
    let record = watch.0.lock().unwrap().clone();
    let passed = format!("passed to {}", child.pid());
    assert_eq!(record, [&*passed, "dropped"]);
    assert_eq!(Arc::strong_count(&watch), 1);
    assert!(kept.record().is_empty());
}

/// PR-14: a child does not read its parent's input.
pub fn stdin_is_empty() {
    let (reader, mut writer) = io::pipe().unwrap();
    writer.write_all(b"for the parent").unwrap();
    drop(writer);
    let parent = Process::start((), |()| {
        dup2_stdin(&reader).unwrap();
        let child = Process::start((), |()| {
            assert_eq!(link(0), "/dev/null");
            assert_eq!(io::stdin().read(&mut [0; 10]).unwrap(), 0);
        });
        assert_eq!(child.unwrap().join().unwrap(), 0);
        let text = io::read_to_string(io::stdin()).unwrap();
        assert_eq!(text, "for the parent");
    });
    assert_eq!(parent.unwrap().join().unwrap(), 0);
}

fn link(descriptor: i32) -> String {
    let link = fs::read_link(format!("/proc/self/fd/{descriptor}"));
    link.map_or_else(|_| String::new(), |path| path.display().to_string())
}

/// PR-14: with any of stdin, stdout, stderr closed a start works, and nothing takes their place.
pub fn closed_stdio() {
    for closed in 1..8 {
        let is_closed = |descriptor: &i32| closed & (1 << descriptor) != 0;
        let parent = Process::start((), |()| {
            (0..3)
                .filter(is_closed)
                .for_each(|descriptor| close(descriptor).unwrap());
            print!("not flushed");
            let before = descriptors();
            let child = Process::start((), |()| {
                println!("a line");
                eprintln!("a line");
                let stdin_is_null = link(0) == "/dev/null";
                let others_are_closed = (1..3).filter(is_closed).all(|fd| link(fd).is_empty());
                Exit(10 + u8::from(stdin_is_null) + 2 * u8::from(others_are_closed))
            });
            let child = child.unwrap();
            let sentinel = child.sentinel().unwrap();
            assert!(sentinel.as_fd().as_raw_fd() > 2);
            println!("a line");
            assert_eq!(child.join().unwrap(), 13);
            drop((child, sentinel));
            assert_eq!(descriptors(), before);
        });
        assert_eq!(parent.unwrap().join().unwrap(), 0, "closed: {closed:03b}");
    }
}

/// PR-14: with nobody who reads stdout and stderr, and with both full, a start works and a child ends.
pub fn broken_stdio() {
    let (reader, writer) = io::pipe().unwrap();
    drop(reader);
    let full = File::options().write(true).open("/dev/full").unwrap();
    for output in [OwnedFd::from(writer), OwnedFd::from(full)] {
        let parent = Process::start((), |()| {
            dup2_stdout(&output).unwrap();
            dup2_stderr(&output).unwrap();
            print!("not flushed");
            let codes: [(fn() -> Exit, i32); 2] = [
                (
                    || {
                        print!("not flushed either");
                        Exit(3)
                    },
                    3,
                ),
                (|| panic!("nobody hears it"), 101),
            ];
            for (target, code) in codes {
                let child = Process::start((), |()| target()).unwrap();
                assert!(child.join().unwrap() == code);
            }
            let child = Process::start((), |()| Err::<(), _>("nobody hears it"));
            Exit(child.unwrap().join().unwrap() as u8)
        });
        assert_eq!(parent.unwrap().join().unwrap(), 1);
    }
}

static CAUGHT: AtomicU32 = AtomicU32::new(0);

extern "C" fn count(_: libc::c_int) {
    CAUGHT.fetch_add(1, Ordering::Relaxed);
}

/// Starts a process that sends this one SIGUSR1 a hundred times a second, caught by [`count`].
fn pester() -> Process {
    let action = SigAction::new(
        SigHandler::Handler(count),
        SaFlags::empty(),
        SigSet::empty(),
    );
    // SAFETY: the handler only adds to an atomic.
    unsafe { sigaction(Signal::SIGUSR1, &action) }.unwrap();
    let target = getpid();
    let pester = Process::start((), |()| {
        loop {
            kill(target, Signal::SIGUSR1);
            thread::sleep(Duration::from_millis(10));
        }
    });
    eventually("signals come", || CAUGHT.load(Ordering::Relaxed) > 0);
    pester.unwrap()
}

fn caught() -> u32 {
    CAUGHT.load(Ordering::Relaxed)
}

/// PR-19: signals whose handler lets system calls fail with EINTR do not end a join early.
pub fn signals_do_not_end_a_join() {
    let pester = pester();
    let (timeout, me) = (CEILING, getpid());
    for timed in [false, true] {
        let before = caught();
        let child = Process::start((), |()| {
            // It ends when the join was hit a few times.
            for _ in 0..10 {
                wait_until_asleep(me);
                kill(me, Signal::SIGUSR1);
            }
            Exit(4)
        });
        let child = child.unwrap();
        let code = match timed {
            true => child.join_timeout(timeout).unwrap(),
            false => child.join().ok(),
        };
        assert_eq!(code, Some(4));
        assert!(caught() > before);
    }
    pester.kill().unwrap();
}

/// PR-19: nor do they shorten a time-out.
pub fn signals_do_not_shorten_a_timeout() {
    let pester = pester();
    let release = Line::new();
    let child = held(&release);
    let (before, start) = (caught(), Instant::now());
    let timeout = Duration::from_millis(200);
    assert_eq!(child.join_timeout(timeout).unwrap(), None);
    assert!(start.elapsed() >= timeout);
    eventually("signals came", || caught() > before);
    release.send(0);
    pester.kill().unwrap();
}

/// R07: Rust ignores SIGPIPE, and so does the child: a write to nobody is an error, no death.
pub fn sigpipe_stays_ignored() {
    let child = Process::start((), |()| {
        let (reader, mut writer) = io::pipe().unwrap();
        drop(reader);
        let error = writer.write(b"x").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    });
    assert_eq!(child.unwrap().join().unwrap(), 0);
}

/// As documented: the child's blocked signals are the parent's. A kill cannot be blocked.
pub fn signals_that_the_parent_blocks_are_blocked() {
    let line = Line::new();
    let mut term = SigSet::empty();
    term.add(Signal::SIGTERM);
    sigprocmask(SigmaskHow::SIG_BLOCK, Some(&term), None).unwrap();
    let child = Process::start((), |()| {
        // Told of by this, instead of dying of it.
        assert_eq!(term.wait().unwrap(), Signal::SIGTERM);
        line.send(1);
        for_ever();
    });
    let child = child.unwrap();
    child.terminate().unwrap();
    assert_eq!(line.receive(), 1);
    child.kill().unwrap();
    assert_eq!(child.join().unwrap(), -9);
}

/// R05: another process that has got the number of one that was reaped is not signalled. Others may
/// reap: `waitpid(-1)` somewhere in the program.
pub fn a_reaped_number_is_not_signalled() {
    for reaped_by_others in [false, true] {
        let child = Process::start((), |()| ()).unwrap();
        let sentinel = child.sentinel().unwrap();
        if reaped_by_others {
            waitpid(child.pid(), None).unwrap();
        } else {
            child.join().unwrap();
        }
        let stranger = with_number(child.pid());
        child.terminate().unwrap();
        child.kill().unwrap();
        let Some(stranger) = stranger else { continue };
        assert_eq!(stranger.pid(), child.pid());
        assert!(stranger.is_alive() && !child.is_alive());
        drop((child, sentinel));
        assert!(stranger.is_alive());
        stranger.kill().unwrap();
        assert_eq!(stranger.join().unwrap(), -9);
    }
}

/// A child with this number, which only who may administer the system can choose; `None` for others.
fn with_number(number: Pid) -> Option<Process> {
    for _ in 0..1000 {
        let before = (number.as_raw() - 1).to_string();
        fs::write("/proc/sys/kernel/ns_last_pid", before).ok()?;
        let child = Process::start((), |()| for_ever()).unwrap();
        if child.pid() == number {
            return Some(child);
        }
        child.kill().unwrap(); // somebody else was quicker
    }
    panic!("{number} is always another one's");
}

/// R04: what others have reaped has ended, with a code that is not known.
pub fn reaped_by_others() {
    let child = Process::start((), |()| ()).unwrap();
    waitpid(child.pid(), None).unwrap();
    assert!(!child.is_alive());
    assert_eq!(child.join().unwrap(), UNKNOWN);
    assert!(active_children().is_empty());
}

/// R04: where SIGCHLD is ignored, by a parent of ours say, nothing is a zombie, and a join waits still.
pub fn sigchld_ignored() {
    let action = SigAction::new(SigHandler::SigIgn, SaFlags::empty(), SigSet::empty());
    // SAFETY: there is no handler.
    unsafe { sigaction(Signal::SIGCHLD, &action) }.unwrap();
    let line = Line::new();
    let child = held(&line);
    assert!(child.is_alive());
    assert_eq!(child.join_timeout(Duration::from_millis(20)).unwrap(), None);
    line.send(0);
    assert_eq!(child.join().unwrap(), UNKNOWN);
    let child = Process::start((), |()| for_ever()).unwrap();
    child.kill().unwrap();
    assert_eq!(child.join().unwrap(), UNKNOWN);
    for _ in 0..100 {
        let child = Process::start((), |()| ()).unwrap();
        assert_eq!(child.join().unwrap(), UNKNOWN);
    }
}

/// Lets this process have so many descriptors more, and takes them all.
fn use_up_descriptors() -> Vec<File> {
    let limit = libc::rlimit {
        rlim_cur: 100,
        rlim_max: 100,
    };
    // SAFETY: the call reads the limit.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &limit) }, 0);
    std::iter::from_fn(|| File::open("/dev/null").ok()).collect()
}

/// Without a descriptor for it no process is started, and the error says why.
pub fn no_descriptor_left() {
    let files = use_up_descriptors();
    let error = Process::start((), |()| ()).unwrap_err();
    assert!(matches!(error, StartError::System(_)), "{error:?}");
    let code = io::Error::from_raw_os_error(libc::EMFILE).to_string();
    assert!(error.to_string().contains(&code), "{error}");
    assert_no_children();
    drop(files);
}

/// One is enough.
pub fn one_descriptor_left() {
    let mut files = use_up_descriptors();
    files.pop();
    let child = Process::start((), |()| Exit(6)).unwrap();
    assert_eq!(child.join().unwrap(), 6);
    assert!(process(child.pid()).is_none() && !is_running(child.pid()));
}

/// Where the system has no pidfd, as in a sandbox that forbids them, that is an error, and no child is
/// left, not even one that has begun.
pub fn no_pidfd() {
    forbid(libc::SYS_pidfd_open);
    for _ in 0..10 {
        let error = Process::start((), |()| for_ever()).unwrap_err();
        let StartError::System(error) = error else {
            panic!("{error:?}");
        };
        assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
        assert_no_children();
    }
}

/// R01: where a sandbox forbids the call that tells whether there are other threads, they are counted in
/// `/proc`: with one a start is refused, without it succeeds.
pub fn threads_are_counted_in_proc() {
    forbid(libc::SYS_unshare);
    assert_eq!(unshare(CloneFlags::CLONE_THREAD), Err(Errno::EPERM));
    let start = || Process::start((), |()| Exit(3));
    assert_eq!(start().unwrap().join().unwrap(), 3);
    let go = Line::new();
    thread::scope(|scope| {
        scope.spawn(|| go.receive());
        for _ in 0..5 {
            let refused = start();
            assert!(matches!(refused, Err(StartError::Threads)), "{refused:?}");
        }
        assert_no_children();
        go.send(0);
    });
    eventually("a start succeeds", || start().is_ok());
    assert_eq!(start().unwrap().join().unwrap(), 3);
}

/// R01: where that cannot be read either, nobody knows, and a start is refused with what the system says.
pub fn threads_that_cannot_be_counted() {
    let child = Process::start((), |()| {
        for call in [libc::SYS_unshare, libc::SYS_statx, libc::SYS_newfstatat] {
            forbid(call);
        }
        let refused = Process::start((), |()| for_ever());
        let Err(StartError::System(error)) = refused else {
            panic!("{refused:?}");
        };
        assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
        assert_eq!(waitpid(None, None), Err(Errno::ECHILD));
    });
    assert_eq!(child.unwrap().join().unwrap(), 0);
}
