//! `wait.rs`: Python's `as_completed` and `wait`.
//!
//! AC-04, and WA-05's half of it, are not expressible: there is one `Future` to a result, and it is given
//! away, so that no list has it twice. Their interleavings are in `model.rs`.

mod support;

use std::collections::HashSet;
use std::sync::mpsc;
use std::sync::{Arc, Barrier};
use std::thread::{self, scope};
use std::time::{Duration, Instant};

use futures_pool::future::{Failure, Future, FutureError, Promise, promise};
use futures_pool::wait::ReturnWhen::{AllCompleted, FirstCompleted, FirstException};
use futures_pool::wait::{AsCompleted, ReturnWhen, Unfinished, as_completed, wait};
use support::{CEILING, Sleeper, assert_lasted, bounded, promises};

const SHORT: Duration = Duration::from_millis(100);

const EVERY_KIND: [ReturnWhen; 3] = [FirstCompleted, FirstException, AllCompleted];

fn fail(promise: Promise<usize>) {
    promise.set_exception(FutureError::Failed(Failure::new(&"failed")));
}

/// Four futures that are done: failed, cancelled, returned, abandoned.
fn four_done() -> Vec<Future<usize>> {
    let (promises, futures) = promises(4);
    let mut promises = promises.into_iter();
    promises.next().map(fail).unwrap();
    futures[1].cancel();
    promises.next().unwrap().set_result(1);
    promises.next().unwrap().set_result(2);
    futures
}

/// Which they are, by what they returned.
fn results(futures: impl IntoIterator<Item = Future<usize>>) -> Vec<usize> {
    let results = futures.into_iter().map(Future::into_result);
    results.collect::<Result<_, _>>().unwrap()
}

fn next(completed: &mut AsCompleted<usize>) -> usize {
    completed.next().unwrap().unwrap().into_result().unwrap()
}

/// Runs `wait` in a thread of its own and `then` when that thread sleeps; what `wait` came to.
fn while_waiting(
    futures: Vec<Future<usize>>,
    return_when: ReturnWhen,
    then: impl FnOnce(),
) -> (Vec<Future<usize>>, Vec<Future<usize>>) {
    let sleeper = Sleeper::default();
    scope(|scope| {
        let waiter = scope.spawn(|| {
            sleeper.about_to_wait();
            wait(futures, None, return_when)
        });
        sleeper.wait_until_asleep();
        then();
        waiter.join().unwrap()
    })
}

// ---- as_completed

/// AC-01: each is given once: those that are done already, failed and cancelled ones too, and those that
/// are still to come.
#[test]
fn each_once() {
    bounded(|| {
        let (promises, pending) = promises(3);
        let futures: Vec<_> = four_done().into_iter().chain(pending).collect();
        let ids: Vec<_> = futures.iter().map(Future::id).collect();
        scope(|scope| {
            let mut completed = as_completed(futures, None);
            let done: Vec<_> = completed.by_ref().take(4).map(Result::unwrap).collect();
            assert!(done.iter().map(Future::id).eq(ids[..4].iter().copied()));
            scope.spawn(|| {
                for (n, promise) in promises.into_iter().enumerate() {
                    match n {
                        0 => promise.set_result(n),
                        1 => fail(promise),
                        _ => promise.cancel(),
                    }
                }
            });
            let late: Vec<_> = completed.by_ref().map(Result::unwrap).collect();
            assert!(late.iter().map(Future::id).eq(ids[4..].iter().copied()));
            assert!(late.iter().all(Future::done));
            assert!(completed.next().is_none() && completed.next().is_none());
        });
    });
}

/// AC-02: the first that was done comes first, whether the iterator was asked before or after; those that
/// were done before the call come in their own order, before all others.
#[test]
fn in_the_order_of_completion() {
    bounded(|| {
        let (promises, futures) = promises(8);
        let mut promises: Vec<_> = promises.into_iter().map(Some).collect();
        let mut end = |n: usize| promises[n].take().unwrap().set_result(n);
        [6, 1].into_iter().for_each(&mut end);
        let mut completed = as_completed(futures, None);
        [7, 0, 5].into_iter().for_each(&mut end);
        assert_eq!([(); 3].map(|()| next(&mut completed)), [1, 6, 7]);
        end(3);
        assert_eq!([(); 3].map(|()| next(&mut completed)), [0, 5, 3]);
        let sleeper = Sleeper::default();
        scope(|scope| {
            let waiter = scope.spawn(|| {
                sleeper.about_to_wait();
                next(&mut completed)
            });
            sleeper.wait_until_asleep();
            end(4);
            assert_eq!(waiter.join().unwrap(), 4);
        });
        end(2);
        assert_eq!(next(&mut completed), 2);
        assert!(completed.next().is_none());
    });
}

/// AC-03: at the time-out, those that are done come first, then one error, which says how many are not, and
/// nothing after it. The rest can be had back, and waited for again.
#[test]
fn timed_out() {
    bounded(|| {
        for timeout in [Duration::ZERO, SHORT] {
            let (promises, futures) = promises(4);
            let mut promises = promises.into_iter();
            promises.next().unwrap().set_result(0);
            let start = Instant::now();
            let mut completed = as_completed(futures, Some(timeout));
            promises.next().unwrap().set_result(1);
            assert_eq!([(); 2].map(|()| next(&mut completed)), [0, 1]);
            let error = completed.next().unwrap().unwrap_err();
            assert_lasted(start, timeout);
            assert_eq!(
                error,
                Unfinished {
                    unfinished: 2,
                    total: 4
                }
            );
            assert_eq!(error.to_string(), "2 (of 4) futures unfinished");
            // Over, also if one is done now.
            promises.next().unwrap().set_result(2);
            assert!(completed.next().is_none() && completed.next().is_none());
            assert_eq!(format!("{completed:?}"), "AsCompleted(2 of 4 left)");
            let rest = completed.into_rest();
            promises.next().unwrap().set_result(3);
            assert_eq!(
                results(as_completed(rest, None).map(Result::unwrap)),
                [2, 3]
            );
        }
    });
}

/// AC-03: what is done is given before there is a word about the time, however late it is; and a time-out
/// that does not come, or never can, does not disturb.
#[test]
fn done_before_late() {
    bounded(|| {
        for timeout in [Duration::ZERO, CEILING, Duration::MAX] {
            let (promises, futures) = promises(3);
            let mut completed = as_completed(futures, Some(timeout));
            for (n, promise) in promises.into_iter().enumerate() {
                promise.set_result(n);
                assert_eq!(next(&mut completed), n);
            }
            assert!(completed.next().is_none());
        }
    });
}

/// AC-05: one that was given is nobody else's: dropped, it is gone, and so is its result.
#[test]
fn not_kept_alive() {
    bounded(|| {
        let results = [(); 3].map(Arc::new);
        let (promises, futures) = promises(3);
        let mut promises = promises.into_iter().zip(&results);
        let mut end = || {
            let (promise, result) = promises.next().unwrap();
            promise.set_result(result.clone());
        };
        end();
        let mut completed = as_completed(futures, None);
        end();
        end();
        for result in &results {
            let future = completed.next().unwrap().unwrap();
            assert_eq!(Arc::strong_count(result), 2);
            drop(future);
            assert_eq!(Arc::strong_count(result), 1);
        }
    });
}

/// AC-06, WA-07: of no futures there is nothing to wait for, with and without a time-out.
#[test]
fn none_at_all() {
    bounded(|| {
        for timeout in [None, Some(Duration::ZERO), Some(Duration::MAX)] {
            assert!(as_completed::<i32>([], timeout).next().is_none());
            for return_when in EVERY_KIND {
                let (done, not_done) = wait::<i32>([], timeout, return_when);
                assert!(done.is_empty() && not_done.is_empty());
            }
        }
    });
}

/// AC-07: who stops early leaves the rest as it is: it can be had back, in order, done or not, and goes on; or
/// it goes on without anybody.
#[test]
fn stopped_early() {
    bounded(|| {
        let (promises, futures) = promises(4);
        let mut promises = promises.into_iter();
        promises.next().unwrap().set_result(0);
        let mut completed = as_completed(futures, None);
        assert_eq!(next(&mut completed), 0);
        let [one, two, three] = [(); 3].map(|()| promises.next().unwrap());
        assert!(one.start());
        three.set_result(3);
        let rest = completed.into_rest();
        assert_eq!(
            format!("{rest:?}"),
            "[Future(running), Future(pending), Future(finished, returned)]"
        );
        one.set_result(1);
        two.set_result(2);
        assert_eq!(results(rest), [1, 2, 3]);

        let (promises, futures) = support::promises(2);
        drop(as_completed(futures, None));
        for promise in promises {
            assert!(promise.start(), "it is not cancelled");
            promise.set_result(1);
        }
    });
}

/// AC-08: any iterator will do.
#[test]
fn from_an_iterator() {
    bounded(|| {
        let future = |n| {
            let (promise, future) = promise();
            promise.set_result(n);
            future
        };
        let completed = as_completed((0..3).map(future), None);
        assert_eq!(results(completed.map(Result::unwrap)), [0, 1, 2]);
        let (done, _) = wait((0..3).map(future), None, AllCompleted);
        assert_eq!(results(done), [0, 1, 2]);
    });
}

/// A future is done before its callbacks are called: nobody waits for these.
#[test]
fn done_while_its_callbacks_run() {
    bounded(|| {
        let (promise, future) = promise();
        let (go_on, told) = mpsc::channel::<()>();
        let (calls, called) = mpsc::channel();
        future.add_done_callback(move |_| {
            calls.send(()).unwrap();
            told.recv().unwrap();
        });
        let worker = thread::spawn(move || promise.set_result(1));
        called.recv().unwrap();
        let mut futures = vec![future];
        for return_when in EVERY_KIND {
            futures = wait(futures, None, return_when).0;
        }
        let completed = as_completed(futures, None).next().unwrap().unwrap();
        assert_eq!(completed.result(None), Ok(&1));
        go_on.send(()).unwrap();
        worker.join().unwrap();
    });
}

// ---- wait

/// WA-01: all of them, failed and cancelled ones as well, and not before the last.
#[test]
fn all() {
    bounded(|| {
        let (promises, pending) = promises(3);
        let futures: Vec<_> = pending.into_iter().chain(four_done()).collect();
        let ids: Vec<_> = futures.iter().map(Future::id).collect();
        let mut promises = promises.into_iter();
        let mut next = move || promises.next().unwrap();
        let (done, not_done) = while_waiting(futures, AllCompleted, || {
            fail(next());
            next().cancel();
            next().set_result(3);
        });
        assert!(done.iter().map(Future::id).eq(ids), "all, in order");
        assert!(done.iter().all(Future::done) && not_done.is_empty());
    });
}

/// WA-02: one is enough, however it ended; with one that is done already nobody waits, and all that are
/// done are given.
#[test]
fn the_first() {
    bounded(|| {
        let endings: [fn(Promise<usize>); 4] =
            [fail, Promise::cancel, drop, |promise| promise.set_result(1)];
        for end in endings {
            let (mut promises, futures) = promises(3);
            let ids: Vec<_> = futures.iter().map(Future::id).collect();
            let (done, not_done) =
                while_waiting(futures, FirstCompleted, || end(promises.swap_remove(1)));
            assert_eq!((done[0].id(), done.len()), (ids[1], 1));
            assert!(not_done.iter().map(Future::id).eq([ids[0], ids[2]]));
        }
        let (_promises, pending) = promises(2);
        let futures = pending.into_iter().chain(four_done());
        let (done, not_done) = wait(futures, None, FirstCompleted);
        assert_eq!((done.len(), not_done.len()), (4, 2));
    });
}

/// WA-03: the first failure is enough, whether it comes or is there already; results and cancelled ones are
/// waited through, to the last one if nothing fails.
#[test]
fn the_first_failure() {
    bounded(|| {
        let (promises, futures) = promises(4);
        let mut promises = promises.into_iter();
        let mut next = || promises.next().unwrap();
        let (done, not_done) = while_waiting(futures, FirstException, || {
            next().set_result(0);
            next().cancel();
            fail(next());
        });
        assert_eq!((done.len(), not_done.len()), (3, 1));
        assert!(done[1].cancelled() && done[2].exception(None).unwrap().is_some());

        let mut futures = not_done;
        futures.extend(four_done());
        let (done, not_done) = wait(futures, None, FirstException);
        assert_eq!((done.len(), not_done.len()), (4, 1));

        let (promises, futures) = support::promises(3);
        let mut promises = promises.into_iter();
        let mut next = || promises.next().unwrap();
        next().cancel();
        let (done, not_done) = while_waiting(futures, FirstException, || {
            next().set_result(1);
            next().cancel();
        });
        assert_eq!((done.len(), not_done.len()), (3, 0));
    });
}

/// WA-03: a future that was cancelled is no failure; a task that failed with such an error is.
#[test]
fn cancelled_or_failed_so() {
    bounded(|| {
        let (mut promises, futures) = promises::<usize>(3);
        futures[0].cancel();
        let (done, not_done) = wait(futures, Some(SHORT), FirstException);
        assert_eq!((done.len(), not_done.len()), (1, 2));
        promises
            .swap_remove(1)
            .set_exception(FutureError::Cancelled);
        let (done, not_done) = wait(not_done, None, FirstException);
        assert_eq!((done.len(), not_done.len()), (1, 1));
    });
}

/// WA-04, WA-05, WA-08: at the time-out each is in one of the lists, done or not; none is cancelled, and no
/// result is taken.
#[test]
fn parted_at_the_time_out() {
    bounded(|| {
        for timeout in [Duration::ZERO, SHORT] {
            for return_when in EVERY_KIND {
                let (promises, mut futures) = promises(3);
                let mut promises = promises.into_iter();
                let running = promises.next().unwrap();
                assert!(running.start());
                if return_when == AllCompleted {
                    futures.extend(four_done());
                }
                let ids: HashSet<_> = futures.iter().map(Future::id).collect();
                let start = Instant::now();
                let (done, not_done) = wait(futures, Some(timeout), return_when);
                assert_lasted(start, timeout);
                assert!(done.iter().all(Future::done) && !not_done.iter().any(Future::done));
                assert_eq!((done.len(), not_done.len()), (ids.len() - 3, 3));
                let parted = done.iter().chain(&not_done).map(Future::id);
                assert_eq!(parted.collect::<HashSet<_>>(), ids);
                assert!(not_done[0].running() && not_done[1].cancel() && !not_done[2].cancelled());
                assert!(
                    done.iter()
                        .filter(|future| future.result(None).is_ok())
                        .count()
                        <= 2
                );
            }
        }
    });
}

/// A time-out that no clock can show is none, and one that is long is not in the way.
#[test]
fn long_time_outs() {
    bounded(|| {
        for timeout in [CEILING, Duration::MAX] {
            for return_when in EVERY_KIND {
                let (promise, future) = promise();
                let sleeper = Sleeper::default();
                scope(|scope| {
                    let waiter = scope.spawn(|| {
                        sleeper.about_to_wait();
                        wait([future], Some(timeout), return_when).0
                    });
                    sleeper.wait_until_asleep();
                    promise.set_result(1);
                    assert_eq!(results(waiter.join().unwrap()), [1]);
                });
            }
        }
    });
}

/// WA-06: a hundred are done by four threads while one waits for them, in each way; nobody is forgotten.
#[test]
fn a_hundred_meanwhile() {
    bounded(|| {
        for round in 0..200 {
            let (mut promises, mut futures) = promises(100);
            let start = Barrier::new(5);
            scope(|scope| {
                for _ in 0..4 {
                    let promises = promises.split_off(promises.len() - 25);
                    scope.spawn(|| {
                        start.wait();
                        promises
                            .into_iter()
                            .for_each(|promise| promise.set_result(1));
                    });
                }
                start.wait();
                match round % 4 {
                    0 => assert_eq!(
                        as_completed(futures, None).filter(Result::is_ok).count(),
                        100
                    ),
                    1 => assert_eq!(wait(futures, None, AllCompleted).0.len(), 100),
                    2 => assert_eq!(wait(futures, None, FirstException).0.len(), 100),
                    _ => {
                        while !futures.is_empty() {
                            let (done, not_done) = wait(futures, None, FirstCompleted);
                            assert!(!done.is_empty());
                            futures = not_done;
                        }
                    }
                }
            });
        }
    });
}

/// A future is waited for again and again, in any way, and by itself, until it is done.
#[test]
fn one_after_another() {
    bounded(|| {
        let (promise, mut future) = promise();
        let (sender, receiver) = mpsc::channel::<()>();
        let worker = thread::spawn(move || {
            receiver.recv().unwrap();
            promise.set_result(1);
        });
        for _ in 0..100 {
            let mut completed = as_completed([future], Some(Duration::ZERO));
            assert!(completed.next().unwrap().is_err());
            future = completed.into_rest().remove(0);
            for return_when in EVERY_KIND {
                let (_, mut not_done) = wait([future], Some(Duration::ZERO), return_when);
                future = not_done.remove(0);
            }
            assert!(future.result(Some(Duration::ZERO)).is_err());
        }
        sender.send(()).unwrap();
        assert_eq!(support::block_on(future), Ok(1));
        worker.join().unwrap();
    });
}

/// A completion costs the same, however many there are: with a cost that grew with their number, this would
/// take hours.
#[test]
fn a_hundred_thousand() {
    const MANY: usize = 100_000;
    bounded(|| {
        for wait_for in [
            |futures| as_completed(futures, None).filter(Result::is_ok).count(),
            |futures| wait(futures, None, AllCompleted).0.len(),
            |futures| wait(futures, None, FirstException).0.len(),
        ] {
            let (promises, futures) = promises::<usize>(MANY);
            scope(|scope| {
                scope.spawn(|| {
                    let ended = promises.into_iter().enumerate().rev();
                    ended.for_each(|(n, promise)| promise.set_result(n));
                });
                assert_eq!(wait_for(futures), MANY);
            });
        }
    });
}

/// What is given out may be taken to other threads, and the iterator too.
#[test]
fn send() {
    fn send<T: Send>() {}
    send::<AsCompleted<std::cell::Cell<i32>>>();
    fn sync<T: Sync>() {}
    sync::<AsCompleted<i32>>();
    send::<Unfinished>();
}
