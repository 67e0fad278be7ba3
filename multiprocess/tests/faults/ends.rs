//! F06: what ends with its parent does so also when it has lost the parent-death signal.

use std::sync::atomic::Ordering::SeqCst;

use multiprocess::pool::Pool;
use multiprocess::process::{Builder, Process};
use nix::sys::prctl::{get_pdeathsig, set_pdeathsig};
use nix::sys::signal::Signal;
use nix::unistd::{Pid, Uid, getpid, setresuid};

use crate::support::{Line, kill_with_all_of, needs_root};
use crate::workers::{board, stay, wait_for};

/// Changes the user: at which the system takes away the parent-death signal.
fn change_user() {
    let nobody = Uid::from_raw(65534);
    setresuid(nobody, nobody, nobody).unwrap();
    assert_eq!(get_pdeathsig(), Ok(None), "it shows nothing");
}

/// Starts a process that calls `begin`, is killed, and takes along who it told of by the line.
#[track_caller]
fn killed_with_all(line: &Line, count: usize, begin: impl FnOnce()) {
    let parent = Process::start((), |()| begin()).unwrap();
    let all: Vec<_> = (0..count).map(|_| line.receive_pid()).collect();
    kill_with_all_of(parent.pid(), &all);
}

fn send_pid(line: &Line) {
    line.send(getpid().as_raw().into());
}

/// F06: a daemon that gave up its privileges ends with its killed parent.
pub fn a_daemon_that_changed_its_user() {
    needs_root();
    let (line, never) = (Line::new(), Line::new());
    killed_with_all(&line, 1, || {
        let daemon = Builder::new().daemon(true).start((), |()| {
            change_user();
            send_pid(&line);
            never.receive();
        });
        daemon.unwrap().join().unwrap();
    });
}

/// F06: so does a worker, with its parent and with its broker.
pub fn a_worker_that_changed_its_user() {
    needs_root();
    board(0);
    let parent = Process::start((), |()| {
        let pool = Pool::builder().workers(2).initializer((), |()| {
            change_user();
            let place = board(0).fetch_add(1, SeqCst) as usize;
            board(1 + place).store(getpid().as_raw().into(), SeqCst);
        });
        let pool = pool.build().unwrap();
        drop(pool.apply(|| stay(3), ()));
    });
    let pids = [1, 2].map(|place| {
        wait_for(place, 1);
        Pid::from_raw(board(place).load(SeqCst) as i32)
    });
    wait_for(3, 1);
    kill_with_all_of(parent.unwrap().pid(), &pids);
}

/// F06: the second mechanism alone, which needs no root to be tried.
pub fn without_the_parent_death_signal() {
    let (line, never) = (Line::new(), Line::new());
    killed_with_all(&line, 2, || {
        let outer = Builder::new().daemon(true).start((), |()| {
            set_pdeathsig(None::<Signal>).unwrap();
            let inner = Process::start((), |()| {
                set_pdeathsig(None::<Signal>).unwrap();
                send_pid(&line);
                never.receive();
            });
            send_pid(&line);
            inner.unwrap().join().unwrap();
        });
        outer.unwrap().join().unwrap();
    });
}
