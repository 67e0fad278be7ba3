//! What is on the way.

use std::sync::atomic::Ordering::SeqCst;
use std::thread;
use std::time::Duration;

use multiprocess::fork::fork;
use multiprocess::pool::Pool;
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};
use nix::sys::wait::waitpid;
use nix::unistd::Pid;

use crate::support::{children, eventually, kill, wait_until_asleep};
use crate::workers::{board, square, wait_for, workers};

/// P09: 64 MiB there and back, in messages larger than any buffer between.
pub fn big_messages_both_ways() {
    let pool = Pool::new(2).expect("a pool");
    let texts = || (0..64).map(|n: u8| vec![n; 1 << 20]);
    let back = pool.map_chunked(
        |mut text: Vec<u8>| {
            text.reverse();
            text
        },
        texts(),
        1,
    );
    assert!(back.expect("results").into_iter().eq(texts()));
    let mut lens = pool
        .imap_unordered(|text: Vec<u8>| text, texts())
        .map(|text| text.map(|t| t.len()));
    assert!(lens.all(|len| len == Ok(1 << 20)));
}

/// Head of the line: quick tasks before and behind a stuck one, in the same worker's hands, are done
/// while it is stuck.
pub fn one_stuck_task_holds_up_no_other() {
    board(0);
    let pool = Pool::new(2).expect("a pool");
    for round in 0..20 {
        board(0).store(0, SeqCst);
        // The workers have shown that they are quick: they are given many at once.
        pool.map_chunked(square, 0..5000, 1).expect("results");
        let task = |n: i64| {
            if n == 100 {
                wait_for(0, 1);
            }
            n
        };
        let handles: Vec<_> = (0..1000).map(|n| pool.apply_async(task, (n,))).collect();
        let others = |handle: &multiprocess::pool::AsyncResult<i64>| handle.ready();
        eventually("all others are done", || {
            handles.iter().filter(|&handle| others(handle)).count() == 999
        });
        board(0).store(1, SeqCst);
        for (n, handle) in (0..).zip(handles) {
            assert_eq!(handle.get(), Ok(n), "round {round}");
        }
    }
}

/// The parent does something else: what it handed over is done meanwhile.
pub fn what_was_handed_over_goes_on_alone() {
    board(0);
    let pool = Pool::new(2).expect("a pool");
    let count = |n: i64| {
        board(0).fetch_add(1, SeqCst);
        n
    };
    let handle = pool.map_chunked_async(count, 0..1000, 1);
    wait_for(0, 1000); // it does not touch the pool
    assert_eq!(handle.get().map(|all| all.len()), Ok(1000));
}

/// How far a call gets while the parent does not touch the pool: 1 MiB of arguments is done, and of
/// results. It is not much more that is, or something would keep without bound.
pub fn it_goes_so_far_while_the_parent_is_elsewhere() {
    const MIB: i64 = 1 << 20;
    const EACH: usize = 10_000;
    board(0);
    let pool = Pool::new(1).expect("a pool");
    let worker = Pid::from_raw(workers(&pool, 0)[0] as i32);
    let broker = children()[0].pid;
    // How many tasks are done when nobody does anything any more. One may sleep for a moment in between;
    // so they are looked at until nothing has changed for long.
    let done = || {
        let (mut before, mut same) = (-1, 0);
        while same < 50 {
            wait_until_asleep(worker);
            wait_until_asleep(broker);
            let now = board(1).load(SeqCst);
            same = if now == before { same + 1 } else { 0 };
            before = now;
        }
        before * EACH as i64
    };
    let first = pool.apply_async(|| wait_for(2, 1), ());
    let count = |bytes: Vec<u8>| {
        board(1).fetch_add(1, SeqCst);
        bytes.len()
    };
    let tasks = pool.map_chunked_async(count, vec![vec![1; EACH]; 1000], 1);
    board(2).store(1, SeqCst);
    wait_for(1, MIB / EACH as i64);
    let bytes = done();
    assert!(
        (MIB..3 * MIB).contains(&bytes),
        "{bytes} bytes of arguments"
    );
    assert_eq!((first.get(), tasks.get()), (Ok(()), Ok(vec![EACH; 1000])));

    board(1).store(0, SeqCst);
    let grow = |n: i64| {
        board(1).fetch_add(1, SeqCst);
        vec![n as u8; EACH]
    };
    let tasks = pool.map_chunked_async(grow, 0..1000, 1);
    wait_for(1, MIB / EACH as i64);
    let bytes = done();
    assert!((MIB..3 * MIB).contains(&bytes), "{bytes} bytes of results");
    let results = tasks.get().expect("results");
    assert!(
        results
            .into_iter()
            .eq((0..1000).map(|n| vec![n as u8; EACH]))
    );
}

/// More tasks and more results than the broker keeps, while the parent looks elsewhere: nothing is
/// lost, nothing stands still for good.
pub fn more_than_the_broker_keeps() {
    board(0);
    let pool = Pool::new(2).expect("a pool");
    let grow = |n: i64| {
        board(0).fetch_add(1, SeqCst);
        vec![n as u8; 10_000]
    };
    let handle = pool.map_chunked_async(grow, 0..2000, 1);
    wait_for(0, 100);
    let more = pool.map_chunked_async(|bytes: Vec<u8>| bytes.len(), vec![vec![1; 10_000]; 1000], 1);
    wait_for(0, 110);
    assert_eq!(more.get(), Ok(vec![10_000; 1000]));
    let all = handle.get().expect("results");
    assert!(
        all.iter()
            .enumerate()
            .all(|(n, bytes)| *bytes == vec![n as u8; 10_000])
    );
    assert_eq!(board(0).load(SeqCst), 2000, "none twice");
}

/// Every worker in the middle of a result that is larger than what is kept anywhere, before the
/// parent begins to read: nobody sleeps on what another one could take.
pub fn all_stand_until_the_parent_reads() {
    board(0);
    let pool = Pool::new(4).expect("a pool");
    for _ in 0..5 {
        let pids = workers(&pool, 0);
        let handle = pool.map_chunked_async(|n: u8| vec![n; 4 << 20], 0..4, 1);
        let processes = pids.iter().map(|&pid| Pid::from_raw(pid as i32));
        processes.for_each(wait_until_asleep);
        wait_until_asleep(children()[0].pid);
        let results = handle.get().expect("results");
        assert!(results.into_iter().eq((0..4).map(|n| vec![n; 4 << 20])));
    }
}

/// Results that are each as large as all that is kept: while one is passed on, another worker waits
/// for room, and has said so before. Many times: it takes a parent that reads as fast as the broker
/// writes.
pub fn one_result_fills_what_is_kept() {
    let pool = Pool::new(2).expect("a pool");
    for _ in 0..100 {
        let results = pool.map_chunked(|n: u8| vec![n; 1 << 20], [1, 2], 1);
        assert_eq!(results.map(|all| all.len()), Ok(2));
    }
}

/// Q10: signals that interrupt the parent's and the workers' waits change nothing.
pub fn signals_disturb_nobody() {
    extern "C" fn nothing(_: i32) {}
    board(0);
    let action = SigAction::new(
        SigHandler::Handler(nothing),
        SaFlags::empty(),
        SigSet::empty(),
    );
    // SAFETY: the handler does nothing.
    let install = || unsafe { sigaction(Signal::SIGWINCH, &action) }.expect("a signal");
    install();
    let pool = Pool::new(2).expect("a pool");
    let mut targets = workers(&pool, 0);
    targets.push(std::process::id().into());
    targets.push(children()[0].pid.as_raw().into());
    let sender = fork(|| {
        loop {
            for &target in &targets {
                kill(Pid::from_raw(target as i32), Signal::SIGWINCH);
                board(1).fetch_add(1, SeqCst);
            }
            // why a sleep: it spaces out what disturbs, and nobody waits for it.
            thread::sleep(Duration::from_micros(100));
        }
    });
    let sender = sender.expect("one thread");
    for _ in 0..5 {
        let results = pool
            .map_chunked(|n: u8| vec![n; 300_000], 0..50, 1)
            .expect("results");
        assert!(results.into_iter().eq((0..50).map(|n| vec![n; 300_000])));
        wait_for(1, board(1).load(SeqCst) + 100);
    }
    kill(sender, Signal::SIGKILL);
    waitpid(sender, None).expect("our child");
    pool.close();
    assert_eq!(pool.join(), Ok(()));
}

/// PL-21: a worker is killed that has finished a task, while nobody takes its result, for the parent
/// does not read: the result comes, and the task is not run again.
pub fn a_finished_result_outlives_its_worker() {
    board(0);
    let pool = Pool::new(2).expect("a pool");
    for _ in 0..5 {
        (0..3).for_each(|place| board(place).store(0, SeqCst));
        let task = |n: i64| {
            let pid = i64::from(std::process::id());
            board(n as usize).store(pid, SeqCst);
            if n == 0 {
                return vec![pid; 1 << 20]; // more than the broker keeps
            }
            wait_for(2, 1);
            board(2).fetch_add(1, SeqCst);
            vec![pid]
        };
        let handle = pool.map_chunked_async(task, 0..2, 1);
        wait_for(0, 1);
        wait_for(1, 1);
        let [first, second] = [0, 1].map(|place| Pid::from_raw(board(place).load(SeqCst) as i32));
        let broker = children()[0].pid;
        // It may sleep for a moment in between; but soon it has passed all on, as has the broker.
        for _ in 0..20 {
            wait_until_asleep(first);
            wait_until_asleep(broker);
        }
        board(2).store(1, SeqCst);
        wait_for(2, 2);
        wait_until_asleep(second);
        kill(second, Signal::SIGKILL);
        let results = handle.get().expect("both were done");
        assert_eq!(results[1], [i64::from(second.as_raw())]);
        assert_eq!(board(2).load(SeqCst), 2, "once");
    }
}
