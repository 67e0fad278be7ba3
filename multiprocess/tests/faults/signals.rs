//! F05, F15: signals to all of a group, and to single workers.

use std::process::id;
use std::sync::atomic::{AtomicI32, AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use libc::c_int;
use multiprocess::pool::Pool;
use multiprocess::process::Process;
use nix::sys::signal::{SigHandler, Signal, killpg, signal};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{Pid, getpid, setpgid};

use crate::children::spawn;
use crate::support::{
    Line, assert_gone_with_parent, children, children_of, eventually, kill, wait_until_asleep,
};
use crate::workers::{assert_works, board, wait_for};

/// What services are sent, and terminals send, and timers.
const ALL: [Signal; 8] = [
    Signal::SIGHUP,
    Signal::SIGINT,
    Signal::SIGQUIT,
    Signal::SIGTERM,
    Signal::SIGUSR1,
    Signal::SIGUSR2,
    Signal::SIGALRM,
    Signal::SIGIO,
];

fn set(signals: &[Signal], handler: SigHandler) {
    for &each in signals {
        // SAFETY: the handler only counts.
        unsafe { signal(each, handler) }.unwrap();
    }
}

/// Sends each signal to all processes of the group while two tasks run, which must come to their end.
#[track_caller]
fn sent_to_all(pool: &Pool, signals: &[Signal]) {
    let group = getpid();
    for &each in signals {
        board(0).store(0, Ordering::SeqCst);
        board(1).store(0, Ordering::SeqCst);
        let task = |n: i64| {
            board(0).fetch_add(1, Ordering::SeqCst);
            wait_for(1, 1);
            n
        };
        let handle = pool.map_chunked_async(task, 0..2, 1);
        wait_for(0, 2);
        killpg(group, each).unwrap();
        board(1).store(1, Ordering::SeqCst);
        assert_eq!(handle.get(), Ok(vec![0, 1]), "{each}");
    }
    assert_works(pool, 2);
}

/// F05: as under `nohup`: what the parent ignores ends nobody, and is ignored by what a worker starts, too.
pub fn what_the_parent_ignores() {
    setpgid(Pid::from_raw(0), Pid::from_raw(0)).unwrap();
    board(0);
    set(&ALL, SigHandler::SigIgn);
    let pool = Pool::new(2).unwrap();
    sent_to_all(&pool, &ALL);
    // A realtime signal has no name in nix.
    // SAFETY: both take numbers; the signal is ignored.
    unsafe {
        libc::signal(libc::SIGRTMIN() + 1, libc::SIG_IGN);
        libc::kill(0, libc::SIGRTMIN() + 1);
    }
    drop(pool);
    let pool = Pool::new(2).unwrap();
    // SAFETY: as above.
    unsafe { libc::kill(0, libc::SIGRTMIN() + 1) };
    assert_works(&pool, 2);
}

static COUNT: AtomicU32 = AtomicU32::new(0);
static COUNTED_BY: AtomicI32 = AtomicI32::new(0);

extern "C" fn count(_: c_int) {
    COUNT.fetch_add(1, Ordering::SeqCst);
    COUNTED_BY.store(getpid().as_raw(), Ordering::SeqCst);
}

/// F05: a service that builds its pool first and then says what it does on SIGTERM and others. It is the
/// parent that is told, and only the parent; the tasks come to their ends.
pub fn what_the_parent_handles_later() {
    setpgid(Pid::from_raw(0), Pid::from_raw(0)).unwrap();
    board(0);
    let pool = Pool::new(2).unwrap();
    set(&ALL, SigHandler::Handler(count));
    sent_to_all(&pool, &ALL);
    assert_eq!(COUNT.load(Ordering::SeqCst), ALL.len() as u32);
    assert_eq!(COUNTED_BY.load(Ordering::SeqCst), getpid().as_raw());
    let counted = |()| (COUNT.load(Ordering::SeqCst), id());
    assert_eq!(pool.apply(counted, ((),)).unwrap().0, 0);
    // And with workers that began when the handlers were there already.
    let pool = Pool::new(2).unwrap();
    sent_to_all(&pool, &ALL);
    assert_eq!(COUNT.load(Ordering::SeqCst), 2 * ALL.len() as u32);
}

/// F05: what ends the parent ends all of its pool.
pub fn what_ends_the_parent() {
    for each in ALL {
        let line = Line::new();
        let parent = spawn((), |()| {
            setpgid(Pid::from_raw(0), Pid::from_raw(0)).unwrap();
            set(&ALL, SigHandler::SigDfl);
            let pool = Pool::new(2).unwrap();
            let broker = children()[0].pid;
            line.send(broker.as_raw().into());
            for worker in children_of(broker) {
                line.send(worker.pid.as_raw().into());
            }
            drop(pool.apply_async(|| thread::sleep(Duration::MAX), ()).get());
        });
        let all: Vec<_> = (0..3).map(|_| line.receive_pid()).collect();
        killpg(parent.0, each).unwrap();
        let ended = waitpid(parent.0, None).unwrap();
        assert!(
            matches!(ended, WaitStatus::Signaled(_, signal, _) if signal == each),
            "{ended:?}"
        );
        assert_gone_with_parent(&all);
    }
}

/// F05: a worker does as the pool's parent does, but a process that a task starts is another matter: it ends
/// when it is told to.
pub fn a_child_of_a_worker_ends_when_it_is_asked_to() {
    let pool = Pool::new(1).unwrap();
    set(&[Signal::SIGTERM], SigHandler::SigIgn);
    let task = |()| {
        let child = Process::start((), |()| thread::sleep(Duration::MAX)).unwrap();
        wait_until_asleep(child.pid());
        child.terminate().unwrap();
        child.join().unwrap()
    };
    assert_eq!(pool.apply(task, ((),)), Ok(-15));
}

/// F15: the workers of an idle pool end by SIGTERM now and then, more often than they may fail in a row.
pub fn idle_workers_that_are_asked_to_end_now_and_then() {
    board(0);
    let pool = Pool::new(8).unwrap();
    let broker = children()[0].pid;
    let mut ended: Vec<Pid> = Vec::new();
    for _ in 0..4 {
        // why a sleep: the age of the workers is what the pool goes by.
        thread::sleep(Duration::from_millis(1100));
        for worker in children_of(broker) {
            wait_until_asleep(worker.pid);
            kill(worker.pid, Signal::SIGTERM);
            ended.push(worker.pid);
        }
        eventually("all are replaced", || {
            let new = children_of(broker);
            new.len() == 8 && new.iter().all(|worker| !ended.contains(&worker.pid))
        });
    }
    assert_works(&pool, 0);
}
