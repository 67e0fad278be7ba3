//! What must hold for every executor, written once over the trait. A body takes the executor's constructor.
//!
//! The functions capture nothing and the values can be sent, so that they may run in another process.

use std::num::NonZeroUsize;
use std::thread::sleep;
use std::time::{Duration, Instant};

use futures_pool::executor::{BuildError, Executor, MapOptions, Shutdown, SubmitError};
use futures_pool::future::{Future, FutureError};

/// How an executor of so many workers is made.
pub type Make<E> = fn(usize) -> Result<E, BuildError>;

fn square(n: u64) -> u64 {
    n * n
}

fn squares(count: u64) -> Vec<u64> {
    (0..count).map(square).collect()
}

fn chunks_of(size: usize) -> MapOptions {
    MapOptions {
        chunk_size: NonZeroUsize::new(size).unwrap(),
        ..MapOptions::default()
    }
}

/// EX-01: a future has its task's result; what goes in and comes out may be of any type.
pub fn a_future_has_the_result<E: Executor>(make: Make<E>) {
    let executor = make(2).unwrap();
    let future = executor.submit(square, 7).unwrap();
    assert_eq!(future.result(None), Ok(&49));
    assert_eq!(future.into_result(), Ok(49));
    let texts = |(text, times): (String, usize)| vec![text; times];
    let future = executor.submit(texts, ("ä".to_owned(), 2)).unwrap();
    assert_eq!(future.into_result().unwrap(), ["ä", "ä"]);
    executor.submit(|()| (), ()).unwrap().into_result().unwrap();
}

/// EX-01: a task's error arrives with its kind and its text.
pub fn a_future_has_the_error<E: Executor>(make: Make<E>) {
    let executor = make(1).unwrap();
    let parse = |text: String| text.parse::<u8>();
    let good = executor.try_submit(parse, "7".to_owned()).unwrap();
    assert_eq!(good.into_result(), Ok(7));
    let bad = executor.try_submit(parse, "x".to_owned()).unwrap();
    let error = bad.into_result().unwrap_err();
    assert!(
        error.is_failure_of::<std::num::ParseIntError>(),
        "{error:?}"
    );
    assert_eq!(error.to_string(), "invalid digit found in string");
}

/// EX-19: a panic is that future's error, and the worker goes on.
pub fn a_panic_is_an_error<E: Executor>(make: Make<E>) {
    let executor = make(1).unwrap();
    let panics = |n: u64| -> u64 { panic!("no {n}") };
    for n in 0..3 {
        let message = format!("no {n}");
        let future = executor.submit(panics, n).unwrap();
        assert_eq!(future.into_result(), Err(FutureError::Panicked { message }));
        let next = executor.submit(square, n).unwrap();
        assert_eq!(next.into_result(), Ok(n * n));
    }
}

/// EX-02: results come in the order of the input, whichever is there first.
pub fn map_keeps_the_order<E: Executor>(make: Make<E>) {
    let executor = make(2).unwrap();
    let slow_first = |n: u64| {
        sleep(Duration::from_millis(if n == 0 { 50 } else { 0 }));
        n * n
    };
    let results: Result<Vec<u64>, _> = executor.map(slow_first, 0..10).collect();
    assert_eq!(results.unwrap(), squares(10));
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

/// EX-03: when the time is up, what is there is given, then the error, and nothing more.
pub fn map_runs_out_of_time<E: Executor>(make: Make<E>) {
    let executor = make(2).unwrap();
    // The workers are there: their start shall not count.
    assert_eq!(executor.map(square, 0..2).count(), 2);
    let options = MapOptions {
        timeout: Some(Duration::from_secs(1)),
        ..MapOptions::default()
    };
    let sleeps = |seconds: u64| {
        sleep(Duration::from_secs(seconds));
        seconds
    };
    let start = Instant::now();
    let mut results = executor.map_with(options, sleeps, [0, 0, 3, 0]);
    assert_eq!(results.next(), Some(Ok(0)));
    assert_eq!(results.next(), Some(Ok(0)));
    assert_eq!(results.next(), Some(Err(FutureError::Timeout)));
    assert!(start.elapsed() >= Duration::from_millis(600));
    assert_eq!(results.next(), None);
    assert_eq!(results.next(), None);
    let for_ever = MapOptions {
        timeout: Some(Duration::MAX),
        ..MapOptions::default()
    };
    assert_eq!(executor.map_with(for_ever, square, 0..3).count(), 3);
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

/// EX-05: no workers are an error.
pub fn no_workers<E: Executor>(make: Make<E>) {
    assert!(matches!(make(0), Err(BuildError::NoWorkers)));
}

/// EX-08: nothing is taken after a shutdown, however often that is said; a map says it once.
pub fn nothing_is_taken_after_shutdown<E: Executor>(make: Make<E>) {
    let executor = make(2).unwrap();
    let before = executor.submit(square, 3).unwrap();
    for _ in 0..2 {
        executor.shutdown(Shutdown::default());
        let refused = executor.submit(square, 3).unwrap_err();
        assert_eq!(refused, SubmitError::Shutdown);
        let mut refused = executor.map(square, 0..5);
        assert_eq!(refused.next(), Some(Err(FutureError::Shutdown)));
        assert_eq!(refused.next(), None);
    }
    assert_eq!(before.into_result(), Ok(9));
}

/// EX-08: a map that is under way when the executor is shut down gives what was submitted.
pub fn a_map_during_shutdown<E: Executor>(make: Make<E>) {
    let executor = make(2).unwrap();
    let options = MapOptions {
        look_ahead: NonZeroUsize::new(3),
        ..MapOptions::default()
    };
    let results = executor.map_with(options, square, 0..);
    executor.shutdown(Shutdown::default());
    let results: Vec<_> = results.collect();
    let expected = [Ok(0), Ok(1), Ok(4), Err(FutureError::Shutdown)];
    assert_eq!(results, expected);
}

/// EX-09: a shutdown waits for everything that was submitted.
pub fn shutdown_waits_for_fifty_tasks<E: Executor>(make: Make<E>) {
    let executor = make(2).unwrap();
    let sleeps = |n: u64| {
        sleep(Duration::from_millis(2));
        n * n
    };
    let futures: Vec<Future<u64>> = (0..50)
        .map(|n| executor.submit(sleeps, n).unwrap())
        .collect();
    executor.shutdown(Shutdown::default());
    assert!(futures.iter().all(Future::done));
    let results: Result<Vec<u64>, _> = futures.into_iter().map(Future::into_result).collect();
    assert_eq!(results.unwrap(), squares(50));
}

/// EX-10: of fifty tasks those that have not begun are cancelled, and none is left pending.
pub fn shutdown_can_cancel<E: Executor>(make: Make<E>) {
    for wait in [true, false] {
        let executor = make(2).unwrap();
        let sleeps = |n: u64| {
            sleep(Duration::from_millis(50));
            n
        };
        let futures: Vec<Future<u64>> = (0..50)
            .map(|n| executor.submit(sleeps, n).unwrap())
            .collect();
        assert_eq!(futures[0].result(None), Ok(&0));
        executor.shutdown(Shutdown {
            wait,
            cancel_futures: true,
        });
        for future in &futures {
            let cancelled = future.result(None) == Err(FutureError::Cancelled);
            assert_eq!(future.cancelled(), cancelled);
        }
        let results: Vec<_> = futures.into_iter().map(Future::into_result).collect();
        let cancelled =
            |result: &&Result<u64, FutureError>| **result == Err(FutureError::Cancelled);
        let cancelled = results.iter().filter(cancelled).count();
        assert!(cancelled > 20, "only {cancelled} are cancelled");
        assert_eq!(results.iter().flatten().count(), 50 - cancelled);
    }
}

/// EX-12, EX-13, P10: an executor that is dropped, at the end of its scope or before, does what was
/// submitted.
pub fn a_dropped_executor_gives_its_results<E: Executor>(make: Make<E>) {
    let executor = make(2).unwrap();
    let futures = [1, 2, 3].map(|n| executor.submit(square, n).unwrap());
    drop(executor);
    assert!(futures.iter().all(Future::done));
    let results = futures.map(Future::into_result);
    assert_eq!(results, [Ok(1), Ok(4), Ok(9)]);
}

/// EX-14: a cancelled task, and a shutdown right after.
pub fn cancel_and_shutdown<E: Executor>(make: Make<E>) {
    let executor = make(1).unwrap();
    let sleeps = |n: u64| {
        sleep(Duration::from_millis(n));
        n
    };
    let first = executor.submit(sleeps, 50).unwrap();
    let second = executor.submit(sleeps, 0).unwrap();
    let cancelled = second.cancel();
    executor.shutdown(Shutdown::default());
    assert_eq!(first.into_result(), Ok(50));
    assert!(second.done());
    assert_eq!(second.cancelled(), cancelled);
}

/// P06: a callback that panics costs nobody a result.
pub fn callbacks_that_panic<E: Executor>(make: Make<E>) {
    let executor = make(1).unwrap();
    let sleeps = |n: u64| {
        sleep(Duration::from_millis(20));
        n
    };
    let future = executor.submit(sleeps, 1).unwrap();
    future.add_done_callback(|_| std::panic::resume_unwind(Box::new("callback")));
    assert_eq!(future.into_result(), Ok(1));
    assert_eq!(executor.map(square, 0..20).count(), 20);
}

/// P11: thousands of tasks wait and all workers are busy; the shutdown comes to an end.
pub fn much_is_cancelled<E: Executor>(make: Make<E>) {
    let executor = make(2).unwrap();
    let sleeps = |n: u64| sleep(Duration::from_millis(n));
    let busy = [200; 3].map(|n| executor.submit(sleeps, n).unwrap());
    let futures: Vec<_> = (0..10_000)
        .map(|n| executor.submit(square, n).unwrap())
        .collect();
    executor.shutdown(Shutdown {
        wait: true,
        cancel_futures: true,
    });
    assert!(busy.iter().all(Future::done));
    assert!(futures.iter().all(Future::done));
}

/// Calls `$list!` with all of them.
macro_rules! all_bodies {
    ($list:ident) => {
        $list!(
            a_future_has_the_result,
            a_future_has_the_error,
            a_panic_is_an_error,
            map_keeps_the_order,
            map_keeps_errors_in_place,
            map_runs_out_of_time,
            map_looks_ahead_so_far,
            every_chunk_size_gives_the_same,
            an_input_that_panics,
            large_errors,
            no_workers,
            nothing_is_taken_after_shutdown,
            a_map_during_shutdown,
            shutdown_waits_for_fifty_tasks,
            shutdown_can_cancel,
            a_dropped_executor_gives_its_results,
            cancel_and_shutdown,
            callbacks_that_panic,
            much_is_cancelled,
        );
    };
}
pub(crate) use all_bodies;
