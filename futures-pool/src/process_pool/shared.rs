//! [`Shared`]: the queue, and who takes from it.
//!
//! | state | submit | queued tasks | a thread without a task |
//! |---|---|---|---|
//! | open | takes | run | waits at its desk |
//! | closed, by `shutdown` | refuses | run, or cancelled | ends |
//! | broken | refuses | failed | ends |
//!
//! There is no way back. Whoever breaks the pool writes down why before it ends the workers, so that
//! their end is not taken for a reason.

use std::cell::Cell;
use std::collections::VecDeque;
use std::mem;
use std::os::fd::BorrowedFd;
use std::ptr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use nix::poll::PollTimeout;
use nix::sys::signal::Signal;

use super::desk::Desk;
use super::staff;
use super::task::Task;
use super::wire;
use crate::common::SubmitError;
use crate::common::start_failure;
use crate::future::Broken;
use crate::future::FutureError;

/// After a worker that could not be started, the next try comes after so many milliseconds.
const REST: u16 = 1000;

/// What the executor and its threads share.
pub struct Shared {
    pub max_workers: usize,
    /// How many tasks a worker runs at most.
    pub limit: Option<usize>,
    /// The task that each worker runs first.
    pub initializer: Option<Vec<u8>>,
    state: Mutex<State>,
    /// Held by who joins the threads, so that others who wait do so until that is done.
    joining: Mutex<()>,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Task>,
    closed: bool,
    broken: Option<Broken>,
    /// Of all threads.
    desks: Vec<Arc<Desk>>,
    /// Of those that wait, the last one to do so at the end: its worker is the warmest.
    idle: Vec<Arc<Desk>>,
    /// Threads that have not looked at the queue yet.
    starting: usize,
    threads: Vec<JoinHandle<()>>,
}

impl State {
    /// Wakes up to so many threads that wait, and are not known to have no worker.
    fn wake_idle(&mut self, most: usize) {
        for _ in 0..most {
            let able = self.idle.iter().rposition(|idle| !idle.has_failed());
            let Some(index) = able else { return };
            self.idle.remove(index).wake();
        }
    }
}

/// What a thread is to do next.
pub enum Next {
    /// Have these tasks run.
    Run(VecDeque<Task>),
    /// See how its worker has ended.
    Died,
    /// End.
    End,
}

thread_local! {
    /// The address of the [`Shared`] that the thread works for.
    static WORKS_FOR: Cell<*const Shared> = const { Cell::new(ptr::null()) };
}

impl Shared {
    pub fn new(max_workers: usize, limit: Option<usize>, initializer: Option<Vec<u8>>) -> Self {
        Self {
            max_workers,
            limit,
            initializer,
            state: Mutex::default(),
            joining: Mutex::default(),
        }
    }

    /// Queues a task, and wakes or starts a thread for it if need be.
    ///
    /// # Errors
    ///
    /// [`SubmitError`]: the task is gone.
    pub fn push(self: &Arc<Self>, task: Task) -> Result<(), SubmitError> {
        let mut state = self.lock();
        if let Some(why) = &state.broken {
            return Err(SubmitError::Broken(why.clone()));
        }
        if state.closed {
            return Err(SubmitError::Shutdown);
        }
        state.queue.push_back(task);
        if let Some(desk) = state.idle.pop() {
            drop(state);
            desk.wake();
        } else if state.desks.len() < self.max_workers && state.queue.len() > state.starting {
            let started = self.start_thread(&mut state);
            if let (Err(reason), true) = (started, state.desks.is_empty()) {
                let task = state.queue.pop_back();
                drop(state);
                drop(task);
                return Err(SubmitError::Start(reason));
            }
        }
        Ok(())
    }

    fn start_thread(self: &Arc<Self>, state: &mut State) -> Result<(), String> {
        let desk = Arc::new(Desk::new().map_err(|error| error.to_string())?);
        let (shared, at) = (Arc::clone(self), Arc::clone(&desk));
        let number = state.threads.len();
        let thread = thread::Builder::new()
            .name(format!("ProcessPool_{number}"))
            .spawn(move || {
                WORKS_FOR.set(Arc::as_ptr(&shared));
                staff::work(&shared, &at);
                shared.lock().desks.retain(|desk| !Arc::ptr_eq(desk, &at));
            })
            .map_err(start_failure)?;
        state.threads.push(thread);
        state.desks.push(desk);
        state.starting += 1;
        Ok(())
    }

    /// Notes that a thread has begun.
    pub fn started(&self) {
        self.lock().starting -= 1;
    }

    /// Wakes up to `tasks` threads for the tasks that were sent to a worker behind its first one. A thread that
    /// had nothing to do while they were in neither the queue nor a desk does not know of them.
    pub fn wake_idle(&self, tasks: usize) {
        if tasks > 0 {
            self.lock().wake_idle(tasks);
        }
    }

    /// The worker of this desk could not be started for these tasks. They go back into the queue, for
    /// other threads and for this one after a rest; `false` if all threads are in this position: then the
    /// tasks have failed.
    pub fn not_started(&self, desk: &Desk, tasks: VecDeque<Task>, reason: String) -> bool {
        let mut state = self.lock();
        desk.set_failed(true);
        let error = match &state.broken {
            Some(why) => FutureError::Broken(why.clone()),
            None if state.desks.iter().all(|desk| desk.has_failed()) => FutureError::Start(reason),
            None => {
                state.wake_idle(tasks.len());
                tasks
                    .into_iter()
                    .rev()
                    .for_each(|task| state.queue.push_front(task));
                return true;
            }
        };
        drop(state);
        for task in tasks {
            task.fail(error.clone());
        }
        false
    }

    /// Waits for something to do, for the thread of this desk, with this worker. Not more than `most`
    /// tasks. If it rests, it leaves them to others for a second, or until it is woken.
    pub fn next(
        &self,
        desk: &Arc<Desk>,
        worker: Option<BorrowedFd>,
        most: usize,
        mut rests: bool,
    ) -> Next {
        let mut state = self.lock();
        loop {
            if state.broken.is_some() {
                return Next::End;
            }
            if !rests {
                let tasks = self.share(&mut state.queue, most);
                if !tasks.is_empty() {
                    return Next::Run(tasks);
                }
                let mut others = state.desks.iter();
                let taken = others.find_map(|other| {
                    let taken = other.take_back(most);
                    (!taken.is_empty()).then_some(taken)
                });
                if let Some(tasks) = taken {
                    return Next::Run(tasks);
                }
                if state.closed {
                    return Next::End;
                }
            }
            let (place, timeout) = match mem::take(&mut rests) {
                true => (0, PollTimeout::from(REST)),
                false => (state.idle.len(), PollTimeout::NONE),
            };
            state.idle.insert(place, Arc::clone(desk));
            drop(state);
            let alive = desk.wait(worker, timeout);
            state = self.lock();
            state.idle.retain(|idle| !Arc::ptr_eq(idle, desk));
            if !alive {
                return Next::Died;
            }
        }
    }

    /// A fair share of the queue, small enough to be sent at once.
    fn share(&self, queue: &mut VecDeque<Task>, most: usize) -> VecDeque<Task> {
        let most = most.min(queue.len().div_ceil(self.max_workers));
        let mut bytes = 0;
        let fitting = queue.iter().take(most).take_while(|task| {
            bytes += task.bytes.len();
            bytes <= wire::BATCH
        });
        // The first one in any case.
        let count = fitting.count().max(most.min(1));
        queue.drain(..count).collect()
    }

    /// Whether it takes no more tasks.
    pub fn is_closed(&self) -> bool {
        self.lock().closed
    }

    /// Breaks the pool, if it is not broken: nothing more is run, and the workers get the signal. Why it
    /// is broken.
    pub fn break_down(&self, why: Broken, signal: Signal) -> Broken {
        let mut state = self.lock();
        let why = state.broken.get_or_insert(why).clone();
        let queue = mem::take(&mut state.queue);
        let (desks, idle) = (state.desks.clone(), mem::take(&mut state.idle));
        drop(state);
        desks.iter().for_each(|desk| desk.signal(signal));
        idle.iter().for_each(|desk| desk.wake());
        for task in queue {
            task.fail(FutureError::Broken(why.clone()));
        }
        why
    }

    /// Takes no more tasks.
    pub fn close(&self, cancel: bool) {
        let mut state = self.lock();
        state.closed = true;
        let cancelled = if cancel {
            mem::take(&mut state.queue)
        } else {
            VecDeque::new()
        };
        let idle = mem::take(&mut state.idle);
        drop(state);
        idle.iter().for_each(|desk| desk.wake());
        for task in cancelled {
            task.fail(FutureError::Cancelled);
        }
    }

    /// Waits until all threads have ended; not in one of them.
    pub fn join(&self) {
        if WORKS_FOR.get() == ptr::from_ref(self) {
            return;
        }
        let _joining = self.joining.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let Some(thread) = self.lock().threads.pop() else {
                return;
            };
            thread.join().expect("they catch panics of others' code");
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nobody panics under it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
