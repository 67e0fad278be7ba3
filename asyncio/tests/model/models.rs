//! What the loop promises to other threads, with one or two of them.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::panic::{self, AssertUnwindSafe};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use crate::clock;
use crate::event_loop::JoinError;
use crate::kind::{Loop, Task};
use crate::tasks::{Dropped, Gate, both, hears, tell_all, wake, watched, yield_now};

const SECOND: Duration = Duration::from_secs(1);

// ---- wake-ups

/// A wake-up at any moment: before the poll has ended, before the loop sleeps, while it sleeps. The outcome is how often
/// main was polled.
pub fn main_hears<L: Loop>() -> usize {
    L::new().run(watched(hears::<1>(tell_all)))
}

/// The same to a task.
pub fn task_hears<L: Loop>() -> usize {
    let event_loop = L::new();
    let task = event_loop.spawn(watched(hears::<1>(tell_all)));
    event_loop.run(watched(task)).expect("it returns")
}

/// Two wake-ups by one thread: the second may come while the first is still to be heard. What was told before it must be.
pub fn hears_twice<L: Loop>() -> usize {
    L::new().run(watched(hears::<2>(tell_all)))
}

/// Two wake-ups by two threads: only one of them queues the task. It waits once more after that, for main, so that it would
/// be found out were it queued again.
pub fn hears_two<L: Loop>() -> usize {
    let event_loop = L::new();
    let (heard, goes_on) = (Gate::default(), Gate::default());
    let (tells, waits) = (heard.clone(), goes_on.clone());
    let task = event_loop.spawn(watched(async move {
        let polls = hears::<2>(|waker, news| {
            for one in 0..2 {
                let (waker, news) = (waker.clone(), Arc::clone(&news));
                thread::spawn(move || {
                    news[one].tell();
                    waker.wake();
                });
            }
        });
        let polls = polls.await;
        tells.open();
        waits.wait().await;
        polls
    }));
    event_loop.run(watched(async {
        heard.wait().await;
        goes_on.open();
        task.await.expect("it returns")
    }))
}

/// A stranger unparks the loop's thread, then there is news. The loop may sleep twice, or not at all.
pub fn hears_after_stranger<L: Loop>() -> usize {
    let this = thread::current();
    L::new().run(watched(hears::<1>(move |waker, news| {
        thread::spawn(move || {
            this.unpark();
            news[0].tell();
            waker.wake();
        });
    })))
}

/// Two loops on two threads: each waits for the other's letter.
pub fn there_and_back<L: Loop>() {
    let (there, back) = (Letter::new(), Letter::new());
    let (receives, sends) = (there.clone(), back.clone());
    let other = thread::spawn(move || {
        L::new().run(async {
            receives.receive().await;
            sends.send();
        });
    });
    L::new().run(async {
        there.send();
        back.receive().await;
    });
    other.join().unwrap();
}

/// A channel for one message, as a library would have it.
#[derive(Clone)]
struct Letter(Arc<Mutex<(bool, Option<Waker>)>>);

impl Letter {
    fn new() -> Self {
        Self(Arc::default())
    }

    fn send(&self) {
        let waker = {
            let mut letter = self.0.lock().unwrap();
            letter.0 = true;
            letter.1.take()
        };
        waker.into_iter().for_each(Waker::wake);
    }

    async fn receive(&self) {
        poll_fn(|context| {
            let mut letter = self.0.lock().unwrap();
            if letter.0 {
                return Poll::Ready(());
            }
            letter.1 = Some(context.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

// ---- wake-ups for who is over

/// A task ends, by itself or by a panic, and is woken at any moment. Another one has its number by then, and must not
/// be polled for that.
pub fn wake_against_end<L: Loop, const PANICS: bool>() {
    let event_loop = L::new();
    event_loop.run(async {
        let first = event_loop.spawn(watched(woken_to_the_end::<PANICS>()));
        assert_eq!(first.await.is_err(), PANICS);
        let gate = Gate::default();
        let waits = gate.clone();
        let second = event_loop.spawn(watched(async move { waits.wait().await }));
        yield_now().await;
        yield_now().await;
        gate.open();
        second.await.expect("it returns");
    });
}

/// The same to a main, which ends its run. The next one begins meanwhile, on the same loop.
pub fn wake_against_next_run<L: Loop, const PANICS: bool>() {
    let event_loop = L::new();
    let first = watched(woken_to_the_end::<PANICS>());
    let first = panic::catch_unwind(AssertUnwindSafe(|| event_loop.run(first)));
    assert_eq!(first.is_err(), PANICS);
    let gate = Gate::default();
    let opens = gate.clone();
    let task = event_loop.spawn(async move {
        yield_now().await;
        yield_now().await;
        opens.open();
    });
    event_loop.run(watched(gate.wait()));
    drop(task);
}

/// Is woken at any moment, before its second poll, which is its last, or later.
async fn woken_to_the_end<const PANICS: bool>() {
    poll_fn(|context| {
        wake(context.waker());
        Poll::Ready(())
    })
    .await;
    yield_now().await;
    if PANICS {
        panic::resume_unwind(Box::new("part of the model")); // the hook has nothing to report
    }
}

// ---- results and aborts

/// A task comes to its end for one thread while another one wakes who awaits it.
pub fn joined<L: Loop>() {
    let event_loop = L::new();
    let task = event_loop.spawn(watched(hears::<1>(tell_all)));
    let (result, _) = event_loop.run(watched(both(task, hears::<1>(tell_all))));
    result.expect("it returns");
}

/// A task is woken, and aborted when it has had a poll. The outcome is whether the abort came in time; if so, it was not
/// polled any more.
pub fn abort_against_wake<L: Loop>() -> bool {
    let event_loop = L::new();
    let aborted = Rc::new(Cell::new(false));
    event_loop.run(watched(async {
        let task = event_loop.spawn(refusing(aborted.clone(), hears::<1>(tell_all)));
        yield_now().await;
        aborted.set(task.abort());
        assert_eq!(is_cancelled(task.await), aborted.get());
    }));
    aborted.get()
}

/// The same, when it aborts itself: it has no other poll, unless it had the news in that one.
pub fn abort_of_itself_against_wake<L: Loop>() -> bool {
    let event_loop = L::new();
    let own = Rc::new(RefCell::new(None::<L::Task<usize>>));
    let aborted = Rc::new(Cell::new(false));
    let (its, was) = (own.clone(), aborted.clone());
    let hears = hears::<1>(move |waker, news| {
        tell_all(waker, news);
        let own = its.borrow();
        was.set(own.as_ref().expect("it is there").abort());
    });
    *own.borrow_mut() = Some(event_loop.spawn(refusing(aborted.clone(), hears)));
    event_loop.run(watched(async {
        yield_now().await;
        let task = own.take().expect("it is there");
        assert!(aborted.get());
        is_cancelled(task.await)
    }))
}

/// Passes a panic on.
fn is_cancelled<T>(result: Result<T, JoinError>) -> bool {
    match result {
        Err(error) if error.is_panic() => panic!("{error}"),
        result => result.is_err(),
    }
}

/// Fails when it is polled after its abort.
fn refusing<T>(
    aborted: Rc<Cell<bool>>,
    future: impl Future<Output = T>,
) -> impl Future<Output = T> {
    let mut future = Box::pin(watched(future));
    poll_fn(move |context| {
        assert!(!aborted.get(), "was polled after its abort");
        future.as_mut().poll(context)
    })
}

// ---- the loop's end

/// The loop is closed while a task of it is woken: it is dropped, here and now. The waker may outlive the loop. The
/// outcome is whether the task had come to its end before.
pub fn close_against_wake<L: Loop>() -> bool {
    let event_loop = L::new();
    let gone = Rc::new(Cell::new(false));
    let dropped = Dropped(gone.clone());
    let mut task = event_loop.spawn(watched(async move {
        let _dropped = dropped;
        hears::<1>(tell_all).await
    }));
    event_loop.run(watched(yield_now()));
    event_loop.close();
    assert!(gone.get(), "is not dropped");
    drop(event_loop);
    let result = Pin::new(&mut task).poll(&mut Context::from_waker(Waker::noop()));
    match result {
        Poll::Pending => panic!("has no result"),
        Poll::Ready(result) => result.is_ok(),
    }
}

// ---- the time

/// Starts the thread that makes the time pass: behind a sleep, so that this has looked at the clock before.
async fn expire() {
    thread::spawn(clock::expire);
}

/// The loop sleeps for a timer that does not come, and is woken.
pub fn hears_beside_timer<L: Loop>() -> usize {
    let event_loop = L::new();
    let sleeps = event_loop.spawn(event_loop.sleep(SECOND));
    let polls = event_loop.run(watched(hears::<1>(tell_all)));
    drop(sleeps);
    polls
}

/// A timer, which may be over at any moment.
pub fn sleeps<L: Loop>() {
    let event_loop = L::new();
    event_loop.run(watched(async {
        both(event_loop.sleep(SECOND), expire()).await;
    }));
}

/// The same, and news.
pub fn hears_and_sleeps<L: Loop>() {
    let event_loop = L::new();
    event_loop.run(watched(async {
        let sleeps = both(event_loop.sleep(SECOND), expire());
        both(sleeps, hears::<1>(tell_all)).await;
    }));
}
