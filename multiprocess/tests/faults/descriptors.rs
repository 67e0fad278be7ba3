//! F14: a closed standard stream stays closed.

use multiprocess::connection::{pipe, pipe_one_way};
use multiprocess::pool::Pool;
use multiprocess::process::{Builder, Process};
use multiprocess::queue::Queue;
use nix::unistd::close;

use crate::support::descriptors;

/// F14: whichever of the three are closed, nothing that a block makes gets their numbers, so that
/// `println!` never writes into a socket.
pub fn none_is_taken_for_a_standard_stream() {
    for closed in 1..8 {
        let is_closed = |descriptor: &i32| closed & (1 << descriptor) != 0;
        let none = move |what| {
            let there = descriptors();
            let taken: Vec<_> = (0..3)
                .filter(is_closed)
                .filter_map(|fd| there.get(&fd))
                .collect();
            assert!(taken.is_empty(), "{what}: {taken:?}, closed: {closed:03b}");
        };
        let program = Process::start((), |()| {
            (0..3)
                .filter(is_closed)
                .for_each(|descriptor| close(descriptor).unwrap());
            none("at first");
            let (mut ours, theirs) = pipe().unwrap();
            none("pipe");
            let one_way = pipe_one_way().unwrap();
            none("pipe_one_way");
            let queue = Queue::<u8>::bounded(1).unwrap();
            none("queue");
            println!("a line");
            let child = Process::start(theirs, |mut end| {
                assert_eq!(end.recv::<u8>().unwrap(), 7);
            });
            none("process");
            ours.send(&7_u8).unwrap();
            assert_eq!(child.unwrap().join().unwrap(), 0);
            let daemon = Builder::new().daemon(true).start((), |()| ()).unwrap();
            none("daemon");
            daemon.join().unwrap();
            let pool = Pool::new(2).unwrap();
            none("pool");
            // A worker's stdin is `/dev/null`.
            let in_worker = |closed: i32| {
                println!("a line");
                let there = descriptors();
                (1..3).all(|fd| closed & (1 << fd) == 0 || !there.contains_key(&fd))
            };
            assert_eq!(pool.apply(in_worker, (closed,)), Ok(true));
            drop((ours, one_way, queue));
        });
        assert_eq!(program.unwrap().join().unwrap(), 0, "closed: {closed:03b}");
    }
}
