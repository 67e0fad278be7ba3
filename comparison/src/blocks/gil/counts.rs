//! What it costs to count a reference up and down: as CPython does under its lock, and as two threads
//! without a lock would have to.

use std::cell::Cell;
use std::hint::black_box;
use std::io;
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use super::{Line, bracketed, none, ratios};
use crate::cores;
use crate::stats::unit_of_time;

const TIMES: u32 = 20_000;

/// What takes microseconds can have more rounds than the rest.
const ROUNDS: usize = 101;

pub(super) fn lines() -> Vec<Line> {
    let cores = cores::two();
    let (mut single, mut atomic, mut contended) = (Vec::new(), Vec::new(), Ok(Vec::new()));
    for round in 0..=ROUNDS {
        let (first, second) = (plain(), uncontended());
        let third = cores
            .clone()
            .and_then(|cores| two_threads(cores).map_err(|error| error.to_string()));
        if round == 0 {
            continue; // warm-up
        }
        single.push(first);
        atomic.push(second);
        contended = contended.and_then(|mut values: Vec<f64>| {
            values.push(third?);
            Ok(values)
        });
    }
    let dash = || "—".to_owned();
    let line = |what: &str, values: Result<&[f64], &String>| {
        [
            what.to_owned(),
            values.map_or_else(|reason| none(reason), |v| bracketed(v, unit_of_time)),
            dash(),
            values.map_or_else(|_| dash(), |values| ratios(values, &single)),
            dash(),
        ]
    };
    let mut plainly = line(
        "引用计数加减，普通\nreference counted up + down, plainly",
        Ok(&single),
    );
    plainly[3] = dash(); // the ratios are to this one
    vec![
        plainly,
        line("同上，原子操作\nthe same, atomically", Ok(&atomic)),
        line(
            "同上，原子操作，两线程争用\nthe same, atomically, by 2 threads",
            contended.as_deref(),
        ),
    ]
}

/// Seconds to count up and down, once.
fn each(mut up_and_down: impl FnMut()) -> f64 {
    let begin = Instant::now();
    for _ in 0..TIMES {
        up_and_down();
    }
    begin.elapsed().as_secs_f64() / f64::from(TIMES)
}

/// As [`gil_demo::object`] and CPython do.
fn plain() -> f64 {
    let count = Cell::new(1_usize);
    each(|| {
        // Without the black boxes nothing would be left of it.
        let up = black_box(&count);
        up.set(up.get() + 1);
        let down = black_box(&count);
        down.set(down.get() - 1);
    })
}

fn uncontended() -> f64 {
    atomically(&AtomicUsize::new(1))
}

/// As [`std::sync::Arc`] does: the order matters only to whoever counts down to zero.
fn atomically(count: &AtomicUsize) -> f64 {
    each(|| {
        black_box(count).fetch_add(1, Ordering::Relaxed);
        black_box(count).fetch_sub(1, Ordering::AcqRel);
    })
}

/// The mean of both threads, each on a core of its own: else they would hardly meet.
fn two_threads((one, other): (usize, usize)) -> io::Result<f64> {
    let count = AtomicUsize::new(1);
    let start = Barrier::new(2);
    let task = |core| {
        let pinned = cores::pin(core);
        start.wait(); // also when it is not pinned: the other one waits
        pinned.map(|()| atomically(&count))
    };
    thread::scope(|scope| {
        // Not in the calling thread, which is to stay free to use every core.
        let spawn = |core| thread::Builder::new().spawn_scoped(scope, move || task(core));
        let one = spawn(one)?;
        let other = spawn(other).inspect_err(|_| {
            start.wait(); // in its place
        })?;
        let [one, other] = [one, other].map(|thread| thread.join().expect("it does not panic"));
        Ok((one? + other?) / 2.0)
    })
}
