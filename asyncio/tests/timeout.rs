//! What Python's `asyncio.wait_for` and `asyncio.timeout` are tested for, with `tokio::time::timeout` around the blocks
//! of this chapter. All on paused time.
//!
//! A future that times out is dropped in place, so its destructors have run when the error is there. A task is not part of the
//! future that awaits it: it goes on, or is cancelled without being waited for (`cancel_on_drop`).

mod runtimes;

use std::future::{pending, ready};
use std::pin::pin;
use std::time::Duration;

use asyncio::gather::gather;
use asyncio::task::{TaskError, create_task};
use asyncio::task_group::task_group;
use runtimes::{FOR_EVER, Living, bounded, on_paused};
use tokio::time::{Instant, sleep, timeout};

const SECOND: Duration = Duration::from_secs(1);

/// WF-01: the future is gone when the time-out is there: directly, or with a task group's body.
#[test]
fn cleaned_up_at_the_time_out() {
    on_paused(async {
        let living = Living::new();
        let direct = async {
            let _life = living.one();
            sleep(FOR_EVER).await;
        };
        assert!(timeout(SECOND, direct).await.is_err());
        assert_eq!(living.count(), 0);
        let group = task_group(async |_| {
            let _life = living.one();
            sleep(FOR_EVER).await;
            Ok::<_, TaskError>(())
        });
        assert!(timeout(SECOND, group).await.is_err());
        assert_eq!(living.count(), 0);
    });
}

/// WF-01 (≠): tasks are cancelled at the time-out, and their destructors run after it.
#[test]
fn tasks_are_cancelled_at_the_time_out() {
    on_paused(async {
        let living = Living::new();
        let child = || {
            let life = living.one();
            async {
                let _life = life;
                sleep(FOR_EVER).await;
                Ok::<_, TaskError>(())
            }
        };
        let task = create_task(child()).cancel_on_drop();
        assert!(timeout(SECOND, task).await.is_err());
        assert!(timeout(SECOND, gather([child(), child()])).await.is_err());
        let group =
            task_group(async |group| group.spawn(child())?.await.ok_or(TaskError::Cancelled));
        assert!(timeout(SECOND, group).await.is_err());
        bounded(living.none_left()).await;
    });
}

/// WF-02, R42: what is there is taken even with no time at all; what is not is not.
#[test]
fn no_time_at_all() {
    on_paused(async {
        assert_eq!(timeout(Duration::ZERO, ready(1)).await, Ok(1));
        let mut task = create_task(ready(2));
        sleep(SECOND).await;
        assert!(task.done());
        assert_eq!(
            timeout(Duration::ZERO, &mut task).await.unwrap().unwrap(),
            2
        );
        assert!(timeout(Duration::ZERO, pending::<()>()).await.is_err());
    });
}

/// WF-03: result and time-out at the same moment: the result is there, or still is with the task. And a cancel at that
/// moment is a cancel.
#[test]
fn result_and_time_out_race() {
    on_paused(async {
        for late in [0, 1] {
            let mut task = create_task(async move {
                sleep(SECOND + Duration::from_millis(late)).await;
                42
            });
            let value = match timeout(SECOND, &mut task).await {
                Ok(value) => value,
                Err(_) => task.await, // not lost
            };
            assert_eq!(value.unwrap(), 42);
        }
        let outer = create_task(timeout(SECOND, sleep(SECOND)));
        sleep(SECOND / 2).await;
        assert!(outer.cancel());
        assert!(outer.await.unwrap_err().is_cancelled());
    });
}

/// WF-04: of two time-outs one inside of the other, that fires whose time has come, alone.
#[test]
fn nested() {
    on_paused(async {
        let inner_first = timeout(2 * SECOND, timeout(SECOND, pending::<()>())).await;
        assert!(inner_first.unwrap().is_err());
        let outer_first = timeout(SECOND, timeout(2 * SECOND, pending::<()>())).await;
        assert!(outer_first.is_err());
    });
}

/// WF-05: a time-out inside of a task does not cancel the task.
#[test]
fn the_task_around_it_goes_on() {
    on_paused(async {
        let mut task = create_task(async {
            let timed_out = timeout(SECOND, pending::<()>()).await.is_err();
            sleep(SECOND).await; // nothing is left of it that would end this wait
            timed_out
        });
        assert!((&mut task).await.unwrap());
        assert!(!task.cancelled());
    });
}

/// WF-06: tokio's `timeout` has a fixed end. One that is put off is a sleep that is reset.
#[test]
fn put_off() {
    on_paused(async {
        let start = Instant::now();
        let mut limit = pin!(sleep(SECOND));
        let mut work = create_task(sleep(2 * SECOND));
        limit.as_mut().reset(start + 3 * SECOND);
        tokio::select! {
            () = &mut limit => panic!("timed out after {:?}", start.elapsed()),
            done = &mut work => done.unwrap(),
        }
        assert!(start.elapsed() < 3 * SECOND);
        limit.await;
        assert!(start.elapsed() >= 3 * SECOND);
    });
}
