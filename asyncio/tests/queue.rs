//! `queue.rs`: AQ-01 to AQ-10. Python's tests are in `test_asyncio/test_queues.py`.

#[path = "queue/cancelled.rs"]
mod cancelled;
#[path = "queue/done.rs"]
mod done;
#[path = "queue/fair.rs"]
mod fair;
#[path = "queue/order.rs"]
mod order;
#[path = "queue/outside.rs"]
mod outside;
#[path = "queue/shutdown.rs"]
mod shutdown;
#[path = "queue/stress.rs"]
mod stress;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use asyncio::queue::{Get, Queue, ShutDown};
use tokio::runtime::Builder;

/// A wait that takes longer never ends.
const CEILING: Duration = Duration::from_secs(60);

/// Runs `body` on a runtime of one thread, whose clock is paused, and on one of several: a copied block runs on
/// either.
fn on_both<F: Future + Send + 'static>(body: fn() -> F) {
    bounded(move || {
        let one = Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build();
        let several = Builder::new_multi_thread()
            .worker_threads(4)
            .enable_time()
            .build();
        for runtime in [one, several] {
            // As a task: `block_on` polls main on a thread that is none of the workers.
            let runtime = runtime.expect("a runtime");
            runtime
                .block_on(runtime.spawn(async move { drop(body().await) }))
                .expect("the test panicked");
        }
    });
}

/// Runs `body` in a thread, so that one that hangs fails.
fn bounded(body: impl FnOnce() + Send + 'static) {
    let (done, ended) = mpsc::channel();
    let thread = thread::spawn(move || {
        body();
        let _ = done.send(());
    });
    if let Err(mpsc::RecvTimeoutError::Timeout) = ended.recv_timeout(CEILING) {
        panic!("it hangs");
    }
    if let Err(panic) = thread.join() {
        std::panic::resume_unwind(panic);
    }
}

/// A waker that counts how often it was woken. How many have it, its `Arc` tells.
#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Count {
    fn new() -> (Arc<Self>, Waker) {
        let count = Arc::<Self>::default();
        (count.clone(), Waker::from(count))
    }

    fn woken(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

/// Polls once.
fn poll<F: Future + Unpin>(future: &mut F, waker: &Waker) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(waker))
}

/// Polls with a waker that wakes nobody.
fn look<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    poll(future, Waker::noop())
}

/// What a get came to, without the token.
fn got<T: Copy>(get: &mut Get<'_, T>) -> Poll<Result<T, ShutDown>> {
    look(get).map_ok(|item| *item)
}

/// As Python's `repr` shows them: who waits for an item, and who for room.
fn waiting<T>(queue: &Queue<T>) -> (usize, usize) {
    let shown = format!("{queue:?}");
    let number = |name: &str| {
        let (_, rest) = shown.split_once(name).expect("it is shown");
        let digits = rest.trim_start_matches(": ");
        let end = digits.find(|c: char| !c.is_ascii_digit());
        digits[..end.unwrap_or(digits.len())]
            .parse()
            .expect("a number")
    };
    (number("waiting_getters"), number("waiting_putters"))
}

/// Takes all that can be taken at once.
fn drain<T>(queue: &Queue<T>) -> Vec<T> {
    std::iter::from_fn(|| queue.get_nowait().ok().map(|item| item.into_inner())).collect()
}
