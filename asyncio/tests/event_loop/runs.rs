//! Runs: what they give, and which are refused.

use std::cell::Cell;
use std::future::{poll_fn, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::task::Poll;

use asyncio::event_loop::{self, EventLoop, LoopError, yield_now};

use crate::support::{Log, OnDrop, current, run};

/// AS-01: the value, or the error; what main borrows need not be `'static`, nor `Send`.
#[test]
fn a_run_gives_what_main_returns() {
    let text = Rc::new(String::from("text"));
    let borrowed = &text;
    assert_eq!(run(async { borrowed.len() }), 4);
    assert_eq!(
        run(async { "x".parse::<i32>().map_err(|_| "no number") }),
        Err("no number")
    );
}

/// AS-01: a panic of main goes on in the caller, after main's destructors; the loop is as good as before.
#[test]
fn a_panic_of_main_goes_on() {
    let event_loop = EventLoop::new();
    let log = Log::default();
    let main = async {
        let _dropped = log.on_drop("dropped");
        yield_now().await;
        panic!("on purpose");
    };
    let payload = catch_unwind(AssertUnwindSafe(|| event_loop.run_until_complete(main)));
    let payload = payload.expect_err("it panics");
    assert_eq!(payload.downcast_ref(), Some(&"on purpose"));
    log.is(["dropped"]);
    assert!(event_loop::current().is_none());
    for _ in 0..2 {
        assert_eq!(event_loop.run_until_complete(async { 1 }), Ok(1));
    }
}

/// AS-02: on the same loop and on another one; the outer one goes on.
#[test]
fn a_run_inside_of_a_run_is_an_error() {
    let event_loop = EventLoop::new();
    let log = Log::default();
    let done = event_loop.run_until_complete(async {
        let begun = || async { log.add("begun") };
        let same = event_loop.run_until_complete(begun());
        let other = EventLoop::new().run_until_complete(begun());
        assert_eq!(
            (same, other),
            (Err(LoopError::Running), Err(LoopError::Running))
        );
        assert!(LoopError::Running.is_running() && !LoopError::Running.is_closed());
        yield_now().await;
        "done"
    });
    assert_eq!(done, Ok("done"));
    log.is([]);
}

/// One loop after the other, and in turn, each with its own tasks.
#[test]
fn two_loops_of_a_thread_run_in_turn() {
    let (one, two) = (EventLoop::new(), EventLoop::new());
    let log = Log::default();
    for (event_loop, line) in [(&one, "one"), (&two, "two")] {
        let log = log.clone();
        let _goes_on = event_loop.spawn(async move { log.add(line) });
    }
    let round = || async { yield_now().await };
    assert_eq!(two.run_until_complete(round()), Ok(()));
    log.is(["two"]);
    assert_eq!(one.run_until_complete(round()), Ok(()));
    log.is(["two", "one"]);
}

/// What is left when main is done stays, also what was queued, and goes on in the next run.
#[test]
fn the_next_run_goes_on_with_the_tasks_that_are_left() {
    let event_loop = EventLoop::new();
    let count = Rc::new(Cell::new(0));
    let tasks = [(); 3].map(|()| {
        let count = Rc::clone(&count);
        event_loop.spawn(async move {
            count.set(count.get() + 1);
            yield_now().await;
            count.set(count.get() + 1);
        })
    });
    assert_eq!(event_loop.run_until_complete(ready(())), Ok(()));
    let first = count.get();
    let joined = event_loop.run_until_complete(async {
        for task in tasks {
            task.await.expect("it returns");
        }
    });
    assert_eq!((joined, count.get()), (Ok(()), 6));
    assert!(first <= 3, "main was done in the first round");
}

/// A waker of a main that is over wakes nobody, neither in this run nor in the next.
#[test]
fn a_waker_of_a_main_that_is_over_does_nothing() {
    let event_loop = EventLoop::new();
    let waker = poll_fn(|context| Poll::Ready(context.waker().clone()));
    let waker = event_loop
        .run_until_complete(waker)
        .expect("none runs here");
    let polls = Cell::new(0);
    let next = event_loop.run_until_complete(async {
        let spinner = current().spawn(async {
            for _ in 0..5 {
                yield_now().await;
            }
        });
        let mut spinner = std::pin::pin!(spinner);
        poll_fn(|context| {
            polls.set(polls.get() + 1);
            waker.wake_by_ref();
            spinner.as_mut().poll(context)
        })
        .await
    });
    assert_eq!((next, polls.get()), (Ok(Ok(())), 2));
}

/// Python's `print(loop)`. Inside it is the loop that runs, outside there is none.
#[test]
fn the_loop_says_how_it_is() {
    let event_loop = EventLoop::default();
    let idle = "<EventLoop running=false closed=false>";
    assert_eq!(format!("{event_loop:?}"), idle);
    assert!(event_loop::current().is_none());
    let inside = event_loop.run_until_complete(async { format!("{:?}", current()) });
    assert_eq!(
        inside.as_deref(),
        Ok("<EventLoop running=true closed=false>")
    );
    assert!(event_loop::current().is_none());
    let handle = event_loop.handle();
    assert_eq!(format!("{handle:?}"), idle);
    event_loop.close().expect("it does not run");
    assert_eq!(
        format!("{handle:?}"),
        "<EventLoop running=false closed=true>"
    );
}

/// Main's destructors are still on the loop: they may spawn.
#[test]
fn a_destructor_of_main_may_spawn() {
    let event_loop = EventLoop::new();
    let log = Log::default();
    let later = log.clone();
    let main = event_loop.run_until_complete(async move {
        let _spawns = OnDrop::new(move || drop(current().spawn(async move { later.add("ran") })));
    });
    assert_eq!(main, Ok(()));
    log.is([]);
    event_loop
        .run_until_complete(yield_now())
        .expect("none runs here");
    log.is(["ran"]);
}
