//! What the tests of tasks share: both of tokio's runtimes, a ceiling instead of a hang, and a value that tells
//! when it is dropped.

#![allow(dead_code)] // every test file has the whole of this and uses a part

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

/// How long a test may last. On paused time, where nothing but a clock is waited for, it is reached at once.
pub const CEILING: Duration = Duration::from_secs(60);

/// Far above the ceiling: what sleeps so long has to be cancelled.
pub const FOR_EVER: Duration = Duration::from_secs(1_000_000);

/// What `future` gives. One that hangs fails at the ceiling.
pub async fn bounded<F: Future>(future: F) -> F::Output {
    let ended = timeout(CEILING, future).await;
    ended.expect("it ends before the ceiling")
}

/// Runs `body` on one thread with the time paused: a sleep ends when nothing else is left to do.
pub fn on_paused(body: impl Future<Output = ()>) {
    let paused = Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    paused.unwrap().block_on(bounded(body));
}

/// Runs `body` twice: on one thread with the time paused, and on two threads besides the test's own.
pub fn on_both<F: Future<Output = ()>>(body: impl Fn() -> F) {
    on_paused(body());
    on_threads(body);
}

/// Runs `body` on two threads besides the test's own.
pub fn on_threads<F: Future<Output = ()>>(body: impl Fn() -> F) {
    threads().block_on(bounded(body()));
}

pub fn threads() -> Runtime {
    let threads = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_time()
        .build();
    threads.unwrap()
}

/// Lets the others run until `condition` holds. The ceiling is one of real time: paused time stands still meanwhile.
pub async fn until(what: &str, condition: impl Fn() -> bool) {
    let start = std::time::Instant::now();
    while !condition() {
        assert!(start.elapsed() < CEILING, "not in {CEILING:?}: {what}");
        tokio::task::yield_now().await;
    }
}

/// Counts the values it has given out that are still there.
#[derive(Clone, Default)]
pub struct Living(Arc<AtomicUsize>);

/// One of them.
pub struct Life(Arc<AtomicUsize>);

impl Living {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn one(&self) -> Life {
        self.0.fetch_add(1, Ordering::SeqCst);
        Life(Arc::clone(&self.0))
    }

    pub fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    /// Waits until none is there any more; for those whose end nothing else tells.
    pub async fn none_left(&self) {
        until("none is left", || self.count() == 0).await;
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}
