//! [`Inner`]: a loop's tasks, and a turn of them.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::Future;
use std::mem;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Waker};

use super::JoinHandle;
use super::clock::Clock;
use super::job::{Job, Spawned, catch};
use super::ready::{Ready, Task};
use super::state::State;
use super::timers::Timers;

/// What a loop is made of.
///
/// Nothing in here is borrowed while code of a task runs: a poll, a destructor, a waker. That code may spawn, wake,
/// abort and sleep as it likes.
pub(super) struct Inner {
    /// What other threads reach. All the rest is the loop's own.
    pub(super) ready: Arc<Ready>,
    /// What was queued on the loop's own thread: it needs no lock.
    queued: RefCell<VecDeque<usize>>,
    /// What is left of the queues as they were when the loop last looked: what is polled before it looks again.
    pub(super) batch: RefCell<VecDeque<usize>>,
    tasks: RefCell<Tasks>,
    pub(super) timers: Timers,
    pub(super) clock: Clock,
    pub(super) running: Cell<bool>,
    pub(super) closed: Cell<bool>,
}

#[derive(Default)]
struct Tasks {
    /// By number. `None`: the number is free, or the loop has the task in hand.
    slots: Vec<Option<Slot>>,
    /// What is left of tasks that are over: their numbers, and the room for the next ones' state.
    free: Vec<Arc<Task>>,
}

impl Tasks {
    /// A new task, its number included.
    fn task(&mut self, ready: &Arc<Ready>) -> Arc<Task> {
        let Some(mut over) = self.free.pop() else {
            self.slots.push(None);
            return Task::new(self.slots.len() - 1, ready);
        };
        match Arc::get_mut(&mut over) {
            Some(task) => task.state = State::queued(), // nobody has a waker or handle of it any more
            None => over = Task::new(over.number, ready),
        }
        over
    }
}

struct Slot {
    job: Rc<dyn Job>,
    task: Arc<Task>,
    /// Points to `task`; here, so that it is not made anew for each poll.
    waker: Waker,
}

impl Inner {
    pub(super) fn new(clock: Clock) -> Self {
        Self {
            ready: Arc::new(Ready::new()),
            queued: RefCell::default(),
            batch: RefCell::default(),
            tasks: RefCell::default(),
            timers: Timers::default(),
            clock,
            running: Cell::new(false),
            closed: Cell::new(false),
        }
    }

    pub(super) fn spawn<F: Future + 'static>(&self, future: F) -> JoinHandle<F::Output> {
        let job = Rc::new(Spawned::new(future));
        let mut tasks = self.tasks.borrow_mut();
        let task = tasks.task(&self.ready);
        if self.closed.get() {
            drop(tasks);
            task.state.finish();
            job.cancel();
        } else {
            let slot = Slot {
                job: job.clone(),
                waker: Waker::from(Arc::clone(&task)),
                task: Arc::clone(&task),
            };
            tasks.slots[task.number] = Some(slot);
            self.queue(task.number);
        }
        JoinHandle::new(job, task)
    }

    /// Queues a task, or [main](super::MAIN). The loop is not asleep: its thread is here.
    pub(super) fn queue(&self, number: usize) {
        self.queued.borrow_mut().push_back(number);
    }

    /// Polls a task that was queued, or drops it if it was aborted.
    pub(super) fn turn(&self, number: usize) {
        let slot = self.tasks.borrow_mut().slots[number].take();
        let Some(slot) = slot else { return };
        let over = if slot.task.state.begin() {
            slot.job.poll(&mut Context::from_waker(&slot.waker))
        } else {
            slot.job.cancel();
            true
        };
        if over {
            slot.task.state.finish();
            let task = slot.discard();
            self.tasks.borrow_mut().free.push(task);
        } else {
            let woken = slot.task.state.suspend();
            self.tasks.borrow_mut().slots[number] = Some(slot);
            if woken {
                self.queue(number);
            }
        }
    }

    /// The batch is done: lets the timers have their turn, and gets the next batch. Parks if there is none, so that
    /// there may still be none afterwards.
    pub(super) fn next_batch(&self) {
        if let Some(due) = self.timers.next() {
            let now = self.clock.now();
            if due <= now {
                self.timers.fire(now);
            }
        }
        let mut batch = self.batch.borrow_mut();
        mem::swap(&mut *self.queued.borrow_mut(), &mut batch);
        self.ready.take(&mut batch);
        let any = !batch.is_empty();
        drop(batch);
        if !any {
            // Only this thread sets timers, so none has been set since.
            self.clock.park(self.timers.next());
        }
    }

    /// Drops all tasks, and has no more of them from now on.
    pub(super) fn close(&self) {
        if self.closed.replace(true) {
            return;
        }
        let tasks = self.tasks.take();
        for slot in tasks.slots.into_iter().flatten() {
            slot.task.state.finish(); // first, so that nobody queues it
            slot.job.cancel();
            slot.discard();
        }
        self.timers.clear();
        self.queued.take();
        self.ready.take(&mut self.batch.take());
    }
}

impl Slot {
    /// With it goes the result, if there is no handle to take it.
    fn discard(self) -> Arc<Task> {
        let Self {
            job,
            task,
            waker: _,
        } = self;
        let _reported = catch(|| drop(job));
        task
    }
}
