//! [`Record`]: what is known of a task besides its future, in one allocation; and the name of the one that runs.

use std::future::Future;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, OnceLock};

tokio::task_local! {
    pub(super) static CURRENT: Arc<Record>;
}

/// Of each task there is one, so it is small: a name that was not given is a number until somebody asks.
pub(super) struct Record {
    number: u64,
    name: OnceLock<Arc<str>>,
    /// Whether the task was asked to cancel.
    pub(super) asked: AtomicBool,
    /// Whether its future, if it is no more, was dropped before it came to an end.
    pub(super) cut_off: AtomicBool,
}

impl Record {
    /// Named by the next number, or by `given`.
    fn new(number: u64, given: Option<Arc<str>>) -> Self {
        Self {
            number,
            name: given.map_or_else(OnceLock::new, OnceLock::from),
            asked: AtomicBool::new(false),
            cut_off: AtomicBool::new(true),
        }
    }

    pub(super) fn numbered() -> Self {
        Self::new(next_number(), None)
    }

    pub(super) fn named(name: Arc<str>) -> Self {
        Self::new(0, Some(name)) // the number is not asked for
    }

    pub(super) fn name(&self) -> &Arc<str> {
        self.name.get_or_init(|| text(self.number))
    }
}

/// The name of the task that runs here, also in its destructors. `None` outside of a task.
///
/// Python: `asyncio.current_task().get_name()`.
pub fn current_task_name() -> Option<Arc<str>> {
    CURRENT.try_with(|record| Arc::clone(record.name())).ok()
}

/// `future`, which sees `name` as its task's name. For futures that something else makes tasks of.
pub fn with_name<F: Future>(
    name: impl Into<Arc<str>>,
    future: F,
) -> impl Future<Output = F::Output> {
    CURRENT.scope(Arc::new(Record::named(name.into())), future)
}

/// `future`, which sees the next of the names `Task-1`, `Task-2`, … of this process as its task's. It is made
/// when somebody asks for it.
pub fn with_next_name<F: Future>(future: F) -> impl Future<Output = F::Output> {
    CURRENT.scope(Arc::new(Record::numbered()), future)
}

fn next_number() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    LAST.fetch_add(1, Relaxed) + 1
}

fn text(number: u64) -> Arc<str> {
    format!("Task-{number}").into()
}
