//! The messages between the parent and a worker, over a socket pair.
//!
//! | from → to | message |
//! |---|---|
//! | parent → worker | the descriptors of the [credits](super::credits) and of the parent's process, with a byte |
//! | worker → parent | [`HELLO`], and which file it executes |
//! | parent → worker | a batch: a frame of frames, each a task: function (8 bytes), [arguments](super::items) |
//! | worker → parent | for each task that it has begun a frame: [`MORE`] or [`LAST`], [results](super::items) |
//!
//! A worker reads all of a batch before it begins, and is sent the next one after its last answer to the
//! one before: so nobody writes to someone who writes, and no message is too long.
//! The initialiser is a batch of one. The end of file is the parent's last word. If the parent shuts the
//! other direction down as well, the worker ends at once.

use std::convert::Infallible;

use serde::Serialize;

use super::code::{Function, Text};
use super::{frame, items};
use crate::future::FutureError;

/// A worker's first argument.
pub const WORKER: &str = "__futures_pool_worker";

/// What a worker says first.
pub const HELLO: [u8; 8] = *b"futures1";

/// Kind of an answer: more will follow, unless the tasks are taken back.
pub const MORE: u8 = 0;

/// Kind of an answer: none will follow in this batch.
pub const LAST: u8 = 1;

/// How many bytes of tasks are sent together at most, about: no task shall wait for a long copy.
pub const BATCH: usize = 32 * 1024;

/// How many tasks are sent together at most.
pub const TASKS: usize = 256;

/// A batch of one task. `None` if the function cannot be sent.
pub fn batch_of_one(
    function: Function,
    text: &Text,
    encode: impl FnOnce(&mut Vec<u8>),
) -> Option<Vec<u8>> {
    let number = function.number(text)?;
    let mut batch = Vec::with_capacity(64);
    frame::append_with(&mut batch, |batch| {
        frame::append_with(batch, |task| {
            task.extend_from_slice(&number);
            encode(task);
            Ok::<(), Infallible>(())
        })
    })
    .ok()?;
    Some(batch)
}

/// A batch of one task with one item.
///
/// # Errors
///
/// The function or the argument cannot be sent.
pub fn encode_one<A: Serialize>(
    function: Function,
    text: &Text,
    argument: &A,
) -> Result<Vec<u8>, FutureError> {
    let mut refused = None;
    let batch = batch_of_one(function, text, |out| {
        refused = items::encode_one(argument, out).err();
    });
    match refused {
        Some(reason) => Err(FutureError::Argument(reason)),
        None => batch.ok_or(FutureError::UnknownFunction),
    }
}

/// Makes one batch of several.
pub fn join<'b>(batches: impl Iterator<Item = &'b [u8]>, out: &mut Vec<u8>) {
    out.clear();
    let Ok(()) = frame::append_with(out, |out| {
        batches.for_each(|batch| out.extend_from_slice(&batch[frame::HEADER..]));
        Ok::<(), Infallible>(())
    });
}
