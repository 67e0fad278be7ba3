//! The one who has the lock dies.

use std::hint::black_box;
use std::process::abort;
use std::thread;
use std::time::Duration;

use multiprocess::array::{AccessError, Array};
use multiprocess::fork::exit_now;
use multiprocess::value::{LockError, Value};
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitStatus, waitpid};

use crate::children::{Child, spawn};
use crate::support::{Line, wait_until_asleep};

/// What should be the same number.
type Pair = (u64, u64);

/// A child that is killed with the lock, in the middle of an update.
#[track_caller]
fn kill_half_way(pair: &Value<Pair>) {
    let begun = Line::new();
    let child = spawn((), |()| {
        let mut guard = pair.lock_anyway().unwrap();
        guard.0 += 1;
        begun.send(1);
        Line::new().receive(); // to be killed
        guard.1 += 1;
    });
    begun.receive();
    child.kill();
}

/// SH-13, LK-14, Q05, R11: Python's lock is lost with its owner. Here the next one is told, can see what is half
/// done, mend it, and all goes on.
pub fn killed_half_way() {
    let pair = Value::<Pair>::new((0, 0)).unwrap();
    for n in 0..3 {
        kill_half_way(&pair);
        assert_eq!(pair.lock().unwrap_err(), LockError::OwnerDied);
        let mut guard = pair.lock_anyway().unwrap();
        assert!(guard.owner_died());
        assert_eq!(*guard, (n + 1, n));
        guard.1 = guard.0;
        guard.clear_owner_died();
        assert!(!guard.owner_died());
        drop(guard);
        assert_eq!(pair.get(), Ok((n + 1, n + 1)));
    }
    let array = Array::new([1, 2, 3]).unwrap();
    let begun = Line::new();
    let child = spawn(array.clone(), |array| {
        let mut guard = array.lock().unwrap();
        guard[0] = 9;
        begun.send(1);
        Line::new().receive();
        guard[2] = 9;
    });
    begun.receive();
    child.kill();
    assert_eq!(array.to_vec(), Err(LockError::OwnerDied));
    assert_eq!(array.get(1), Err(AccessError::Lock(LockError::OwnerDied)));
    assert_eq!(
        array.set(1, 0),
        Err(AccessError::Lock(LockError::OwnerDied))
    );
    let mut guard = array.lock_anyway().unwrap();
    assert_eq!(*guard, [9, 2, 3]);
    guard.clear_owner_died();
    drop(guard);
    assert_eq!(array.to_vec(), Ok(vec![9, 2, 3]));
}

/// SH-13, R11: in every process, by every way to the lock, and as often as it is asked; to look is not yet
/// to mend.
pub fn everybody_is_told_until_one_has_looked() {
    let pair = Value::<Pair>::new((0, 0)).unwrap();
    kill_half_way(&pair);
    let ask = || {
        let died = LockError::OwnerDied;
        assert_eq!(pair.lock().unwrap_err(), died);
        assert_eq!(pair.try_lock().unwrap_err(), died);
        let long = std::time::Duration::MAX;
        assert_eq!(pair.try_lock_for(long).unwrap_err(), died);
        let short = std::time::Duration::from_millis(1);
        assert_eq!(pair.try_lock_for(short).unwrap_err(), died);
        assert_eq!(pair.get(), Err(died));
        assert_eq!(pair.set((5, 5)), Err(died));
    };
    ask();
    for _ in 0..3 {
        spawn((), |()| ask()).join();
    }
    assert!(pair.lock_anyway().unwrap().owner_died());
    ask();
    spawn((), |()| {
        let mut guard = pair.lock_anyway().unwrap();
        assert_eq!(*guard, (1, 0));
        *guard = (7, 7);
        guard.clear_owner_died();
    })
    .join();
    assert_eq!(pair.get(), Ok((7, 7)));
}

/// Q05: those who sleep in the lock already are woken, all of them.
pub fn those_who_wait_are_told() {
    let pair = Value::<Pair>::new((0, 0)).unwrap();
    let has = Line::new();
    let owner = spawn((), |()| {
        let _guard = pair.lock().unwrap();
        has.send(1);
        Line::new().receive(); // to be killed
    });
    has.receive();
    let children = [(); 3].map(|()| {
        let child = spawn((), |()| {
            assert_eq!(pair.lock().unwrap_err(), LockError::OwnerDied);
        });
        wait_until_asleep(child.0);
        child
    });
    owner.kill();
    children.into_iter().for_each(Child::join);
}

/// SH-13, R11: killed wherever it is. Either it had the lock, and that is said, or the pair is whole.
pub fn killed_by_chance() {
    let pair = Value::<Pair>::new((0, 0)).unwrap();
    let mut deaths = 0;
    for round in 0..100 {
        let before = pair.get().unwrap();
        let child = spawn((), |()| {
            loop {
                let mut guard = pair.lock().unwrap();
                guard.0 += 1;
                (0..200).for_each(|turn| _ = black_box(turn)); // most of the time it has the lock
                guard.1 += 1;
            }
        });
        while pair.get().unwrap() == before {}
        // Not to wait for something: the moment of the kill is to be any, also on one processor, where
        // otherwise the lock would just have changed hands.
        thread::sleep(Duration::from_micros(37 * round % 500));
        child.kill();
        if pair.get() == Err(LockError::OwnerDied) {
            deaths += 1;
            let mut guard = pair.lock_anyway().unwrap();
            assert!(guard.0.abs_diff(guard.1) <= 1);
            guard.1 = guard.0;
            guard.clear_owner_died();
        }
        let (one, other) = pair.get().unwrap();
        assert_eq!(one, other);
    }
    println!("{deaths} of 100 had the lock");
    assert!(deaths > 0, "none had the lock, so nothing was shown");
}

/// R11: before it could say that it has mended: the next one is told again.
pub fn the_one_who_mends_is_killed_too() {
    let pair = Value::<Pair>::new((0, 0)).unwrap();
    for n in 1..=5 {
        kill_half_way(&pair); // each has it from a dead one
        assert_eq!(pair.get(), Err(LockError::OwnerDied));
        assert_eq!(*pair.lock_anyway().unwrap(), (n, 0));
    }
    // Killed after it had said so, but with the lock: that is a death again.
    let said = Line::new();
    let child = spawn((), |()| {
        let mut guard = pair.lock_anyway().unwrap();
        guard.clear_owner_died();
        said.send(1);
        Line::new().receive();
    });
    said.receive();
    child.kill();
    assert_eq!(pair.get(), Err(LockError::OwnerDied));
}

/// Q05: each way to end with the lock leaves it to the next one, who is told; to let go of it before the end
/// does not.
pub fn other_ways_to_die() {
    type Way = (fn(), fn(WaitStatus) -> bool);
    let ways: [Way; 4] = [
        (
            || exit_now(3),
            |status| matches!(status, WaitStatus::Exited(_, 3)),
        ),
        (
            || std::process::exit(4),
            |status| matches!(status, WaitStatus::Exited(_, 4)),
        ),
        (
            || abort(),
            |status| matches!(status, WaitStatus::Signaled(_, Signal::SIGABRT, _)),
        ),
        // The guard is dropped here, by the panic: what it was doing is half done all the same.
        (
            || panic!("on purpose"),
            |status| matches!(status, WaitStatus::Exited(_, 101)),
        ),
    ];
    for (way, as_expected) in ways {
        let value = Value::new(0).unwrap();
        let child = spawn((), |()| {
            let mut guard = value.lock().unwrap();
            *guard = 1;
            way();
        });
        let status = waitpid(child.0, None).unwrap();
        assert!(as_expected(status), "{status:?}");
        assert_eq!(value.get(), Err(LockError::OwnerDied), "{status:?}");
        assert_eq!(*value.lock_anyway().unwrap(), 1);
    }
    let value = Value::new(0).unwrap();
    let child = spawn((), |()| {
        *value.lock().unwrap() = 1;
        exit_now(3);
    });
    assert_eq!(
        waitpid(child.0, None).unwrap(),
        WaitStatus::Exited(child.0, 3)
    );
    assert_eq!(value.get(), Ok(1));
}

/// SH-13: the errors borrow nothing, so `?` hands them on.
pub fn errors_go_through_anyhow() {
    fn increment(value: &Value<Pair>) -> anyhow::Result<u64> {
        value.lock()?.0 += 1;
        let read = value.get()?.0;
        Array::new([0_u8])?.get(0)?;
        Ok(value.lock_anyway()?.0.max(read))
    }
    let pair = Value::<Pair>::new((0, 0)).unwrap();
    assert_eq!(increment(&pair).unwrap(), 1);
    kill_half_way(&pair);
    let error = increment(&pair).unwrap_err();
    assert_eq!(error.downcast_ref(), Some(&LockError::OwnerDied));
}
