//! `task_group.rs`: Python's `asyncio.TaskGroup`.
//!
//! That a child borrows nothing is shown in a doc test of `task_group` (E0597).

mod runtimes;

use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use asyncio::task::{TaskError, create_task, current_task_name};
use asyncio::task_group::{GroupClosed, TaskGroup, task_group};
use runtimes::{FOR_EVER, Life, Living, on_both, on_paused, on_threads, threads, until};
use tokio::sync::{Barrier, Notify, mpsc, oneshot};
use tokio::task::yield_now;
use tokio::time::{Instant, sleep};

type Error = anyhow::Error;

/// Holds a life and waits for ever, once `begun` heard of it.
async fn wait_for_ever(life: Life, begun: mpsc::Sender<()>) -> Result<(), Error> {
    let _life = life;
    begun.send(()).await?;
    sleep(FOR_EVER).await;
    Ok(())
}

/// Starts five of these and waits until they have begun.
async fn start_five(group: &TaskGroup<Error>, living: &Living) {
    let (begun, mut begins) = mpsc::channel(5);
    for _ in 0..5 {
        group
            .spawn(wait_for_ever(living.one(), begun.clone()))
            .unwrap();
    }
    for _ in 0..5 {
        begins.recv().await.unwrap();
    }
}

/// A destructor that panics.
struct Panics;

impl Drop for Panics {
    fn drop(&mut self) {
        panic!("cleanup");
    }
}

// ---- all goes well

/// TG-01: the group ends with its last child, though the body has long been over; in the time of the longest.
#[test]
fn ends_with_the_last_child() {
    on_paused(async {
        let (start, done) = (Instant::now(), Arc::new(AtomicUsize::new(0)));
        let value = task_group(async |group| {
            for seconds in 1..=3 {
                let done = Arc::clone(&done);
                group.spawn(async move {
                    sleep(Duration::from_secs(seconds)).await;
                    done.fetch_add(1, Ordering::SeqCst);
                    Ok::<_, Error>(())
                })?;
            }
            Ok("body")
        });
        assert_eq!(value.await.unwrap(), "body");
        assert_eq!(done.load(Ordering::SeqCst), 3);
        let lasted = start.elapsed().as_millis();
        assert!((3000..3100).contains(&lasted), "{lasted} ms");
    });
}

/// TG-01: the values of children, of different types; a child that nobody asks is waited for too. Each is a task with a name.
#[test]
fn values() {
    on_both(|| async {
        let ran = Arc::new(AtomicBool::new(false));
        let (number, text, name) = task_group(async |group| {
            let number = group.spawn(async { Ok::<_, Error>(1) })?;
            let text = group.spawn(async { Ok("two") })?;
            let name = group.spawn(async { Ok(current_task_name()) })?;
            let ran = Arc::clone(&ran);
            drop(group.spawn(async move {
                yield_now().await;
                ran.store(true, Ordering::SeqCst);
                Ok(())
            })?);
            Ok((number.await, text.await, name.await.flatten()))
        })
        .await
        .unwrap();
        assert_eq!((number, text), (Some(1), Some("two")));
        assert!(name.unwrap().starts_with("Task-"));
        assert!(ran.load(Ordering::SeqCst));
    });
}

/// TG-01: children start children, and they all are waited for; also from outside, while the body waits for nothing else.
#[test]
fn children_of_children() {
    on_both(|| async {
        let done = Arc::new(AtomicUsize::new(0));
        fn grow(group: TaskGroup<Error>, depth: u32, done: Arc<AtomicUsize>) {
            let within = group.clone();
            let child = group.spawn(async move {
                yield_now().await;
                for _ in 0..2 {
                    if depth > 0 {
                        grow(within.clone(), depth - 1, Arc::clone(&done));
                    }
                }
                done.fetch_add(1, Ordering::SeqCst);
                Ok(())
            });
            child.unwrap();
        }
        let group = task_group(async |group| {
            let (told, tells) = oneshot::channel();
            let done = Arc::clone(&done);
            // No child of the group, so the group hears of what it adds by nothing else.
            create_task(async move {
                yield_now().await;
                grow(group.clone(), 6, done);
                let tell = async {
                    told.send(()).unwrap();
                    Ok(())
                };
                group.spawn(tell).unwrap();
            });
            Ok(tells.await?)
        });
        group.await.unwrap();
        assert_eq!(done.load(Ordering::SeqCst), 127);
    });
}

/// Without children the group is its body.
#[test]
fn no_children() {
    on_paused(async {
        let value = task_group(async |_| Ok::<_, TaskError>(1)).await;
        assert_eq!(value.unwrap(), 1);
        let failed = task_group(async |_| Err::<(), _>(anyhow::anyhow!("body"))).await;
        assert_eq!(failed.unwrap_err().errors().len(), 1);
    });
}

// ---- errors

/// TG-02: a child's error cancels its siblings and the body; all are gone when the group gives it.
#[test]
fn a_child_fails() {
    on_both(|| async {
        let living = Living::new();
        let failed = task_group(async |group| {
            let _life = living.one();
            start_five(&group, &living).await;
            group.spawn::<()>(async {
                yield_now().await;
                Err(anyhow::anyhow!("not me"))
            })?;
            sleep(FOR_EVER).await;
            Ok(())
        })
        .await
        .unwrap_err();
        assert_eq!(living.count(), 0);
        assert_eq!(failed.to_string(), "1 failed in the task group: not me");
    });
}

/// TG-02: so does the body's error, a child's panic, and the body's panic, which goes on when the children are gone.
#[test]
fn the_body_fails_or_something_panics() {
    on_both(|| async {
        for case in ["body", "child panics", "body panics"] {
            let living = Living::new();
            let group = create_task({
                let living = living.clone();
                async move {
                    task_group(async |group| {
                        let _life = living.one();
                        start_five(&group, &living).await;
                        match case {
                            "body" => return Err::<(), _>(anyhow::anyhow!("body")),
                            "body panics" => panic!("in the body"),
                            _ => group.spawn::<()>(async { panic!("in a child") })?,
                        };
                        sleep(FOR_EVER).await;
                        Ok(())
                    })
                    .await
                    .inspect_err(|_| assert_eq!(living.count(), 0))
                }
            });
            let ended = group.await;
            assert_eq!(living.count(), 0, "{case}");
            match ended {
                Ok(ended) => {
                    let failed = ended.unwrap_err();
                    let panic = failed.first().downcast_ref::<TaskError>();
                    assert_eq!(
                        panic.is_some_and(TaskError::is_panic),
                        case == "child panics"
                    );
                    let texts = ["body", "the task panicked: in a child"];
                    assert!(texts.contains(&&*failed.into_errors()[0].to_string()));
                }
                Err(error) => {
                    assert_eq!(case, "body panics");
                    assert_eq!(error.to_string(), "the task panicked: in the body");
                }
            }
        }
    });
}

/// F29: a body that is a plain function and panics before it has made its future: the child that it had started is
/// dropped, and though that panics too, what goes on is the body's panic.
#[test]
fn a_body_panics_before_its_future() {
    type Body = std::future::Ready<Result<(), Error>>;
    on_both(|| async {
        let living = Living::new();
        let life = living.one();
        let body = move |group: TaskGroup<Error>| -> Body {
            let cleanup = (Panics, life);
            drop(group.spawn(async move {
                let _cleanup = cleanup;
                Ok(())
            }));
            panic!("in the body");
        };
        let error = create_task(task_group(body)).await.unwrap_err();
        assert_eq!(error.to_string(), "the task panicked: in the body");
        assert_eq!(living.count(), 0);
    });
}

/// F29: a child fails, and a destructor of the body panics: that goes on when the children are gone.
#[test]
fn a_destructor_of_the_body_panics() {
    on_both(|| async {
        let living = Living::new();
        let its = living.clone();
        let group = create_task(task_group(async move |group| {
            let _cleanup = Panics;
            start_five(&group, &its).await;
            group.spawn::<()>(async { anyhow::bail!("a child") })?;
            sleep(FOR_EVER).await;
            Ok(())
        }));
        let error = group.await.unwrap_err();
        assert_eq!(error.to_string(), "the task panicked: cleanup");
        assert_eq!(living.count(), 0);
    });
}

/// TG-02: errors at the same moment are all collected; so is a panic in a cancelled child's cleanup.
#[test]
fn errors_are_collected() {
    on_paused(async {
        let failed = task_group(async |group| {
            let together = Arc::new(Barrier::new(3));
            for number in 0..3 {
                let together = Arc::clone(&together);
                group.spawn::<()>(async move {
                    together.wait().await;
                    anyhow::bail!("{number}")
                })?;
            }
            group.spawn(async {
                let _panics = Panics;
                pending::<Result<(), Error>>().await
            })?;
            pending::<Result<(), Error>>().await
        });
        let failed = failed.await.unwrap_err();
        let mut texts: Vec<_> = failed.errors().iter().map(Error::to_string).collect();
        texts.sort_unstable();
        assert_eq!(texts, ["0", "1", "2", "the task panicked: cleanup"]);
        assert!(
            failed
                .to_string()
                .starts_with("4 failed in the task group: ")
        );
    });
}

/// TG-02: the child that failed has no value; who awaits it in the body is dropped there and then.
#[test]
fn the_body_does_not_get_past_the_failure() {
    on_paused(async {
        let past = AtomicBool::new(false);
        let failed = task_group(async |group| {
            let child = group.spawn::<()>(async { anyhow::bail!("child") })?;
            let value = child.await;
            past.store(true, Ordering::SeqCst);
            assert_eq!(value, None);
            Ok(())
        })
        .await;
        assert_eq!(failed.unwrap_err().errors().len(), 1);
        assert!(!past.load(Ordering::SeqCst));
    });
}

// ---- cancelling

/// TG-03: one child that is cancelled is no error, and the others go on. Asked again, or when it is done, the answer is no.
#[test]
fn one_child_is_cancelled() {
    on_both(|| async {
        let living = Living::new();
        let (go, goes) = oneshot::channel::<()>();
        let value = task_group(async |group| {
            let other = group.spawn(async { Ok::<_, Error>(goes.await?) })?;
            let (begun, mut begins) = mpsc::channel(1);
            let mut child = group.spawn(wait_for_ever(living.one(), begun))?;
            begins.recv().await;
            assert!(child.cancel());
            assert!(!child.cancel());
            assert_eq!(child.await, None);
            let ran = Arc::new(AtomicBool::new(false));
            let mut never = group.spawn({
                let ran = Arc::clone(&ran);
                async move {
                    ran.store(true, Ordering::SeqCst);
                    Ok(())
                }
            })?;
            assert!(never.cancel()); // it would be begun when this comes to an await
            assert_eq!(never.await, None);
            assert!(!ran.load(Ordering::SeqCst));
            go.send(()).unwrap();
            Ok(other.await)
        });
        assert_eq!(value.await.unwrap(), Some(()));
        assert_eq!(living.count(), 0);
    });
}

/// TG-03: a child that is done is not cancelled any more, and its value stays.
#[test]
fn a_child_that_is_done() {
    on_both(|| async {
        let value = task_group(async |group| {
            let (told, tells) = oneshot::channel();
            let mut child = group.spawn(async { Ok::<_, Error>(told) })?;
            let told = (&mut child).await.unwrap();
            assert!(!child.cancel());
            told.send(1).unwrap();
            Ok(tells.await?)
        });
        assert_eq!(value.await.unwrap(), 1);
    });
}

/// TG-04, TG-06: the task that the group is in is cancelled, and so are all five and the body. That it can be a task shows
/// that the group's future is `Send`.
#[test]
fn cancelled_from_outside() {
    on_both(|| async {
        let living = Living::new();
        let (begun, begins) = oneshot::channel();
        let task = create_task({
            let living = living.clone();
            async move {
                task_group(async |group| {
                    let _life = living.one();
                    start_five(&group, &living).await;
                    begun.send(()).unwrap();
                    sleep(FOR_EVER).await;
                    Ok(())
                })
                .await
            }
        });
        begins.await.unwrap();
        assert_eq!(living.count(), 6);
        assert!(task.cancel());
        assert!(task.await.unwrap_err().is_cancelled());
        living.none_left().await;
    });
}

/// TG-04: the same when the body is over and only children are left.
#[test]
fn cancelled_from_outside_after_the_body() {
    on_both(|| async {
        let living = Living::new();
        let task = create_task({
            let living = living.clone();
            task_group(async move |group| {
                start_five(&group, &living).await;
                Ok(())
            })
        });
        until("all have begun", || living.count() == 5).await;
        yield_now().await;
        assert!(task.cancel());
        assert!(task.await.unwrap_err().is_cancelled());
        living.none_left().await;
    });
}

/// TG-06: dropped before it was awaited, the body never ran.
#[test]
fn dropped_before_it_began() {
    on_paused(async {
        let (ran, living) = (AtomicBool::new(false), Living::new());
        let life = living.one();
        drop(task_group(async |_| {
            let _life = life;
            ran.store(true, Ordering::SeqCst);
            Ok::<_, TaskError>(())
        }));
        assert!(!ran.load(Ordering::SeqCst));
        assert_eq!(living.count(), 0);
    });
}

// ---- closed

/// TG-05: after the group's end a child is refused, and what it was given is dropped without having begun.
#[test]
fn closed_after_the_end() {
    on_both(|| async {
        for fails in [false, true] {
            let kept = task_group(async |group| match fails {
                false => Ok(group),
                true => Err(GroupIn(group)),
            })
            .await;
            let group = match kept {
                Ok(group) => group,
                Err(failed) => failed.into_errors().remove(0).0,
            };
            assert_eq!(format!("{group:?}"), "TaskGroup(closed)");
            let living = Living::new();
            let life = living.one();
            let refused = group.spawn(async move {
                drop(life);
                Ok(())
            });
            assert_eq!(refused.unwrap_err(), GroupClosed);
            assert_eq!(living.count(), 0);
        }
    });
}

/// An error that has got hold of the group.
struct GroupIn(TaskGroup<GroupIn>);

impl From<TaskError> for GroupIn {
    fn from(error: TaskError) -> Self {
        panic!("{error}");
    }
}

/// TG-05: after a failure, while the others are on their ways out, no child is taken any more.
#[test]
fn closed_after_a_failure() {
    struct SpawnsAtItsEnd(TaskGroup<Error>, mpsc::UnboundedSender<bool>);
    impl Drop for SpawnsAtItsEnd {
        fn drop(&mut self) {
            let _ = self.1.send(self.0.spawn(async { Ok(()) }).is_err());
        }
    }
    on_both(|| async {
        let (refused, mut refusals) = mpsc::unbounded_channel();
        let living = Living::new();
        let failed = task_group(async |group| {
            start_five(&group, &living).await;
            let (begun, begins) = oneshot::channel();
            let at_its_end = SpawnsAtItsEnd(group.clone(), refused);
            group.spawn(async move {
                let _at_its_end = at_its_end;
                begun.send(()).unwrap();
                pending::<Result<(), Error>>().await
            })?;
            begins.await?;
            anyhow::bail!("now");
            #[allow(unreachable_code)]
            Ok(())
        });
        assert!(failed.await.is_err());
        assert_eq!(refusals.recv().await, Some(true));
        assert_eq!(living.count(), 0);
    });
}

/// TG-05: what was added but not begun when a child fails never is.
#[test]
fn not_yet_begun_at_the_failure() {
    on_paused(async {
        let (ran, living) = (Arc::new(AtomicBool::new(false)), Living::new());
        let failed = task_group(async |group| {
            let (ran, life) = (Arc::clone(&ran), living.one());
            group.spawn(async move {
                let _life = life;
                ran.store(true, Ordering::SeqCst);
                Ok(())
            })?;
            Err::<(), _>(anyhow::anyhow!("before it began"))
        });
        assert!(failed.await.is_err());
        assert!(!ran.load(Ordering::SeqCst));
        assert_eq!(living.count(), 0);
    });
}

/// TG-02: those that are never begun may panic when they are dropped. All are, and the group tells of it.
#[test]
fn not_yet_begun_and_panics() {
    struct Panics;
    impl Drop for Panics {
        fn drop(&mut self) {
            panic!("never begun");
        }
    }
    on_paused(async {
        let living = Living::new();
        let failed = task_group(async |group| {
            for _ in 0..2 {
                let captured = (living.one(), Panics);
                group.spawn(async move {
                    drop(captured);
                    Ok(())
                })?;
            }
            Err::<(), _>(anyhow::anyhow!("before they began"))
        });
        let failed = failed.await.unwrap_err();
        let texts: Vec<_> = failed.errors().iter().map(Error::to_string).collect();
        let panicked = "the task panicked: never begun";
        assert_eq!(texts, ["before they began", panicked, panicked]);
        assert_eq!(living.count(), 0);
    });
}

/// The group's future cannot run without a runtime when it has a child to begin.
#[test]
fn outside_of_a_runtime() {
    use std::task::{Context, Waker};
    let mut group = Box::pin(task_group(async |group| {
        group.spawn(async { Ok::<_, TaskError>(()) })?;
        Ok(())
    }));
    let polled = catch_unwind(AssertUnwindSafe(|| {
        let _ = group.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    }));
    assert!(polled.is_err());
}

// ---- on several threads, many times

/// TG-01: the last child adds one and ends, while the group looks. The new one runs in a group that is open, and adds another.
#[test]
fn the_last_child_adds_another() {
    on_threads(|| async {
        fn grow(group: TaskGroup<Error>, depth: u32, done: Arc<AtomicUsize>) {
            let within = group.clone();
            let child = group.spawn(async move {
                done.fetch_add(1, Ordering::SeqCst);
                if depth > 0 {
                    grow(within, depth - 1, done);
                }
                Ok(())
            });
            child.unwrap();
        }
        for _ in 0..1000 {
            let done = Arc::new(AtomicUsize::new(0));
            let ended = task_group(async |group| {
                grow(group, 20, Arc::clone(&done));
                Ok(())
            });
            ended.await.unwrap();
            assert_eq!(done.load(Ordering::SeqCst), 21);
        }
    });
}

/// TG-01, TG-05: somebody outside adds children until he is refused: each that was taken runs to its end before the group's.
#[test]
fn added_while_it_ends() {
    on_threads(|| async {
        for _ in 0..300 {
            let ended = Arc::new(AtomicUsize::new(0));
            let begin = Arc::new(Notify::new());
            let mut outside = None;
            task_group(async |group| {
                let (ended, begin) = (Arc::clone(&ended), Arc::clone(&begin));
                let (group, begun) = (group.clone(), Arc::clone(&begin));
                outside = Some(create_task(async move {
                    let mut taken = 0;
                    loop {
                        let ended = Arc::clone(&ended);
                        let child = async move {
                            ended.fetch_add(1, Ordering::SeqCst);
                            Ok::<_, Error>(())
                        };
                        // Awaited, so that the group has no child left each time, and may end, while
                        // the next is added.
                        match group.spawn(child) {
                            Ok(child) => assert_eq!(child.await, Some(())),
                            Err(GroupClosed) => return taken,
                        }
                        taken += 1;
                        begun.notify_one();
                    }
                }));
                begin.notified().await;
                Ok(())
            })
            .await
            .unwrap();
            let seen = ended.load(Ordering::SeqCst);
            let taken = outside.unwrap().await.unwrap();
            assert_eq!(seen, taken);
        }
    });
}

/// TG-02: whichever of eight fails first, nothing is left when the group has ended.
#[test]
fn nothing_is_left() {
    on_threads(|| async {
        for round in 0..300 {
            let living = Living::new();
            let failed = task_group(async |group| {
                for number in 0..8 {
                    let life = living.one();
                    group.spawn::<()>(async move {
                        let _life = life;
                        for _ in 0..(number + round) % 8 {
                            yield_now().await;
                        }
                        anyhow::bail!("{number}")
                    })?;
                }
                Ok(())
            })
            .await
            .unwrap_err();
            assert_eq!(living.count(), 0);
            assert!((1..=8).contains(&failed.errors().len()));
        }
    });
}

/// The runtime ends while the group is on: children and body are dropped with it.
#[test]
fn the_runtime_ends() {
    let (runtime, living) = (threads(), Living::new());
    let (begun, begins) = std::sync::mpsc::channel();
    let task = runtime.spawn({
        let living = living.clone();
        task_group(async move |group| {
            let _life = living.one();
            start_five(&group, &living).await;
            begun.send(()).unwrap();
            sleep(FOR_EVER).await;
            Ok(())
        })
    });
    begins.recv_timeout(runtimes::CEILING).unwrap();
    drop(runtime);
    assert!(task.is_finished());
    assert_eq!(living.count(), 0);
}
