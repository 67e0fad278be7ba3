//! `future.rs`: Python's `concurrent.futures.Future`.
//!
//! FU-05 (C): a result or error that is set twice does not compile, as a doc test of `Promise` shows. What is
//! set after a cancel is below. FU-08's interleavings are in `model.rs`. Awaiting is in `awaited.rs`.

mod support;

use std::panic::{self, panic_any};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex, mpsc};
use std::thread::{self, scope};
use std::time::{Duration, Instant};

use futures_pool::future::{Broken, Failure, Future, FutureError, Promise, promise};
use support::{CEILING, Sleeper, assert_lasted, bounded, eventually};

const SHORT: Duration = Duration::from_millis(50);

type Pair = (Promise<i32>, Future<i32>);
type Outcome = Result<i32, FutureError>;
type End = fn(Promise<i32>, &Future<i32>);

fn failure() -> FutureError {
    FutureError::Failed(Failure::new(&"no".parse::<i32>().unwrap_err()))
}

/// The ways in which a future gets done, and what it comes to.
fn endings() -> [(End, Outcome); 5] {
    [
        (|promise, _| promise.set_result(42), Ok(42)),
        (
            |promise, _| promise.set_exception(failure()),
            Err(failure()),
        ),
        (
            |promise, future| assert!(future.cancel() && !promise.start()),
            Err(FutureError::Cancelled),
        ),
        (|promise, _| promise.cancel(), Err(FutureError::Cancelled)),
        (|promise, _| drop(promise), Err(FutureError::Abandoned)),
    ]
}

// ---- states

/// FU-01, FU-02, FU-11: in each state what `done`, `running`, `cancelled`, and then `cancel` say, and the text.
#[test]
fn states() {
    bounded(|| {
        let states: [(fn(&Pair), _, _, _); 3] = [
            (|_| (), [false, false, false], true, "Future(pending)"),
            (
                |(promise, _)| assert!(promise.start()),
                [false, true, false],
                false,
                "Future(running)",
            ),
            (
                |(_, future)| assert!(future.cancel()),
                [true, false, true],
                true,
                "Future(cancelled)",
            ),
        ];
        let says = |future: &Future<i32>| [future.done(), future.running(), future.cancelled()];
        for (reach, expected, cancels, text) in states {
            let pair = promise();
            reach(&pair);
            assert_eq!(
                (says(&pair.1), format!("{:?}", pair.1).as_str()),
                (expected, text)
            );
            assert_eq!(pair.1.cancel(), cancels);
            assert_eq!(pair.1.cancelled(), cancels);
            // A cancelled one stays so whether its worker has come across it or not.
            assert_eq!(pair.0.start(), !cancels);
            assert_eq!(pair.1.cancel(), cancels);
        }
        let texts = ["Future(finished, returned)", "Future(finished, failed)"];
        for (text, outcome) in texts.into_iter().zip([Ok(1), Err(failure())]) {
            let (promise, future) = promise();
            assert!(promise.start() && promise.start());
            promise.set(outcome);
            assert_eq!(
                (says(&future), format!("{future:?}").as_str()),
                ([true, false, false], text)
            );
            assert!(!future.cancel());
            assert_eq!(says(&future), [true, false, false]);
        }
    });
}

/// FU-05: what is set after a cancel changes nothing; nor does a cancel after the result.
#[test]
fn the_first_outcome_stays() {
    bounded(|| {
        for late in [Ok(1), Err(failure())] {
            let (promise, future) = promise();
            assert!(future.cancel());
            promise.set(late);
            assert_eq!(future.into_result(), Err(FutureError::Cancelled));
        }
        let (first, future) = promise();
        first.set_result(1);
        assert!(!future.cancel());
        assert_eq!(future.into_result(), Ok(1));
        // A task that has begun can no longer be cancelled from the promise's side either.
        let (begun, future) = promise::<i32>();
        assert!(begun.start());
        begun.cancel();
        assert_eq!(future.into_result(), Err(FutureError::Abandoned));
    });
}

/// FU-03: without waiting, a result and an error are given or refused as the state is.
#[test]
fn without_waiting() {
    bounded(|| {
        for begun in [false, true] {
            let (promise, future) = promise::<i32>();
            if begun {
                promise.start();
            }
            assert_eq!(
                future.result(Some(Duration::ZERO)),
                Err(FutureError::Timeout)
            );
            assert_eq!(
                future.exception(Some(Duration::ZERO)),
                Err(FutureError::Timeout)
            );
        }
        for (end, outcome) in endings() {
            let (promise, future) = promise();
            end(promise, &future);
            for timeout in [Some(Duration::ZERO), Some(SHORT), Some(Duration::MAX), None] {
                assert_eq!(
                    future.result(timeout),
                    outcome.as_ref().map_err(Clone::clone)
                );
                let expected = match &outcome {
                    Err(FutureError::Cancelled) => Err(FutureError::Cancelled),
                    outcome => Ok(outcome.as_ref().err()),
                };
                assert_eq!(future.exception(timeout), expected);
            }
            assert_eq!(future.into_result(), outcome);
        }
    });
}

/// FU-03: a time-out is waited out, and leaves the future as it was.
#[test]
fn a_timed_wait() {
    bounded(|| {
        let (promise, future) = promise();
        for _ in 0..2 {
            let start = Instant::now();
            assert!(future.result(Some(SHORT)).unwrap_err().is_timeout());
            assert_lasted(start, SHORT);
            assert!(future.exception(Some(SHORT)).unwrap_err().is_timeout());
            assert_lasted(start, 2 * SHORT);
        }
        promise.set_result(1);
        assert_eq!(future.result(Some(SHORT)), Ok(&1));
    });
}

/// A task's own error may be one that the future could have: its state tells them apart.
#[test]
fn borrowed_errors() {
    bounded(|| {
        for error in [FutureError::Cancelled, FutureError::Timeout] {
            let (promise, future) = promise::<i32>();
            promise.set_exception(error.clone());
            assert!(future.done() && !future.cancelled());
            assert_eq!(future.exception(None), Ok(Some(&error)));
            assert_eq!(format!("{future:?}"), "Future(finished, failed)");
            assert_eq!(future.into_result(), Err(error));
        }
    });
}

// ---- waiting

/// FU-04, FU-10: five threads that wait, each in another way, are woken by a result, an error and a cancel, and
/// get it; FU-09: and when the promise is dropped.
#[test]
fn who_waits_is_woken() {
    bounded(|| {
        let waits: [fn(&Future<i32>) -> Outcome; 5] = [
            |future| future.result(None).copied(),
            |future| future.result(Some(CEILING)).copied(),
            |future| future.result(Some(Duration::MAX)).copied(),
            |future| by_exception(future, None),
            |future| by_exception(future, Some(CEILING)),
        ];
        for (end, outcome) in endings() {
            let (promise, future) = promise();
            let sleepers: [Sleeper; 5] = Default::default();
            scope(|scope| {
                for (wait, sleeper) in waits.iter().zip(&sleepers) {
                    scope.spawn(|| {
                        sleeper.about_to_wait();
                        assert_eq!(wait(&future), outcome);
                    });
                }
                sleepers.iter().for_each(Sleeper::wait_until_asleep);
                end(promise, &future);
            });
        }
    });
}

/// The outcome, by way of `exception`.
fn by_exception(future: &Future<i32>, timeout: Option<Duration>) -> Outcome {
    match future.exception(timeout)? {
        Some(error) => Err(error.clone()),
        None => future.result(Some(Duration::ZERO)).copied(),
    }
}

/// FU-04, FU-09: the same for the one that takes the result out.
#[test]
fn who_takes_the_result_is_woken() {
    bounded(|| {
        for (end, outcome) in endings() {
            if outcome == Err(FutureError::Cancelled) {
                continue; // nobody else has the future
            }
            let (promise, future) = promise();
            let (sleeper, sleeps) = sleeper();
            let taker = thread::spawn(move || {
                sleeper.about_to_wait();
                future.into_result()
            });
            sleeps.wait_until_asleep();
            end(promise, &crate::promise().1);
            assert_eq!(taker.join().unwrap(), outcome);
        }
    });
}

fn sleeper() -> (Arc<Sleeper>, Arc<Sleeper>) {
    let sleeper = Arc::new(Sleeper::default());
    (sleeper.clone(), sleeper)
}

/// FU-09: a task that panics without a word leaves an error, and no hang.
#[test]
fn a_panic_drops_the_promise() {
    bounded(|| {
        let (promise, future) = promise::<i32>();
        let task = thread::spawn(move || {
            promise.start();
            panic::resume_unwind(Box::new("without the hook"));
        });
        assert_eq!(future.into_result(), Err(FutureError::Abandoned));
        assert!(task.join().is_err());
    });
}

// ---- callbacks

/// Notes what is called, in order.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn note(&self, what: impl ToString) {
        self.0.lock().unwrap().push(what.to_string());
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

/// FU-06: on a result, an error and a cancel, callbacks are called in order, once, with the future, in the
/// thread that ends it; one that is added later is called at once, in its adder's.
#[test]
fn callbacks() {
    bounded(|| {
        for (end, outcome) in endings() {
            let (promise, future) = promise();
            let (log, me, id) = (Log::default(), thread::current().id(), future.id());
            let callback = |n: i32| {
                let (log, outcome) = (log.clone(), outcome.clone());
                move |future: &Future<i32>| {
                    assert_eq!((thread::current().id() == me, future.id()), (n == 3, id));
                    assert!(future.done());
                    assert_eq!(future.clone_result(), outcome);
                    log.note(n);
                }
            };
            future.add_done_callback(callback(1));
            future.add_done_callback(callback(2));
            assert!(log.take().is_empty());
            scope(|scope| scope.spawn(|| end(promise, &future)).join().unwrap());
            assert_eq!(log.take(), ["1", "2"]);
            future.add_done_callback(callback(3));
            assert_eq!(log.take(), ["3"]);
        }
    });
}

trait CloneResult {
    fn clone_result(&self) -> Outcome;
}

impl CloneResult for Future<i32> {
    fn clone_result(&self) -> Outcome {
        self.result(Some(Duration::ZERO)).copied()
    }
}

/// Panics when it is dropped.
struct Grenade;

impl Drop for Grenade {
    fn drop(&mut self) {
        panic!("FU-07: at the drop");
    }
}

/// FU-07: callbacks that panic, even with something that panics again when dropped, do not stop the others,
/// nor whoever ends the future, and are reported; the result can be taken out afterwards.
#[test]
fn a_callback_that_panics() {
    static REPORTED: Mutex<Vec<String>> = Mutex::new(Vec::new());
    let others = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let payload = info.payload();
        let report = match payload.downcast_ref::<&str>() {
            Some(text) if text.starts_with("FU-07") => *text,
            _ if payload.is::<Grenade>() => "grenade",
            _ => return others(info),
        };
        REPORTED.lock().unwrap().push(report.to_owned());
    }));
    bounded(|| {
        for (end, outcome) in endings() {
            let (promise, future) = promise();
            let log = Log::default();
            let first = log.clone();
            future.add_done_callback(move |_| {
                first.note("first");
                panic!("FU-07: first");
            });
            future.add_done_callback(|_| panic_any(Grenade));
            let last = log.clone();
            future.add_done_callback(move |_| last.note("last"));
            end(promise, &future);
            future.add_done_callback(|_| panic!("FU-07: late"));
            assert_eq!(log.take(), ["first", "last"]);
            let reported = std::mem::take(&mut *REPORTED.lock().unwrap());
            assert_eq!(
                reported,
                [
                    "FU-07: first",
                    "grenade",
                    "FU-07: at the drop",
                    "FU-07: late"
                ]
            );
            assert_eq!(future.into_result(), outcome);
        }
    });
}

/// FU-08: callbacks that are added while the result comes are called once each.
#[test]
fn callbacks_against_the_result() {
    bounded(|| {
        for _ in 0..1000 {
            let (promise, future) = promise();
            let (start, calls) = (Barrier::new(2), Arc::new(AtomicUsize::new(0)));
            scope(|scope| {
                scope.spawn(|| {
                    start.wait();
                    promise.set_result(1);
                });
                start.wait();
                for _ in 0..3 {
                    let calls = calls.clone();
                    future.add_done_callback(move |_| {
                        calls.fetch_add(1, Ordering::SeqCst);
                    });
                }
            });
            assert_eq!(calls.load(Ordering::SeqCst), 3);
        }
    });
}

/// FU-12: a callback may use its own future, add another callback, which is called at once, and end or cancel
/// other futures, whose callbacks do the same.
#[test]
fn what_a_callback_may_do() {
    bounded(|| {
        for (end, outcome) in endings() {
            let (promise, future) = promise::<i32>();
            let (other_promise, other) = crate::promise::<i32>();
            let (_third_promise, third) = crate::promise::<i32>();
            let log = Log::default();
            let noted = log.clone();
            third.add_done_callback(move |third| noted.note(format!("{third:?}")));
            let noted = log.clone();
            other.add_done_callback(move |other| {
                assert_eq!(other.result(None), Ok(&7));
                noted.note("other");
                assert!(third.cancel());
            });
            let (noted, outcome) = (log.clone(), outcome.clone());
            future.add_done_callback(move |future| {
                assert_eq!(future.result(None).copied(), outcome);
                assert_eq!(future.cancel(), future.cancelled());
                let inner = noted.clone();
                future.add_done_callback(move |future| {
                    assert_eq!(future.result(None).copied(), outcome);
                    inner.note("inner");
                });
                noted.note("outer");
                other_promise.set_result(7);
            });
            let noted = log.clone();
            future.add_done_callback(move |_| noted.note("next"));
            end(promise, &future);
            assert_eq!(
                log.take(),
                ["inner", "outer", "other", "Future(cancelled)", "next"]
            );
        }
    });
}

/// Who takes the result out waits until the callbacks have returned; who looks at it does not.
#[test]
fn a_result_is_not_taken_from_a_callback() {
    bounded(|| {
        let (promise, future) = promise();
        let (go_on, told) = mpsc::channel::<()>();
        let told = Mutex::new(told);
        let returned = Arc::new(AtomicBool::new(false));
        let returns = returned.clone();
        future.add_done_callback(move |future| {
            let result = future.result(None).unwrap();
            told.lock().unwrap().recv().unwrap();
            assert_eq!(result, "not taken");
            returns.store(true, Ordering::SeqCst);
        });
        let worker = thread::spawn(move || promise.set_result("not taken".to_owned()));
        assert_eq!(future.result(None).unwrap(), "not taken");
        let (sleeper, sleeps) = sleeper();
        let taker = thread::spawn(move || {
            sleeper.about_to_wait();
            let result = future.into_result();
            assert!(returned.load(Ordering::SeqCst));
            result
        });
        sleeps.wait_until_asleep();
        go_on.send(()).unwrap();
        assert_eq!(taker.join().unwrap().unwrap(), "not taken");
        worker.join().unwrap();
    });
}

// ---- the result

/// A result is dropped once: with the future, with the promise if the future went first, by whoever
/// takes it out, or at once if the future was cancelled.
#[test]
fn results_are_dropped_once() {
    bounded(|| {
        type Counted = Arc<()>;
        type End = fn(Promise<Counted>, Future<Counted>, Counted);
        let endings: [End; 5] = [
            |promise, future, result| {
                promise.set_result(result);
                drop(future);
            },
            |promise, future, result| {
                drop(future);
                promise.set_result(result);
            },
            |promise, future, result| {
                promise.set_result(result);
                drop(future.into_result().unwrap());
            },
            |promise, future, result| {
                future.cancel();
                promise.set_result(result);
                assert!(future.cancelled());
            },
            |promise, future, result| {
                future.add_done_callback({
                    let result = result.clone();
                    move |_| drop(result)
                });
                promise.set_result(result);
                drop(future);
            },
        ];
        for end in endings {
            let result = Arc::new(());
            let (promise, future) = promise();
            end(promise, future, result.clone());
            assert_eq!(Arc::strong_count(&result), 1);
        }
    });
}

/// EX-18's half: a callback is dropped when it was called, though the future lives on.
#[test]
fn callbacks_are_dropped() {
    bounded(|| {
        let (promise, future) = promise();
        let captured = Arc::new(());
        let held = captured.clone();
        future.add_done_callback(move |_| assert!(Arc::strong_count(&held) > 0));
        assert_eq!(Arc::strong_count(&captured), 2);
        promise.set_result(1);
        assert_eq!(Arc::strong_count(&captured), 1);
        drop(future);
    });
}

/// No two futures are the same one, and one is the same as itself.
#[test]
fn ids() {
    let (_one, one) = promise::<()>();
    let (_two, two) = promise::<()>();
    assert_eq!(one.id(), one.id());
    assert_ne!(one.id(), two.id());
}

/// What may be sent and shared, of promises and futures of what.
#[test]
fn send_and_sync() {
    fn send<T: Send>() {}
    fn sync<T: Sync>() {}
    send::<Promise<std::cell::Cell<i32>>>();
    send::<Future<std::cell::Cell<i32>>>();
    send::<Future<i32>>();
    sync::<Promise<std::cell::Cell<i32>>>();
    sync::<Future<i32>>();
    send::<FutureError>();
    sync::<FutureError>();
}

// ---- errors

/// An error keeps its kind and its message; each says what it is.
#[test]
fn errors() {
    let failed = failure();
    assert!(failed.is_failure_of::<std::num::ParseIntError>());
    assert!(!failed.is_failure_of::<std::num::ParseFloatError>());
    assert_eq!(failed.to_string(), "invalid digit found in string");
    let message = "a text".to_owned();
    let panicked = FutureError::Panicked { message };
    assert!(panicked.is_panic());
    assert_eq!(panicked.to_string(), "the task panicked: a text");
    let broken = FutureError::Broken(Broken::Terminated);
    assert!(broken.is_broken() && !broken.is_panic());
    assert_eq!(
        broken.to_string(),
        "the executor is broken: its workers were ended on request"
    );
    assert!(FutureError::Cancelled.is_cancelled() && FutureError::Timeout.is_timeout());
}

/// The promise may be anywhere, also where nobody waits for it.
#[test]
fn a_future_outlives_its_thread() {
    bounded(|| {
        let future = thread::spawn(|| {
            let (promise, future) = promise();
            thread::spawn(move || promise.set_result(1));
            future
        });
        let future = future.join().unwrap();
        eventually("the result comes", || future.done());
        assert_eq!(future.into_result(), Ok(1));
    });
}
