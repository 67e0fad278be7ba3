//! [`State`]: what may happen to a task between two polls, from any thread, and who must queue it.

use std::sync::atomic::AtomicU8;
use std::sync::atomic::Ordering::{AcqRel, Release};

/// A poll is due: the task was woken, or aborted, or is new.
const DUE: u8 = 1;
/// The loop has the task in hand.
const RUNNING: u8 = 2;
/// To be dropped in place of the next poll.
const ABORTED: u8 = 4;
/// It has returned, or was dropped. The other bits mean nothing any more.
const DONE: u8 = 8;

/// Where a task is. Any thread may wake it; only the loop's thread polls it.
///
/// | from | to | who | when |
/// |---|---|---|---|
/// | — | queued (`DUE`) | the loop | it is spawned; the loop queues it |
/// | idle (`0`) | queued (`DUE`) | anybody | [`wake`](Self::wake), [`abort`](Self::abort): *this* caller queues it, no other |
/// | queued | running (`RUNNING`) | the loop | [`begin`](Self::begin): it was next in the queue |
/// | running | running + woken (`RUNNING`, `DUE`) | anybody | wake, abort: nobody queues it yet |
/// | running | idle | the loop | [`suspend`](Self::suspend): the poll said `Pending` |
/// | running + woken | queued | the loop | `suspend`: the wake-up came during the poll; the loop queues it again |
/// | any | done (`DONE`) | the loop | [`finish`](Self::finish): from now on nobody queues it |
///
/// So a task is in the queue when it is `DUE` and not `RUNNING`, and then once. `ABORTED` may join any of
/// these states, and stays.
///
/// Every transition is one atomic operation that sets, clears or replaces bits and tells what was there before. None
/// can come between the looking and the changing. Each is `AcqRel`, *also where nothing changes*: a waker that finds
/// its task queued leaves what it has written to the poll that is to come.
#[derive(Debug)]
pub(super) struct State(AtomicU8);

impl State {
    /// Of a new task, which has to be queued.
    pub(super) fn queued() -> Self {
        Self(AtomicU8::new(DUE))
    }

    /// A poll is wanted. Whether the caller has to queue the task.
    pub(super) fn wake(&self) -> bool {
        let before = self.0.fetch_or(DUE, AcqRel);
        before & (DUE | RUNNING | DONE) == 0
    }

    /// The task is to be dropped instead of polled. Whether the caller has to queue it; `None` if it is done
    /// or was aborted before.
    pub(super) fn abort(&self) -> Option<bool> {
        let before = self.0.fetch_or(DUE | ABORTED, AcqRel);
        let news = before & (ABORTED | DONE) == 0;
        news.then_some(before & (DUE | RUNNING) == 0)
    }

    /// The loop takes the task in hand. Whether to poll it; else it was aborted, and is to be dropped.
    ///
    /// This comes before the poll: who wakes the task from here on may have news that the poll does not see.
    pub(super) fn begin(&self) -> bool {
        let before = self.0.swap(RUNNING, AcqRel);
        before & ABORTED == 0
    }

    /// The loop lays the task aside. Whether it was woken meanwhile, and has to be queued again.
    pub(super) fn suspend(&self) -> bool {
        let before = self.0.fetch_and(!RUNNING, AcqRel);
        before & DUE != 0
    }

    /// The task is over.
    pub(super) fn finish(&self) {
        self.0.store(DONE, Release);
    }
}
