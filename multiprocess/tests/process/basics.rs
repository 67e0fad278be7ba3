//! Start, ask, wait, end.

use std::os::fd::AsFd;
use std::thread;
use std::time::{Duration, Instant};

use multiprocess::process::{Child, ChildError, Process, active_children, current, parent};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::{getpid, getppid, pause};

use crate::support::{CEILING, Line, children};

/// For a child that is there to be ended.
pub fn for_ever() {
    loop {
        pause();
    }
}

/// Starts one that runs until it is released.
pub fn held(release: &Line) -> Process {
    Process::start((), |()| {
        release.receive();
    })
    .unwrap()
}

fn pids(children: &[Child]) -> Vec<nix::unistd::Pid> {
    children.iter().map(Child::pid).collect()
}

/// PR-01: running, it is alive, listed and another process; after the join it is none of these and has
/// its exit code.
pub fn one_from_start_to_end() {
    assert!(active_children().is_empty());
    let release = Line::new();
    let child = held(&release);
    assert!(child.is_alive());
    assert_eq!(child.exit_code(), None);
    assert_ne!(child.pid(), getpid());
    assert_eq!(pids(&active_children()), [child.pid()]);
    release.send(0);
    assert_eq!(child.join().unwrap(), 0);
    assert!(!child.is_alive());
    assert_eq!(child.exit_code(), Some(0));
    assert!(active_children().is_empty());
}

/// PR-02: arguments and name arrive; the child knows its own number and its parent's number and name.
pub fn arguments_and_names_arrive() {
    let line = Line::new();
    let me = getpid();
    assert!(parent().is_none());
    let args = ("A".to_owned(), vec![1, 2], Some(3.5));
    let child = Process::named("子进程").start(args, |(text, numbers, number)| {
        assert_eq!((&*text, &*numbers, number), ("A", &[1, 2][..], Some(3.5)));
        assert_eq!(current().name(), "子进程");
        assert_eq!(current().pid(), getpid());
        let parent = parent().unwrap();
        assert_eq!((parent.name(), parent.pid()), ("MainProcess", me));
        assert!(parent.is_alive() && getppid() == me);
        assert!(!parent.join_timeout(Duration::ZERO).unwrap());
        line.send(getpid().as_raw().into());
    });
    let child = child.unwrap();
    assert_eq!(child.name(), "子进程");
    assert_eq!(child.join().unwrap(), 0);
    assert_eq!(line.receive_pid(), child.pid());
}

/// PR-02: without a name it is numbered, as its children are within it.
pub fn names_are_numbered() {
    assert_eq!(current().name(), "MainProcess");
    let names = || {
        (
            current().name().to_owned(),
            parent().unwrap().name().to_owned(),
        )
    };
    for number in 1..=2 {
        let name = format!("Process-{number}");
        let child = Process::start((), |()| {
            assert_eq!(names(), (name.clone(), "MainProcess".to_owned()));
            for number in 1..=2 {
                let inner = format!("{name}:{number}");
                let child = Process::start((), |()| {
                    assert_eq!(names(), (inner.clone(), name.clone()));
                });
                let child = child.unwrap();
                assert_eq!(child.name(), inner);
                assert_eq!(child.join().unwrap(), 0);
            }
        });
        let child = child.unwrap();
        assert_eq!(child.name(), name);
        assert_eq!(child.join().unwrap(), 0);
    }
}

/// PR-03: a join with a time-out returns at it, also at once, while the process runs.
pub fn a_join_with_a_timeout() {
    let release = Line::new();
    let child = held(&release);
    assert_eq!(child.join_timeout(Duration::ZERO).unwrap(), None);
    let (start, timeout) = (Instant::now(), Duration::from_millis(50));
    assert_eq!(child.join_timeout(timeout).unwrap(), None);
    assert!(start.elapsed() >= timeout);
    assert!(child.is_alive());
    release.send(0);
    assert_eq!(child.join_timeout(CEILING).unwrap(), Some(0));
    assert_eq!(child.join_timeout(Duration::ZERO).unwrap(), Some(0));
    assert_eq!(child.join_timeout(Duration::MAX).unwrap(), Some(0));
    let child = held(&release);
    release.send(0);
    assert_eq!(child.join_timeout(Duration::MAX).unwrap(), Some(0));
}

/// PR-04: what terminate and kill leave as exit code; after the end they do nothing.
pub fn terminate_and_kill() {
    for (code, end) in [
        (
            -15,
            Child::terminate as fn(&Child) -> Result<(), ChildError>,
        ),
        (-9, Child::kill),
    ] {
        let child = Process::start((), |()| for_ever()).unwrap();
        end(&child).unwrap();
        assert_eq!(child.join().unwrap(), code);
        assert_eq!(child.exit_code(), Some(code));
        end(&child).unwrap();
        assert_eq!(child.exit_code(), Some(code));
    }
}

/// PR-06: the sentinel is readable when the process has ended, not before, and stays so.
pub fn the_sentinel_is_readable_at_the_end() {
    let release = Line::new();
    let child = held(&release);
    let sentinel = child.sentinel().unwrap();
    let readable = |timeout: PollTimeout| {
        let mut fds = [PollFd::new(sentinel.as_fd(), PollFlags::POLLIN)];
        poll(&mut fds, timeout).unwrap() == 1
    };
    assert!(!readable(PollTimeout::ZERO));
    release.send(0);
    assert!(readable(PollTimeout::try_from(CEILING).unwrap()));
    // It has ended, so this does not wait.
    assert_eq!(child.join_timeout(Duration::ZERO).unwrap(), Some(0));
    assert!(readable(PollTimeout::ZERO));
    drop(child);
    assert!(readable(PollTimeout::ZERO));
}

/// PR-07: close refuses a process that runs, and gives it back; afterwards it closes. To use it after
/// that, or to close it twice, does not compile: see the doc test.
pub fn close_is_for_those_that_have_ended() {
    let release = Line::new();
    let child = held(&release);
    let error = child.close().unwrap_err();
    assert!(error.to_string().contains("'Process-1'"), "{error}");
    let child = error.0;
    assert!(child.is_alive());
    release.send(0);
    child.join().unwrap();
    child.close().unwrap();
}

/// PR-08: a hundred that end by themselves.
pub fn a_hundred_that_return() {
    let start = |_| Process::start((), |()| thread::sleep(Duration::from_millis(5))).unwrap();
    let all: Vec<_> = (0..100).map(start).collect();
    let codes: Vec<_> = all.iter().map(|child| child.join().unwrap()).collect();
    assert_eq!(codes, [0; 100]);
    assert!(active_children().is_empty() && children().is_empty());
}

/// PR-08: a hundred that sleep and are terminated.
pub fn a_hundred_that_are_terminated() {
    let start = |_| Process::start((), |()| for_ever()).unwrap();
    let all: Vec<_> = (0..100).map(start).collect();
    assert_eq!(active_children().len(), 100);
    assert!(all.iter().all(|child| child.is_alive()));
    all.iter().for_each(|child| child.terminate().unwrap());
    let codes: Vec<_> = all.iter().map(|child| child.join().unwrap()).collect();
    assert_eq!(codes, [-15; 100]);
}

/// PR-18: a second join, and joins by several threads at the same time, say the same.
pub fn joined_twice_and_by_several_threads() {
    let release = Line::new();
    let child = Process::start((), |()| {
        release.receive();
        std::process::exit(3)
    });
    let child = child.unwrap();
    thread::scope(|scope| {
        let join = || child.join().unwrap();
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(join)).collect();
        let askers: Vec<_> = (0..2)
            .map(|_| scope.spawn(|| while child.is_alive() {}))
            .collect();
        release.send(0);
        for thread in threads {
            assert_eq!(thread.join().unwrap(), 3);
        }
        askers.into_iter().for_each(|thread| thread.join().unwrap());
    });
    assert_eq!(child.join().unwrap(), 3);
    assert_eq!(child.join().unwrap(), 3);
}
