//! [`Inner`]: a loop's tasks, and a turn of them.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::Future;
use std::mem;
use std::rc::Rc;
use std::sync::Arc;

use super::JoinHandle;
use super::clock::Clock;
use super::job::{Job, Seat, Spawned, Turn, catch};
use super::ready::Ready;
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
    slots: Vec<Option<Rc<dyn Job>>>,
    /// What is left of tasks that are over, for the next ones.
    free: Vec<Seat>,
}

impl Tasks {
    /// For a new task, its number included.
    fn seat(&mut self, ready: &Arc<Ready>) -> Seat {
        let Some(left) = self.free.pop() else {
            self.slots.push(None);
            return Seat::new(self.slots.len() - 1, ready);
        };
        match left.is_nobodys() {
            true => left.task.state.begin_anew(),
            false => return Seat::new(left.task.number, ready),
        }
        left
    }
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
        if self.closed.get() {
            let job = Rc::new(Spawned::new(future, None));
            job.cancel();
            return JoinHandle::new(job);
        }
        let mut tasks = self.tasks.borrow_mut();
        let seat = tasks.seat(&self.ready);
        let number = seat.task.number;
        let job = Rc::new(Spawned::new(future, Some(seat)));
        tasks.slots[number] = Some(job.clone());
        self.queue(number);
        JoinHandle::new(job)
    }

    /// Queues a task, or [main](super::MAIN). The loop is not asleep: its thread is here.
    pub(super) fn queue(&self, number: usize) {
        self.queued.borrow_mut().push_back(number);
    }

    /// Polls a task that was queued, or drops it if it was aborted.
    pub(super) fn turn(&self, number: usize) {
        let job = self.tasks.borrow_mut().slots[number].take();
        let Some(job) = job else { return };
        let turn = job.turn();
        if let Turn::Over = turn {
            let seat = finish(&*job);
            discard(job);
            self.tasks.borrow_mut().free.extend(seat);
            return;
        }
        self.tasks.borrow_mut().slots[number] = Some(job);
        if let Turn::Woken = turn {
            self.queue(number);
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
        for job in tasks.slots.into_iter().flatten() {
            finish(&*job); // first, so that nobody queues it
            job.cancel();
            discard(job);
        }
        self.timers.clear();
        self.queued.take();
        self.ready.take(&mut self.batch.take());
    }
}

/// The task is over: nobody queues it from now on, and it gives up its seat.
fn finish(job: &dyn Job) -> Option<Seat> {
    let seat = job.seat().take();
    seat.inspect(|seat| seat.task.state.finish())
}

/// With the job goes its result, if there is no handle to take it.
fn discard(job: Rc<dyn Job>) {
    let _reported = catch(|| drop(job));
}
