//! What the loop promises to other threads that wake it, with one or two of them.

use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

use crate::clock;
use crate::kind::Loop;
use crate::tasks::{Gate, both, hears, tell_all, watched};

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
