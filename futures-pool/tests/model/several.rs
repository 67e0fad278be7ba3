//! The waits as the models see them, so that a copy with a mistake can take their place. The futures
//! are real ones.

use std::time::Duration;

use crate::Watched;
use crate::future;
use crate::wait::{self, AsCompleted, ReturnWhen, Unfinished};

pub type Future = future::Future<Watched>;

pub trait Several: 'static {
    type Completed: Iterator<Item = Result<Future, Unfinished>>;

    fn as_completed(futures: Vec<Future>, timeout: Option<Duration>) -> Self::Completed;
    fn into_rest(completed: Self::Completed) -> Vec<Future>;
    /// The futures that are done, and those that are not.
    fn wait(
        futures: Vec<Future>,
        timeout: Option<Duration>,
        return_when: ReturnWhen,
    ) -> (Vec<Future>, Vec<Future>);
}

pub struct Real;

impl Several for Real {
    type Completed = AsCompleted<Watched>;

    fn as_completed(futures: Vec<Future>, timeout: Option<Duration>) -> Self::Completed {
        wait::as_completed(futures, timeout)
    }

    fn into_rest(completed: Self::Completed) -> Vec<Future> {
        completed.into_rest()
    }

    fn wait(
        futures: Vec<Future>,
        timeout: Option<Duration>,
        return_when: ReturnWhen,
    ) -> (Vec<Future>, Vec<Future>) {
        wait::wait(futures, timeout, return_when)
    }
}
