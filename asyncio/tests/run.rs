//! `run`: the counterpart of `asyncio.run`. What happens on Ctrl-C is in `interrupt.rs`, since a signal is for
//! a whole process.
//!
//! Not offered: AS-04 as an error in the result; a destructor that panics while leftovers are cleared
//! away is reported on stderr by Rust itself, and the others are cleared all the same.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::thread;
use std::time::{Duration, Instant};

use asyncio::run::{RunError, run};
use tokio::runtime::Builder;
use tokio::sync::oneshot;
use tokio::task::{LocalSet, block_in_place, coop, spawn_blocking, spawn_local, yield_now};

/// Counts how many of it have been dropped.
struct Dropped(Arc<AtomicUsize>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.fetch_add(1, SeqCst);
    }
}

/// AS-01: gives what main returns, errors too, and may be used again.
#[test]
fn gives_what_main_returns() {
    assert_eq!(run(async { 42 }).expect("it runs"), 42);
    let failed = run(async { Err::<(), _>("broken") }).expect("it runs");
    assert_eq!(failed, Err("broken"));
    // Main may borrow, and need not be Send.
    let borrowed = std::rc::Rc::new(String::from("here"));
    assert_eq!(run(async { borrowed.len() }).expect("it runs"), 4);
}

/// AS-01, the other half: a panic of main goes on in the caller.
#[test]
fn a_panic_of_main_goes_on() {
    let panicked = catch_unwind(|| run(async { panic!("in main") }));
    let payload = panicked.expect_err("main panics");
    assert_eq!(payload.downcast_ref(), Some(&"in main"));
    assert_eq!(run(async { 1 }).expect("this thread may run again"), 1);
}

/// AS-02: a run inside of a run is an error, the inner main is dropped, and the outer goes on.
#[test]
fn a_nested_run_is_an_error() {
    let dropped = Arc::new(AtomicUsize::new(0));
    let held = Dropped(Arc::clone(&dropped));
    let outer = run(async {
        let inner = run(async move {
            let _held = held;
        });
        assert!(matches!(inner, Err(RunError::Nested)), "{inner:?}");
        tokio::task::yield_now().await;
        "goes on"
    });
    assert_eq!(outer.expect("it runs"), "goes on");
    assert_eq!(dropped.load(SeqCst), 1);
}

/// AS-02: so it is in everything that a runtime polls, also one that is not of `run`, and however much of the task's
/// budget is left; that stays as good as it was.
#[test]
fn whatever_is_polled_cannot_run() {
    let nested = || assert!(matches!(run(async {}), Err(RunError::Nested)));
    let one = Builder::new_current_thread().build().expect("it is built");
    let several = Builder::new_multi_thread().worker_threads(1).build();
    for runtime in [one, several.expect("it is built")] {
        runtime.block_on(async {
            nested();
            let task = tokio::spawn(async move {
                for _ in 0..200 {
                    nested();
                    coop::consume_budget().await;
                    nested();
                }
            });
            task.await.expect("it does not panic");
        });
        let local = LocalSet::new();
        local.block_on(&runtime, async {
            let task = spawn_local(async move { nested() });
            task.await.expect("it does not panic");
            nested();
        });
    }
}

/// F27: a thread that runs no loop may run one, though it belongs to a runtime. Python: `to_thread(asyncio.run, main())`.
#[test]
fn blocking_work_may_run() {
    let inner = || run(async { 5 }).expect("this thread runs nothing");
    let outer = run(async { spawn_blocking(inner).await.expect("it does not panic") });
    assert_eq!(outer.expect("it runs"), 5);

    let one = Builder::new_current_thread().build().expect("it is built");
    let several = Builder::new_multi_thread().worker_threads(1).build();
    for runtime in [one, several.expect("it is built")] {
        let given = runtime.block_on(async { spawn_blocking(inner).await });
        assert_eq!(given.expect("it does not panic"), 5);
        let _inside = runtime.enter();
        assert_eq!(inner(), 5);
    }
    let several = Builder::new_multi_thread().worker_threads(1).build();
    let several = several.expect("it is built");
    let given =
        several.block_on(async move { tokio::spawn(async move { block_in_place(inner) }).await });
    assert_eq!(given.expect("it does not panic"), 5);
}

/// Where tokio does not tell that a runtime runs here, a run is still refused, by a panic; the outer one goes on.
#[test]
fn an_unconstrained_run_is_refused_by_a_panic() {
    let outer = run(async {
        let refused = coop::unconstrained(async { catch_unwind(|| run(async {})).is_err() });
        assert!(refused.await);
        yield_now().await;
        "goes on"
    });
    assert_eq!(outer.expect("it runs"), "goes on");
}

/// AS-03, AS-04: what is left at the end is dropped before `run` returns, though one destructor panics.
#[test]
fn leftovers_are_cleared_away() {
    struct Panics(Dropped);

    impl Drop for Panics {
        fn drop(&mut self) {
            assert_eq!(self.0.0.load(SeqCst), usize::MAX, "a destructor that fails");
        }
    }

    let dropped = Arc::new(AtomicUsize::new(0));
    let resources = || Dropped(Arc::clone(&dropped));
    run(async {
        let mut begun = Vec::new();
        for i in 0..10 {
            let (tell, told) = oneshot::channel();
            begun.push(told);
            let resource = resources();
            tokio::spawn(async move {
                let _one = (i == 5).then(|| Panics(Dropped(Arc::clone(&resource.0))));
                let _other = resource;
                tell.send(()).expect("main waits");
                std::future::pending::<()>().await;
            });
        }
        for told in begun {
            told.await.expect("every task begins");
        }
        assert_eq!(dropped.load(SeqCst), 0);
    })
    .expect("it runs");
    assert_eq!(dropped.load(SeqCst), 11);
}

/// AS-03 after a panic of main, too.
#[test]
fn leftovers_are_cleared_away_after_a_panic() {
    let dropped = Arc::new(AtomicUsize::new(0));
    let resource = Dropped(Arc::clone(&dropped));
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        run(async {
            tokio::spawn(async move {
                let _resource = resource;
                std::future::pending::<()>().await;
            });
            panic!("in main");
        })
    }));
    assert!(panicked.is_err());
    assert_eq!(dropped.load(SeqCst), 1);
}

/// R31: blocking work that is left does not hold up the end for ever.
#[test]
fn blocking_work_has_a_second() {
    let (end, wait) = std::sync::mpsc::channel::<()>();
    let (begun, has_begun) = oneshot::channel();
    run(async {
        tokio::task::spawn_blocking(move || {
            begun.send(()).expect("main waits");
            // Until this test lets it go.
            let _ = wait.recv_timeout(Duration::from_secs(60));
        });
        has_begun.await.expect("it begins");
    })
    .expect("it runs");
    // Had `run` waited for it, the channel would be closed by now.
    assert!(end.send(()).is_ok());
}

/// AS-20: while main waits without an `await`, the heart stops; while a thread waits for it, the heart goes on.
#[test]
fn a_blocked_loop_has_no_heartbeat() {
    let beats = Arc::new(AtomicUsize::new(0));
    let main = async {
        let its_beats = Arc::clone(&beats);
        let heart = tokio::spawn(async move {
            loop {
                its_beats.fetch_add(1, SeqCst);
                yield_now().await;
            }
        });
        while beats.load(SeqCst) == 0 {
            yield_now().await;
        }
        let before = beats.load(SeqCst);
        let elsewhere = thread::spawn(|| ());
        elsewhere.join().expect("it does not panic");
        assert_eq!(beats.load(SeqCst), before);

        let its_beats = Arc::clone(&beats);
        let wait = spawn_blocking(move || {
            let ceiling = Instant::now() + Duration::from_secs(60);
            while its_beats.load(SeqCst) < before + 3 {
                assert!(Instant::now() < ceiling, "the heart beats meanwhile");
                thread::yield_now();
            }
        });
        wait.await.expect("it saw the heart beat");
        heart.abort();
    };
    run(main).expect("it runs");
}
