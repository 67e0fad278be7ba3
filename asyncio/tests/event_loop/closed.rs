//! The end of a loop: closed, or dropped.

use std::cell::RefCell;
use std::future::{pending, poll_fn};
use std::rc::Rc;
use std::task::{Poll, Waker};
use std::time::Duration;

use asyncio::event_loop::{EventLoop, Handle, JoinError, LoopError, sleep, yield_now};

use crate::support::{Log, OnDrop, current};

/// A run, so that what was spawned has begun.
fn begin(event_loop: &EventLoop) {
    let round = event_loop.run_until_complete(yield_now());
    round.expect("none runs here");
}

/// AS-03: what is left is dropped, where it stands, and who awaits it gets to know.
#[test]
fn closing_drops_what_is_left() {
    let event_loop = EventLoop::new();
    let log = Log::default();
    let [waits, sleeps, new] = ["waits", "sleeps", "new"].map(|line| log.on_drop(line));
    let waits = event_loop.spawn(async move {
        let _dropped = waits;
        pending::<()>().await;
    });
    let sleeps = event_loop.spawn(async move {
        let _dropped = sleeps;
        sleep(Duration::from_secs(3600)).await;
    });
    begin(&event_loop);
    let new = event_loop.spawn(async move { drop(new) });
    assert_eq!(event_loop.close(), Ok(()));
    log.is(["waits", "sleeps", "new"]);
    assert_eq!(event_loop.close(), Ok(()), "once more does nothing");

    let other = EventLoop::new();
    for task in [waits, sleeps, new] {
        assert!(!task.abort());
        assert_eq!(
            other.run_until_complete(task),
            Ok(Err(JoinError::Cancelled))
        );
    }
}

/// AS-03: dropping the loop does the same, also where a task has a handle of its own loop.
#[test]
fn dropping_closes() {
    let event_loop = EventLoop::new();
    let log = Log::default();
    let (handle, dropped) = (event_loop.handle(), log.on_drop("dropped"));
    let task = event_loop.spawn(async move {
        let (_handle, _dropped) = (handle, dropped);
        pending::<()>().await;
    });
    begin(&event_loop);
    drop(event_loop);
    log.is(["dropped"]);
    assert!(task.is_finished());
}

/// Python: RuntimeError, "Event loop is closed".
#[test]
fn a_run_after_close_is_an_error() {
    let event_loop = EventLoop::new();
    event_loop.close().expect("it does not run");
    let log = Log::default();
    let run = event_loop.run_until_complete(async { log.add("begun") });
    assert_eq!(run, Err(LoopError::Closed));
    assert!(LoopError::Closed.is_closed() && !LoopError::Closed.is_running());
    log.is([]);
}

/// Python: RuntimeError, "Cannot close a running event loop".
#[test]
fn a_loop_that_runs_is_not_closed() {
    let event_loop = EventLoop::new();
    let run = event_loop.run_until_complete(async {
        assert_eq!(event_loop.close(), Err(LoopError::Running));
        current().spawn(async { 1 }).await
    });
    assert_eq!(run, Ok(Ok(1)));
}

/// Another one that does not run may be.
#[test]
fn another_loop_may_be_closed_inside() {
    let (one, two) = (EventLoop::new(), EventLoop::new());
    let task = two.spawn(pending::<()>());
    let run = one.run_until_complete(async {
        two.close().expect("it does not run");
        task.await
    });
    assert_eq!(run, Ok(Err(JoinError::Cancelled)));
}

/// Spawned on a closed loop, a future is dropped at once.
#[test]
fn a_closed_loop_takes_no_tasks() {
    let event_loop = EventLoop::new();
    let handle = event_loop.handle();
    drop(event_loop);
    let log = Log::default();
    let dropped = log.on_drop("dropped");
    let task = handle.spawn(async move { drop(dropped) });
    log.is(["dropped"]);
    assert!(task.is_finished() && !task.abort());
    let other = EventLoop::new();
    assert_eq!(
        other.run_until_complete(task),
        Ok(Err(JoinError::Cancelled))
    );
}

/// While the loop is closed a destructor spawns on it, wakes itself, aborts a sibling, and sets a timer aside.
#[test]
fn a_destructor_may_use_the_loop_that_closes() {
    let event_loop = EventLoop::new();
    let log = Log::default();
    let other = event_loop.spawn(pending::<()>());
    let (handle, spawned): (Handle, _) = (event_loop.handle(), log.on_drop("spawned"));
    let waker = Rc::new(RefCell::new(None::<Waker>));
    let left = Rc::clone(&waker);
    let acts = OnDrop::new(move || {
        left.take().expect("it was polled").wake();
        other.abort();
        let task = handle.spawn(async move { drop(spawned) });
        assert!(task.is_finished());
    });
    let _left = event_loop.spawn(async move {
        let _acts = acts;
        poll_fn(|context| -> Poll<()> {
            *waker.borrow_mut() = Some(context.waker().clone());
            Poll::Pending
        })
        .await;
    });
    begin(&event_loop);
    event_loop.close().expect("it does not run");
    log.is(["spawned"]);
}

/// AS-04: a destructor that panics is reported by the panic hook; the others are dropped all the same.
#[test]
fn a_destructor_that_panics_does_not_stop_the_closing() {
    let event_loop = EventLoop::new();
    let log = Log::default();
    let panics = OnDrop::new(|| panic!("in drop"));
    let task = event_loop.spawn(async move { drop(panics) });
    let dropped = log.on_drop("dropped");
    let _other = event_loop.spawn(async move { drop(dropped) });
    event_loop.close().expect("it does not run");
    log.is(["dropped"]);
    let error = EventLoop::new().run_until_complete(task);
    assert!(
        error
            .expect("none runs here")
            .is_err_and(|error| error.is_panic())
    );
}

/// Wakers that outlive their loop do nothing.
#[test]
fn a_waker_may_outlive_the_loop() {
    let event_loop = EventLoop::new();
    let waker = poll_fn(|context| Poll::Ready(context.waker().clone()));
    let task = event_loop.spawn(waker);
    let waker = event_loop.run_until_complete(task);
    let waker = waker.expect("none runs here").expect("it returns");
    drop(event_loop);
    waker.wake_by_ref();
    waker.wake();
}
