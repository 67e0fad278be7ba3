//! [`as_completed`] and [`wait`]: several futures at once. Python's functions of the same names.
//!
//! Both take the futures by value and give every one of them back: done or not, in an iterator or in
//! lists. No task is cancelled, and no result is taken out.
//!
//! Where Rust differs: there is one [`Future`] to a result, so none can be given twice. A cancelled future
//! counts as done at once; Python's does when a worker has come across it. Futures that are done are
//! always given, however late, before there is a word about the time-out.
//!
//! To copy: this file, the folder `wait`, and `future.rs` with its folder. Needs: std only.

use std::error::Error;
use std::fmt;
use std::iter::FusedIterator;
use std::time::{Duration, Instant};

use crate::future::Future;

mod group; // who is told by which future

use group::Group;

/// Gives the futures as they are done; those that are already come first, in the order given here.
///
/// At `timeout` after this call ([`None`]: never) the iterator has nothing to wait for any more: it gives
/// [`Unfinished`], once, and ends.
///
/// ```
/// use futures_pool::future::promise;
/// use futures_pool::wait::as_completed;
///
/// let (promises, futures): (Vec<_>, Vec<_>) = [(); 3].map(|()| promise()).into_iter().unzip();
/// let completed = as_completed(futures, None); // before any of them is done
/// std::thread::spawn(move || {
///     for (n, promise) in promises.into_iter().enumerate().rev() {
///         promise.set_result(n);
///     }
/// });
/// let order = completed.map(|future| future.unwrap().into_result().unwrap());
/// assert_eq!(order.collect::<Vec<_>>(), [2, 1, 0]);
/// ```
///
/// After a time-out, or on leaving the loop early, the rest can be had back:
///
/// ```
/// use std::time::Duration;
///
/// use futures_pool::future::promise;
/// use futures_pool::wait::as_completed;
///
/// let (_promise, future) = promise::<i32>();
/// let mut completed = as_completed([future], Some(Duration::ZERO));
/// for future in completed.by_ref() {
///     assert_eq!(future.unwrap_err().to_string(), "1 (of 1) futures unfinished");
/// }
/// assert!(completed.into_rest()[0].cancel());
/// ```
pub fn as_completed<T>(
    futures: impl IntoIterator<Item = Future<T>>,
    timeout: Option<Duration>,
) -> AsCompleted<T> {
    let until = deadline(timeout);
    let group = Group::new(futures);
    let total = group.left();
    AsCompleted {
        group,
        total,
        until,
        over: false,
    }
}

/// What [`as_completed`] gives: an iterator over futures that are done.
///
/// Dropping it drops the futures that it has not given, which changes nothing for their tasks;
/// [`into_rest`](Self::into_rest) keeps them.
#[must_use = "it waits for nothing unless it is iterated over"]
pub struct AsCompleted<T> {
    group: Group<T>,
    total: usize,
    until: Option<Instant>,
    /// It has given `Unfinished`.
    over: bool,
}

impl<T> AsCompleted<T> {
    /// The futures that it has not given, done or not, in the order in which it got them.
    pub fn into_rest(self) -> Vec<Future<T>> {
        self.group.into_rest().map(|(future, _)| future).collect()
    }
}

impl<T> Iterator for AsCompleted<T> {
    type Item = Result<Future<T>, Unfinished>;

    /// Waits for the next one that is done.
    fn next(&mut self) -> Option<Self::Item> {
        if self.over || self.group.left() == 0 {
            return None;
        }
        if let Some(index) = self.group.next_done(1, self.until) {
            return Some(Ok(self.group.take(index)));
        }
        self.over = true;
        Some(Err(Unfinished {
            unfinished: self.group.left(),
            total: self.total,
        }))
    }
}

impl<T> FusedIterator for AsCompleted<T> {}

/// How many are there yet.
impl<T> fmt::Debug for AsCompleted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "AsCompleted({} of {} left)",
            self.group.left(),
            self.total
        )
    }
}

/// Waits until what `return_when` says is so, for `timeout` at most ([`None`]: for ever). The futures that
/// are done then, and those that are not, each in the order given here.
///
/// Running into the time-out is no error: the second list tells. Of no futures at all there are two
/// empty lists, at once.
///
/// ```
/// use std::time::Duration;
///
/// use futures_pool::future::promise;
/// use futures_pool::wait::{ReturnWhen, wait};
///
/// let (early, first) = promise();
/// let (_late, second) = promise();
/// early.set_result(1);
/// let (done, not_done) = wait([first, second], None, ReturnWhen::FirstCompleted);
/// assert_eq!(done[0].result(None), Ok(&1));
/// let (_, not_done) = wait(not_done, Some(Duration::ZERO), ReturnWhen::AllCompleted);
/// assert_eq!(not_done.len(), 1);
/// ```
pub fn wait<T>(
    futures: impl IntoIterator<Item = Future<T>>,
    timeout: Option<Duration>,
    return_when: ReturnWhen,
) -> (Vec<Future<T>>, Vec<Future<T>>) {
    let until = deadline(timeout);
    let mut group = Group::new(futures);
    for outstanding in (1..=group.left()).rev() {
        let wanted = match return_when {
            ReturnWhen::AllCompleted => outstanding,
            ReturnWhen::FirstCompleted | ReturnWhen::FirstException => 1,
        };
        let Some(index) = group.next_done(wanted, until) else {
            break;
        };
        let enough = match return_when {
            ReturnWhen::FirstCompleted => true,
            ReturnWhen::FirstException => group.has_failed(index),
            ReturnWhen::AllCompleted => false,
        };
        if enough {
            break;
        }
    }
    // Of those that are done by now, also the ones that nobody has been told of.
    let (mut done, mut not_done) = (Vec::new(), Vec::new());
    for (future, is_done) in group.into_rest() {
        if is_done { &mut done } else { &mut not_done }.push(future);
    }
    (done, not_done)
}

/// What [`wait`] waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReturnWhen {
    /// One is done. Python's `FIRST_COMPLETED`.
    FirstCompleted,
    /// One has finished with an error, or all are done; a cancelled one is no error. Python's
    /// `FIRST_EXCEPTION`.
    FirstException,
    /// All are done. Python's `ALL_COMPLETED`.
    AllCompleted,
}

/// When the time is up; a time that no clock can show never comes.
fn deadline(timeout: Option<Duration>) -> Option<Instant> {
    Instant::now().checked_add(timeout?)
}

/// The time was up before all futures were done. Python's `TimeoutError` out of `as_completed`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unfinished {
    /// How many were not.
    pub unfinished: usize,
    /// Of how many.
    pub total: usize,
}

impl fmt::Display for Unfinished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { unfinished, total } = self;
        write!(f, "{unfinished} (of {total}) futures unfinished")
    }
}

impl Error for Unfinished {}
