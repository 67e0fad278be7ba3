//! [`AsyncResult`]: the result of a call that goes on while the caller does something else.

use std::fmt;
use std::rc::Rc;
use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;

use super::error::TaskError;
use super::parent::Parent;
use super::state::Outcome;
use super::task;
use super::wire;

/// What [`map_async`](super::Pool::map_async) and its like return: Python's `AsyncResult`.
///
/// It is resolved sooner or later whatever happens, also if the pool is terminated or dropped, or
/// breaks. A handle that is dropped does not stop its tasks; their results are thrown away.
///
/// While nobody asks it or another handle, or calls something else of the pool's, its tasks go on only as
/// far as about 1 MiB of arguments and 1 MiB of results go: see [`map_async`](super::Pool::map_async).
///
/// Python's callbacks are not here: they run in a helper thread, which a process that forks does not
/// want. [`wait`](Self::wait), then call what you like.
#[must_use = "the results are thrown away if the handle is dropped"]
pub struct AsyncResult<T> {
    parent: Rc<Parent>,
    job: u64,
    /// The pool took no tasks when it was asked.
    refused: Option<TaskError>,
    gather: fn(Vec<Outcome>) -> Result<T, TaskError>,
}

impl<T> AsyncResult<T> {
    pub(super) fn new(
        parent: &Rc<Parent>,
        refused: Option<TaskError>,
        gather: fn(Vec<Outcome>) -> Result<T, TaskError>,
    ) -> Self {
        let parent = Rc::clone(parent);
        Self {
            job: parent.open_job(),
            parent,
            refused,
            gather,
        }
    }

    pub(super) fn job(&self) -> u64 {
        self.job
    }

    /// Waits for the result. Python's `get()`.
    ///
    /// # Errors
    ///
    /// Of several tasks that failed, the first one's error, in the order of the input. All of them
    /// were run.
    pub fn get(self) -> Result<T, TaskError> {
        self.wait();
        self.resolve()
    }

    /// Waits for the result, at most so long. `Err` is the handle, to ask again. Python's `get(timeout)`.
    ///
    /// # Errors
    ///
    /// The handle, if the time is over. Within, as [`get`](Self::get).
    pub fn get_timeout(self, timeout: Duration) -> Result<Result<T, TaskError>, Self> {
        if self.wait_timeout(timeout) {
            Ok(self.resolve())
        } else {
            Err(self)
        }
    }

    /// Waits until there is a result, or an error. Python's `wait()`.
    pub fn wait(&self) {
        self.parent.wait_answered(self.job, None);
    }

    /// Waits until there is a result or an error, at most so long; returns whether there is. Python's
    /// `wait(timeout)`.
    pub fn wait_timeout(&self, timeout: Duration) -> bool {
        let deadline = Instant::now().checked_add(timeout);
        self.parent.wait_answered(self.job, deadline)
    }

    /// Whether there is a result or an error, now. It does not wait. Python's `ready()`.
    pub fn ready(&self) -> bool {
        self.parent.exchange();
        self.parent.is_answered(self.job)
    }

    /// Whether every task returned, without an error; `None` while they are not done. (Python raises
    /// `ValueError` then.) Whether the results can be decoded only [`get`](Self::get) sees.
    pub fn successful(&self) -> Option<bool> {
        let good = |outcome: &Outcome| match outcome {
            Outcome::Results(items) => wire::items(items).all(|(tag, _)| tag == wire::VALUE),
            Outcome::Died(_) => false,
        };
        self.ready()
            .then(|| self.refused.is_none() && self.parent.all(self.job, good))
    }

    fn resolve(mut self) -> Result<T, TaskError> {
        if let Some(refused) = self.refused.take() {
            return Err(refused);
        }
        if !self.parent.all(self.job, |_| true) {
            return Err(self.parent.why_ended());
        }
        let mut outcomes: Vec<_> = std::iter::from_fn(|| self.parent.take(self.job)).collect();
        outcomes.sort_unstable_by_key(|(index, _)| *index);
        (self.gather)(outcomes.into_iter().map(|(_, outcome)| outcome).collect())
    }
}

impl<T> Drop for AsyncResult<T> {
    fn drop(&mut self) {
        self.parent.forget(self.job);
    }
}

impl<T> fmt::Debug for AsyncResult<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncResult")
            .field("call", &self.job)
            .finish_non_exhaustive()
    }
}

/// The results of a `map`.
pub(super) fn all<R: DeserializeOwned>(outcomes: Vec<Outcome>) -> Result<Vec<R>, TaskError> {
    let mut results = Vec::new();
    for outcome in outcomes {
        let items = match outcome {
            Outcome::Results(items) => items,
            Outcome::Died(error) => return Err(error),
        };
        for (tag, bytes) in wire::items(&items) {
            results.push(task::result(tag, bytes)?);
        }
    }
    Ok(results)
}

/// The result of an `apply`.
pub(super) fn one<R: DeserializeOwned>(outcomes: Vec<Outcome>) -> Result<R, TaskError> {
    let results = all(outcomes)?;
    let result = results.into_iter().next();
    result.ok_or_else(|| TaskError::Result("there is none".to_owned()))
}
