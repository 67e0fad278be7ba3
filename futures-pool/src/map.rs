//! [`Map`]: what an executor's `map` returns, the results in the order of the input. Python's
//! `Executor.map`.
//!
//! Where Python differs: it pulls the whole input at once (before 3.14, or without `buffersize`), and
//! ends at the first error. Here an error is an item like others, at its own position; who wants to end
//! there collects into a `Result`.
//!
//! To copy: this file, `common.rs`, `future.rs`, `future/`. Needs: std only.

use std::collections::VecDeque;
use std::fmt;
use std::iter::FusedIterator;
use std::num::NonZeroUsize;
use std::thread;
use std::time::{Duration, Instant};
use std::vec;

use crate::common::SubmitError;
use crate::common::attempt;
use crate::future::Future;
use crate::future::FutureError;

/// Settings of a [`Map`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MapOptions {
    /// How long all of it may take, counted from the call of `map`. When the time is up, the results
    /// that are there are given, then [`FutureError::Timeout`], and the rest is cancelled. Python's
    /// `timeout`.
    pub timeout: Option<Duration>,
    /// How many tasks may be submitted beyond the one whose result is asked for; without a number 64 for
    /// each worker. So much of the input is pulled before it is needed. Python's `buffersize`.
    pub look_ahead: Option<NonZeroUsize>,
    /// How many items are one task. More than one pays if a single item is a matter of microseconds.
    /// Python's `chunksize`.
    pub chunk_size: NonZeroUsize,
}

impl Default for MapOptions {
    fn default() -> Self {
        Self {
            timeout: None,
            look_ahead: None,
            chunk_size: NonZeroUsize::MIN,
        }
    }
}

impl MapOptions {
    /// The look-ahead, for an executor with so many workers.
    pub(crate) fn look_ahead_for(&self, workers: usize) -> usize {
        let default = workers.saturating_mul(64);
        self.look_ahead.map_or(default, NonZeroUsize::get)
    }
}

/// So often `next` looks for a result, and lets the workers run in between, before it sleeps: some
/// microseconds in all. To sleep and to be woken takes longer than a small task does.
const LOOKS: usize = 10;

/// What a chunk comes to: a result for each of its items, or one error for all of them.
pub(crate) type Chunk<R> = Future<Vec<Result<R, FutureError>>>;

/// The results of a `map`, in the order of the input. `next` waits.
///
/// The first tasks are submitted when it is made, and one more for each whose result is asked for. After
/// an item's error the next items come. If the executor takes no more tasks, the results of those it has
/// come, then one error, and that is the end.
///
/// It stays in the thread that made it (it is not `Send`).
///
/// **Drop** cancels the tasks that have not begun. It does not wait for the others.
#[must_use = "dropped, it cancels what has not begun"]
pub struct Map<'e, R> {
    /// `None` when the input has ended.
    submit: Option<Box<Submit<'e, R>>>,
    /// Submitted, with the number of their items, in order.
    chunks: VecDeque<(usize, Chunk<R>)>,
    look_ahead: usize,
    /// Of the chunk that is being given.
    ready: vec::IntoIter<Result<R, FutureError>>,
    /// Why the input ended before its end.
    refused: Option<FutureError>,
    until: Option<Instant>,
}

/// Submits the next chunk, and says how many items it has; `None` if the input has no more.
type Submit<'e, R> = dyn FnMut() -> Option<(usize, Result<Chunk<R>, SubmitError>)> + 'e;

impl<'e, R> Map<'e, R> {
    /// Over `inputs`; `submit` takes a chunk of them to an executor, which has so many workers.
    pub(crate) fn new<I: IntoIterator>(
        options: MapOptions,
        workers: usize,
        inputs: I,
        mut submit: impl FnMut(Vec<I::Item>) -> Result<Chunk<R>, SubmitError> + 'e,
    ) -> Self
    where
        I::IntoIter: 'e,
    {
        let size = options.chunk_size.get();
        let timeout = options.timeout;
        let mut inputs = inputs.into_iter();
        let submit = move || {
            let chunk: Vec<_> = inputs.by_ref().take(size).collect();
            let items = chunk.len();
            (items > 0).then(|| (items, submit(chunk)))
        };
        let mut map = Self {
            submit: Some(Box::new(submit)),
            chunks: VecDeque::new(),
            look_ahead: options.look_ahead_for(workers),
            ready: Vec::new().into_iter(),
            refused: None,
            // A time that no clock can show is for ever.
            until: timeout.and_then(|timeout| Instant::now().checked_add(timeout)),
        };
        map.submit_up_to(map.look_ahead);
        map
    }

    /// Submits until so many are on their way.
    fn submit_up_to(&mut self, ahead: usize) {
        while self.chunks.len() < ahead {
            // If the input panics, it has ended with that, and what was submitted is still here.
            let Some(mut submit) = self.submit.take() else {
                return;
            };
            match submit() {
                Some((items, Ok(chunk))) => self.chunks.push_back((items, chunk)),
                Some((_, Err(error))) => return self.refused = Some(error.into()),
                None => return,
            }
            self.submit = Some(submit);
        }
    }

    /// The next chunk's results.
    fn next_chunk(&mut self) -> Option<Result<Vec<Result<R, FutureError>>, FutureError>> {
        let left = |until: Instant| until.saturating_duration_since(Instant::now());
        let left = self.until.map(left);
        if left != Some(Duration::ZERO) {
            self.submit_up_to(self.look_ahead.saturating_add(1));
        }
        let Some((_, chunk)) = self.chunks.front() else {
            // Input that is left was not submitted since the time is up.
            let timeout = self.submit.take().map(|_| FutureError::Timeout);
            return timeout.or(self.refused.take()).map(Err);
        };
        let mut looks = 0..LOOKS;
        while !chunk.done() && looks.next().is_some() {
            thread::yield_now();
        }
        if left.is_some() && chunk.exception(left) == Err(FutureError::Timeout) {
            self.cancel();
            return Some(Err(FutureError::Timeout));
        }
        let (items, chunk) = self.chunks.pop_front()?;
        // What befalls all of the chunk befalls each of its items.
        let same = |error| Ok(vec![error; items].into_iter().map(Err).collect());
        Some(chunk.into_result().or_else(same))
    }

    /// Cancels what has not begun, and ends.
    fn cancel(&mut self) {
        self.submit = None;
        self.refused = None;
        for (_, chunk) in self.chunks.drain(..) {
            chunk.cancel();
        }
    }
}

impl<R> Iterator for Map<'_, R> {
    type Item = Result<R, FutureError>;

    /// # Panics
    ///
    /// When the input does. It has ended with that; the results of what was taken from it before still
    /// come.
    fn next(&mut self) -> Option<Self::Item> {
        if let Some(result) = self.ready.next() {
            return Some(result);
        }
        match self.next_chunk()? {
            Ok(results) => self.ready = results.into_iter(),
            Err(error) => return Some(Err(error)),
        }
        self.ready.next()
    }
}

impl<R> FusedIterator for Map<'_, R> {}

impl<R> Drop for Map<'_, R> {
    fn drop(&mut self) {
        self.cancel();
    }
}

impl<R> fmt::Debug for Map<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Map")
            .field("submitted", &self.chunks.len())
            .finish_non_exhaustive()
    }
}

/// What `function` comes to with each item of a chunk, panics included.
pub(crate) fn each<A, R>(
    chunk: Vec<A>,
    function: impl Fn(A) -> Result<R, FutureError>,
) -> Vec<Result<R, FutureError>> {
    let one = |item| attempt(|| function(item));
    chunk.into_iter().map(one).collect()
}
