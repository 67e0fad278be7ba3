//! `async def` with `yield`: a stream that is written as a function.
//!
//! Stable Rust has no `yield`. But an async function can already be suspended in its middle, and that is the
//! hard part: here it puts a value into a slot and suspends itself until somebody has taken it.
//! [`Generator`] polls the function and empties the slot. The crate `async-stream` gives the same as a macro,
//! with the word `yield`.
//!
//! Copy this file. Dependencies: `tokio-stream = "0.1"` (for the trait `Stream`, which std does not have yet).

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use tokio_stream::Stream;

/// The stream of what a function yields. Python: an asynchronous generator.
///
/// Nothing of the function runs before the first value is asked for. Dropped in the middle, it drops
/// the function where it stands: what that holds is released at once, and code after its `await` does not run.
/// Python calls `aclose()` for it, or not: a generator that is left in the middle waits for the collector.
///
/// One consumer at a time: `next` borrows the stream exclusively. A second one does not compile;
/// in Python it is a `RuntimeError` at run time.
///
/// ```compile_fail,E0499
/// # use asyncio::generator::generator;
/// # use tokio_stream::StreamExt;
/// # async fn two_at_once() {
/// let mut numbers = generator(async |mut out| out.emit(1).await);
/// let (one, other) = tokio::join!(numbers.next(), numbers.next());
/// # }
/// ```
///
/// ```
/// # use asyncio::generator::generator;
/// # use tokio_stream::StreamExt;
/// # async fn one_after_the_other() {
/// let mut numbers = generator(async |mut out| out.emit(1).await);
/// let (one, other) = (numbers.next().await, numbers.next().await);
/// # }
/// ```
#[must_use = "nothing of it runs until it is asked for a value"]
pub struct Generator<'a, T> {
    /// `None` when it has returned: what it held is released then, not when this is dropped.
    function: Option<Pin<Box<dyn Future<Output = ()> + Send + 'a>>>,
    slot: Arc<Slot<T>>,
}

impl<T> fmt::Debug for Generator<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Generator")
            .field("ended", &self.function.is_none())
            .finish_non_exhaustive()
    }
}

/// What a generator's function yields its values to.
pub struct Yielder<T> {
    slot: Arc<Slot<T>>,
}

impl<T> fmt::Debug for Yielder<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Yielder").finish_non_exhaustive()
    }
}

/// The value on its way from the function to who asked. A lock and no cell only so that the generator is
/// `Send`: function and consumer take turns, nobody ever waits for it.
struct Slot<T>(Mutex<Transit<T>>);

struct Transit<T> {
    value: Option<T>,
    /// Who is to hear that the value was taken.
    emitter: Option<Waker>,
}

impl<T> Slot<T> {
    fn transit(&self) -> MutexGuard<'_, Transit<T>> {
        // Poisoned means that a waker's clone panicked; the slot is whole all the same.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> Option<T> {
        let mut transit = self.transit();
        let (value, emitter) = (transit.value.take(), transit.emitter.take());
        drop(transit); // a waker is somebody else's code
        // The next request polls the function in any case. But the function may have put `emit` into something
        // that polls only what was woken.
        emitter.into_iter().for_each(Waker::wake);
        value
    }

    /// Comes back when the slot is empty.
    async fn emptied(&self) {
        poll_fn(|context| {
            let mut transit = self.transit();
            if transit.value.is_none() {
                return Poll::Ready(());
            }
            transit.emitter = Some(context.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

/// A stream of what `function` yields. Python: calling an `async def` with `yield` in it.
///
/// ```
/// use asyncio::generator::generator;
/// use tokio_stream::StreamExt;
///
/// # asyncio::run::run(async {
/// let mut countdown = generator(async |mut out| {
///     for n in (1..=3).rev() {
///         out.emit(n).await;
///     }
/// });
/// let mut seen = Vec::new();
/// while let Some(n) = countdown.next().await {
///     seen.push(n);
/// }
/// assert_eq!(seen, [3, 2, 1]);
/// # })?;
/// # Ok::<(), asyncio::run::RunError>(())
/// ```
pub fn generator<'a, T, F>(function: impl FnOnce(Yielder<T>) -> F) -> Generator<'a, T>
where
    F: Future<Output = ()> + Send + 'a,
{
    let transit = Transit {
        value: None,
        emitter: None,
    };
    let slot = Arc::new(Slot(Mutex::new(transit)));
    let function = function(Yielder {
        slot: Arc::clone(&slot),
    });
    Generator {
        function: Some(Box::pin(function)),
        slot,
    }
}

impl<T> Yielder<T> {
    /// Gives a value to who asked for one, and comes back when the next is asked for. Python: `yield value`.
    ///
    /// Only the generator's function may await this, and one at a time: `&mut`. If it is dropped before it
    /// came back, the value is on its way all the same, or is dropped where the one before had not been taken.
    pub async fn emit(&mut self, value: T) {
        self.slot.emptied().await; // of a value whose `emit` was dropped: it is on its way all the same
        self.slot.transit().value = Some(value);
        self.slot.emptied().await;
    }
}

impl<T> Stream for Generator<'_, T> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        // Taken out, so that it is gone if it panics, and put back if it is not done.
        let Some(mut function) = self.function.take() else {
            return Poll::Ready(None); // ended, and stays so
        };
        let polled = function.as_mut().poll(context);
        let value = self.slot.take();
        if polled.is_pending() {
            self.function = Some(function);
        }
        match (value, polled) {
            // Also when the function has returned: it may have dropped `emit` half way.
            (Some(value), _) => Poll::Ready(Some(value)),
            (None, Poll::Ready(())) => Poll::Ready(None),
            (None, Poll::Pending) => Poll::Pending, // it awaits something else, which has our waker
        }
    }
}
