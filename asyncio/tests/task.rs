//! `task.rs`: Python's `asyncio.create_task` and `asyncio.Task`.
//!
//! On paused time a sleep ends when nothing else is left to do, so a time that has passed is exact.
//!
//! Not here: AS-17, since blocking work is tokio's `spawn_blocking`. AS-06 in part: that a future which is not used is warned of
//! is the compiler's `unused_must_use`, which has no code. A task that is awaited twice and one that borrows do not compile,
//! as doc tests of `task` show; a guard that is kept across an `await` does not either, see `refused.rs`.

mod runtimes;

use std::future::{pending, ready};
use std::panic::panic_any;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use asyncio::task::{
    Task, TaskError, create_named_task, create_task, current_task_name, with_name, with_next_name,
};
use runtimes::{
    CEILING, FOR_EVER, Living, bounded, on_both, on_paused, on_threads, threads, until,
};
use tokio::sync::oneshot;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep, timeout};

/// A task that holds a life and waits for ever, once it has begun to.
async fn waiting(living: &Living) -> Task<()> {
    let (begun, begins) = oneshot::channel();
    let life = living.one();
    let task = create_task(async move {
        let _life = life;
        begun.send(()).unwrap();
        sleep(FOR_EVER).await;
    });
    begins.await.unwrap();
    task
}

// ---- running

/// AS-05: tasks run at the same time; three sleeps take as long as the longest.
#[test]
fn at_the_same_time() {
    on_paused(async {
        let start = Instant::now();
        let tasks = [1000, 500, 1500].map(|milliseconds| {
            create_task(async move {
                sleep(Duration::from_millis(milliseconds)).await;
                milliseconds
            })
        });
        let mut sum = 0;
        for task in tasks {
            sum += task.await.unwrap();
        }
        let lasted = start.elapsed();
        assert_eq!(sum, 3000);
        assert!((1500..1600).contains(&lasted.as_millis()), "{lasted:?}");
    });
}

/// AS-05: a task begins without being awaited, at the creator's next `await`.
#[test]
fn begins_by_itself() {
    on_paused(async {
        let (begun, mut begins) = oneshot::channel();
        let task = create_task(async move { begun.send(()).unwrap() });
        assert!(begins.try_recv().is_err());
        yield_now().await;
        assert_eq!(begins.try_recv(), Ok(()));
        assert!(task.done());
        assert!(!task.cancelled());
    });
}

/// AS-06: a future that is neither awaited nor made a task runs not one line.
#[test]
fn a_future_alone_does_nothing() {
    on_paused(async {
        let ran = Arc::new(AtomicBool::new(false));
        let future = {
            let ran = Arc::clone(&ran);
            async move { ran.store(true, Ordering::SeqCst) }
        };
        yield_now().await;
        drop(future);
        yield_now().await;
        assert!(!ran.load(Ordering::SeqCst));
    });
}

/// AS-14, A01: the handle is dropped and the task goes on to its end.
#[test]
fn without_its_handle() {
    on_both(|| async {
        let (go, goes) = oneshot::channel::<()>();
        let (end, ends) = oneshot::channel();
        drop(create_task(async move {
            goes.await.unwrap();
            end.send("done").unwrap();
        }));
        yield_now().await;
        go.send(()).unwrap();
        assert_eq!(ends.await, Ok("done"));
    });
}

/// A01: the runtime is dropped; the task is dropped with it and counts as cancelled.
#[test]
fn without_its_runtime() {
    let runtime = threads();
    let living = Living::new();
    let task = runtime.block_on(bounded(waiting(&living)));
    assert_eq!((living.count(), task.done()), (1, false));
    drop(runtime);
    assert_eq!(
        (living.count(), task.done(), task.cancelled()),
        (0, true, true)
    );
    let end = threads().block_on(bounded(task));
    assert!(end.unwrap_err().is_cancelled());
}

// ---- cancelling

/// AS-07: a task that is cancelled before it has begun never runs, and what it holds is dropped.
#[test]
fn cancelled_before_it_begins() {
    on_paused(async {
        let (living, ran) = (Living::new(), Arc::new(AtomicBool::new(false)));
        let task = {
            let (life, ran) = (living.one(), Arc::clone(&ran));
            create_task(async move {
                let _life = life;
                ran.store(true, Ordering::SeqCst);
            })
        };
        assert!(task.cancel());
        assert!(!task.done());
        assert!(task.await.unwrap_err().is_cancelled());
        assert!(!ran.load(Ordering::SeqCst));
        assert_eq!(living.count(), 0);
    });
}

/// AS-08, AS-10, R32: a sleeping task ends at once; asked again, the answer is no. By the time that its end is seen, its
/// destructors have run.
#[test]
fn cancelled_in_its_sleep() {
    on_both(|| async {
        let (start, living) = (Instant::now(), Living::new());
        let mut task = waiting(&living).await;
        assert!(!task.done() && !task.cancelled());
        assert!(task.cancel());
        assert!(!task.cancel());
        let end = (&mut task).await;
        assert!(end.unwrap_err().is_cancelled());
        assert_eq!(living.count(), 0);
        assert!(task.done() && task.cancelled() && !task.cancel());
        assert!(start.elapsed() < CEILING);
    });
}

/// AS-09: a task that is done keeps its value.
#[test]
fn cancelled_after_its_end() {
    on_both(|| async {
        let task = create_task(async { 42 });
        until("it is done", || task.done()).await;
        assert!(!task.cancel());
        assert!(!task.cancelled());
        assert_eq!(task.await.unwrap(), 42);
    });
}

/// R43, A05: a task that comes to no further `await` cannot be cancelled: its value comes although `cancel` said yes.
#[test]
fn cancelled_where_it_does_not_await() {
    on_threads(|| async {
        let (begun, begins) = oneshot::channel();
        let (go, goes) = mpsc::channel::<()>();
        let task = create_task(async move {
            begun.send(()).unwrap();
            goes.recv_timeout(CEILING).unwrap(); // blocks its thread on purpose
            42
        });
        begins.await.unwrap();
        assert!(task.cancel());
        go.send(()).unwrap();
        assert_eq!(task.await.unwrap(), 42);
    });
}

/// AS-12: a task that cancels itself runs on to its next `await`.
#[test]
fn cancels_itself() {
    on_both(|| async {
        let (give, handle) = oneshot::channel::<Task<()>>();
        let (told, tells) = oneshot::channel();
        let (never, ever) = oneshot::channel::<()>();
        let task = create_task(async move {
            let this = handle.await.unwrap();
            assert!(this.cancel());
            told.send("still here").unwrap();
            yield_now().await;
            never.send(()).unwrap();
        });
        give.send(task).unwrap();
        assert_eq!(tells.await, Ok("still here"));
        assert!(ever.await.is_err()); // dropped with the task
    });
}

/// AS-11 (≠): who awaits a task is cancelled: the task goes on, as if shielded; with `cancel_on_drop` it is cancelled.
#[test]
fn cancelled_with_its_waiter() {
    on_both(|| async {
        for shielded in [true, false] {
            let living = Living::new();
            let (go, goes) = oneshot::channel::<()>();
            let (end, ends) = oneshot::channel();
            let life = living.one();
            let inner = create_task(async move {
                let _life = life;
                goes.await.unwrap();
                end.send(()).unwrap();
            });
            let waits = match shielded {
                true => create_task(inner),
                false => create_task(inner.cancel_on_drop()),
            };
            yield_now().await;
            assert!(waits.cancel());
            assert!(waits.await.unwrap_err().is_cancelled());
            if shielded {
                go.send(()).unwrap();
                assert_eq!(ends.await, Ok(()));
            } else {
                assert!(ends.await.is_err());
            }
            living.none_left().await;
        }
    });
}

/// AS-11: a value that is there comes through `cancel_on_drop` unharmed.
#[test]
fn cancel_on_drop_gives_the_value() {
    on_paused(async {
        assert_eq!(create_task(ready(1)).cancel_on_drop().await.unwrap(), 1);
    });
}

// ---- panics

/// AS-13, R33: of ten tasks one panics. Who awaits it hears of it, the others do not.
#[test]
fn one_panics() {
    on_both(|| async {
        let tasks: Vec<_> = (0..10)
            .map(|number| {
                create_task(async move {
                    yield_now().await;
                    assert_ne!(number, 3, "not three");
                    number
                })
            })
            .collect();
        for (number, task) in tasks.into_iter().enumerate() {
            match task.await {
                Ok(value) => assert_eq!(value, number),
                Err(error) => {
                    assert_eq!(number, 3);
                    assert!(error.is_panic() && !error.is_cancelled());
                    let text = error.to_string();
                    assert!(text.starts_with("the task panicked: ") && text.contains("not three"));
                }
            }
        }
    });
}

/// AS-13: what the task panicked with comes out as it went in; the error can be shared and sent on.
#[test]
fn payload() {
    on_paused(async {
        let mut task = create_task(async { panic_any(42_i32) });
        let error: TaskError = (&mut task).await.unwrap_err();
        assert!(task.done() && !task.cancelled() && !task.cancel());
        assert_eq!(format!("{error:?}"), r#"Panicked(Panic("(not a text)"))"#);
        let payload = anyhow::Error::from(error).downcast::<TaskError>().unwrap();
        assert_eq!(payload.into_panic().unwrap().downcast_ref(), Some(&42));
        assert!(TaskError::Cancelled.into_panic().is_err());
    });
}

/// AS-10, AS-13: a destructor that panics while the task is cancelled: that is what awaiting it gives.
#[test]
fn cleanup_panics() {
    on_paused(async {
        struct Panics;
        impl Drop for Panics {
            fn drop(&mut self) {
                panic!("in the cleanup");
            }
        }
        let mut task = create_task(async {
            let _panics = Panics;
            pending::<()>().await;
        });
        yield_now().await;
        assert!(task.cancel());
        let error = (&mut task).await.unwrap_err();
        assert_eq!(error.to_string(), "the task panicked: in the cleanup");
        assert!(task.cancelled());
    });
}

// ---- names

/// AS-15: whoever is running, the name is that of the task it runs in, in a destructor too.
#[test]
fn names_under_interleaving() {
    struct Tells(Option<oneshot::Sender<Option<Arc<str>>>>);
    impl Drop for Tells {
        fn drop(&mut self) {
            let _ = self.0.take().unwrap().send(current_task_name());
        }
    }
    on_both(|| async {
        assert_eq!(current_task_name(), None);
        let tasks: Vec<_> = (0..20)
            .map(|number| {
                let name = format!("worker {number}");
                create_named_task(name.clone(), async move {
                    for _ in 0..50 {
                        assert_eq!(current_task_name().as_deref(), Some(&*name));
                        yield_now().await;
                    }
                    with_name("inside", async {
                        yield_now().await;
                        assert_eq!(current_task_name().as_deref(), Some("inside"));
                    })
                    .await;
                    assert_eq!(current_task_name().as_deref(), Some(&*name));
                })
            })
            .collect();
        let (tell, told) = oneshot::channel();
        let tells = Tells(Some(tell));
        let cancelled = create_named_task("dropped", async move {
            let _tells = tells;
            pending::<()>().await;
        });
        for (number, task) in tasks.into_iter().enumerate() {
            assert_eq!(task.name(), format!("worker {number}"));
            task.await.unwrap();
        }
        cancelled.cancel();
        assert_eq!(told.await.unwrap().as_deref(), Some("dropped"));
        assert_eq!(current_task_name(), None);
    });
}

/// AS-15: without a name a task is `Task-` and a number that no other has.
#[test]
fn default_names() {
    on_paused(async {
        let [first, second] = [1, 2].map(|_| create_task(async { current_task_name().unwrap() }));
        let numbers = [&first, &second].map(|task| {
            let number = task.name().strip_prefix("Task-").unwrap();
            number.parse::<u64>().unwrap()
        });
        assert!(0 < numbers[0] && numbers[0] < numbers[1]);
        assert_eq!(
            format!("{first:?}"),
            format!("Task({:?}, pending)", first.name())
        );
        let (name, second_name) = (first.name().to_owned(), second.name().to_owned());
        assert_eq!(*first.await.unwrap(), *name);
        assert_eq!(
            format!("{second:?}"),
            format!("Task({second_name:?}, finished)")
        );
        let third = create_named_task("third", pending::<()>());
        assert!(third.cancel());
        yield_now().await;
        assert_eq!(format!("{third:?}"), r#"Task("third", cancelled)"#);
    });
}

/// AS-15: a number becomes a name when it is asked for: in whatever order, by whomever, it is the same name.
#[test]
fn names_asked_for_late() {
    let number = |name: &str| name.strip_prefix("Task-").unwrap().parse::<u64>().unwrap();
    on_both(|| async {
        let (ask, asked) = oneshot::channel();
        let first = create_task(async move {
            asked.await.unwrap();
            current_task_name().unwrap()
        });
        let own = with_next_name(async { current_task_name().unwrap() });
        let last = create_task(ready(()));
        let last_name = last.name().to_owned();
        assert!(last.await.is_ok());
        let own = own.await;
        assert!(number(&own) < number(&last_name));
        ask.send(()).unwrap();
        let name = first.name().to_owned();
        assert!(number(&name) < number(&own));
        assert_eq!(*first.await.unwrap(), *name);
    });
}

/// AS-19: what one task sets for itself no other sees, and a child begins without it (≠: Python copies the context).
#[test]
fn context_is_its_own() {
    tokio::task_local! {
        static REQUEST: u32;
    }
    on_both(|| async {
        let tasks: Vec<_> = (0..8)
            .map(|number| {
                create_task(REQUEST.scope(number, async move {
                    for _ in 0..20 {
                        yield_now().await;
                        assert_eq!(REQUEST.get(), number);
                    }
                    let child = create_task(async { REQUEST.try_get().is_err() });
                    assert!(child.await.unwrap());
                }))
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert!(REQUEST.try_get().is_err());
    });
}

// ---- from elsewhere

/// AS-18: a thread outside of the runtime starts tasks in it and waits for a result, a panic, and no longer than it likes.
#[test]
fn from_another_thread() {
    let runtime = threads();
    let handle = runtime.handle().clone();
    let outside = thread::spawn(move || {
        let _inside = handle.enter();
        let value = handle.block_on(bounded(create_task(async { 42 })));
        assert_eq!(value.unwrap(), 42);
        let panicked = handle.block_on(bounded(create_task(async { panic!("no") })));
        assert!(panicked.unwrap_err().is_panic());
        let living = Living::new();
        handle.block_on(bounded(async {
            let mut task = waiting(&living).await;
            assert!(timeout(Duration::ZERO, &mut task).await.is_err());
            assert!(task.cancel());
            assert!(task.await.unwrap_err().is_cancelled());
        }));
        assert_eq!(living.count(), 0);
    });
    outside.join().unwrap();
}

/// Outside of a runtime there is nothing to run a task: tokio says so in a panic that names the caller's line.
#[test]
#[should_panic(expected = "must be called from the context of a Tokio")]
fn outside_of_a_runtime() {
    create_task(async {});
}

/// GA-09: the first of two tasks; the other goes on and is awaited later (Python's `wait` with `FIRST_COMPLETED`).
#[test]
fn the_first_of_two() {
    on_paused(async {
        let mut slow = create_task(sleep(Duration::from_secs(2)));
        let mut fast = create_task(sleep(Duration::from_secs(1)));
        let first = tokio::select! {
            _ = &mut slow => "slow",
            _ = &mut fast => "fast",
        };
        assert_eq!(first, "fast");
        assert!(!slow.done());
        slow.await.unwrap();
    });
}
