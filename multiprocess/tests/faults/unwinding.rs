//! F07: what a destructor starts while its thread panics.

use std::panic::catch_unwind;

use multiprocess::pool::{Pool, TaskError};
use multiprocess::process::{Exit, Process};

use crate::support::{again, role};

/// Calls it in a destructor, during a panic.
fn while_unwinding(run: fn()) {
    struct Calls(fn());
    impl Drop for Calls {
        fn drop(&mut self) {
            (self.0)();
        }
    }
    let panicked = catch_unwind(|| {
        let _calls = Calls(run);
        panic!("something else");
    });
    assert!(panicked.is_err());
}

/// F07: it works, and does not say that it panicked; one that does says so.
pub fn a_process_that_a_destructor_starts() {
    if role().is_some() {
        return while_unwinding(|| {
            let child = Process::start((), |()| Exit(7)).unwrap();
            assert_eq!(child.join().unwrap(), 7);
            let child = Process::named("guilty").start((), |()| panic!("it did"));
            assert_eq!(child.unwrap().join().unwrap(), 101);
        });
    }
    let ended = again("start");
    assert!(ended.status.success(), "{ended:?}");
    assert!(!ended.stderr.contains("'Process-1'"), "{ended:?}");
    assert!(
        ended.stderr.contains("process 'guilty' panicked"),
        "{ended:?}"
    );
}

/// F07: a pool's workers can tell where a task panicked.
pub fn a_pool_that_a_destructor_builds() {
    while_unwinding(|| {
        let pool = Pool::new(1).unwrap();
        assert_eq!(pool.apply(|n: u8| n, (1,)), Ok(1));
        let panics = |n: u8| assert_eq!(n, 0, "not nothing");
        match pool.apply(panics, (1,)) {
            Err(TaskError::Panicked { message, place }) => {
                assert!(message.contains("not nothing"), "{message}");
                assert!(place.contains("unwinding.rs"), "{place}");
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(pool.apply(|n: u8| n, (1,)), Ok(1));
    });
}
