//! [`Queue`]: what the workers have to do, and who of them sleeps.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

pub(super) struct Queue<J> {
    state: Mutex<State<J>>,
    changed: Condvar,
    max_workers: usize,
}

struct State<J> {
    jobs: VecDeque<J>,
    closed: bool,
    workers: usize,
    idle: usize,
}

pub(super) enum Push<J> {
    Done,
    /// Start a worker first.
    Start(J),
    Closed(J),
}

impl<J> Queue<J> {
    pub(super) fn new(max_workers: usize) -> Self {
        let state = State {
            jobs: VecDeque::new(),
            closed: false,
            workers: 0,
            idle: 0,
        };
        Self {
            state: Mutex::new(state),
            changed: Condvar::new(),
            max_workers,
        }
    }

    pub(super) fn push(&self, job: J, insist: bool) -> Push<J> {
        let mut state = self.lock();
        if state.closed {
            return Push::Closed(job);
        }
        if !insist && state.workers < self.max_workers && state.jobs.len() >= state.idle {
            return Push::Start(job);
        }
        state.jobs.push_back(job);
        drop(state);
        self.changed.notify_one();
        Push::Done
    }

    /// Whether a worker shall be started: it is counted from now on.
    pub(super) fn hire(&self) -> bool {
        let mut state = self.lock();
        let hire = !state.closed && state.workers < self.max_workers;
        state.workers += usize::from(hire);
        state.idle += usize::from(hire);
        hire
    }

    /// Takes back [`hire`](Self::hire). How many workers there are without.
    pub(super) fn fire(&self) -> usize {
        let mut state = self.lock();
        state.workers -= 1;
        state.idle -= 1;
        state.workers
    }

    pub(super) fn next(&self) -> Option<J> {
        let mut state = self.lock();
        loop {
            if let Some(job) = state.jobs.pop_front() {
                state.idle -= 1;
                return Some(job);
            }
            if state.closed {
                return None;
            }
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    pub(super) fn done(&self) {
        self.lock().idle += 1;
    }

    pub(super) fn close(&self, clear: bool) -> VecDeque<J> {
        let mut state = self.lock();
        state.closed = true;
        let jobs = if clear {
            std::mem::take(&mut state.jobs)
        } else {
            VecDeque::new()
        };
        drop(state);
        self.changed.notify_all();
        jobs
    }

    pub(super) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    fn lock(&self) -> MutexGuard<'_, State<J>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
