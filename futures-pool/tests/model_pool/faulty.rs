//! The queue once more, as short as can be, with a mistake that is easily made. The models must catch it.

use std::collections::VecDeque;
use std::mem;
use std::sync::{Condvar, Mutex};

use crate::models::{Jobs, Staff};

/// Whoever adds a job relies on the workers to find it.
pub const CALLS_NOBODY: u8 = 1;
/// The searcher trusts what it saw without the lock.
pub const GIVES_UP_UNSEEN: u8 = 2;
/// The searcher takes one job and leaves the rest to whoever comes.
pub const KEEPS_THE_SEARCH: u8 = 3;
/// Whoever adds a job calls a sleeper, also if one is on its way.
pub const CALLS_EACH_TIME: u8 = 4;
/// Who wakes up believes that it was called.
pub const ANY_WAKE_IS_A_CALL: u8 = 5;
/// The end is told to one.
pub const CLOSES_FOR_ONE: u8 = 6;

/// With one of these, or none.
pub struct Faulty<const FAULT: u8> {
    state: Mutex<State>,
    called: Condvar,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<usize>,
    asleep: usize,
    called: bool,
    searching: bool,
    closed: bool,
}

impl<const FAULT: u8> Faulty<FAULT> {
    fn call(&self, state: &mut State) {
        let wanted = !state.jobs.is_empty() && state.asleep > 0;
        if wanted && (FAULT == CALLS_EACH_TIME || !state.searching && !state.called) {
            state.called = true;
            if FAULT != CALLS_EACH_TIME {
                state.asleep -= 1;
            }
            self.called.notify_one();
        }
    }
}

impl<const FAULT: u8> Jobs for Faulty<FAULT> {
    type Busy<'q> = ();

    fn with(_workers: usize) -> Self {
        Self {
            state: Mutex::new(State::default()),
            called: Condvar::new(),
        }
    }

    fn push(&self, job: usize) -> bool {
        let mut state = self.state.lock().unwrap();
        state.jobs.push_back(job);
        if FAULT != CALLS_NOBODY {
            self.call(&mut state);
        }
        true
    }

    fn next(&self) -> Option<(usize, ())> {
        let mut state = self.state.lock().unwrap();
        let mut searcher = false;
        loop {
            if let Some(job) = state.jobs.pop_front() {
                if searcher {
                    state.searching = false;
                    if FAULT != KEEPS_THE_SEARCH {
                        self.call(&mut state);
                    }
                }
                return Some((job, ()));
            }
            if state.closed {
                return None;
            }
            if searcher || !(state.searching || state.called) {
                state.searching = true;
                drop(state);
                state = self.state.lock().unwrap();
                searcher = true;
                let found = !state.jobs.is_empty() || state.closed;
                if found && FAULT != GIVES_UP_UNSEEN {
                    continue;
                }
                state.searching = false;
            }
            state.asleep += 1;
            if FAULT == ANY_WAKE_IS_A_CALL {
                state = self.called.wait(state).unwrap();
                state.called = false;
                state.searching = true;
                searcher = true;
                continue;
            }
            let woken = |state: &mut State| !state.called && !state.closed;
            state = self.called.wait_while(state, woken).unwrap();
            if FAULT == CALLS_EACH_TIME {
                state.asleep -= 1;
            }
            searcher = mem::take(&mut state.called);
            state.searching |= searcher;
        }
    }

    fn close(&self) {
        let mut state = self.state.lock().unwrap();
        state.closed = true;
        if FAULT == CLOSES_FOR_ONE {
            self.called.notify_one();
        } else {
            self.called.notify_all();
        }
    }

    fn clear(&self) -> usize {
        mem::take(&mut self.state.lock().unwrap().jobs).len()
    }
}

/// How it is decided to start a worker, with the mistake to count the worker in one step and its job in
/// another. It holds no jobs.
pub struct CountsSeparately(Mutex<Counts>);

struct Counts {
    unfinished: usize,
    workers: usize,
    max_workers: usize,
}

impl CountsSeparately {
    fn counts<R>(&self, act: impl FnOnce(&mut Counts) -> R) -> R {
        act(&mut self.0.lock().unwrap())
    }
}

impl Staff for CountsSeparately {
    fn with(workers: usize, max_workers: usize) -> Self {
        Self(Mutex::new(Counts {
            unfinished: 0,
            workers,
            max_workers,
        }))
    }

    fn push(&self, _job: usize, mut start: impl FnMut() -> bool) -> bool {
        let hired = self.counts(|counts| {
            let hired = counts.unfinished >= counts.workers && counts.workers < counts.max_workers;
            counts.workers += usize::from(hired);
            hired
        });
        if hired && !start() {
            let others = self.counts(|counts| {
                counts.workers -= 1;
                counts.workers > 0
            });
            if !others {
                return false;
            }
        }
        self.counts(|counts| counts.unfinished += 1);
        true
    }

    fn finish(&self) {
        self.counts(|counts| counts.unfinished -= 1);
    }
}
