//! Sleeping, with a clock that jumps; and a few milliseconds with the real one.

use std::future::{Future, pending, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use asyncio::event_loop::{EventLoop, sleep, sleep_until, yield_now};

use crate::support::{Log, current, run};

const SECOND: Duration = Duration::from_secs(1);

/// AS-05: the times of tasks pass together: the longest, not the sum.
#[test]
fn tasks_sleep_at_the_same_time() {
    run(async {
        let begin = current().now();
        let tasks = [3, 1, 2].map(|n| {
            current().spawn(async move {
                sleep(n * SECOND).await;
                current().now()
            })
        });
        let mut ends = Vec::new();
        for task in tasks {
            ends.push(task.await.expect("it returns") - begin);
        }
        assert_eq!(ends, [3 * SECOND, SECOND, 2 * SECOND]);
        assert_eq!(current().now() - begin, 3 * SECOND);
    });
}

/// Those that are due at the same time are woken in the order in which they began to wait.
#[test]
fn timers_are_in_order() {
    let log = Log::default();
    run(async {
        let due = current().now() + SECOND;
        let tasks = ["a", "b", "c"].map(|line| {
            let log = log.clone();
            current().spawn(async move {
                sleep_until(due).await;
                log.add(line);
            })
        });
        for task in tasks {
            task.await.expect("it returns");
        }
    });
    log.is(["a", "b", "c"]);
}

/// The clock of a sleep begins with its first poll, as Python's.
#[test]
fn a_sleep_begins_when_it_is_awaited() {
    run(async {
        let begin = current().now();
        let later = sleep(SECOND);
        sleep(SECOND).await;
        later.await;
        assert_eq!(current().now() - begin, 2 * SECOND);
    });
}

/// A time that has passed does not wait; no time at all lets the others have their turn, and they go first.
#[test]
fn no_time_is_one_turn() {
    let log = Log::default();
    run(async {
        let begin = current().now();
        sleep_until(begin).await;
        sleep_until(begin - SECOND).await;
        let its = log.clone();
        let _goes_on = current().spawn(async move { its.add("task") });
        sleep(Duration::ZERO).await;
        log.is(["task"]);
        assert_eq!(current().now(), begin);
    });
}

/// Fairness: tasks that always wake themselves keep neither a timer nor others waiting. With the real clock, since the
/// other one stands still while there is something to do.
#[test]
fn who_wakes_itself_does_not_starve_timers() {
    let event_loop = EventLoop::new();
    for _ in 0..3 {
        let _spins = event_loop.spawn(async {
            loop {
                yield_now().await;
            }
        });
    }
    let main = async {
        let begin = Instant::now();
        sleep(Duration::from_millis(2)).await;
        let other = current().spawn(async { "other" });
        assert_eq!(other.await, Ok("other"));
        begin.elapsed()
    };
    let took = event_loop.run_until_complete(main).expect("none runs here");
    assert!(took >= Duration::from_millis(2), "{took:?}");
}

/// The real clock: not too early, and parked meanwhile.
#[test]
fn a_real_sleep_is_not_too_short() {
    let event_loop = EventLoop::new();
    let begin = Instant::now();
    for _ in 0..2 {
        let slept = event_loop.run_until_complete(sleep(Duration::from_millis(5)));
        assert_eq!(slept, Ok(()));
    }
    assert!(begin.elapsed() >= Duration::from_millis(10));
}

/// Nothing is polled while it is not woken.
#[test]
fn a_task_that_sleeps_is_not_polled() {
    let mut polls = 0;
    run(async {
        let mut sleeps = pin!(sleep(SECOND));
        poll_fn(|context| {
            polls += 1;
            sleeps.as_mut().poll(context)
        })
        .await;
    });
    assert_eq!(polls, 2);
}

/// A sleep that is dropped leaves no timer: the clock does not stop there.
#[test]
fn a_dropped_sleep_leaves_no_timer() {
    run(async {
        let begin = current().now();
        let lost = {
            let mut lost = pin!(sleep_until(begin + SECOND));
            poll_fn(|context| Poll::Ready(lost.as_mut().poll(context).is_pending())).await
        };
        assert!(lost);
        sleep(2 * SECOND).await;
        let kept_one = begin + 2 * SECOND;
        assert_eq!(current().now(), kept_one);
    });
}

/// A sleep that one task began and another one goes on with wakes the second.
#[test]
fn a_sleep_wakes_who_polled_it_last() {
    run(async {
        let begin = current().now();
        let mut moved = Box::pin(sleep_until(begin + SECOND));
        let mut context = Context::from_waker(Waker::noop());
        assert!(moved.as_mut().poll(&mut context).is_pending());
        assert_eq!(current().spawn(moved).await, Ok(()));
        assert_eq!(current().now() - begin, SECOND);
    });
}

/// And one that comes to another loop is that one's.
#[test]
fn a_sleep_may_come_to_another_loop() {
    let (one, two) = (
        EventLoop::with_paused_clock(),
        EventLoop::with_paused_clock(),
    );
    let due = two.handle().now() + SECOND;
    let mut moved: Pin<Box<dyn Future<Output = ()>>> = Box::pin(sleep_until(due));
    let polled =
        one.run_until_complete(poll_fn(|context| Poll::Ready(moved.as_mut().poll(context))));
    assert_eq!(polled, Ok(Poll::Pending));
    assert_eq!(two.run_until_complete(moved), Ok(()));
    assert!(
        one.handle().now() < due,
        "the first loop has no timer of it"
    );
}

/// A time that the clock cannot show is for ever; others go on.
#[test]
fn too_long_is_for_ever() {
    run(async {
        let long = current().spawn(sleep(Duration::MAX));
        sleep(1000 * SECOND).await;
        assert!(!long.is_finished());
    });
}

/// Outside of a loop nobody would wake it.
#[test]
#[should_panic(expected = "waits for an EventLoop, and on this thread none runs")]
fn a_sleep_needs_a_loop() {
    let mut context = Context::from_waker(Waker::noop());
    let _never = pin!(sleep(SECOND)).poll(&mut context);
}

/// A thousand sleepers of different lengths, one of whom never wakes.
#[test]
fn many_sleep() {
    run(async {
        let begin = current().now();
        let spawn = |n: u32| {
            current().spawn(async move {
                sleep(n * 7919 % 1000 * SECOND).await;
                current().now()
            })
        };
        let _never = current().spawn(pending::<()>());
        let tasks: Vec<_> = (0..1000).map(spawn).collect();
        for (n, task) in (0..).zip(tasks) {
            assert_eq!(task.await, Ok(begin + n * 7919 % 1000 * SECOND));
        }
    });
}
