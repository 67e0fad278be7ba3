//! What the tests of the pool have in common.

#![allow(dead_code)] // each test file has the whole of this and uses a part

use std::process;
use std::sync::OnceLock;
use std::sync::atomic::AtomicI64;
use std::sync::atomic::Ordering::SeqCst;
use std::thread;
use std::time::Duration;

use multiprocess::pool::Pool;
use multiprocess::shared_memory::SharedMemory;
use nix::sys::signal::Signal;
use nix::unistd::Pid;

use crate::support::{eventually, kill};

/// How many numbers there are.
pub const PLACES: usize = 8192;

static MEMORY: OnceLock<SharedMemory> = OnceLock::new();

/// A number that all processes of a case see: shared memory and no pipe, for it leaves no descriptor.
/// 0 at first. To be called once before the first fork.
pub fn board(place: usize) -> &'static AtomicI64 {
    assert!(place < PLACES);
    let memory = MEMORY.get_or_init(|| {
        let size = PLACES * size_of::<AtomicI64>();
        SharedMemory::zeroed(size).expect("some pages")
    });
    // SAFETY: there are so many of them, zeroed, and they are only used as atomics, as long as the
    // process lives.
    unsafe { memory.start().cast::<AtomicI64>().add(place).as_ref() }
}

pub fn square(n: i64) -> i64 {
    n * n
}

pub fn pid(_: i64) -> i64 {
    process::id().into()
}

/// Adds to a number on the board, and waits until it is so much.
pub fn meet(place: usize, number: i64) {
    board(place).fetch_add(1, SeqCst);
    wait_for(place, number);
}

/// Adds to a number on the board, and stays until the process is killed.
pub fn stay(place: usize) {
    board(place).fetch_add(1, SeqCst);
    // why a sleep: it never ends by itself.
    thread::sleep(Duration::MAX);
}

/// Waits until a number on the board is so much.
pub fn wait_for(place: usize, number: i64) {
    eventually("a number on the board", || {
        board(place).load(SeqCst) >= number
    });
}

/// The pids of the pool's workers, found out by making them all work at the same time.
pub fn workers(pool: &Pool, place: usize) -> Vec<i64> {
    let count = pool.workers() as i64;
    let base = board(place).load(SeqCst);
    let task = |(place, number): (usize, i64)| {
        meet(place, number);
        i64::from(process::id())
    };
    let places = (0..count).map(|_| (place, base + count));
    let mut pids = pool.map_chunked(task, places, 1).expect("tasks that wait");
    pids.sort_unstable();
    pids.dedup();
    assert_eq!(pids.len() as i64, count, "each of them is in one task");
    pids
}

pub fn kill_worker(pid: i64) {
    kill(Pid::from_raw(pid as i32), Signal::SIGKILL);
}

/// The pool works: as many workers as ever, and right results.
pub fn assert_works(pool: &Pool, place: usize) {
    workers(pool, place);
    let squares: Vec<i64> = (0..100).map(square).collect();
    assert_eq!(pool.map(square, 0..100).expect("good tasks"), squares);
}
