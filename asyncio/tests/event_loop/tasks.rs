//! Tasks that run to their ends.

use std::cell::Cell;
use std::future::{Future, pending, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use asyncio::event_loop::{EventLoop, yield_now};

use crate::support::{Gate, Log, OnDrop, current, run};

/// AS-06: a future that is not awaited does nothing; spawned it runs without being awaited, once others wait.
#[test]
fn a_task_runs_without_being_awaited() {
    let log = Log::default();
    let says = |line| {
        let log = log.clone();
        async move { log.add(line) }
    };
    run(async {
        drop(says("dropped"));
        let task = current().spawn(says("task"));
        log.add("main");
        yield_now().await;
        log.is(["main", "task"]);
        assert!(task.is_finished());
        assert_eq!(format!("{task:?}"), "JoinHandle(finished)");
        assert_eq!(task.await, Ok(()));
    });
    log.is(["main", "task"]);
}

/// Spawned before the loop runs, and through a handle where the loop cannot be borrowed.
#[test]
fn a_task_may_be_spawned_before_the_run() {
    let event_loop = EventLoop::new();
    let handle = event_loop.handle();
    let outer = event_loop.spawn(async move { handle.spawn(async { 1 }).await.map(|n| n + 1) });
    assert_eq!(event_loop.run_until_complete(outer), Ok(Ok(Ok(2))));
}

/// What a task holds and returns need not be `Send`.
#[test]
fn a_task_stays_on_its_thread() {
    let shared = Rc::new(Cell::new(1));
    let its = Rc::clone(&shared);
    let returned = run(async {
        let task = current().spawn(async move {
            its.set(2);
            its
        });
        task.await.expect("it returns")
    });
    assert!(Rc::ptr_eq(&shared, &returned));
    assert_eq!(shared.get(), 2);
}

/// AS-14: the handle is dropped, the task goes on to its end.
#[test]
fn a_dropped_handle_changes_nothing() {
    let log = Log::default();
    let gate = Gate::default();
    run(async {
        drop(current().spawn({
            let (log, gate) = (log.clone(), gate.clone());
            async move {
                gate.wait().await;
                log.add("end");
            }
        }));
        yield_now().await;
        log.is([]);
        gate.open();
        yield_now().await;
    });
    log.is(["end"]);
}

/// In the order in which they were spawned, and again in the order in which they were woken.
#[test]
fn tasks_have_their_turns_in_order() {
    let log = Log::default();
    run(async {
        let tasks = [["a", "A"], ["b", "B"], ["c", "C"]].map(|[first, second]| {
            let log = log.clone();
            current().spawn(async move {
                log.add(first);
                yield_now().await;
                log.add(second);
            })
        });
        for task in tasks {
            task.await.expect("it returns");
        }
    });
    log.is(["a", "b", "c", "A", "B", "C"]);
}

/// Woken many times, from inside of its poll and from outside, a task is polled once for all of them.
#[test]
fn many_wake_ups_are_one_poll() {
    let polls = Rc::new(Cell::new(0));
    let waker = Rc::new(Cell::new(None::<Waker>));
    run(async {
        let _runs_on = current().spawn(poll_fn({
            let (polls, waker) = (Rc::clone(&polls), Rc::clone(&waker));
            move |context: &mut Context<'_>| {
                polls.set(polls.get() + 1);
                if polls.get() == 1 {
                    context.waker().wake_by_ref();
                    context.waker().wake_by_ref();
                }
                waker.set(Some(context.waker().clone()));
                Poll::<()>::Pending
            }
        }));
        for _ in 0..4 {
            yield_now().await;
        }
        assert_eq!(
            polls.get(),
            2,
            "once in all for those during the first poll"
        );
        let waker = waker.take().expect("it was polled");
        waker.wake_by_ref();
        waker.wake_by_ref();
        waker.wake();
        for _ in 0..4 {
            yield_now().await;
        }
        assert_eq!(polls.get(), 3);
    });
}

/// The handle may be polled by one, and awaited by another.
#[test]
fn a_handle_wakes_who_polled_it_last() {
    let gate = Gate::default();
    let value = run(async {
        let its = gate.clone();
        let mut task = current().spawn(async move {
            its.wait().await;
            "value"
        });
        let mut context = Context::from_waker(Waker::noop());
        assert!(pin!(&mut task).poll(&mut context).is_pending());
        let other = current().spawn(task);
        yield_now().await;
        gate.open();
        other.await
    });
    assert_eq!(value, Ok(Ok("value")));
}

/// The result is moved out once.
#[test]
#[should_panic(expected = "polled after it was ready")]
fn a_handle_gives_its_result_once() {
    run(async {
        let mut task = current().spawn(async {});
        assert_eq!((&mut task).await, Ok(()));
        let _nothing_left = task.await;
    });
}

/// A result that nobody takes is dropped with the task; one that somebody may take with the handle.
#[test]
fn a_result_is_dropped_with_the_last_who_could_take_it() {
    let log = Log::default();
    run(async {
        let lost = log.on_drop("lost");
        drop(current().spawn(async move { lost }));
        let kept = log.on_drop("kept");
        let task = current().spawn(async move { kept });
        yield_now().await;
        log.is(["lost"]);
        drop(task);
        log.is(["lost", "kept"]);
    });
}

/// The room of a task that is over is used again; its old waker and handle have nothing to do with the new one.
#[test]
fn what_is_left_of_a_task_does_not_reach_the_next() {
    run(async {
        let waker = || poll_fn(|context| Poll::Ready(context.waker().clone()));
        let mut over = current().spawn(waker());
        let old = (&mut over).await.expect("it returns");
        let polls = Rc::new(Cell::new(0));
        let next = current().spawn({
            let polls = Rc::clone(&polls);
            poll_fn(move |_| -> Poll<()> {
                polls.set(polls.get() + 1);
                Poll::Pending
            })
        });
        yield_now().await;
        old.wake();
        assert!(!over.abort());
        for _ in 0..3 {
            yield_now().await;
        }
        assert_eq!((polls.get(), next.is_finished()), (1, false));
    });
}

/// AS-15 (the identity is the future's own state): turns of many tasks do not mix up what is theirs. Also
/// with many generations in the same room.
#[test]
fn many_tasks_have_their_own_results() {
    run(async {
        for round in 0..20_u32 {
            let spawn = |n: u32| {
                current().spawn(async move {
                    for _ in 0..n % 4 {
                        yield_now().await;
                    }
                    round * 1000 + n
                })
            };
            let tasks: Vec<_> = (0..100).map(spawn).collect();
            for (n, task) in (0..).zip(tasks) {
                assert_eq!(task.await, Ok(round * 1000 + n));
            }
        }
    });
}

/// A task that is never done does not keep the loop.
#[test]
fn the_loop_ends_with_main() {
    let log = Log::default();
    let its = log.clone();
    run(async {
        let _never = current().spawn(async move {
            let _dropped = OnDrop::new(move || its.add("dropped"));
            pending::<()>().await;
        });
        yield_now().await;
        log.is([]);
    });
    log.is(["dropped"]);
}
