//! [`Queue`]: the jobs that wait, and who of the workers sleeps.
//!
//! To wake a thread costs more than a small job does, so the queue wakes one only when it must. A worker
//! is in one of three places:
//!
//! | | | goes on |
//! |---|---|---|
//! | at work | has a job | when that is done: takes the next one; if there is none, searches, or sleeps if another one searches |
//! | searching | at most one: looks for a short while for new jobs, or was called from its sleep and is on its way | takes a job, and if more are left calls the next one; finds none, and sleeps |
//! | asleep | in the condition variable | when it is called: searches |
//!
//! The rule that loses no job: **if jobs wait and workers sleep, one is searching.** Who adds a job calls
//! a sleeper only if nobody searches; the searcher looks once more, under the lock, before it gives up;
//! and it hands the search on. So ten jobs that come at once wake as many workers as are needed, one
//! after the other, and a job that comes while one is looking wakes nobody.
//!
//! Which worker is called does not matter: the first that is up takes the call (the condition variable may
//! let one go for no reason), and the others find nothing and sleep on.
//!
//! A worker is started by the thread that adds a job, under the mutex: to count the job and to provide for its
//! worker is one step. If the two were apart, two submitters could both rely on one worker, or one of them
//! on a worker of the other's that then could not be started.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

/// Room for so many jobs is kept when none waits.
const KEPT: usize = 1024;

/// Jobs in the order in which they came, for a staff of workers that grows up to a limit.
pub(super) struct Queue<J> {
    state: Mutex<State<J>>,
    called: Condvar,
    /// How many jobs wait, for the searcher, which looks without the lock. It may be out of date.
    waiting: AtomicUsize,
    /// How many jobs have been finished so far.
    finished: AtomicUsize,
    max_workers: usize,
    /// How often the searcher looks before it gives up, and lets other threads run in between.
    looks: usize,
}

struct State<J> {
    jobs: VecDeque<J>,
    /// How many jobs have been added so far.
    added: usize,
    workers: usize,
    /// Those asleep, without the one that was called.
    asleep: usize,
    search: Search,
    /// No job will be added any more.
    closed: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Search {
    /// Nobody searches.
    Off,
    /// A sleeper was called, and is not up yet.
    Called,
    /// One is looking.
    On,
}

/// Why [`Queue::push`] has not added a job.
pub(super) enum Refused<E> {
    /// The queue is closed.
    Closed,
    /// There is no worker, and none could be started.
    NoWorker(E),
}

/// As long as it is there, a job is not finished and its worker is busy.
pub(super) struct Busy<'q>(&'q AtomicUsize);

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        // Relaxed: who learns of the job's result, and submits after that, knows of this as well, since
        // this is before the result is published.
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl<J> Queue<J> {
    /// Without jobs, and with as many workers as were started already.
    pub(super) fn new(workers: usize, max_workers: usize, looks: usize) -> Self {
        let state = State {
            jobs: VecDeque::new(),
            added: 0,
            workers,
            asleep: 0,
            search: Search::Off,
            closed: false,
        };
        Self {
            state: Mutex::new(state),
            called: Condvar::new(),
            waiting: AtomicUsize::new(0),
            finished: AtomicUsize::new(0),
            max_workers,
            looks,
        }
    }

    /// Adds a job. If there are fewer workers than unfinished jobs, it starts one more before, up to the
    /// limit. `start` is called under the mutex: it must not use the queue. If it fails, the workers that
    /// are there do the job.
    ///
    /// # Errors
    ///
    /// [`Refused`]: the job is not in the queue.
    pub(super) fn push<E>(
        &self,
        job: J,
        mut start: impl FnMut() -> Result<(), E>,
    ) -> Result<(), Refused<E>> {
        // Declared after `job`, and so unlocked before a refused job is dropped.
        let mut state = self.lock();
        if state.closed {
            return Err(Refused::Closed);
        }
        let added = state.added.wrapping_add(1);
        let unfinished = added.wrapping_sub(self.finished.load(Ordering::Relaxed));
        // More than one may be missing, if some could not be started earlier.
        while state.workers < unfinished.min(self.max_workers) {
            match start() {
                Ok(()) => state.workers += 1,
                Err(error) if state.workers == 0 => return Err(Refused::NoWorker(error)),
                Err(_) => break,
            }
        }
        state.added = added;
        state.jobs.push_back(job);
        self.waiting.store(state.jobs.len(), Ordering::Relaxed);
        self.call(state);
        Ok(())
    }

    /// The next job, for the worker that calls; it waits until there is one. `None` when the queue is
    /// closed and empty.
    pub(super) fn next(&self) -> Option<(J, Busy<'_>)> {
        let mut state = self.lock();
        let mut searcher = false; // it is this worker that searches
        loop {
            if let Some(job) = state.jobs.pop_front() {
                self.waiting.store(state.jobs.len(), Ordering::Relaxed);
                if searcher {
                    state.search = Search::Off;
                    self.call(state);
                }
                return Some((job, Busy(&self.finished)));
            }
            if state.closed {
                return None;
            }
            if searcher || state.search == Search::Off {
                state.search = Search::On;
                drop(state);
                self.look();
                state = self.lock();
                searcher = true;
                if !state.jobs.is_empty() || state.closed {
                    continue;
                }
                state.search = Search::Off;
            }
            state.jobs.shrink_to(KEPT);
            (state, searcher) = self.sleep(state);
        }
    }

    /// No job is added any more. Workers end when those that wait are taken.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        state.asleep = 0;
        drop(state);
        self.called.notify_all();
    }

    /// Takes out all jobs that wait.
    pub(super) fn clear(&self) -> VecDeque<J> {
        let mut state = self.lock();
        self.waiting.store(0, Ordering::Relaxed);
        std::mem::take(&mut state.jobs)
    }

    /// Keeps the rule: calls a sleeper if jobs wait and nobody searches.
    fn call(&self, mut state: MutexGuard<'_, State<J>>) {
        if state.jobs.is_empty() || state.asleep == 0 || state.search != Search::Off {
            return;
        }
        state.search = Search::Called;
        state.asleep -= 1;
        drop(state); // the called needs the lock
        self.called.notify_one();
    }

    /// Sleeps until it is called or the queue is closed. Whether it was called, and now searches.
    fn sleep<'q>(&self, mut state: MutexGuard<'q, State<J>>) -> (MutexGuard<'q, State<J>>, bool) {
        state.asleep += 1;
        let mut state = self
            .called
            .wait_while(state, |state| {
                state.search != Search::Called && !state.closed
            })
            .unwrap_or_else(PoisonError::into_inner);
        let called = state.search == Search::Called;
        if called {
            state.search = Search::On;
        }
        (state, called)
    }

    /// Looks for a while. Not found is no proof that there is none.
    fn look(&self) {
        for _ in 0..self.looks {
            if self.waiting.load(Ordering::Relaxed) > 0 {
                return;
            }
            thread::yield_now();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<J>> {
        // Nothing panics while it holds the lock, so it cannot be poisoned.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
