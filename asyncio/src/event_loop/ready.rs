//! [`Ready`]: the queue in which other threads put the tasks that are to be polled, and how the loop sleeps while
//! there are none.

use std::collections::VecDeque;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Wake;
use std::thread::{self, Thread};

use super::queue_here;
use super::state::State;

/// The part of a loop that other threads reach.
///
/// The loop sleeps by parking its thread. It says so (`asleep`) under the same lock under which it saw that the queue is
/// empty; who queues something sees it there, and unparks the thread. An `unpark` that comes before the `park` makes
/// that return at once. So no wake-up falls between the looking and the sleeping.
#[derive(Debug)]
pub(super) struct Ready {
    queue: Mutex<Queue>,
    /// Whose loop it is.
    thread: Thread,
}

#[derive(Debug)]
struct Queue {
    tasks: VecDeque<u64>,
    /// The loop parks, or is about to, and nobody has unparked it.
    asleep: bool,
}

impl Ready {
    /// For a loop of this thread.
    pub(super) fn new() -> Self {
        Self {
            queue: Mutex::new(Queue {
                tasks: VecDeque::new(),
                asleep: false,
            }),
            thread: thread::current(),
        }
    }

    /// Queues a task. From any thread.
    pub(super) fn push(&self, task: u64) {
        let mut queue = self.lock();
        queue.tasks.push_back(task);
        let asleep = mem::take(&mut queue.asleep); // one unpark is enough
        drop(queue);
        if asleep {
            self.thread.unpark();
        }
    }

    /// Adds all that is queued here to `batch`. If that is still empty then, the loop has to park before it comes
    /// here again, or may: it counts as asleep.
    pub(super) fn take(&self, batch: &mut VecDeque<u64>) {
        let mut queue = self.lock();
        let used = queue.tasks.len();
        batch.append(&mut queue.tasks);
        if is_too_large(queue.tasks.capacity(), used) {
            queue.tasks.shrink_to(2 * used);
        }
        queue.asleep = batch.is_empty();
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        // Nothing that may panic is done under it.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a table or queue with room for `capacity` tasks, of which `used` are needed, should give memory back: when
/// less than a quarter is needed. It took as many tasks as that to fill it, so this costs each of them little.
pub(super) fn is_too_large(capacity: usize, used: usize) -> bool {
    capacity > 4096 && capacity / 4 > used
}

/// What a [`Waker`](std::task::Waker) of ours points to: enough to queue the task, from any thread, at any time, also when
/// task and loop are long gone. The future is not in it, so that need not be `Send`.
#[derive(Debug)]
pub(super) struct Task {
    pub(super) state: State,
    /// Its number in the loop.
    pub(super) number: u64,
    pub(super) ready: Arc<Ready>,
}

impl Task {
    /// A new one, which its maker has to queue.
    pub(super) fn new(number: u64, ready: &Arc<Ready>) -> Arc<Self> {
        Arc::new(Self {
            state: State::queued(),
            number,
            ready: Arc::clone(ready),
        })
    }

    /// Queues it. From any thread; on the loop's own, while the loop runs, without the lock.
    pub(super) fn queue(&self) {
        if !queue_here(&self.ready, self.number) {
            self.ready.push(self.number);
        }
    }
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.state.wake() {
            self.queue();
        }
    }
}
