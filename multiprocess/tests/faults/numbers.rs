//! F12, F13: numbers that are not what they seem after a fork: of processes, and random ones.

use std::fs;

use multiprocess::fork::{ForkError, fork};
use multiprocess::pool::{BuildError, Pool};
use multiprocess::process::{Builder, Exit, Process, StartError, parent};
use multiprocess::queue::{GetError, Queue};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::getpid;

use crate::support::{CEILING, Line, again, needs_root, role};
use crate::workers::{assert_works, board, meet};

/// F12: after an `unshare` children would be in a namespace of their own, where this process has no number
/// and they have those of others.
pub fn children_in_another_namespace_are_refused() {
    needs_root();
    unshare(CloneFlags::CLONE_NEWPID).unwrap();
    let refused = Process::start((), |()| ());
    assert!(
        matches!(refused, Err(StartError::PidNamespace)),
        "{refused:?}"
    );
    assert!(refused.unwrap_err().to_string().contains("--fork"));
    let refused = Pool::new(1);
    assert!(
        matches!(refused, Err(BuildError::Fork(ForkError::PidNamespace))),
        "{refused:?}"
    );
    assert!(matches!(fork(|| 0), Err(ForkError::PidNamespace)));
}

/// F12: a program that is the first process of a namespace, as in a container. Where `/proc` is still that
/// of the outer one, its numbers are others' (`unshare --pid --fork` without `--mount-proc`).
pub fn a_namespace_of_its_own() {
    needs_root();
    if role().is_some() {
        assert_eq!(getpid().as_raw(), 1);
        assert_ne!(fs::read_link("/proc/self").unwrap().to_str(), Some("1"));
        let queue = Queue::bounded(1).unwrap();
        let (line, never) = (Line::new(), Line::new());
        let child = Process::start(queue.clone().into_producer(), |queue| {
            assert!(parent().unwrap().is_alive());
            queue.put(&7).unwrap();
            line.send(1);
            never.receive();
        });
        let child = child.unwrap();
        let queue = queue.into_consumer();
        line.receive();
        assert_eq!(queue.get().unwrap(), 7);
        // As long as the producer lives it may put something, and when it is dead that is noticed.
        let error = queue.get_timeout(5 * SLICE).unwrap_err();
        assert!(matches!(error, GetError::Empty), "{error:?}");
        child.kill().unwrap();
        let error = queue.get_timeout(CEILING).unwrap_err();
        assert!(matches!(error, GetError::Disconnected), "{error:?}");
        let daemon = Builder::new().daemon(true).start((), |()| Exit(7));
        assert_eq!(daemon.unwrap().join().unwrap(), 7);
        board(0);
        assert_works(&Pool::new(2).unwrap(), 0);
        return;
    }
    unshare(CloneFlags::CLONE_NEWPID).unwrap();
    let ended = again("first");
    assert!(ended.status.success(), "{ended:?}");
}

/// After so long a consumer looks whether its producers are alive.
const SLICE: std::time::Duration = std::time::Duration::from_millis(50);

/// F13: a fork copies the generators of random numbers; the line of the docs gives each worker its own.
pub fn random_numbers_of_workers() {
    board(0);
    let draw = |n: i64| {
        meet(0, n); // each of them in another worker
        fastrand::u64(..)
    };
    fastrand::u64(..); // it is used before the fork
    let pool = Pool::new(3).unwrap();
    let same = pool.map_chunked(draw, [3; 3], 1).unwrap();
    assert!(same.iter().all(|number| *number == same[0]), "{same:?}");
    drop(pool);
    let pool = Pool::builder()
        .workers(3)
        .initializer((), |()| fastrand::seed(std::process::id().into()));
    let pool = pool.build().unwrap();
    let mut numbers = pool.map_chunked(draw, [6; 3], 1).unwrap();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), 3);
}
