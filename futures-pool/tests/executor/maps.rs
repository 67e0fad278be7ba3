//! What every executor makes of a map.

use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use futures_pool::executor::{Executor, MapOptions, Shutdown};
use futures_pool::future::FutureError;

use super::gate::{Gate, Visitor, pass};
use super::{Make, square};

fn squares(count: u64) -> Vec<u64> {
    (0..count).map(square).collect()
}

fn chunks_of(size: usize) -> MapOptions {
    MapOptions {
        chunk_size: NonZeroUsize::new(size).unwrap(),
        ..MapOptions::default()
    }
}

/// EX-02: results come in the order of the input: the first one though the last one is there before.
pub fn map_keeps_the_order<E: Executor>(make: Make<E>) {
    let executor = make(2).unwrap();
    let gate = Gate::new();
    let ends_wait = |(port, n)| if n % 9 == 0 { pass((port, n)) } else { n };
    let results = executor.map(ends_wait, (0..10).map(|n| gate.ticket(n)));
    let [first, last] = gate.two();
    assert_eq!([first.number, last.number], [0, 9]);
    drop(last);
    first.later();
    let results: Result<Vec<u64>, _> = results.collect();
    assert_eq!(results.unwrap(), Vec::from_iter(0..10));
    let results: Result<Vec<u64>, _> = executor.map(square, 0..1000).collect();
    assert_eq!(
        results.unwrap(),
        squares(1000),
        "parallel equals sequential"
    );
    assert_eq!(executor.map(square, []).next(), None);
}

/// EX-02: an error comes at its item's position, whatever the size of a chunk; those before it were given,
/// and those after it come if they are asked for.
pub fn map_keeps_errors_in_place<E: Executor>(make: Make<E>) {
    let executor = make(2).unwrap();
    let third_fails = |n: u64| match n {
        3 => Err("three".to_owned()),
        n => Ok(n),
    };
    let fourth_panics = |n: u64| {
        assert!(n != 4, "four");
        n
    };
    for size in [1, 2, 10] {
        let results: Vec<_> = executor
            .try_map_with(chunks_of(size), third_fails, 0..6)
            .collect();
        let failed = results[3].as_ref().unwrap_err();
        assert!(failed.is_failure_of::<String>(), "{failed:?}");
        let good: Vec<u64> = results.into_iter().flatten().collect();
        assert_eq!(good, [0, 1, 2, 4, 5]);

        let results: Vec<_> = executor
            .map_with(chunks_of(size), fourth_panics, 0..6)
            .collect();
        assert!(results[4].as_ref().is_err_and(FutureError::is_panic));
        assert_eq!(results.into_iter().flatten().count(), 5);
    }
    let mut until_error = executor.try_map(third_fails, 0..6);
    let results: Result<Vec<u64>, FutureError> = until_error.by_ref().collect();
    assert_eq!(results.unwrap_err().to_string(), "three");
}

/// EX-03: when the time is up, what is there is given, however late, then the error, and nothing more. What
/// had not begun never does.
pub fn map_runs_out_of_time<E: Executor>(make: Make<E>) {
    for timeout in [Duration::ZERO, Duration::from_millis(100)] {
        let executor = make(2).unwrap();
        let gate = Gate::new();
        let options = MapOptions {
            timeout: Some(timeout),
            ..MapOptions::default()
        };
        let start = Instant::now();
        let mut results = executor.map_with(options, pass, (0..8).map(|n| gate.ticket(n)));
        let first = gate.two();
        assert_eq!([first[0].number, first[1].number], [0, 1]);
        first.into_iter().for_each(Visitor::later);
        // A worker that comes with its second task has given the result of its first.
        let second = gate.two();
        assert_eq!(results.next(), Some(Ok(0)));
        assert_eq!(results.next(), Some(Ok(1)));
        assert_eq!(results.next(), Some(Err(FutureError::Timeout)));
        assert!(start.elapsed() >= timeout.mul_f64(0.6));
        assert_eq!(results.next(), None);
        assert_eq!(results.next(), None);
        assert_eq!([second[0].number, second[1].number], [2, 3]);
        drop(second);
        executor.shutdown(Shutdown::default());
        assert!(gate.nobody(), "the rest was cancelled");
    }
    let executor = make(2).unwrap();
    let for_ever = MapOptions {
        timeout: Some(Duration::MAX),
        ..MapOptions::default()
    };
    assert_eq!(executor.map_with(for_ever, square, 0..3).count(), 3);
}

/// EX-04: a map's tasks begin though nobody asks for a result; and those that have not are cancelled with
/// it.
pub fn map_begins_by_itself<E: Executor>(make: Make<E>) {
    let executor = make(2).unwrap();
    let gate = Gate::new();
    let results = executor.map(pass, (0..8).map(|n| gate.ticket(n)));
    let begun = gate.two();
    drop(results);
    begun.into_iter().for_each(Visitor::later);
    executor.shutdown(Shutdown::default());
    assert!(gate.nobody(), "the rest was cancelled");
}

/// EX-04, P13: a map pulls no more than its look-ahead beyond what was asked for; so an endless input
/// is no trouble.
pub fn map_looks_ahead_so_far<E: Executor>(make: Make<E>) {
    let executor = make(2).unwrap();
    for (ahead, size) in [(1, 1), (5, 1), (5, 3)] {
        let mut pulled = 0;
        let options = MapOptions {
            look_ahead: NonZeroUsize::new(ahead),
            ..chunks_of(size)
        };
        let inputs = (0..).inspect(|_| pulled += 1);
        let results: Result<Vec<u64>, _> =
            executor.map_with(options, square, inputs).take(9).collect();
        assert_eq!(results.unwrap(), squares(9));
        let asked_for = 9usize.div_ceil(size) * size;
        assert_eq!(pulled, asked_for + ahead * size);
    }
    let mut pulled = 0;
    let inputs = (0..).inspect(|_| pulled += 1);
    assert_eq!(executor.map(square, inputs).take(10).count(), 10);
    assert_eq!(pulled, 10 + 2 * 64, "64 for each worker");
}

/// EX-04, for chunks (PP-25): every size gives the same.
pub fn every_chunk_size_gives_the_same<E: Executor>(make: Make<E>) {
    let executor = make(2).unwrap();
    for size in [1, 6, 40, 50, usize::MAX] {
        let results: Result<Vec<u64>, _> =
            executor.map_with(chunks_of(size), square, 0..40).collect();
        assert_eq!(results.unwrap(), squares(40));
    }
}

/// An input that panics does so where it is asked. What was taken from it before is not lost, nor is the
/// executor.
pub fn an_input_that_panics<E: Executor>(make: Make<E>) {
    use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

    let executor = make(2).unwrap();
    let options = MapOptions {
        look_ahead: NonZeroUsize::new(2),
        ..MapOptions::default()
    };
    let panics_at = |end: u64| {
        (0..).inspect(move |&n| {
            if n == end {
                resume_unwind(Box::new("input"));
            }
        })
    };
    let at_once = || drop(executor.map_with(options, square, panics_at(1)));
    assert!(catch_unwind(AssertUnwindSafe(at_once)).is_err());

    let mut results = executor.map_with(options, square, panics_at(4));
    assert_eq!(results.next(), Some(Ok(0)));
    assert_eq!(results.next(), Some(Ok(1)));
    assert!(catch_unwind(AssertUnwindSafe(|| results.next())).is_err());
    assert_eq!(results.next(), Some(Ok(4)));
    assert_eq!(results.next(), Some(Ok(9)));
    assert_eq!(results.next(), None);
    assert_eq!(executor.map(square, 0..9).count(), 9);
}

/// P12: large errors, after which nobody reads on, do not keep anybody.
pub fn large_errors<E: Executor>(make: Make<E>) {
    let executor = make(2).unwrap();
    let fails = |n: usize| Err::<(), _>("x".repeat(n));
    let mut results = executor.try_map(fails, [1 << 20; 8]);
    let error = results.next().unwrap().unwrap_err();
    assert_eq!(error.to_string().len(), 1 << 20);
    drop(results);
    executor.shutdown(Shutdown::default());
}
