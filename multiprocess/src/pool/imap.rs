//! [`Imap`] and [`ImapUnordered`]: a `map` that takes its input as its output is taken.

use std::any::Any;
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::panic::{self, AssertUnwindSafe};
use std::rc::Rc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::code::Function;
use super::error::TaskError;
use super::parent::Parent;
use super::state::Outcome;
use super::task;
use super::wire;
use super::wire::Ticket;
use crate::frame;

/// What [`Pool::imap`](super::Pool::imap) returns: the results, in the order of the input. After an
/// item's error the next items come.
///
/// If it is dropped before its end, no more input is taken; the tasks that are on their way are run, and
/// their results thrown away.
#[must_use = "iterators are lazy: no task is submitted before `next`"]
pub struct Imap<I, R>(Lazy<I, R>);

/// What [`Pool::imap_unordered`](super::Pool::imap_unordered) returns: the results, as they come.
/// A drop is as with [`Imap`].
#[must_use = "iterators are lazy: no task is submitted before `next`"]
pub struct ImapUnordered<I, R>(Lazy<I, R>);

struct Lazy<I, R> {
    parent: Rc<Parent>,
    job: u64,
    function: Function,
    /// Until it is exhausted.
    input: Option<I>,
    /// Items a task.
    chunk: usize,
    /// So many tasks may be on their way.
    ahead: usize,
    /// How many items each task has that is on its way.
    sizes: BTreeMap<u64, usize>,
    submitted: u64,
    /// Why the input ended before its end. Told when all before is.
    cut: Option<Cut>,
    /// Arrived, but not the next in order.
    early: BTreeMap<u64, Outcome>,
    ready: VecDeque<Result<R, TaskError>>,
    arguments: Vec<u8>,
}

enum Cut {
    /// The pool takes no more tasks.
    Refused(TaskError),
    /// The input panicked.
    Panicked(Box<dyn Any + Send>),
}

impl<I, R> Lazy<I, R>
where
    I: Iterator<Item: Serialize>,
    R: DeserializeOwned,
{
    fn next(&mut self, ordered: bool) -> Option<Result<R, TaskError>> {
        loop {
            if let Some(result) = self.ready.pop_front() {
                return Some(result);
            }
            self.submit();
            let Some((&first, _)) = self.sizes.first_key_value() else {
                return match self.cut.take()? {
                    Cut::Refused(why) => Some(Err(why)),
                    Cut::Panicked(payload) => panic::resume_unwind(payload),
                };
            };
            let outcome = match self.early.remove(&first) {
                Some(outcome) => Some((first, outcome)),
                None => self.receive(),
            };
            match outcome {
                Some((index, outcome)) if ordered && index != first => {
                    self.early.insert(index, outcome);
                }
                Some((index, outcome)) => {
                    let size = self.sizes.remove(&index).unwrap_or_default();
                    self.unpack(outcome, size);
                }
                None => {
                    // What has not come by now never will.
                    let size = self.sizes.remove(&first).unwrap_or_default();
                    let why = self.parent.why_ended();
                    self.ready.extend((0..size).map(|_| Err(why.clone())));
                }
            }
        }
    }

    /// Takes so much from the input that enough is on its way.
    fn submit(&mut self) {
        while self.sizes.len() < self.ahead {
            let Some(input) = &mut self.input else { break };
            frame::clear(&mut self.arguments);
            let taken = panic::catch_unwind(AssertUnwindSafe(|| {
                let items = input.take(self.chunk);
                items
                    .map(|item| task::encode(&item, &mut self.arguments))
                    .count()
            }));
            let size = match taken {
                Ok(size) => size,
                Err(payload) => {
                    self.cut = Some(Cut::Panicked(payload));
                    0
                }
            };
            if size < self.chunk {
                self.input = None;
            }
            if size == 0 {
                break;
            }
            if let Some(why) = self.parent.refuses() {
                self.cut = Some(Cut::Refused(why));
                self.input = None;
                break;
            }
            let (job, index) = (self.job, self.submitted);
            self.parent
                .submit(Ticket { job, index }, self.function, &self.arguments);
            self.sizes.insert(index, size);
            self.submitted += 1;
            // Not each for itself, which costs a system call, and long before the workers run dry.
            if self.submitted.is_multiple_of(self.ahead.div_ceil(8) as u64) {
                self.parent.exchange();
            }
        }
    }

    fn receive(&mut self) -> Option<(u64, Outcome)> {
        self.parent.take(self.job).or_else(|| {
            self.parent.wait_arrived(self.job);
            self.parent.take(self.job)
        })
    }

    fn unpack(&mut self, outcome: Outcome, size: usize) {
        match outcome {
            Outcome::Results(items) => {
                let results = wire::items(&items).map(|(tag, bytes)| task::result(tag, bytes));
                self.ready.extend(results);
            }
            Outcome::Died(error) => self.ready.extend((0..size).map(|_| Err(error.clone()))),
        }
    }
}

impl<I, R> Lazy<I, R> {
    fn new(parent: &Rc<Parent>, function: Function, input: I, chunk: usize, ahead: usize) -> Self {
        assert!(chunk > 0, "a chunk has at least one item");
        Self {
            parent: Rc::clone(parent),
            job: parent.open_job(),
            function,
            input: Some(input),
            chunk,
            ahead,
            sizes: BTreeMap::new(),
            submitted: 0,
            cut: None,
            early: BTreeMap::new(),
            ready: VecDeque::new(),
            arguments: Vec::new(),
        }
    }
}

impl<I, R> Drop for Lazy<I, R> {
    fn drop(&mut self) {
        self.parent.forget(self.job);
    }
}

macro_rules! iterator {
    ($name:ident, ordered: $ordered:literal) => {
        impl<I, R> $name<I, R> {
            pub(super) fn new(
                parent: &Rc<Parent>,
                function: Function,
                input: I,
                chunk: usize,
                ahead: usize,
            ) -> Self {
                Self(Lazy::new(parent, function, input, chunk, ahead))
            }
        }

        impl<I, R> Iterator for $name<I, R>
        where
            I: Iterator<Item: Serialize>,
            R: DeserializeOwned,
        {
            type Item = Result<R, TaskError>;

            fn next(&mut self) -> Option<Self::Item> {
                self.0.next($ordered)
            }
        }

        impl<I, R> fmt::Debug for $name<I, R> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    };
}

iterator!(Imap, ordered: true);
iterator!(ImapUnordered, ordered: false);
