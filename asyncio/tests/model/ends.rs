//! What the loop promises when a task, a run or the loop itself ends while another thread wakes it.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::panic::{self, AssertUnwindSafe};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use crate::event_loop::JoinError;
use crate::kind::{Loop, Task};
use crate::tasks::{Dropped, Gate, both, hears, tell_all, wake, watched, yield_now};

// ---- wake-ups for who is over

/// A task ends, by itself or by a panic, and is woken at any moment. Another one is there by then, and must not be polled
/// for that.
pub fn wake_against_end<L: Loop, const PANICS: bool>() {
    let event_loop = L::new();
    event_loop.run(async {
        let first = event_loop.spawn(watched(woken_to_the_end::<PANICS>()));
        assert_eq!(first.await.is_err(), PANICS);
        let gate = Gate::default();
        let waits = gate.clone();
        let second = event_loop.spawn(watched(async move { waits.wait().await }));
        yield_now().await;
        yield_now().await;
        gate.open();
        second.await.expect("it returns");
    });
}

/// The same to a main, which ends its run. The next one begins meanwhile, on the same loop.
pub fn wake_against_next_run<L: Loop, const PANICS: bool>() {
    let event_loop = L::new();
    let first = watched(woken_to_the_end::<PANICS>());
    let first = panic::catch_unwind(AssertUnwindSafe(|| event_loop.run(first)));
    assert_eq!(first.is_err(), PANICS);
    let gate = Gate::default();
    let opens = gate.clone();
    let task = event_loop.spawn(async move {
        yield_now().await;
        yield_now().await;
        opens.open();
    });
    event_loop.run(watched(gate.wait()));
    drop(task);
}

/// Is woken at any moment, before its second poll, which is its last, or later.
async fn woken_to_the_end<const PANICS: bool>() {
    poll_fn(|context| {
        wake(context.waker());
        Poll::Ready(())
    })
    .await;
    yield_now().await;
    if PANICS {
        panic::resume_unwind(Box::new("part of the model")); // the hook has nothing to report
    }
}

// ---- results and aborts

/// A task comes to its end for one thread while another one wakes who awaits it.
pub fn joined<L: Loop>() {
    let event_loop = L::new();
    let task = event_loop.spawn(watched(hears::<1>(tell_all)));
    let (result, _) = event_loop.run(watched(both(task, hears::<1>(tell_all))));
    result.expect("it returns");
}

/// A task is woken, and aborted when it has had a poll. The outcome is whether the abort came in time; if so, it was not
/// polled any more.
pub fn abort_against_wake<L: Loop>() -> bool {
    let event_loop = L::new();
    let aborted = Rc::new(Cell::new(false));
    event_loop.run(watched(async {
        let task = event_loop.spawn(refusing(aborted.clone(), hears::<1>(tell_all)));
        yield_now().await;
        aborted.set(task.abort());
        assert_eq!(is_cancelled(task.await), aborted.get());
    }));
    aborted.get()
}

/// The same, when it aborts itself: it has no other poll, unless it had the news in that one.
pub fn abort_of_itself_against_wake<L: Loop>() -> bool {
    let event_loop = L::new();
    let own = Rc::new(RefCell::new(None::<L::Task<usize>>));
    let aborted = Rc::new(Cell::new(false));
    let (its, was) = (own.clone(), aborted.clone());
    let hears = hears::<1>(move |waker, news| {
        tell_all(waker, news);
        let own = its.borrow();
        was.set(own.as_ref().expect("it is there").abort());
    });
    *own.borrow_mut() = Some(event_loop.spawn(refusing(aborted.clone(), hears)));
    event_loop.run(watched(async {
        yield_now().await;
        let task = own.take().expect("it is there");
        assert!(aborted.get());
        is_cancelled(task.await)
    }))
}

/// Passes a panic on.
fn is_cancelled<T>(result: Result<T, JoinError>) -> bool {
    match result {
        Err(error) if error.is_panic() => panic!("{error}"),
        result => result.is_err(),
    }
}

/// Fails when it is polled after its abort.
fn refusing<T>(
    aborted: Rc<Cell<bool>>,
    future: impl Future<Output = T>,
) -> impl Future<Output = T> {
    let mut future = Box::pin(watched(future));
    poll_fn(move |context| {
        assert!(!aborted.get(), "was polled after its abort");
        future.as_mut().poll(context)
    })
}

// ---- the loop's end

/// The loop is closed while a task of it is woken: it is dropped, here and now. The waker may outlive the loop. The
/// outcome is whether the task had come to its end before.
pub fn close_against_wake<L: Loop>() -> bool {
    let event_loop = L::new();
    let gone = Rc::new(Cell::new(false));
    let dropped = Dropped(gone.clone());
    let mut task = event_loop.spawn(watched(async move {
        let _dropped = dropped;
        hears::<1>(tell_all).await
    }));
    event_loop.run(watched(yield_now()));
    event_loop.close();
    assert!(gone.get(), "is not dropped");
    drop(event_loop);
    let result = Pin::new(&mut task).poll(&mut Context::from_waker(Waker::noop()));
    match result {
        Poll::Pending => panic!("has no result"),
        Poll::Ready(result) => result.is_ok(),
    }
}
