//! Errors that concern one task, and an initialiser's, which concern all.

use std::num::ParseIntError;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_pool::future::{Broken, FutureError};
use futures_pool::map::MapOptions;
use futures_pool::process_pool::ProcessPoolExecutor;
use serde::{Deserialize, Serialize};

use super::crashes::{Bad, Phase, Way};
use super::{assert_broken, assert_works, executor};
use crate::support::{assert_no_children, eventually, note, notes};

/// PP-24, EX-19
pub fn an_error_keeps_its_kind_and_a_panic_its_message() {
    let executor = executor(1);
    let pid = executor
        .submit(super::pid, ())
        .unwrap()
        .into_result()
        .unwrap();
    let parse = |text: String| text.parse::<u8>();
    let failed = executor.try_submit(parse, "300".to_owned()).unwrap();
    let error = failed.into_result().unwrap_err();
    assert!(error.is_failure_of::<ParseIntError>(), "{error:?}");
    assert_eq!(
        error.to_string(),
        "300".parse::<u8>().unwrap_err().to_string()
    );

    let with_cause = |()| Err::<(), _>(anyhow::anyhow!("the cause").context("the effect"));
    let failed = executor.try_submit(with_cause, ()).unwrap();
    let error = failed.into_result().unwrap_err();
    assert_eq!(error.to_string(), "the effect: the cause");

    let panics = |n: u8| -> u8 { panic!("no {n}") };
    let error = executor.submit(panics, 3).unwrap().into_result();
    let message = "no 3".to_owned();
    assert_eq!(error, Err(FutureError::Panicked { message }));
    let odd = |()| -> () { std::panic::panic_any(7) };
    let error = executor.submit(odd, ()).unwrap().into_result();
    assert!(error.unwrap_err().is_panic());

    let same = executor.submit(super::pid, ()).unwrap().into_result();
    assert_eq!(same, Ok(pid), "the worker went on");
}

/// PP-02 to PP-13, P04, P05: what fails in the parent, or in the worker before or after the task.
pub fn what_cannot_be_sent_fails_alone() {
    let executor = executor(2);
    for way in [Way::Error, Way::Panic] {
        for phase in [Phase::EncodeArgument, Phase::DecodeArgument] {
            let future = executor.submit(Bad::pass, Bad { phase, way }).unwrap();
            let error = future.into_result().unwrap_err();
            assert!(matches!(error, FutureError::Argument(_)), "{error:?}");
        }
        for phase in [Phase::EncodeResult, Phase::DecodeResult] {
            let future = executor.submit(Bad::pass, Bad { phase, way }).unwrap();
            let error = future.into_result().unwrap_err();
            assert!(matches!(error, FutureError::Result(_)), "{error:?}");
        }
        assert_works(&executor);
    }
}

/// In contrast to Python, where the rest of the chunk is lost.
pub fn the_error_of_one_item_of_a_chunk_is_its_own() {
    let executor = executor(2);
    let options = MapOptions {
        chunk_size: 10.try_into().unwrap(),
        ..MapOptions::default()
    };
    let phases = [
        Phase::None,
        Phase::EncodeArgument,
        Phase::None,
        Phase::DecodeArgument,
        Phase::Run,
        Phase::EncodeResult,
        Phase::None,
        Phase::DecodeResult,
        Phase::None,
    ];
    let way = Way::Panic;
    let inputs = phases.map(|phase| Bad { phase, way });
    let results: Vec<_> = executor.map_with(options, Bad::pass, inputs).collect();
    let good = phases.map(|phase| phase == Phase::None);
    assert_eq!(results.iter().map(Result::is_ok).collect::<Vec<_>>(), good);
    assert_works(&executor);
}

/// EX-16, P07
pub fn a_failing_initialiser_breaks_the_pool() {
    let panics = |()| {
        note("started", 0);
        panic!("not today");
    };
    let fails = |text: String| {
        note("started", 0);
        Err::<(), _>(text)
    };
    let builder = || ProcessPoolExecutor::builder().max_workers(2);
    let executors = [
        builder().initializer(panics, ()).build().unwrap(),
        builder()
            .try_initializer(fails, "not today".to_owned())
            .build()
            .unwrap(),
    ];
    for executor in executors {
        let futures: Vec<_> = (0..10).map(|n| executor.submit(super::square, n)).collect();
        for future in futures.into_iter().flatten() {
            let error = future.into_result().unwrap_err();
            let FutureError::Broken(Broken::Initializer(message)) = error else {
                panic!("{error:?}");
            };
            assert!(message.contains("not today"), "{message}");
        }
        assert_broken(&executor);
    }
    assert!(notes("started").len() <= 4, "{:?}", notes("started"));
    assert_no_children();
}

/// Counts those that are there.
#[derive(Serialize, Deserialize)]
#[serde(from = "u8", into = "u8")]
struct Counted(u8);

impl From<u8> for Counted {
    fn from(n: u8) -> Self {
        Self::new(n)
    }
}

impl From<Counted> for u8 {
    fn from(counted: Counted) -> Self {
        counted.0
    }
}

impl Clone for Counted {
    fn clone(&self) -> Self {
        Self::new(self.0)
    }
}

static THERE: AtomicUsize = AtomicUsize::new(0);

impl Counted {
    fn new(n: u8) -> Self {
        THERE.fetch_add(1, Ordering::SeqCst);
        Self(n)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        THERE.fetch_sub(1, Ordering::SeqCst);
    }
}

/// EX-18, PL-18: neither here nor in the worker.
pub fn nothing_keeps_an_argument_or_a_result() {
    let executor = executor(1);
    let there = || THERE.load(Ordering::SeqCst);
    let in_the_worker = |()| THERE.load(Ordering::SeqCst);
    let future = executor.submit(|argument: Counted| argument.0, Counted::new(1));
    assert_eq!(there(), 0, "the argument is encoded, and gone");
    future.unwrap().into_result().unwrap();
    let task = |argument: Counted| Counted::new(argument.0 + 1);
    let future = executor.submit(task, Counted::new(1)).unwrap();
    assert_eq!(future.result(None).map(|result| result.0), Ok(2));
    assert_eq!(there(), 1, "the result");
    drop(future.into_result());
    assert_eq!(there(), 0);
    let left = executor.submit(in_the_worker, ()).unwrap().into_result();
    assert_eq!(left, Ok(0));

    let shared = Arc::new(());
    let future = executor.submit(super::square, 1).unwrap();
    let kept = Arc::clone(&shared);
    future.add_done_callback(move |_| drop(kept));
    future.into_result().unwrap();
    eventually("the callback is gone", || Arc::strong_count(&shared) == 1);
}
