//! Tasks that panic. Each says so on stderr, by the panic hook.

use std::panic::panic_any;

use asyncio::event_loop::{JoinError, yield_now};

use crate::support::{Log, OnDrop, current, run};

fn panicked<T>(message: &str) -> Result<T, JoinError> {
    let message = message.to_owned();
    Err(JoinError::Panicked { message })
}

/// AS-13: it arrives where the task is awaited, with its message, after the destructors; nine others give their results.
#[test]
fn a_panic_arrives_at_the_join_and_others_live() {
    let log = Log::default();
    run(async {
        let tasks: Vec<_> = (0..10)
            .map(|n| {
                let dropped = (n == 3).then(|| log.on_drop("dropped"));
                current().spawn(async move {
                    let _dropped = dropped;
                    yield_now().await;
                    assert_ne!(n, 3, "task {n} panics");
                    n
                })
            })
            .collect();
        for (n, task) in tasks.into_iter().enumerate() {
            match task.await {
                Err(error) => {
                    assert!(n == 3 && error.is_panic() && !error.is_cancelled());
                    assert!(error.to_string().contains("task 3 panics"), "{error}");
                    log.is(["dropped"]);
                }
                value => assert_eq!(value, Ok(n)),
            }
        }
    });
}

/// AS-13: any kind of text, and none.
#[test]
fn a_panic_keeps_its_message() {
    run(async {
        let text = current().spawn(async { panic!("text") });
        assert_eq!(text.await, panicked::<()>("text"));
        let made = current().spawn(async { panic!("text {}", 2) });
        assert_eq!(made.await, panicked::<()>("text 2"));
        let other = current().spawn(async { panic_any(3) });
        assert_eq!(other.await, panicked::<()>("(not a text)"));
    });
}

/// AS-13: what it panicked with may panic when it is dropped.
#[test]
fn a_panic_whose_payload_panics() {
    run(async {
        let explosive = || OnDrop::new(|| panic!("once more"));
        let task = current().spawn(async move { panic_any(explosive()) });
        assert_eq!(task.await, panicked::<()>("(not a text)"));
        assert_eq!(current().spawn(async { 1 }).await, Ok(1));
    });
}

/// AS-13: with a dropped handle it is lost, and hurts nobody.
#[test]
fn a_panic_without_a_handle_is_lost() {
    run(async {
        drop(current().spawn(async { panic!("lost") }));
        yield_now().await;
        assert_eq!(current().spawn(async { 1 }).await, Ok(1));
    });
}

/// AS-04: a destructor that panics counts as the task's panic, when it is cancelled and when it returns.
#[test]
fn a_panic_of_a_destructor_is_the_tasks() {
    struct Ready(#[expect(dead_code)] Box<dyn std::any::Any>);
    impl Future for Ready {
        type Output = ();

        fn poll(
            self: std::pin::Pin<&mut Self>,
            _context: &mut std::task::Context<'_>,
        ) -> std::task::Poll<()> {
            std::task::Poll::Ready(())
        }
    }
    let panics = || OnDrop::new(|| panic!("in drop"));
    run(async {
        let aborted = current().spawn(async move {
            let _panics = panics();
            std::future::pending::<()>().await;
        });
        yield_now().await;
        assert!(aborted.abort());
        assert_eq!(aborted.await, panicked("in drop"));

        let returned = current().spawn(Ready(Box::new(panics())));
        assert_eq!(returned.await, panicked("in drop"));
    });
}

/// So does one of a result that nobody takes: nobody hears of it, and the loop goes on.
#[test]
fn a_panic_of_a_lost_result_is_lost() {
    run(async {
        let panics = || OnDrop::new(|| panic!("in drop"));
        drop(current().spawn(async move { panics() }));
        yield_now().await;
        assert_eq!(current().spawn(async { 1 }).await, Ok(1));
    });
}
