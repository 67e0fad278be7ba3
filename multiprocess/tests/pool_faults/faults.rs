//! The kinds of faults, and the frame of each case.

use std::sync::atomic::Ordering::SeqCst;

use multiprocess::fork::exit_now;
use multiprocess::pool::{Pool, TaskError};
use nix::sys::signal::{Signal, raise};

use crate::cases;
use crate::support::{Case, again, assert_no_children, role};
use crate::workers::board;
use crate::{points, soak};

/// What happens to a worker.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fault {
    Kill,
    Exit,
    Panic,
}
use Fault::{Exit, Kill, Panic};

/// Where the kind of fault is on the board: a task cannot capture it.
const FAULT: usize = 0;

/// The fault of this case happens to the calling process.
pub fn strike() {
    match board(FAULT).load(SeqCst) {
        0 => drop(raise(Signal::SIGKILL)),
        1 => exit_now(0),
        _ => panic!("injected"),
    }
}

/// Whether it is what came of a task that was struck while it ran.
pub fn is_of<T>(fault: Fault, result: &Result<T, TaskError>) -> bool {
    use std::os::unix::process::ExitStatusExt;
    match (fault, result) {
        (Kill, Err(TaskError::WorkerDied { status, .. })) => status.signal() == Some(9),
        (Exit, Err(TaskError::WorkerDied { status, .. })) => status.code() == Some(0),
        (Panic, Err(TaskError::Panicked { message, .. })) => message == "injected",
        _ => false,
    }
}

/// A case: in a process of its own, to see what is on stderr; twice.
fn case(fault: Fault, body: fn(Fault)) {
    if role().is_none() {
        let ended = again("the pool's parent");
        assert!(ended.status.success(), "{}", ended.stderr);
        let panics = ended.stderr.matches("panicked at").count();
        let injected = ended.stderr.matches("\ninjected\n").count();
        assert_eq!(panics, injected, "{}", ended.stderr);
        assert_eq!(injected > 0, fault == Panic, "{}", ended.stderr);
        return;
    }
    board(FAULT).store(fault as i64, SeqCst);
    for _ in 0..2 {
        (1..100).for_each(|place| board(place).store(0, SeqCst));
        body(fault);
        assert_no_children();
    }
}

macro_rules! matrix {
    ($($point:ident: $kill:ident $exit:ident $panic:ident;)*) => { $(
        fn $kill() { case(Kill, points::$point) }
        fn $exit() { case(Exit, points::$point) }
        fn $panic() { case(Panic, points::$point) }
    )* };
}

matrix! {
    idle: kill_idle exit_idle panic_idle;
    taken: kill_taken exit_taken panic_taken;
    running: kill_running exit_running panic_running;
    encoding: kill_encoding exit_encoding panic_encoding;
    in_mid_write: kill_in_mid_write exit_in_mid_write panic_in_mid_write;
    locked: kill_locked exit_locked panic_locked;
    recycling: kill_recycling exit_recycling panic_recycling;
    initialising: kill_initialising exit_initialising panic_initialising;
}

fn pool_dropped_while_busy() {
    case(Kill, points::dropped);
}

pub const CASES: &[Case] = cases![
    kill_idle,
    exit_idle,
    panic_idle,
    kill_taken,
    exit_taken,
    panic_taken,
    kill_running,
    exit_running,
    panic_running,
    kill_encoding,
    exit_encoding,
    panic_encoding,
    kill_in_mid_write,
    exit_in_mid_write,
    panic_in_mid_write,
    kill_locked,
    exit_locked,
    panic_locked,
    kill_recycling,
    exit_recycling,
    panic_recycling,
    kill_initialising,
    exit_initialising,
    panic_initialising,
    points::the_parent_is_killed,
    pool_dropped_while_busy,
    soak::random_kills_lose_nothing_and_double_nothing,
];

/// A pool of so many workers.
pub fn pool(workers: usize) -> Pool {
    Pool::new(workers).expect("a pool")
}
