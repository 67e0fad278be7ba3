//! F01, F10: guards that are leaked, and more of them than the system keeps account of.

use std::mem;
use std::process::exit;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;

use multiprocess::array::Array;
use multiprocess::queue::Queue;
use multiprocess::value::{LockError, Value};
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitStatus, waitpid};

use crate::children::spawn;
use crate::support::{Line, again, kill, role};

/// Runs it in a child, which it ends: that is aborted, and has said why.
#[track_caller]
fn aborts(run: impl FnOnce()) {
    let child = spawn((), |()| run());
    let ended = waitpid(child.0, None).unwrap();
    assert!(
        matches!(ended, WaitStatus::Signaled(_, Signal::SIGABRT, _)),
        "{ended:?}"
    );
}

/// A value for as long as the process lives, as a `static` would be.
fn leaked<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

/// F01: a thread leaks its guard, passes on what the guard gave out, and ends. The system would free the
/// lock, and the next owner of it would have a second `&mut` to the same place. A value, an array and its
/// slices.
pub fn a_thread_that_leaked_a_guard_ends_the_process() {
    let had = Line::new();
    let value = leaked(Value::new(0).unwrap());
    let array = leaked(Array::new([1, 2, 3]).unwrap());
    let forgotten = leaked(Value::new(0).unwrap());
    aborts(|| {
        let thread = thread::spawn(|| &mut **Box::leak(Box::new(value.lock().unwrap())));
        let one = thread.join().unwrap();
        let mut two = value.lock_anyway().unwrap();
        had.send(1);
        (*one, *two) = (1, 2);
    });
    aborts(|| {
        let thread = thread::spawn(|| {
            let guard: &'static mut _ = Box::leak(Box::new(array.lock().unwrap()));
            guard.split_at_mut(1).1
        });
        let one = thread.join().unwrap();
        let mut two = array.lock_anyway().unwrap();
        had.send(2);
        (one[0], two[1]) = (1, 2);
    });
    aborts(|| {
        thread::spawn(|| mem::forget(forgotten.lock().unwrap()));
        // Before, the thread may not have had it yet.
        while forgotten.try_lock().unwrap().is_some() {}
        drop(forgotten.lock_anyway());
        had.send(3);
    });
    assert!(!had.has_come(), "no. {} has had it too", had.receive());
    // Here, in another process, it is as after any death.
    assert_eq!(value.lock().unwrap_err(), LockError::OwnerDied);
    value.lock_anyway().unwrap().clear_owner_died();
    assert_eq!(value.get(), Ok(0));
    assert_eq!(array.to_vec(), Err(LockError::OwnerDied));
}

/// F01: what is leaked last of all, by the destructors of thread locals; and the message.
pub fn a_guard_that_the_end_of_a_thread_leaks() {
    struct Leaks(&'static Value<i32>);
    impl Drop for Leaks {
        fn drop(&mut self) {
            mem::forget(self.0.lock());
        }
    }
    thread_local! {
        static LEAKS: Leaks = Leaks(leaked(Value::new(0).unwrap()));
    }
    if role().is_some() {
        thread::spawn(|| LEAKS.with(|_| ())).join().unwrap();
        exit(0);
    }
    let ended = again("leak");
    assert_eq!(ended.status.code(), None, "{ended:?}");
    assert!(
        ended.stderr.contains("a thread ended with a guard"),
        "{ended:?}"
    );
}

/// F01: the process ends before the thread, or with it: nothing to complain of. A guard that is forgotten
/// keeps the lock from everybody until then.
pub fn other_ends_with_a_leaked_guard() {
    let value = leaked(Value::new(0).unwrap());
    let ends: [fn(&'static Value<i32>); 3] = [
        |value| mem::forget(value.lock_anyway()),
        |value| {
            mem::forget(value.lock_anyway());
            exit(0)
        },
        |value| {
            let thread = thread::spawn(|| {
                mem::forget(value.lock_anyway());
                exit(0)
            });
            thread.join().unwrap()
        },
    ];
    for end in ends {
        spawn((), |()| end(value)).join();
        let mut guard = value.lock_anyway().unwrap();
        assert!(guard.owner_died());
        guard.clear_owner_died();
    }
}

/// F01: a process is killed while one of its threads has the lock and another one writes to the value. The
/// next owner has it alone: nothing changes under its hands.
pub fn what_is_killed_with_the_lock_has_stopped_writing() {
    let value = Value::new([0_u64; 64]).unwrap();
    let line = Line::new();
    for _ in 0..300 {
        let child = spawn((), |()| {
            let mut guard = value.lock_anyway().unwrap();
            guard.clear_owner_died();
            let numbers = &mut *guard;
            let go_on = AtomicBool::new(true);
            thread::scope(|scope| {
                scope.spawn(|| {
                    line.send(1);
                    while go_on.load(Relaxed) {
                        numbers.iter_mut().for_each(|number| *number += 1);
                    }
                });
            });
        });
        line.receive();
        kill(child.0, Signal::SIGKILL);
        let guard = value.lock_anyway().unwrap();
        assert!(guard.owner_died());
        let first = *guard;
        for _ in 0..1000 {
            assert_eq!(*std::hint::black_box(&*guard), first);
        }
        drop(guard);
        child.kill();
    }
}

/// F10: a process that is killed leaves no lock behind that nobody can have any more, however many it had;
/// with the most that it may have, queues still work.
pub fn no_more_locks_than_the_system_frees() {
    let values: Vec<_> = (0..2100).map(|n| Value::new(n).unwrap()).collect();
    let queue = Queue::bounded(1).unwrap();
    let (line, never) = (Line::new(), Line::new());
    let child = spawn(queue, |queue| {
        let mut guards = Vec::new();
        let refused = values.iter().find_map(|value| match value.lock() {
            Ok(guard) => {
                guards.push(guard);
                None
            }
            Err(error) => Some((value, error)),
        });
        let (value, error) = refused.expect("a limit");
        assert_eq!(error, LockError::TooMany);
        assert_eq!(value.try_lock().unwrap_err(), LockError::TooMany);
        assert_eq!(value.lock_anyway().unwrap_err(), LockError::TooMany);
        queue.put(&7).unwrap();
        assert_eq!(queue.get().unwrap(), 7);
        drop(guards.pop());
        assert!(value.lock().is_ok(), "one less, one more");
        line.send(guards.len() as i64 + 1);
        never.receive();
    });
    assert_eq!(line.receive(), 2040);
    child.kill();
    let lost = values.iter().filter(|value| match value.try_lock() {
        Ok(guard) => guard.is_none(),
        Err(error) => {
            assert_eq!(error, LockError::OwnerDied);
            false
        }
    });
    assert_eq!(lost.count(), 0, "locked for ever");
}
