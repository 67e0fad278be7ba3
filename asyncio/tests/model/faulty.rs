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
#[path = "faulty/mistakes.rs"]
mod mistakes;
#[path = "faulty/ready.rs"]
mod ready;
use handle::{Handle, Outcome};
pub use mistakes::*;
use ready::{Ready, Task};

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
