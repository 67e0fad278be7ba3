//! Tasks that are cancelled.

use std::cell::RefCell;
use std::future::pending;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use asyncio::event_loop::{JoinError, JoinHandle, sleep, yield_now};

use crate::support::{Gate, Log, OnDrop, current, run};

const HOUR: Duration = Duration::from_secs(3600);

/// AS-07: never begun; what it was given is dropped.
#[test]
fn a_task_aborted_before_it_begins_never_does() {
    let log = Log::default();
    run(async {
        let (its, dropped) = (log.clone(), log.on_drop("dropped"));
        let task = current().spawn(async move {
            its.add("begun");
            drop(dropped);
        });
        assert!(task.abort());
        let error = task.await.expect_err("it was cancelled");
        assert!(error.is_cancelled() && !error.is_panic());
        assert_eq!(error.to_string(), "the task was cancelled");
    });
    log.is(["dropped"]);
}

/// AS-08, AS-10: promptly; the destructors have run when it is known; the second abort does nothing.
#[test]
fn a_task_that_sleeps_is_aborted_at_once() {
    let log = Log::default();
    run(async {
        let begin = current().now();
        let dropped = log.on_drop("dropped");
        let mut task = current().spawn(async move {
            let _dropped = dropped;
            sleep(HOUR).await;
        });
        yield_now().await;
        assert!(task.abort());
        assert!(!task.abort());
        assert!(!task.is_finished(), "it has its turn first");
        log.is([]);
        assert_eq!((&mut task).await, Err(JoinError::Cancelled));
        log.is(["dropped"]);
        assert!(!task.abort());
        assert_eq!(current().now(), begin);
    });
}

/// AS-09: done is done.
#[test]
fn a_task_that_is_done_keeps_its_value() {
    run(async {
        let task = current().spawn(async { 1 });
        yield_now().await;
        assert!(!task.abort());
        assert_eq!(task.await, Ok(1));
    });
}

/// AS-08: woken and aborted in the same round, in either order, it is not polled any more.
#[test]
fn an_abort_beats_a_wake_up() {
    for wakes_first in [false, true] {
        let log = Log::default();
        let gate = Gate::default();
        run(async {
            let (its, waits) = (log.clone(), gate.clone());
            let task = current().spawn(async move {
                waits.wait().await;
                its.add("polled");
            });
            yield_now().await;
            if wakes_first {
                gate.open();
            }
            assert!(task.abort());
            gate.open();
            assert_eq!(task.await, Err(JoinError::Cancelled));
        });
        log.is([]);
    }
}

/// AS-12: at its next `await` where it has to wait; without such a one it comes to its end, which counts.
#[test]
fn a_task_may_abort_itself() {
    type Own = Rc<RefCell<Option<JoinHandle<&'static str>>>>;
    let abort = |own: &Own| own.borrow().as_ref().expect("it is there").abort();
    for waits in [true, false] {
        let log = Log::default();
        run(async {
            let own = Own::default();
            let (its, reached) = (Rc::clone(&own), log.clone());
            *own.borrow_mut() = Some(current().spawn(async move {
                assert!(abort(&its));
                reached.add("goes on");
                if waits {
                    yield_now().await;
                    reached.add("not reached");
                }
                "end"
            }));
            yield_now().await;
            let task = own.take().expect("it is there");
            let end = match waits {
                true => Err(JoinError::Cancelled),
                false => Ok("end"),
            };
            assert_eq!(task.await, end);
        });
        log.is(["goes on"]);
    }
}

/// AS-11: who awaits a task and is aborted leaves it running; as `shield` does in Python.
#[test]
fn the_abort_of_who_waits_is_not_passed_on() {
    run(async {
        let gate = Gate::default();
        let waits = gate.clone();
        let inner = current().spawn(async move { waits.wait().await });
        let inner = Rc::new(RefCell::new(inner));
        let shared = Rc::clone(&inner);
        let outer = current().spawn(async move {
            // Borrowed for one poll at a time, so that it can be awaited elsewhere afterwards.
            poll_fn(|context| Pin::new(&mut *shared.borrow_mut()).poll(context)).await
        });
        yield_now().await;
        assert!(outer.abort());
        assert_eq!(outer.await, Err(JoinError::Cancelled));
        gate.open();
        let inner = Rc::into_inner(inner).expect("the other's was dropped");
        assert_eq!(inner.into_inner().await, Ok(()));
    });
}

/// A destructor may spawn, wake, abort others and itself.
#[test]
fn a_destructor_may_use_the_loop() {
    let log = Log::default();
    run(async {
        let gate = Gate::default();
        let (waits, opens, its) = (gate.clone(), gate.clone(), log.clone());
        let other = current().spawn(pending::<()>());
        let woken = current().spawn(async move { waits.wait().await });
        let task = current().spawn(async move {
            let _acts = OnDrop::new(move || {
                assert!(other.abort());
                opens.open();
                drop(current().spawn(async move { its.add("spawned") }));
            });
            gate.wait().await; // so that it wakes itself too
            pending::<()>().await;
        });
        yield_now().await;
        assert!(task.abort());
        assert_eq!(task.await, Err(JoinError::Cancelled));
        assert_eq!(woken.await, Ok(()));
    });
    log.is(["spawned"]);
}
