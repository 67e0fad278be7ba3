//! What must hold for every executor, written once over the trait. A body takes the executor's constructor.
//!
//! The functions capture nothing and the values can be sent, so that they may run in another process.
//! What a test is to see in a certain order waits at a [`Gate`]: nothing here depends on how long
//! something takes.
//!
//! EX-05 and PP-25 (C): −1 workers, and chunks of −1 or 0 items, are no values of the types.

mod ends;
mod gate;
mod maps;

use futures_pool::executor::{BuildError, Executor};
use futures_pool::future::FutureError;

use crate::support::eventually;
pub use ends::*;
use gate::{Gate, pass};
pub use maps::*;

/// How an executor of so many workers is made.
pub type Make<E> = fn(usize) -> Result<E, BuildError>;

fn square(n: u64) -> u64 {
    n * n
}

/// Waits until the executor has been told to shut down.
fn refuses(executor: &impl Executor) {
    eventually("it takes no more tasks", || {
        executor.submit(square, 0).is_err()
    });
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

/// EX-05: no workers are an error.
pub fn no_workers<E: Executor>(make: Make<E>) {
    assert!(matches!(make(0), Err(BuildError::NoWorkers)));
}

/// P06: a callback that panics costs nobody a result.
pub fn callbacks_that_panic<E: Executor>(make: Make<E>) {
    let executor = make(1).unwrap();
    let gate = Gate::new();
    let future = executor.submit(pass, gate.ticket(1)).unwrap();
    let running = gate.next();
    future.add_done_callback(|_| std::panic::resume_unwind(Box::new("callback")));
    drop(running);
    assert_eq!(future.into_result(), Ok(1));
    assert_eq!(executor.map(square, 0..20).count(), 20);
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
            map_begins_by_itself,
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
