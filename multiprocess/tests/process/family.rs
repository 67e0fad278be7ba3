//! Parents, children and theirs; daemons; handles that nobody joins.

use std::mem;
use std::process::{Command, exit};
use std::time::Duration;

use multiprocess::fork::fork;
use multiprocess::process::{
    Builder, ChildError, Exit, Process, StartError, active_children, current, parent,
};
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::sys::signal::{Signal, raise};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{Pid, getpid};

use super::basics::{for_ever, held};
use crate::support::{
    Line, assert_gone_with_parent, assert_no_children, children, eventually, is_running,
    kill_with_all_of, process,
};

fn send_pid(line: &Line) {
    line.send(getpid().as_raw().into());
}

/// PR-09: two children, each with two, each with two: in the order of the joins.
pub fn children_of_children_of_children() {
    fn tree(line: &Line, id: i64, depth: u32) {
        line.send(id);
        for digit in [1, 2].into_iter().filter(|_| depth > 0) {
            let child = Process::start((), |()| tree(line, 10 * id + digit, depth - 1));
            assert_eq!(child.unwrap().join().unwrap(), 0);
        }
    }
    let line = Line::new();
    tree(&line, 0, 3);
    let ids: Vec<_> = (0..15).map(|_| line.receive()).collect();
    let expected = [
        0, 1, 11, 111, 112, 12, 121, 122, 2, 21, 211, 212, 22, 221, 222,
    ];
    assert_eq!(ids, expected);
}

/// PR-10: a process is told of the death of its parent, and goes on, since it is no daemon.
pub fn a_grandchild_sees_its_parent_die() {
    let line = Line::new();
    let middle = Process::start((), |()| {
        let grandchild = Process::start((), |()| {
            let parent = parent().unwrap();
            assert!(parent.is_alive());
            assert!(!parent.join_timeout(Duration::ZERO).unwrap());
            send_pid(&line);
            parent.join().unwrap();
            assert!(!parent.is_alive());
            assert!(parent.join_timeout(Duration::ZERO).unwrap());
            line.send(1);
        });
        grandchild.unwrap().join().unwrap();
    });
    let middle = middle.unwrap();
    let grandchild = line.receive_pid();
    assert!(is_running(grandchild) && !line.has_come());
    middle.kill().unwrap();
    assert_eq!(middle.join().unwrap(), -9);
    assert_eq!(line.receive(), 1);
    eventually("it has ended", || !is_running(grandchild));
}

/// PR-11: no daemon unless said, or unless its creator is one; and a daemon has daemons only.
pub fn daemons_by_default_and_by_inheritance() {
    let plain = Process::start((), |()| assert!(!current().is_daemon())).unwrap();
    assert!(!plain.is_daemon());
    assert_eq!(plain.join().unwrap(), 0);
    let daemon = Builder::new().daemon(true).start((), |()| {
        assert!(current().is_daemon());
        let refused = Builder::new().daemon(false).start((), |()| ());
        assert!(matches!(refused, Err(StartError::NotDaemon)));
        let inner = Process::start((), |()| assert!(current().is_daemon())).unwrap();
        assert!(inner.is_daemon());
        assert_eq!(inner.join().unwrap(), 0);
    });
    let daemon = daemon.unwrap();
    assert!(daemon.is_daemon());
    assert_eq!(daemon.join().unwrap(), 0);
}

/// PR-11: dropping a daemon ends it.
pub fn a_daemon_ends_with_a_drop() {
    let daemon = Builder::new().daemon(true).start((), |()| for_ever());
    let daemon = daemon.unwrap();
    let handle = active_children().remove(0);
    drop(daemon);
    assert_eq!(handle.exit_code(), Some(-9));
    assert_no_children();
}

/// PR-11: a daemon whose handle was forgotten ends when its parent returns, and when that exits.
pub fn a_daemon_ends_when_its_parent_returns_or_exits() {
    let line = Line::new();
    let ends: [fn(); 2] = [|| (), || exit(0)];
    for end in ends {
        let parent = Process::start((), |()| {
            let daemon = Builder::new().daemon(true).start((), |()| {
                send_pid(&line);
                for_ever();
            });
            mem::forget(daemon.unwrap());
            // Not before it has begun: a daemon that never ran would show nothing.
            line.send(line.receive());
            end();
        });
        assert_eq!(parent.unwrap().join().unwrap(), 0);
        let daemon = line.receive_pid();
        eventually("the daemon has ended", || !is_running(daemon));
    }
}

/// PR-16, X03, R03: a parent killed with -9 takes its daemon along, and that one its own.
pub fn a_daemon_and_its_daemon_end_with_a_killed_parent() {
    let line = Line::new();
    let parent = Process::start((), |()| {
        let daemon = Builder::new().daemon(true).start((), |()| {
            let inner = Process::start((), |()| {
                send_pid(&line);
                for_ever();
            });
            let _inner = inner.unwrap();
            send_pid(&line);
            for_ever();
        });
        let _daemon = daemon.unwrap();
        for_ever();
    });
    let parent = parent.unwrap();
    let daemons = [line.receive_pid(), line.receive_pid()];
    kill_with_all_of(parent.pid(), &daemons);
    assert_eq!(parent.join().unwrap(), -9);
}

/// R03: a parent that is gone before the daemon has asked to be told of it. On one processor the parent
/// runs on after the fork.
pub fn a_daemon_ends_also_if_its_parent_was_gone_first() {
    let line = Line::new();
    let allowed = sched_getaffinity(Pid::from_raw(0)).unwrap();
    let first = (0..CpuSet::count()).find(|&cpu| allowed.is_set(cpu).unwrap());
    let mut one = CpuSet::new();
    one.set(first.unwrap()).unwrap();
    sched_setaffinity(Pid::from_raw(0), &one).unwrap();
    for _ in 0..100 {
        let parent = Process::start((), |()| {
            let daemon = Builder::new().daemon(true).start((), |()| for_ever());
            line.send(daemon.as_ref().unwrap().pid().as_raw().into());
            raise(Signal::SIGKILL).unwrap();
        });
        assert_eq!(parent.unwrap().join().unwrap(), -9);
        assert_gone_with_parent(&[line.receive_pid()]);
    }
}

/// PR-17, X02: what is dropped was joined: it did all it had to do, and is no zombie.
pub fn dropped_without_a_join() {
    let (release, line) = (Line::new(), Line::new());
    for number in 0..3 {
        let child = Process::start((), |()| {
            release.receive();
            line.send(number);
        });
        release.send(0);
        drop(child.unwrap());
        assert!(line.has_come());
        assert_eq!(line.receive(), number);
        assert_no_children();
    }
    let _ = Process::start((), |()| ()).unwrap();
    assert_no_children();
}

/// X02: one that has ended and that nobody asks about is a zombie until the next start or look at the
/// list. Its exit code is kept.
pub fn nobody_asks_and_the_next_call_reaps() {
    let ended = || {
        let child = Process::start((), |()| Exit(5)).unwrap();
        eventually("it has ended", || !is_running(child.pid()));
        assert_eq!(process(child.pid()).unwrap().state, 'Z');
        child
    };
    let first = ended();
    assert!(active_children().is_empty());
    assert_eq!(process(first.pid()), None);
    let second = ended();
    let release = Line::new();
    let third = held(&release);
    assert_eq!(process(second.pid()), None);
    assert_eq!(children().len(), 1);
    // What std's own `Command` started is left to it.
    let mut foreign = Command::new("true").spawn().unwrap();
    let number = Pid::from_raw(foreign.id().cast_signed());
    eventually("it has ended", || !is_running(number));
    assert_eq!(active_children().len(), 1);
    assert!(foreign.wait().unwrap().success());
    release.send(0);
    let codes = [first, second, third].map(|child| child.join().unwrap());
    assert_eq!(codes, [5, 5, 0]);
}

/// R05: a handle that came into another process by a fork neither waits nor kills there, and its drop
/// does nothing.
pub fn a_handle_in_another_process() {
    let release = Line::new();
    let sibling = held(&release);
    let daemon = Builder::new()
        .daemon(true)
        .start((), |()| for_ever())
        .unwrap();
    let (sibling_pid, daemon_pid) = (sibling.pid(), daemon.pid());
    let mut handles = Some((sibling, daemon));
    let stranger = Process::start((), |()| {
        let (sibling, daemon) = handles.take().unwrap();
        for child in [&sibling, &daemon] {
            assert!(matches!(child.join(), Err(ChildError::NotParent)));
            assert!(matches!(child.kill(), Err(ChildError::NotParent)));
            assert!(matches!(child.sentinel(), Err(ChildError::NotParent)));
            assert_eq!(child.exit_code(), None);
        }
        assert!(active_children().is_empty());
        drop((sibling, daemon));
    });
    assert_eq!(stranger.unwrap().join().unwrap(), 0);
    assert!(is_running(sibling_pid) && is_running(daemon_pid));
    // Nor in one that is no `Process`, and has not let go of its descriptors.
    let stranger = fork(|| {
        let (sibling, daemon) = handles.take().unwrap();
        let refused = daemon.kill().is_err() && sibling.join().is_err();
        drop((sibling, daemon));
        i32::from(!refused)
    });
    let status = waitpid(stranger.unwrap(), None).unwrap();
    assert!(matches!(status, WaitStatus::Exited(_, 0)), "{status:?}");
    assert!(is_running(sibling_pid) && is_running(daemon_pid));
    let (sibling, daemon) = handles.unwrap();
    release.send(0);
    assert_eq!(sibling.join().unwrap(), 0);
    daemon.terminate().unwrap();
    assert_eq!(daemon.join().unwrap(), -15);
}

/// PR-02: the child of a mere fork was started by no process, and has none.
pub fn a_fork_is_no_process() {
    let release = Line::new();
    let child = Process::start((), |()| {
        let _sibling = held(&release);
        let forked = fork(|| i32::from(parent().is_some() || !active_children().is_empty()));
        let status = waitpid(forked.unwrap(), None).unwrap();
        assert!(matches!(status, WaitStatus::Exited(_, 0)), "{status:?}");
        assert_eq!(active_children().len(), 1);
        release.send(0);
    });
    assert_eq!(child.unwrap().join().unwrap(), 0);
}
