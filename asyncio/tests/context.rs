//! Acquired and released by awaiting, on paused time: the four ways out of the body.
//!
//! Not offered: an exit that suppresses the body's error (the second half of CM-02: who calls `with` gets the
//! error and may ignore it), and CM-08 for a number of contexts that is known only at run time.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use asyncio::context::{AsyncContext, Exit, WithError, with};
use tokio::sync::oneshot;
use tokio::time::sleep;

/// Notes what happens to it, and awaits a while in each step.
#[derive(Clone, Default)]
struct Noted {
    name: &'static str,
    notes: Arc<Mutex<Vec<String>>>,
    enter_fails: bool,
    exit_fails: bool,
}

impl Noted {
    fn note(&self, what: impl Into<String>) {
        self.notes
            .lock()
            .unwrap()
            .push(self.name.to_owned() + &what.into());
    }

    fn notes(&self) -> Vec<String> {
        self.notes.lock().unwrap().clone()
    }
}

impl AsyncContext for Noted {
    type Error = &'static str;

    async fn enter(&mut self) -> Result<(), Self::Error> {
        self.note("entering");
        sleep(Duration::from_millis(100)).await;
        if self.enter_fails {
            return Err("no way in");
        }
        self.note("entered");
        Ok(())
    }

    async fn exit(&mut self, exit: Exit) -> Result<(), Self::Error> {
        self.note(format!("leaving {exit:?}"));
        sleep(Duration::from_millis(100)).await;
        if self.exit_fails {
            return Err("no way out");
        }
        self.note("left");
        Ok(())
    }

    fn abandon(&mut self) {
        self.note("abandoned");
    }
}

/// CM-01: in, body, out, in this order; the value goes through.
#[tokio::test(start_paused = true)]
async fn enters_runs_leaves() {
    let context = Noted::default();
    let value = with(context.clone(), async |inside| {
        inside.note("body");
        Ok::<_, ()>(999)
    });
    assert_eq!(value.await, Ok(999));
    assert_eq!(
        context.notes(),
        ["entering", "entered", "body", "leaving Finished", "left"]
    );
}

/// CM-02, CM-04: an error in the body: left once, and the error goes on.
#[tokio::test(start_paused = true)]
async fn an_error_leaves_and_goes_on() {
    let context = Noted::default();
    let result = with(context.clone(), async |_| Err::<(), _>("broken")).await;
    assert_eq!(result, Err(WithError::Body("broken")));
    assert_eq!(
        context.notes(),
        ["entering", "entered", "leaving Failed", "left"]
    );
}

/// CM-03: an error in the exit, alone and after one in the body: both are kept.
#[tokio::test(start_paused = true)]
async fn errors_of_the_exit() {
    let context = Noted {
        exit_fails: true,
        ..Noted::default()
    };
    let alone = with(context.clone(), async |_| Ok::<_, &str>(1)).await;
    let (error, body) = ("no way out", None);
    assert_eq!(alone, Err(WithError::Exit { error, body }));

    let after = with(context, async |_| Err::<(), _>("broken")).await;
    let body = Some("broken");
    assert_eq!(after, Err(WithError::Exit { error, body }));
    assert_eq!(
        after.unwrap_err().to_string(),
        "cannot release: no way out, after: broken"
    );
}

/// CM-05: cancelled in the body: what stands in for the exit runs, once, before the task is over.
#[tokio::test(start_paused = true)]
async fn a_cancelled_body_is_abandoned() {
    let context = Noted::default();
    let (inside, is_inside) = oneshot::channel();
    let task = tokio::spawn(with(context.clone(), async move |_| {
        inside.send(()).expect("somebody waits");
        std::future::pending::<Result<(), ()>>().await
    }));
    is_inside.await.expect("the body runs");
    task.abort();
    assert!(task.await.expect_err("it was aborted").is_cancelled());
    assert_eq!(context.notes(), ["entering", "entered", "abandoned"]);
}

/// CM-05 in the other two awaits: while it is entered there is nothing to release yet; an exit that was begun
/// and not finished is told so.
#[tokio::test(start_paused = true)]
async fn cancelled_on_the_way_in_and_out() {
    let context = Noted::default();
    let all = async || with(context.clone(), async |_| Ok::<_, ()>(())).await;
    let in_time = tokio::time::timeout(Duration::from_millis(50), all()).await;
    assert!(in_time.is_err());
    assert_eq!(context.notes(), ["entering"]);

    context.notes.lock().unwrap().clear();
    let in_time = tokio::time::timeout(Duration::from_millis(150), all()).await;
    assert!(in_time.is_err());
    assert_eq!(
        context.notes(),
        ["entering", "entered", "leaving Finished", "abandoned"]
    );
}

/// CM-06: a panic in the body: left in order, and the panic goes on.
#[tokio::test(start_paused = true)]
async fn a_panic_leaves_and_goes_on() {
    let context = Noted::default();
    let task = tokio::spawn(with(context.clone(), async |_| -> Result<(), ()> {
        panic!("in the body")
    }));
    let panicked = task.await.expect_err("it panicked").into_panic();
    assert_eq!(panicked.downcast_ref(), Some(&"in the body"));
    assert_eq!(
        context.notes(),
        ["entering", "entered", "leaving Panicked", "left"]
    );
}

/// F29: so is one whose body is a plain function that panics before it has made its future, and one whose body panics
/// when it is dropped after its end.
#[tokio::test(start_paused = true)]
async fn a_panic_beside_the_polls_leaves_and_goes_on() {
    type Body = Pin<Box<dyn Future<Output = Result<(), ()>> + Send>>;
    struct PanicsWhenDropped;
    impl Future for PanicsWhenDropped {
        type Output = Result<(), ()>;
        fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
            Poll::Ready(Ok(()))
        }
    }
    impl Drop for PanicsWhenDropped {
        fn drop(&mut self) {
            panic!("in the body");
        }
    }
    fn before(_: &mut Noted) -> Body {
        panic!("in the body")
    }
    fn after(_: &mut Noted) -> Body {
        Box::pin(PanicsWhenDropped)
    }
    for body in [before, after] {
        let context = Noted::default();
        let task = tokio::spawn(with(context.clone(), body));
        let panicked = task.await.expect_err("it panicked").into_panic();
        assert_eq!(panicked.downcast_ref(), Some(&"in the body"));
        assert_eq!(
            context.notes(),
            ["entering", "entered", "leaving Panicked", "left"]
        );
    }
}

/// CM-07: not entered, not left; the body does not run.
#[tokio::test(start_paused = true)]
async fn not_entered_not_left() {
    let context = Noted {
        enter_fails: true,
        ..Noted::default()
    };
    let result = with(context.clone(), async |inside| {
        inside.note("body");
        Ok::<_, ()>(())
    });
    assert_eq!(result.await, Err(WithError::Enter("no way in")));
    assert_eq!(context.notes(), ["entering"]);
}

/// CM-08: nested ones are left in reverse order, an error of the innermost body included.
#[tokio::test(start_paused = true)]
async fn nested_ones_are_left_in_reverse() {
    let outer = Noted {
        name: "outer ",
        ..Noted::default()
    };
    let inner = Noted {
        name: "inner ",
        notes: Arc::clone(&outer.notes),
        ..Noted::default()
    };
    let result = with(outer.clone(), async |_| {
        with(inner, async |_| Err::<(), _>("broken")).await
    });
    assert_eq!(
        result.await,
        Err(WithError::Body(WithError::Body("broken")))
    );
    let ends: Vec<String> = outer.notes().split_off(4);
    assert_eq!(
        ends,
        [
            "inner leaving Failed",
            "inner left",
            "outer leaving Failed",
            "outer left"
        ]
    );
}

/// CM-09: a lock taken inside of the body is free afterwards, whatever way the body ends.
#[tokio::test(start_paused = true)]
async fn a_lock_is_free_afterwards() {
    let lock = Arc::new(tokio::sync::Mutex::new(()));
    let held = |ends: &'static str| {
        let lock = Arc::clone(&lock);
        with(Noted::default(), async move |_| {
            let _held = lock.lock().await;
            match ends {
                "error" => Err("broken"),
                "cancelled" => std::future::pending().await,
                _ => Ok(()),
            }
        })
    };
    held("value").await.expect("the body returns");
    assert!(lock.try_lock().is_ok());
    held("error").await.expect_err("the body fails");
    assert!(lock.try_lock().is_ok());
    let cancelled = tokio::time::timeout(Duration::from_secs(1), held("cancelled"));
    assert!(cancelled.await.is_err());
    assert!(lock.try_lock().is_ok());
}
