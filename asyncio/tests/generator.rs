//! Streams written as functions, on paused time. That two consumers of one stream are impossible (IT-05,
//! AG-06) is shown by the doc test of `Generator`.
//!
//! Not offered: AG-05, the end of the loop closing generators that are left: a generator is a value that
//! somebody owns, and goes with its owner.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use asyncio::generator::{Generator, generator};
use tokio::task::yield_now;
use tokio::time::{Instant, sleep, timeout};
use tokio_stream::{Stream, StreamExt};

const STEP: Duration = Duration::from_millis(50);

fn range(n: u32) -> Generator<'static, u32> {
    generator(async move |mut out| {
        for i in 0..n {
            sleep(STEP).await;
            out.emit(i).await;
        }
    })
}

/// Counts how many of it have been dropped.
struct Dropped(Arc<AtomicUsize>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.fetch_add(1, SeqCst);
    }
}

/// IT-01: in order, then the end once, and it stays ended.
#[tokio::test(start_paused = true)]
async fn yields_in_order_and_stays_ended() {
    let begin = Instant::now();
    let mut numbers = range(3);
    for expected in 0..3 {
        assert_eq!(numbers.next().await, Some(expected));
    }
    for _ in 0..3 {
        assert_eq!(numbers.next().await, None);
    }
    assert_eq!(begin.elapsed(), 3 * STEP);
    assert_eq!(format!("{numbers:?}"), "Generator { ended: true, .. }");
}

/// IT-02, AG-04: leaving the loop early releases what the function holds, where it stands.
#[tokio::test(start_paused = true)]
async fn a_break_releases() {
    let dropped = Arc::new(AtomicUsize::new(0));
    let mut passed_the_end = false;
    {
        let mut numbers = generator(async |mut out| {
            let _resource = Dropped(Arc::clone(&dropped));
            for i in 0.. {
                out.emit(i).await;
            }
            passed_the_end = true;
        });
        while let Some(n) = numbers.next().await {
            if n == 2 {
                break;
            }
        }
        assert_eq!(dropped.load(SeqCst), 0, "the stream is still there");
    }
    assert_eq!(dropped.load(SeqCst), 1);
    assert!(!passed_the_end);
}

/// AG-02: what stands after the last yield runs when the next value is asked for, and what the function
/// holds is released then and not when the stream is dropped.
#[tokio::test(start_paused = true)]
async fn what_stands_after_the_last_yield_runs() {
    let dropped = Arc::new(AtomicUsize::new(0));
    let passed = AtomicUsize::new(0);
    let mut one = generator(async |mut out| {
        let _resource = Dropped(Arc::clone(&dropped));
        out.emit('a').await;
        passed.fetch_add(1, SeqCst);
    });
    assert_eq!(one.next().await, Some('a'));
    assert_eq!((passed.load(SeqCst), dropped.load(SeqCst)), (0, 0));
    assert_eq!(one.next().await, None);
    assert_eq!((passed.load(SeqCst), dropped.load(SeqCst)), (1, 1));
    drop(one);
}

/// IT-03: items before an error are delivered, then the error, then the end.
#[tokio::test(start_paused = true)]
async fn an_error_in_the_middle() {
    let numbers = generator(async |mut out| {
        out.emit(Ok(1)).await;
        out.emit(Ok(2)).await;
        out.emit(Err("broken")).await;
    });
    let seen: Vec<Result<u32, &str>> = numbers.collect().await;
    assert_eq!(seen, [Ok(1), Ok(2), Err("broken")]);
}

/// IT-04: a `next` that loses a `select!` loses no value.
#[tokio::test(start_paused = true)]
async fn a_cancelled_next_loses_nothing() {
    let mut numbers = range(20);
    let mut seen = Vec::new();
    let mut cancelled = 0;
    loop {
        tokio::select! {
            biased;
            number = numbers.next() => match number {
                Some(number) => seen.push(number),
                None => break,
            },
            () = sleep(STEP * 2 / 5) => cancelled += 1,
        }
    }
    assert_eq!(seen, (0..20).collect::<Vec<_>>());
    assert!(cancelled >= 20, "{cancelled}");
}

/// IT-06, AG-03: an empty stream ends at once; one that nobody asks does nothing.
#[tokio::test(start_paused = true)]
async fn empty_and_unasked() {
    assert_eq!(range(0).next().await, None);
    let begun = AtomicUsize::new(0);
    let unasked = generator(async |mut out| {
        begun.fetch_add(1, SeqCst);
        out.emit(()).await;
    });
    drop(unasked);
    assert_eq!(begun.load(SeqCst), 0);
}

/// AG-01: nothing runs before the first value is asked for, and no further than the value asked for.
#[tokio::test(start_paused = true)]
async fn runs_no_further_than_asked() {
    let reached = AtomicUsize::new(0);
    let mut steps = generator(async |mut out| {
        for i in 1..=3 {
            reached.store(i, SeqCst);
            out.emit(i).await;
        }
    });
    assert_eq!(reached.load(SeqCst), 0);
    for i in 1..=3 {
        assert_eq!(steps.next().await, Some(i));
        assert_eq!(reached.load(SeqCst), i);
    }
}

/// AG-07: collecting gives what the loop gives.
#[tokio::test(start_paused = true)]
async fn collecting_equals_the_loop() {
    let mut looped = Vec::new();
    let mut numbers = range(5);
    while let Some(number) = numbers.next().await {
        looped.push(number * 2);
    }
    let collected: Vec<u32> = range(5).map(|number| number * 2).collect().await;
    assert_eq!(collected, looped);
}

/// AG-08: a time-out between two items leaves the stream as it was.
#[tokio::test(start_paused = true)]
async fn time_outs_between_items() {
    let mut numbers = range(2);
    assert!(timeout(STEP / 2, numbers.next()).await.is_err());
    assert_eq!(timeout(STEP, numbers.next()).await, Ok(Some(0)));
    assert!(timeout(STEP / 2, numbers.next()).await.is_err());
    assert_eq!(timeout(STEP, numbers.next()).await, Ok(Some(1)));
    assert_eq!(timeout(STEP, numbers.next()).await, Ok(None));
}

/// A value whose `emit` was dropped half way is delivered once, and before the next.
#[tokio::test(start_paused = true)]
async fn a_dropped_emit_loses_nothing() {
    let numbers = generator(async |mut out| {
        for i in 0..3 {
            // Polled once, then dropped: the other branch is ready.
            tokio::select! {
                biased;
                () = out.emit(i) => unreachable!("nobody has taken it"),
                () = async {} => {}
            }
            yield_now().await;
        }
        out.emit(3).await;
    });
    assert_eq!(numbers.collect::<Vec<_>>().await, [0, 1, 2, 3]);
}

/// Polls a future only after its own waker was called, as things that hold many futures do.
struct WhenWoken<F> {
    future: Pin<Box<F>>,
    woken: Arc<Flag>,
}

struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, SeqCst);
    }
}

impl<F: Future> Future for WhenWoken<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<F::Output> {
        if !self.woken.0.swap(false, SeqCst) {
            return Poll::Pending;
        }
        let waker = Waker::from(Arc::clone(&self.woken));
        self.future.as_mut().poll(&mut Context::from_waker(&waker))
    }
}

/// Who takes a value wakes the `emit` that waits for it.
#[tokio::test(start_paused = true)]
async fn emit_is_woken() {
    let numbers = generator(async |mut out| {
        let emitting = Box::pin(async move {
            out.emit(1).await;
            out.emit(2).await;
        });
        let woken = Arc::new(Flag(AtomicBool::new(true)));
        WhenWoken {
            future: emitting,
            woken,
        }
        .await;
    });
    let collected = timeout(STEP, numbers.collect::<Vec<_>>()).await;
    assert_eq!(collected.expect("it is woken"), [1, 2]);
}

/// A panic goes to who asked; the stream has ended then.
#[tokio::test(start_paused = true)]
async fn a_panic_ends_it() {
    let mut broken = generator(async |mut out| {
        out.emit(1).await;
        panic!("in the middle");
    });
    assert_eq!(broken.next().await, Some(1));
    let asked = tokio::spawn(async move {
        let panicked = std::panic::AssertUnwindSafe(broken.next());
        let panicked = catch(panicked.0).await;
        (panicked, broken.next().await)
    });
    let (panicked, after) = asked.await.expect("the panic was caught");
    assert!(panicked.is_err());
    assert_eq!(after, None);
}

async fn catch<F: Future>(future: F) -> std::thread::Result<F::Output> {
    let mut future = pin!(future);
    std::future::poll_fn(|context| {
        let polled = std::panic::AssertUnwindSafe(|| future.as_mut().poll(context));
        match std::panic::catch_unwind(polled) {
            Ok(polled) => polled.map(Ok),
            Err(panic) => std::task::Poll::Ready(Err(panic)),
        }
    })
    .await
}

/// It can be spawned: moved between threads while it is suspended.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn moves_between_threads() {
    fn is_send<T: Send>(value: T) -> T {
        value
    }
    let numbers = is_send(generator(async |mut out| {
        for i in 0..1000 {
            yield_now().await;
            out.emit(i).await;
        }
    }));
    assert_eq!(numbers.size_hint(), (0, None));
    let sum = tokio::spawn(async move { numbers.fold(0, |sum, n| sum + n).await });
    assert_eq!(sum.await.expect("it does not panic"), 499_500);
}
