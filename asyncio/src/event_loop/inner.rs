//! [`Inner`]: a loop's tasks, and a turn of them.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::hash::{BuildHasherDefault, Hasher};
use std::mem;
use std::rc::Rc;
use std::sync::Arc;

use super::JoinHandle;
use super::clock::Clock;
use super::job::{Job, Spawned, Turn, catch};
use super::ready::{Ready, Task, is_too_large};
use super::timers::Timers;

/// What a loop is made of.
///
/// Nothing in here is borrowed while code of a task runs: a poll, a destructor, a waker. That code may spawn, wake,
/// abort and sleep as it likes.
pub(super) struct Inner {
    /// What other threads reach. All the rest is the loop's own.
    pub(super) ready: Arc<Ready>,
    /// What was queued on the loop's own thread: it needs no lock.
    queued: RefCell<VecDeque<u64>>,
    /// What is left of the queues as they were when the loop last looked: what is polled before it looks again.
    pub(super) batch: RefCell<VecDeque<u64>>,
    /// The tasks that are not over, by number.
    tasks: RefCell<HashMap<u64, Rc<dyn Job>, BuildHasherDefault<Spread>>>,
    /// The next task's number. No number is given twice: a queue may still have that of a task that is over.
    next: Cell<u64>,
    pub(super) timers: Timers,
    pub(super) clock: Clock,
    pub(super) running: Cell<bool>,
    pub(super) closed: Cell<bool>,
}

/// The hash of a task's number. Numbers that count up collide nowhere when they are multiplied by an odd number.
#[derive(Default)]
struct Spread(u64);

impl Hasher for Spread {
    fn write(&mut self, _: &[u8]) {
        unreachable!("a task's number is a `u64`");
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number.wrapping_mul(0x9e37_79b9_7f4a_7c15); // 2^64 divided by the golden ratio
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

impl Inner {
    pub(super) fn new(clock: Clock) -> Self {
        Self {
            ready: Arc::new(Ready::new()),
            queued: RefCell::default(),
            batch: RefCell::default(),
            tasks: RefCell::default(),
            next: Cell::new(0),
            timers: Timers::default(),
            clock,
            running: Cell::new(false),
            closed: Cell::new(false),
        }
    }

    pub(super) fn spawn<F: Future + 'static>(&self, future: F) -> JoinHandle<F::Output> {
        let number = self.next.replace(self.next.get() + 1);
        let job = Rc::new(Spawned::new(future, Task::new(number, &self.ready)));
        if self.closed.get() {
            finish(&*job);
            job.cancel();
        } else {
            self.tasks.borrow_mut().insert(number, job.clone());
            self.queue(number);
        }
        JoinHandle::new(job)
    }

    /// Queues a task, or [main](super::MAIN). The loop is not asleep: its thread is here.
    pub(super) fn queue(&self, number: u64) {
        self.queued.borrow_mut().push_back(number);
    }

    /// Polls a task that was queued, or drops it if it was aborted.
    pub(super) fn turn(&self, number: u64) {
        let job = self.tasks.borrow().get(&number).cloned();
        let Some(job) = job else { return };
        match job.turn() {
            Turn::Over => {
                finish(&*job);
                self.remove(number);
                discard(job);
            }
            Turn::Idle => {}
            Turn::Woken => self.queue(number),
        }
    }

    /// Takes a task out of the table. The caller has it as well, so nothing is dropped here.
    fn remove(&self, number: u64) {
        let mut tasks = self.tasks.borrow_mut();
        tasks.remove(&number);
        let used = tasks.len();
        if is_too_large(tasks.capacity(), used) {
            tasks.shrink_to(2 * used);
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
        let (mut queued, mut batch) = (self.queued.borrow_mut(), self.batch.borrow_mut());
        mem::swap(&mut *queued, &mut batch);
        if is_too_large(queued.capacity(), batch.len()) {
            queued.shrink_to(2 * batch.len());
        }
        self.ready.take(&mut batch);
        let any = !batch.is_empty();
        drop((queued, batch));
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
        let mut tasks: Vec<_> = self.tasks.take().into_iter().collect();
        tasks.sort_unstable_by_key(|(number, _)| *number); // dropped in the order in which they were spawned
        for (_, job) in tasks {
            finish(&*job); // first, so that nobody queues it
            job.cancel();
            discard(job);
        }
        self.timers.clear();
        self.queued.take();
        self.ready.take(&mut self.batch.take());
    }
}

/// The task is over: nobody queues it from now on.
fn finish(job: &dyn Job) {
    job.task().state.finish();
}

/// With the job goes its result, if there is no handle to take it.
fn discard(job: Rc<dyn Job>) {
    let _reported = catch(|| drop(job));
}
