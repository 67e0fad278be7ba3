//! The loop once more, as short as can be and with a mistake that is easily made. The models must catch it. The part
//! that threads reach is in `faulty/ready.rs`, the results are in `faulty/handle.rs`.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::panic::{self, AssertUnwindSafe};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use crate::event_loop::JoinError;
use crate::kind;

#[path = "faulty/handle.rs"]
mod handle;
#[path = "faulty/ready.rs"]
mod ready;
use handle::{Handle, Outcome};
use ready::{Ready, Task};

/// No mistake, to show that it is the mistake that a model catches.
pub const NONE: u8 = 0;

// ---- a task's state

/// A wake-up looks first, and changes nothing when a poll is due anyway.
pub const SKIPS_WHEN_DUE: u8 = 1;
/// A wake-up looks, then changes.
pub const LOOKS_THEN_WAKES: u8 = 2;
/// A wake-up replaces what was there.
pub const WAKES_THE_ABORTED: u8 = 3;
/// A wake-up queues a task that is being polled; the loop does too, afterwards.
pub const QUEUES_WHILE_RUNNING: u8 = 4;
/// The beginning of a poll does not acquire what wakers have released.
pub const BEGINS_BLINDLY: u8 = 5;
/// A poll is due until it has ended.
pub const BEGINS_LATE: u8 = 6;
/// The end of a poll does not look whether it was woken.
pub const SUSPENDS_BLINDLY: u8 = 7;
/// The end of a poll clears everything.
pub const SUSPENDS_ALL: u8 = 8;
/// A task that is over is idle.
pub const NEVER_DONE: u8 = 9;
/// So is a main that has panicked.
pub const IDLE_AFTER_PANIC: u8 = 10;
/// An abort leaves an idle task where it is.
pub const ABORTS_LATER: u8 = 11;

// ---- the queue, and how the loop sleeps

/// Nobody is unparked.
pub const UNPARKS_NOBODY: u8 = 12;
/// Unparks, then queues.
pub const UNPARKS_FIRST: u8 = 13;
/// The loop looks, then says that it is asleep.
pub const ASLEEP_LATE: u8 = 14;
/// The loop takes it that a park ends for a task.
pub const TRUSTS_THE_PARK: u8 = 15;
/// The loop parks for the timers although it was given a task.
pub const PARKS_FOR_ALL: u8 = 16;
/// The loop parks without a look at the timers.
pub const FORGETS_TIMERS: u8 = 17;

// ---- ends

/// Who awaits a task is not woken.
pub const ENDS_SILENTLY: u8 = 18;
/// A close leaves the tasks that are woken, for a poll that does not come.
pub const LEAVES_THE_WOKEN: u8 = 19;

const MAIN: usize = usize::MAX;

pub struct Faulty<const MISTAKE: u8> {
    ready: Arc<Ready<MISTAKE>>,
    batch: RefCell<VecDeque<usize>>,
    slots: RefCell<Vec<Option<Slot<MISTAKE>>>>,
    free: RefCell<Vec<usize>>,
    timers: Timers,
    woken: Cell<bool>,
}

type Timers = Rc<RefCell<Vec<(Instant, Waker)>>>;

struct Slot<const MISTAKE: u8> {
    future: Pin<Box<dyn Future<Output = ()>>>,
    /// Ends it without a value.
    fail: Box<dyn Fn(JoinError)>,
    task: Arc<Task<MISTAKE>>,
}

impl<const MISTAKE: u8> Faulty<MISTAKE> {
    fn turn(&self, number: usize) {
        let slot = self.slots.borrow_mut()[number].take();
        let Some(mut slot) = slot else { return };
        let error = match slot.task.begin() {
            false => Some(JoinError::Cancelled),
            true => {
                let waker = Waker::from(slot.task.clone());
                let mut context = Context::from_waker(&waker);
                let poll = AssertUnwindSafe(|| slot.future.as_mut().poll(&mut context));
                match panic::catch_unwind(poll) {
                    Ok(Poll::Ready(())) => None,
                    Ok(Poll::Pending) => {
                        let woken = slot.task.suspend();
                        self.slots.borrow_mut()[number] = Some(slot);
                        if woken {
                            self.ready.push(number);
                        }
                        return;
                    }
                    Err(payload) => {
                        let message = payload.downcast_ref::<&str>().copied();
                        let message = message.unwrap_or("(formatted)").to_owned();
                        Some(JoinError::Panicked { message })
                    }
                }
            }
        };
        slot.task.finish();
        slot.end(error);
        self.free.borrow_mut().push(number);
    }

    fn next_batch(&self) {
        let timers = self.timers.take();
        if !timers.is_empty() {
            let now = Instant::now();
            let (due, later): (Vec<_>, _) = timers.into_iter().partition(|(due, _)| *due <= now);
            *self.timers.borrow_mut() = later;
            due.into_iter().for_each(|(_, waker)| waker.wake());
        }
        let mut batch = self.batch.borrow_mut();
        let any = self.ready.take(&mut batch);
        let was_parked = self.woken.take();
        assert!(
            any || !was_parked || MISTAKE != TRUSTS_THE_PARK,
            "a park has ended for nobody"
        );
        let is_timed = !self.timers.borrow().is_empty() && MISTAKE != FORGETS_TIMERS;
        if any && !(is_timed && MISTAKE == PARKS_FOR_ALL) {
            return;
        }
        match is_timed {
            true => thread::park_timeout(Duration::ZERO),
            false => thread::park(),
        }
        self.woken.set(true);
    }
}

impl<const MISTAKE: u8> Slot<MISTAKE> {
    fn end(self, error: Option<JoinError>) {
        drop(self.future);
        error.into_iter().for_each(|error| (self.fail)(error));
    }
}

impl<const MISTAKE: u8> kind::Loop for Faulty<MISTAKE> {
    type Task<T: 'static> = Handle<T, MISTAKE>;

    fn new() -> Self {
        Self {
            ready: Arc::new(Ready::new()),
            batch: RefCell::default(),
            slots: RefCell::default(),
            free: RefCell::default(),
            timers: Timers::default(),
            woken: Cell::default(),
        }
    }

    fn run<T>(&self, main: impl Future<Output = T>) -> T {
        let mut main = pin!(main);
        let task = Task::new(MAIN, &self.ready);
        let waker = Waker::from(task.clone());
        self.ready.push(MAIN);
        loop {
            let next = self.batch.borrow_mut().pop_front();
            match next {
                Some(MAIN) => {
                    task.begin();
                    let mut context = Context::from_waker(&waker);
                    let poll = AssertUnwindSafe(|| main.as_mut().poll(&mut context));
                    let polled = panic::catch_unwind(poll).unwrap_or_else(|payload| {
                        if MISTAKE == IDLE_AFTER_PANIC {
                            task.suspend();
                        }
                        panic::resume_unwind(payload)
                    });
                    if let Poll::Ready(value) = polled {
                        task.finish();
                        return value;
                    }
                    if task.suspend() {
                        self.ready.push(MAIN);
                    }
                }
                Some(number) => self.turn(number),
                None => self.next_batch(),
            }
        }
    }

    fn spawn<T: 'static>(&self, future: impl Future<Output = T> + 'static) -> Handle<T, MISTAKE> {
        let mut slots = self.slots.borrow_mut();
        let number = self.free.borrow_mut().pop().unwrap_or_else(|| {
            slots.push(None);
            slots.len() - 1
        });
        let outcome = Rc::<Outcome<T>>::default();
        let task = Task::new(number, &self.ready);
        let (its, fails) = (Rc::clone(&outcome), Rc::clone(&outcome));
        let future = async move {
            let value = future.await;
            its.set(Ok(value), MISTAKE != ENDS_SILENTLY);
        };
        slots[number] = Some(Slot {
            future: Box::pin(future),
            fail: Box::new(move |error| fails.set(Err(error), true)),
            task: task.clone(),
        });
        self.ready.push(number);
        Handle(outcome, task)
    }

    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + 'static {
        let (timers, mut due) = (self.timers.clone(), None);
        poll_fn(move |context| {
            let now = Instant::now();
            let due = *due.get_or_insert_with(|| now.checked_add(duration).expect("it is short"));
            if due <= now {
                return Poll::Ready(());
            }
            timers.borrow_mut().push((due, context.waker().clone()));
            Poll::Pending
        })
    }

    fn close(&self) {
        for slot in self.slots.take().into_iter().flatten() {
            if MISTAKE == LEAVES_THE_WOKEN && slot.task.is_woken() {
                std::mem::forget(slot);
                continue;
            }
            slot.task.finish();
            slot.end(Some(JoinError::Cancelled));
        }
    }
}
