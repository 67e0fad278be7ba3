//! [`GroupError`]: what went wrong in a group. [`GroupClosed`]: why it takes no child.

use std::error::Error;
use std::fmt;

use crate::task::TaskError;

/// All errors of a group, at least one. Python's `ExceptionGroup`.
#[derive(Debug, PartialEq, Eq)]
pub struct GroupError<E> {
    errors: Vec<E>,
}

impl<E> GroupError<E> {
    pub(super) fn new(first: E, mut others: Vec<E>) -> Self {
        others.insert(0, first);
        Self { errors: others }
    }

    /// The error that ended the group.
    pub fn first(&self) -> &E {
        &self.errors[0]
    }

    /// All of them: the one that ended the group, then those that its children were left with when they were cancelled.
    pub fn errors(&self) -> &[E] {
        &self.errors
    }

    /// All of them, taken out.
    pub fn into_errors(self) -> Vec<E> {
        self.errors
    }
}

impl<E: fmt::Display> fmt::Display for GroupError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} failed in the task group: ", self.errors.len())?;
        for (place, error) in self.errors.iter().enumerate() {
            let comma = if place == 0 { "" } else { "; " };
            // The form with its causes, where an error has one.
            write!(f, "{comma}{error:#}")?;
        }
        Ok(())
    }
}

impl<E: fmt::Debug + fmt::Display> Error for GroupError<E> {}

/// The group takes no more children: it has failed, or is over. Python's `RuntimeError` from `create_task`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupClosed;

impl fmt::Display for GroupClosed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the task group takes no more children: it has failed or is over")
    }
}

impl Error for GroupClosed {}

/// So that `group.spawn(…)?` also works where the error is a [`TaskError`]: a child that was refused came to the same as
/// one that was cancelled before it began.
impl From<GroupClosed> for TaskError {
    fn from(_: GroupClosed) -> Self {
        Self::Cancelled
    }
}
