//! Random kills at random moments, for 5 seconds, or for longer with `scripts/soak kills 60`.

use std::env;
use std::fs;
use std::sync::atomic::Ordering::SeqCst;
use std::thread;
use std::time::{Duration, Instant};

use multiprocess::fork::fork;
use multiprocess::pool::TaskError;
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::Signal;
use nix::sys::wait::waitpid;
use nix::unistd::Pid;

use crate::faults::pool;
use crate::support::{children, kill, process};
use crate::workers::{assert_works, board};

/// Tasks a round; each has a number on the board.
const TASKS: i64 = 3000;
const FIRST: usize = 1000;

const KILLS: usize = 1;

/// PL-21: every task is resolved once, with its own result or `WorkerDied`; none is run twice.
pub fn random_kills_lose_nothing_and_double_nothing() {
    let seconds = env::var("POOL_SOAK")
        .ok()
        .and_then(|text| text.parse().ok());
    let end = Instant::now() + Duration::from_secs(seconds.unwrap_or(5));
    board(0);
    let (mut rounds, mut died) = (0, 0);
    while Instant::now() < end {
        let pool = pool(4);
        let broker = children()[0].pid;
        let killer = fork(|| kill_workers_of(broker)).expect("one thread");
        for _ in 0..5 {
            (0..TASKS as usize).for_each(|n| board(FIRST + n).store(0, SeqCst));
            let results = pool.imap(task, 0..TASKS);
            let mut count = 0;
            for (n, result) in (0..).zip(results) {
                count += 1;
                let runs = board(FIRST + n as usize).load(SeqCst);
                match result {
                    Ok((number, data)) => {
                        assert_eq!((number, runs), (n, 1));
                        assert!(data.iter().all(|byte| *byte == n as u8) && data.len() == size(n));
                    }
                    Err(TaskError::WorkerDied { .. }) => {
                        died += 1;
                        assert!(runs <= 1, "task {n} ran {runs} times");
                    }
                    Err(error) => panic!("task {n}: {error}"),
                }
            }
            assert_eq!(count, TASKS);
            rounds += 1;
        }
        kill(killer, Signal::SIGKILL);
        waitpid(killer, None).expect("our child");
        assert_works(&pool, 2);
        pool.close();
        assert_eq!(pool.join(), Ok(()));
    }
    let kills = board(KILLS).load(SeqCst);
    println!("{rounds} rounds of {TASKS} tasks, {kills} kills, {died} tasks died");
    assert!(kills > 0 && died > 0);
}

fn size(n: i64) -> usize {
    if n % 100 == 0 {
        200_000
    } else {
        (n % 100) as usize
    }
}

fn task(n: i64) -> (i64, Vec<u8>) {
    board(FIRST + n as usize).fetch_add(1, SeqCst);
    for turn in 0..n % 17 * 1000 {
        std::hint::black_box(turn);
    }
    (n, vec![n as u8; size(n)])
}

/// Never returns. Its parent ends it.
fn kill_workers_of(broker: Pid) -> i32 {
    set_pdeathsig(Signal::SIGKILL).expect("a signal");
    let mut state = u64::from(std::process::id()) | 1;
    let mut random = move |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    loop {
        // why a sleep: it is the fault that is injected, and nobody waits for it.
        thread::sleep(Duration::from_micros(random(5000)));
        let path = format!("/proc/{broker}/task/{broker}/children");
        let children = fs::read_to_string(path).unwrap_or_default();
        let pids: Vec<i32> = children
            .split(' ')
            .filter_map(|pid| pid.parse().ok())
            .collect();
        let Some(&pid) = pids.get(random(pids.len().max(1) as u64) as usize) else {
            continue;
        };
        let pid = Pid::from_raw(pid);
        if process(pid).is_some_and(|worker| worker.parent == broker) {
            kill(pid, Signal::SIGKILL);
            board(KILLS).fetch_add(1, SeqCst);
        }
    }
}
