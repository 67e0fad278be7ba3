//! `future/awaited.rs`: a future that is awaited, by a runtime of a few lines. FU-03, FU-04, FU-09 for that
//! way to wait.

mod support;

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, scope};

use futures_pool::future::{Awaited, FutureError, Promise, promise};
use support::{block_on, bounded, eventually};

/// Counts how often it was woken. That nobody has it any more, its `Arc` tells.
#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Count {
    fn new() -> (Arc<Self>, Waker) {
        let count = Arc::<Self>::default();
        (count.clone(), Waker::from(count))
    }

    fn woken(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

fn poll<T>(awaited: &mut Awaited<T>, waker: &Waker) -> Poll<Result<T, FutureError>> {
    Pin::new(awaited).poll(&mut Context::from_waker(waker))
}

/// What is done already is ready at once.
#[test]
fn ready_at_once() {
    bounded(|| {
        let (sent, future) = promise();
        sent.set_result(1);
        assert_eq!(block_on(future), Ok(1));
        let (dropped, future) = promise::<i32>();
        drop(dropped);
        assert_eq!(
            block_on(async { future.await }),
            Err(FutureError::Abandoned)
        );
        let (_promise, future) = promise::<i32>();
        future.cancel();
        assert_eq!(block_on(future), Err(FutureError::Cancelled));
    });
}

/// FU-04, FU-09: a result, an error, a cancel and a dropped promise wake who awaits, also when they come
/// while it polls.
#[test]
fn awaited_until_it_comes() {
    bounded(|| {
        type End = fn(Promise<i32>);
        let endings: [(End, _); 4] = [
            (|promise| promise.set_result(1), Ok(1)),
            (
                |promise| promise.set_exception(FutureError::Argument("no".into())),
                Err(FutureError::Argument("no".into())),
            ),
            (|promise| promise.cancel(), Err(FutureError::Cancelled)),
            (drop, Err(FutureError::Abandoned)),
        ];
        for round in 0..400 {
            let (end, outcome) = &endings[round % 4];
            let (promise, future) = promise();
            let start = Barrier::new(2);
            scope(|scope| {
                scope.spawn(|| {
                    start.wait();
                    end(promise);
                });
                start.wait();
                assert_eq!(block_on(future), *outcome);
            });
        }
    });
}

/// Who polled last is woken, once; the wakers of earlier polls are let go.
#[test]
fn moved_from_task_to_task() {
    bounded(|| {
        let (promise, future) = promise();
        let mut awaited = future.into_future();
        let ((first, first_waker), (second, second_waker)) = (Count::new(), Count::new());
        assert!(poll(&mut awaited, &first_waker).is_pending());
        assert_eq!(Arc::strong_count(&first), 3);
        assert!(poll(&mut awaited, &second_waker).is_pending());
        assert!(poll(&mut awaited, &second_waker).is_pending());
        assert_eq!(
            (Arc::strong_count(&first), Arc::strong_count(&second)),
            (2, 3)
        );
        promise.set_result(1);
        assert_eq!((first.woken(), second.woken()), (0, 1));
        assert_eq!(Arc::strong_count(&second), 2);
        // A third may take it.
        let (third, third_waker) = Count::new();
        assert_eq!(poll(&mut awaited, &third_waker), Poll::Ready(Ok(1)));
        assert_eq!((second.woken(), third.woken()), (1, 0));
        assert_eq!(Arc::strong_count(&third), 2);
    });
}

/// The same while the result comes: whichever waker it is that was there last, it is woken, or the poll that
/// left it found the result.
#[test]
fn moved_while_it_comes() {
    bounded(|| {
        for _ in 0..1000 {
            let (promise, future) = promise();
            let start = Barrier::new(2);
            scope(|scope| {
                scope.spawn(|| {
                    start.wait();
                    promise.set_result(1);
                });
                let mut awaited = future.into_future();
                start.wait();
                loop {
                    let (count, waker) = Count::new();
                    match poll(&mut awaited, &waker) {
                        Poll::Ready(result) => break assert_eq!(result, Ok(1)),
                        Poll::Pending if Arc::strong_count(&count) == 3 => {} // take it elsewhere
                        Poll::Pending => eventually("it is woken", || count.woken() == 1),
                    }
                }
            });
        }
    });
}

/// Who awaits gets the result when the callbacks have returned, and is woken for that too.
#[test]
fn not_before_the_callbacks_have_returned() {
    bounded(|| {
        let (promise, future) = promise();
        let (go_on, told) = mpsc::channel::<()>();
        let told = Mutex::new(told);
        let called = Arc::new(Barrier::new(2));
        let calls = called.clone();
        future.add_done_callback(move |future| {
            calls.wait();
            told.lock().unwrap().recv().unwrap();
            assert_eq!(future.result(None), Ok(&1));
        });
        let mut awaited = future.into_future();
        let (count, waker) = Count::new();
        assert!(poll(&mut awaited, &waker).is_pending());
        let worker = thread::spawn(move || promise.set_result(1));
        called.wait();
        assert_eq!(count.woken(), 1);
        assert!(poll(&mut awaited, &waker).is_pending());
        go_on.send(()).unwrap();
        worker.join().unwrap();
        assert_eq!(count.woken(), 2);
        assert_eq!(poll(&mut awaited, &waker), Poll::Ready(Ok(1)));
    });
}

/// One that is dropped before its result disturbs nobody.
#[test]
fn dropped_early() {
    bounded(|| {
        let (promise, future) = promise();
        let mut awaited = future.into_future();
        let (count, waker) = Count::new();
        assert!(poll(&mut awaited, &waker).is_pending());
        drop(awaited);
        assert!(promise.start(), "it is not cancelled");
        promise.set_result(1);
        drop(waker);
        assert_eq!(Arc::strong_count(&count), 1);
    });
}

#[test]
#[should_panic(expected = "not polled after it was ready")]
fn polled_after_it_was_ready() {
    let (promise, future) = promise();
    promise.set_result(1);
    let mut awaited = future.into_future();
    assert!(poll(&mut awaited, Waker::noop()).is_ready());
    let _ = poll(&mut awaited, Waker::noop());
}

/// Ends the future that it was to wake for when it is dropped: a task may have the promise itself, and go
/// with its last waker.
struct Keeps {
    _promise: Promise<i32>,
}

impl Wake for Keeps {
    fn wake(self: Arc<Self>) {}
}

/// A waker whose destructor ends the future does not find it locked: neither when another one takes its
/// place, nor when it goes unused.
#[test]
fn a_waker_that_has_the_promise() {
    bounded(|| {
        let (promise, future) = promise();
        let keeps = Keeps { _promise: promise };
        let mut awaited = future.into_future();
        assert!(poll(&mut awaited, &Waker::from(Arc::new(keeps))).is_pending());
        let (_, waker) = Count::new();
        let polled = poll(&mut awaited, &waker);
        assert!(polled.is_pending(), "it was not done when it was looked at");
        assert_eq!(block_on(awaited), Err(FutureError::Abandoned));
    });
}

/// Polls at once when it is woken.
struct AtOnce {
    awaited: Mutex<Awaited<i32>>,
    seen: mpsc::Sender<Result<i32, FutureError>>,
}

impl Wake for AtOnce {
    fn wake(self: Arc<Self>) {
        let waker = Waker::from(self.clone());
        if let Poll::Ready(result) = poll(&mut self.awaited.lock().unwrap(), &waker) {
            self.seen.send(result).unwrap();
        }
    }
}

/// A waker finds the future unlocked too when it is woken.
#[test]
fn a_waker_that_polls_at_once() {
    bounded(|| {
        let (promise, future) = promise();
        let (seen, sees) = mpsc::channel();
        let task = Arc::new(AtOnce {
            awaited: Mutex::new(future.into_future()),
            seen,
        });
        task.clone().wake();
        assert!(sees.try_recv().is_err());
        promise.set_result(1);
        assert_eq!(sees.recv().unwrap(), Ok(1));
    });
}

/// A waker that panics does not keep the callbacks from being called.
#[test]
fn a_waker_that_panics() {
    struct Panics;

    impl Wake for Panics {
        fn wake(self: Arc<Self>) {
            std::panic::resume_unwind(Box::new("without the hook"));
        }
    }

    bounded(|| {
        let (promise, future) = promise();
        let called = Arc::new(AtomicUsize::new(0));
        let calls = called.clone();
        future.add_done_callback(move |_| {
            calls.fetch_add(1, Ordering::SeqCst);
        });
        let mut awaited = future.into_future();
        assert!(poll(&mut awaited, &Waker::from(Arc::new(Panics))).is_pending());
        promise.set_result(1);
        assert_eq!(called.load(Ordering::SeqCst), 1);
        assert_eq!(block_on(awaited), Ok(1));
    });
}
