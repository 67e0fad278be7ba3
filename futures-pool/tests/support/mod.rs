//! What the tests share: a ceiling instead of a hang, a way to know that another thread is asleep, and
//! the least there is to await something.
//!
//! Nothing here is timed for speed. A ceiling is far above what a busy machine needs; to reach it is
//! a failure with a message.

#![allow(dead_code)] // every test file has the whole of this and uses a part

use std::future::IntoFuture;
use std::panic;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use futures_pool::future::{Future, Promise, promise};

/// How long a test may last.
pub const CEILING: Duration = Duration::from_secs(60);

/// How long a test may wait for a condition: shorter, so that what it waited for is named.
const PATIENCE: Duration = Duration::from_secs(40);

/// Runs a test's body. One that hangs fails at the ceiling.
#[track_caller]
pub fn bounded(body: impl FnOnce() + Send + 'static) {
    let (running, ended) = mpsc::channel::<()>();
    let name = thread::current().name().unwrap_or("test").to_owned();
    let body = thread::Builder::new().name(name).spawn(move || {
        let _running = running; // dropped at the end, also by a panic
        body();
    });
    let body = body.expect("a thread for the test's body");
    if ended.recv_timeout(CEILING) == Err(RecvTimeoutError::Timeout) {
        panic!("hangs after {CEILING:?}");
    }
    if let Err(payload) = body.join() {
        panic::resume_unwind(payload);
    }
}

/// Waits until `condition` holds.
#[track_caller]
pub fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < PATIENCE, "not in {PATIENCE:?}: {what}");
        // why a sleep: nobody tells us about the change; this only spaces out the looks at it.
        thread::sleep(Duration::from_millis(1));
    }
}

/// Checks that a wait of `asked` lasted. Clocks and timers differ a little, hence the 0.6; there is
/// no upper bound, since a busy machine may take its time.
#[track_caller]
pub fn assert_lasted(start: Instant, asked: Duration) {
    let lasted = start.elapsed();
    assert!(
        lasted >= asked.mul_f64(0.6),
        "{lasted:?} instead of {asked:?}"
    );
}

/// Several promises, and their futures.
pub fn promises<T>(count: usize) -> (Vec<Promise<T>>, Vec<Future<T>>) {
    (0..count).map(|_| promise()).unzip()
}

// ---- threads that sleep

/// By which others know that a thread sleeps in a wait that it is about to begin.
#[derive(Default)]
pub struct Sleeper {
    /// The kernel's number of the thread; 0 before it has announced itself.
    task: AtomicU32,
}

impl Sleeper {
    /// Called by the thread right before the wait; nothing in between may block.
    pub fn about_to_wait(&self) {
        self.task.store(kernel_task(), Ordering::SeqCst);
    }

    /// Returns when the thread sleeps. It is in its wait then: it has nothing else to sleep in,
    /// provided that nobody uses what it waits for meanwhile.
    ///
    /// Elsewhere than on Linux it returns when the thread is about to wait, and the test is weaker.
    #[track_caller]
    pub fn wait_until_asleep(&self) {
        eventually("a thread sleeps", || {
            match self.task.load(Ordering::SeqCst) {
                0 => false,
                task => is_asleep(task),
            }
        });
    }
}

/// The kernel's number of the calling thread; 1 where we do not know how to ask.
fn kernel_task() -> u32 {
    // The link reads PID/task/TID.
    let number = std::fs::read_link("/proc/thread-self")
        .ok()
        .and_then(|link| link.file_name()?.to_str()?.parse().ok());
    number.unwrap_or(1)
}

#[cfg(target_os = "linux")]
fn is_asleep(task: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/self/task/{task}/stat"));
    // The name in parentheses may contain anything; the state is the letter after it.
    let state = stat.unwrap_or_default();
    state
        .rsplit_once(") ")
        .is_some_and(|(_, rest)| rest.starts_with('S'))
}

#[cfg(not(target_os = "linux"))]
fn is_asleep(_task: u32) -> bool {
    true
}

// ---- await

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Awaits it in this thread, which sleeps meanwhile.
pub fn block_on<F: IntoFuture>(future: F) -> F::Output {
    let mut future = pin!(future.into_future());
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}
