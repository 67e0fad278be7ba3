//! Counting in several processes.

use std::sync::atomic::{AtomicI32, AtomicU64, Ordering::Relaxed};

use multiprocess::array::Array;
use multiprocess::shared::{AtomicF64, Shared};
use multiprocess::value::Value;

use crate::children::spawn;
use crate::support::Line;

const PROCESSES: usize = 8;
const TIMES: usize = 10_000;

/// Runs `count` in 8 processes at once.
fn in_processes(count: impl Fn()) {
    let children = [(); PROCESSES].map(|()| spawn((), |()| count()));
    for child in children {
        child.join();
    }
}

/// SH-06: 8 processes × 10⁴, with the statement that loses counts in Python (Q06), and in an array.
pub fn locked_increments_are_exact() {
    let counter = Value::new(0).unwrap();
    let array = Array::new([0; 3]).unwrap();
    in_processes(|| {
        for n in 0..TIMES {
            *counter.lock().unwrap() += 1;
            array.lock().unwrap()[n % 2] += 1;
        }
    });
    assert_eq!(counter.get().unwrap(), PROCESSES * TIMES);
    let half = PROCESSES * TIMES / 2;
    assert_eq!(array.to_vec().unwrap(), [half, half, 0]);
}

/// SH-06: without a lock, by the operation made for it.
pub fn atomic_increments_are_exact() {
    let counter = Shared::new(AtomicU64::new(0)).unwrap();
    in_processes(|| {
        for _ in 0..TIMES {
            counter.fetch_add(1, Relaxed);
        }
    });
    assert_eq!(counter.load(Relaxed), (PROCESSES * TIMES) as u64);
}

/// Q06, R14: what happens to Python's `value += 1`, step by step. It is a race of two atomic operations,
/// not of the memory: the wrong result is certain, and nothing but wrong.
pub fn a_lost_update() {
    let counter = Shared::new(AtomicI32::new(0)).unwrap();
    let (has_read, go) = (Line::new(), Line::new());
    let child = spawn(counter.clone(), |counter| {
        let before = counter.load(Relaxed);
        has_read.send(before.into());
        go.receive();
        counter.store(before + 1, Relaxed);
    });
    assert_eq!(has_read.receive(), 0);
    for _ in 0..5 {
        counter.store(counter.load(Relaxed) + 1, Relaxed);
    }
    assert_eq!(counter.load(Relaxed), 5);
    go.send(1);
    child.join();
    assert_eq!(counter.load(Relaxed), 1, "the five are lost");
}

/// SH-06, Q06, R14: as it comes, in 8 processes: at least what one of them counted after the last
/// overwriting, at most all, and never anything else.
pub fn unlocked_increments_do_no_other_harm() {
    let counter = Shared::new(AtomicU64::new(0)).unwrap();
    in_processes(|| {
        for _ in 0..TIMES {
            counter.store(counter.load(Relaxed) + 1, Relaxed);
        }
    });
    let count = counter.load(Relaxed);
    assert!(count >= 2 && count <= (PROCESSES * TIMES) as u64, "{count}");
}

/// SH-14: an `f64` in the bits of an atomic; halves, so that the sum is exact.
pub fn a_float_without_a_lock() {
    let sums = Shared::new([AtomicF64::new(0.0), AtomicF64::new(-1.0)]).unwrap();
    in_processes(|| {
        for _ in 0..TIMES {
            sums[0].fetch_add(0.5, Relaxed);
        }
        sums[1].store(2.5, Relaxed);
    });
    assert_eq!(sums[0].load(Relaxed), (PROCESSES * TIMES) as f64 / 2.0);
    assert_eq!(sums[1].load(Relaxed), 2.5);
}
