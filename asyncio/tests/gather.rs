//! `gather.rs`: Python's `asyncio.gather`.
//!
//! On paused time a sleep ends when nothing else is left to do, so a time that has passed is exact.
//!
//! Not here: GA-06, since a gather has no `cancel` of its own; as a task it has, see below. GA-07: the same future twice does
//! not compile, as a doc test of `gather` shows (E0382). GA-08, GA-09: results as they come are tokio's `JoinSet`; the first
//! of two tasks is in `task.rs`.

mod runtimes;

use std::fmt;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use asyncio::gather::{Gather, gather};
use asyncio::task::{TaskError, create_named_task, create_task, current_task_name};
use runtimes::{FOR_EVER, Living, on_both, on_paused, until};
use tokio::sync::{mpsc, oneshot};
use tokio::task::yield_now;
use tokio::time::{Instant, sleep};

/// What the futures of these tests fail with: a number of their own, or their task.
#[derive(Debug)]
enum Failure {
    Own(u32),
    Task(TaskError),
}

impl From<TaskError> for Failure {
    fn from(error: TaskError) -> Self {
        Self::Task(error)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Own(number) => write!(f, "own {number}"),
            Self::Task(error) => error.fmt(f),
        }
    }
}

fn texts<T: fmt::Display>(results: Vec<Result<T, Failure>>) -> Vec<String> {
    let text = |result| match result {
        Ok(value) => format!("{value}"),
        Err(error) => format!("{error}"),
    };
    results.into_iter().map(text).collect()
}

/// Sleeps, counts itself done, and returns `result`.
async fn job(
    milliseconds: u64,
    done: Arc<AtomicUsize>,
    result: Result<u32, Failure>,
) -> Result<u32, Failure> {
    sleep(Duration::from_millis(milliseconds)).await;
    done.fetch_add(1, Ordering::SeqCst);
    result
}

/// Children that wait for ever, each with a life, once all of them have begun to.
async fn waiting(living: &Living) -> Gather<(), Failure> {
    let (begun, mut begins) = mpsc::channel(5);
    let gathered = gather((0..5).map(|_| {
        let (life, begun) = (living.one(), begun.clone());
        async move {
            let _life = life;
            begun.send(()).await.unwrap();
            sleep(FOR_EVER).await;
            Ok(())
        }
    }));
    for _ in 0..5 {
        begins.recv().await.unwrap();
    }
    gathered
}

// ---- results

/// GA-01: the document's three: in their order, and in the time of the longest.
#[test]
fn in_order_of_the_futures() {
    on_paused(async {
        async fn task(name: &'static str, delay: f64) -> anyhow::Result<&'static str> {
            sleep(Duration::from_secs_f64(delay)).await;
            Ok(name)
        }
        let start = Instant::now();
        let results = gather([task("A", 1.0), task("B", 0.5), task("C", 1.5)]).await;
        let lasted = start.elapsed().as_millis();
        assert_eq!(results.unwrap(), ["A", "B", "C"]);
        assert!((1500..1600).contains(&lasted), "{lasted} ms");
        let results = gather([task("A", 1.0), task("B", 0.5), task("C", 1.5)]);
        let results: anyhow::Result<Vec<_>> =
            results.return_exceptions().await.into_iter().collect();
        assert_eq!(results.unwrap(), ["A", "B", "C"]);
    });
}

/// GA-01: in their order though each waits for the one after it, so that the last is the first to end.
#[test]
fn in_order_though_the_last_ends_first() {
    on_both(|| async {
        for exceptions in [false, true] {
            let (mut senders, mut receivers) = (vec![], vec![]);
            for _ in 0..50 {
                let (sender, receiver) = oneshot::channel::<()>();
                senders.push(Some(sender));
                receivers.push(Some(receiver));
            }
            let futures: Vec<_> = (0..50)
                .map(|place: usize| {
                    let before = senders[place].take();
                    let after = receivers.get_mut(place + 1).and_then(Option::take);
                    async move {
                        if let Some(after) = after {
                            after.await.unwrap();
                        }
                        // Nobody listens to the first.
                        let _ = before.unwrap().send(());
                        Ok::<_, Failure>(place)
                    }
                })
                .collect();
            let results = match exceptions {
                false => gather(futures).await,
                true => {
                    let results = gather(futures).return_exceptions().await;
                    results.into_iter().collect()
                }
            };
            assert_eq!(results.unwrap(), Vec::from_iter(0..50));
        }
    });
}

/// GA-02: without futures there are no results, and nothing to wait for.
#[test]
fn empty() {
    on_paused(async {
        let none = || [] as [std::future::Ready<Result<u32, Failure>>; 0];
        assert!(gather(none()).await.unwrap().is_empty());
        assert!(gather(none()).return_exceptions().await.is_empty());
    });
}

/// The children begin at the call, not at the `await`; each is a task with a name of its own.
#[test]
fn begin_at_the_call() {
    on_paused(async {
        let (begun, mut begins) = mpsc::unbounded_channel();
        let gathered = gather((0..3).map(|number| {
            let begun = begun.clone();
            async move {
                begun.send(number).unwrap();
                Ok::<_, TaskError>(current_task_name().unwrap())
            }
        }));
        assert_eq!(format!("{gathered:?}"), "Gather(3 of 3 running)");
        assert!(begins.try_recv().is_err());
        yield_now().await;
        assert_eq!(
            [begins.try_recv(), begins.try_recv(), begins.try_recv()],
            [Ok(0), Ok(1), Ok(2)]
        );
        let mut names = gathered.await.unwrap();
        names.dedup();
        assert_eq!(names.len(), 3);
    });
}

/// Ten thousand are no trouble.
#[test]
fn many() {
    on_both(|| async {
        let each = (0..10_000).map(|number| async move {
            yield_now().await;
            Ok::<_, TaskError>(number)
        });
        let expected: Vec<i32> = (0..10_000).collect();
        assert_eq!(gather(each).await.unwrap(), expected);
    });
}

// ---- errors

/// GA-03, A04: the first error comes at once, be it the last in the list, and the others go on to their ends.
#[test]
fn first_error_and_the_others_go_on() {
    on_paused(async {
        let (start, done) = (Instant::now(), Arc::new(AtomicUsize::new(0)));
        let error = gather([
            job(2000, Arc::clone(&done), Ok(1)),
            job(1500, Arc::clone(&done), Err(Failure::Own(2))), // nobody hears of this one
            job(500, Arc::clone(&done), Err(Failure::Own(3))),
        ])
        .await
        .unwrap_err();
        let lasted = start.elapsed().as_millis();
        assert!(matches!(error, Failure::Own(3)), "{error}");
        assert!((500..600).contains(&lasted), "{lasted} ms");
        assert_eq!(done.load(Ordering::SeqCst), 1);
        sleep(Duration::from_secs(2)).await;
        assert_eq!(done.load(Ordering::SeqCst), 3);
    });
}

/// GA-03, on both runtimes: an error, then the others are let go on and do.
#[test]
fn the_others_can_be_waited_for() {
    on_both(|| async {
        let (go, _) = tokio::sync::broadcast::channel::<()>(1);
        let (end, mut ends) = mpsc::unbounded_channel();
        let error = gather((0..5).map(|number| {
            let (mut goes, end) = (go.subscribe(), end.clone());
            async move {
                if number == 2 {
                    return Err(Failure::Own(2));
                }
                goes.recv().await.unwrap();
                end.send(number).unwrap();
                Ok(())
            }
        }))
        .await
        .unwrap_err();
        assert!(matches!(error, Failure::Own(2)), "{error}");
        go.send(()).unwrap();
        let mut ended = vec![];
        for _ in 0..4 {
            ended.push(ends.recv().await.unwrap());
        }
        ended.sort_unstable();
        assert_eq!(ended, [0, 1, 3, 4]);
    });
}

/// GA-03, A04: what `gather` is compared with: `try_join!` drops the other at the first error.
#[test]
fn try_join_drops_the_others() {
    on_paused(async {
        let done = Arc::new(AtomicUsize::new(0));
        let joined = tokio::try_join!(
            job(2000, Arc::clone(&done), Ok(1)),
            job(500, Arc::clone(&done), Err(Failure::Own(2))),
        );
        assert!(matches!(joined, Err(Failure::Own(2))));
        sleep(Duration::from_secs(5)).await;
        assert_eq!(done.load(Ordering::SeqCst), 1);
        assert_eq!(Arc::strong_count(&done), 1);
    });
}

/// GA-03: a panic is an error like others, and so ends the wait.
#[test]
fn a_panic_is_an_error() {
    on_both(|| async {
        let (go, goes) = oneshot::channel::<()>();
        let mut goes = Some(goes);
        let error = gather((0..2).map(|number| {
            let goes = goes.take();
            async move {
                match goes {
                    Some(goes) => goes.await.map_err(|_| Failure::Own(number)),
                    None => panic!("number {number}"),
                }
            }
        }))
        .await
        .unwrap_err();
        let Failure::Task(error) = error else {
            panic!("{error}")
        };
        assert!(error.is_panic());
        assert_eq!(error.to_string(), "the task panicked: number 1");
        go.send(()).unwrap(); // the other is still there to hear it
    });
}

/// GA-04: values, errors, panics and cancelled tasks, each in its place, and all are waited for.
#[test]
fn return_exceptions() {
    on_both(|| async {
        let cancelled = create_named_task("cancelled", pending::<u32>());
        cancelled.cancel();
        let mut cancelled = Some(cancelled);
        let results = gather((0..4).map(|number| {
            let cancelled = if number == 2 { cancelled.take() } else { None };
            async move {
                match (number, cancelled) {
                    (_, Some(task)) => Ok(task.await?),
                    (0, _) => panic!("zero"),
                    (1, _) => Err(Failure::Own(1)),
                    _ => {
                        yield_now().await;
                        Ok(number)
                    }
                }
            }
        }));
        let texts = texts(results.return_exceptions().await);
        let panicked = "the task panicked: zero";
        assert_eq!(texts, [panicked, "own 1", "the task was cancelled", "3"]);
    });
}

/// F21: what was ready before `return_exceptions`, when the gather lost a race against a clock, counts.
#[test]
fn return_exceptions_after_a_poll() {
    on_paused(async {
        let second = Duration::from_secs(1);
        for polled_for in 0..4 {
            let mut gathered = gather((0..3).map(|number| async move {
                sleep(second * number + second / 2).await;
                Ok::<_, Failure>(number)
            }));
            let polled = tokio::time::timeout(second * polled_for, &mut gathered).await;
            assert_eq!(polled.is_ok(), polled_for == 3);
            if polled.is_err() {
                let results = gathered.return_exceptions().await;
                assert_eq!(texts(results), ["0", "1", "2"], "after {polled_for} s");
            }
        }
    });
}

/// F21: an error that comes after such a poll has its place among the results.
#[test]
fn return_exceptions_after_a_poll_with_an_error() {
    on_paused(async {
        let done = Arc::new(AtomicUsize::new(0));
        let mut gathered = gather([
            job(100, Arc::clone(&done), Ok(1)),
            job(300, Arc::clone(&done), Err(Failure::Own(2))),
        ]);
        let polled = tokio::time::timeout(Duration::from_millis(200), &mut gathered).await;
        assert!(polled.is_err());
        assert_eq!(texts(gathered.return_exceptions().await), ["1", "own 2"]);
    });
}

/// F21: after its end, with results or with an error, a gather panics and says why, in either form.
#[test]
fn polled_after_its_end() {
    for fails in [false, true] {
        for exceptions in [false, true] {
            let polled = std::panic::catch_unwind(|| {
                on_paused(async {
                    let mut gathered = gather((0..3).map(|number| async move {
                        match fails && number == 1 {
                            true => Err(Failure::Own(1)),
                            false => Ok(number),
                        }
                    }));
                    assert_eq!((&mut gathered).await.is_err(), fails);
                    match exceptions {
                        false => drop(gathered.await),
                        true => drop(gathered.return_exceptions().await),
                    }
                });
            });
            let payload = polled.expect_err("it gave a result twice");
            assert_eq!(
                payload.downcast_ref::<String>().map(String::as_str),
                Some("a Gather was polled after it was ready"),
                "fails: {fails}, exceptions: {exceptions}"
            );
        }
    }
}

// ---- cancelling

/// GA-05: dropped, it cancels all children, awaited or not, in either form, and when the task that awaits it is cancelled.
#[test]
fn dropped_it_cancels_all() {
    on_both(|| async {
        let ways: [fn(Gather<(), Failure>); 2] = [
            |gathered| drop(gathered),
            |gathered| drop(gathered.return_exceptions()),
        ];
        for way in ways {
            let living = Living::new();
            way(waiting(&living).await);
            living.none_left().await;
        }
        for exceptions in [false, true] {
            let living = Living::new();
            let gathered = waiting(&living).await;
            let waits = create_task(async move {
                match exceptions {
                    false => drop(gathered.await),
                    true => drop(gathered.return_exceptions().await),
                }
            });
            yield_now().await;
            assert_eq!(living.count(), 5);
            assert!(waits.cancel());
            assert!(waits.await.unwrap_err().is_cancelled());
            living.none_left().await;
        }
    });
}

/// GA-05: tasks that were there before are cancelled along when they are given so, and go on otherwise.
#[test]
fn tasks_given_to_it() {
    on_both(|| async {
        let living = Living::new();
        let (go, goes) = oneshot::channel::<()>();
        let life = living.one();
        let (told, tells) = oneshot::channel();
        let stays = create_task(async move {
            goes.await.unwrap();
            told.send(()).unwrap();
        });
        let goes_along = create_task(async move {
            let _life = life;
            sleep(FOR_EVER).await;
        });
        let first = gather([stays]);
        let second = gather([goes_along.cancel_on_drop()]);
        yield_now().await;
        drop((first, second));
        living.none_left().await;
        go.send(()).unwrap();
        assert_eq!(tells.await, Ok(()));
    });
}

/// GA-06: a gather that is done, as a task, is not cancelled any more and keeps its results.
#[test]
fn cancelled_after_its_end() {
    on_both(|| async {
        let task = create_task(gather(
            (0..3).map(|number| async move { Ok::<_, TaskError>(number) }),
        ));
        until("it is done", || task.done()).await;
        assert!(!task.cancel());
        assert_eq!(task.await.unwrap().unwrap(), [0, 1, 2]);
    });
}
