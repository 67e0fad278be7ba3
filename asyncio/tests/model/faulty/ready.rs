//! What threads reach: a task's state, and the queue.

use std::collections::VecDeque;
use std::mem;
use std::sync::atomic::AtomicU8;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use std::sync::{Arc, Mutex};
use std::task::Wake;
use std::thread::{self, Thread};

use super::*;

const DUE: u8 = 1;
const RUNNING: u8 = 2;
const ABORTED: u8 = 4;
const DONE: u8 = 8;

pub struct Task<const MISTAKE: u8> {
    state: AtomicU8,
    number: usize,
    ready: Arc<Ready<MISTAKE>>,
}

impl<const MISTAKE: u8> Task<MISTAKE> {
    pub fn new(number: usize, ready: &Arc<Ready<MISTAKE>>) -> Arc<Self> {
        Arc::new(Self {
            state: AtomicU8::new(DUE),
            number,
            ready: ready.clone(),
        })
    }

    pub fn begin(&self) -> bool {
        let before = match MISTAKE {
            BEGINS_LATE => self.state.load(Acquire),
            BEGINS_BLINDLY => self.state.swap(RUNNING, Release),
            _ => self.state.swap(RUNNING, AcqRel),
        };
        before & ABORTED == 0
    }

    pub fn suspend(&self) -> bool {
        let before = match MISTAKE {
            BEGINS_LATE | SUSPENDS_BLINDLY => {
                self.state.store(0, Release);
                0
            }
            SUSPENDS_ALL => self.state.swap(0, AcqRel),
            _ => self.state.fetch_and(!RUNNING, AcqRel),
        };
        before & DUE != 0
    }

    pub fn finish(&self) {
        let over = if MISTAKE == NEVER_DONE { 0 } else { DONE };
        self.state.store(over, Release);
    }

    pub fn abort(&self) -> bool {
        let before = self.state.fetch_or(DUE | ABORTED, AcqRel);
        if before & (DUE | RUNNING | ABORTED | DONE) == 0 && MISTAKE != ABORTS_LATER {
            self.ready.push(self.number);
        }
        before & (ABORTED | DONE) == 0
    }

    pub fn is_woken(&self) -> bool {
        self.state.load(Acquire) & DUE != 0
    }
}

impl<const MISTAKE: u8> Wake for Task<MISTAKE> {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let before = match MISTAKE {
            SKIPS_WHEN_DUE if self.state.load(Relaxed) & DUE != 0 => return,
            LOOKS_THEN_WAKES => {
                let before = self.state.load(Acquire);
                self.state.store(before | DUE, Release);
                before
            }
            WAKES_THE_ABORTED => self.state.swap(DUE, AcqRel),
            QUEUES_WHILE_RUNNING => self.state.fetch_or(DUE, AcqRel) & !RUNNING,
            _ => self.state.fetch_or(DUE, AcqRel),
        };
        if before & (DUE | RUNNING | DONE) == 0 {
            self.ready.push(self.number);
        }
    }
}

/// The queue, and whether the loop is asleep.
pub struct Ready<const MISTAKE: u8>(Mutex<(VecDeque<usize>, bool)>, Thread);

impl<const MISTAKE: u8> Ready<MISTAKE> {
    pub fn new() -> Self {
        Self(Mutex::default(), thread::current())
    }

    pub fn push(&self, number: usize) {
        let mut queue = self.0.lock().unwrap();
        if MISTAKE == UNPARKS_FIRST {
            let asleep = mem::take(&mut queue.1);
            drop(queue);
            if asleep {
                self.1.unpark();
            }
            self.0.lock().unwrap().0.push_back(number);
            return;
        }
        queue.0.push_back(number);
        let asleep = mem::take(&mut queue.1);
        drop(queue);
        if asleep && MISTAKE != UNPARKS_NOBODY {
            self.1.unpark();
        }
    }

    pub fn take(&self, batch: &mut VecDeque<usize>) -> bool {
        let mut queue = self.0.lock().unwrap();
        mem::swap(&mut queue.0, batch);
        if MISTAKE == ASLEEP_LATE {
            drop(queue);
            queue = self.0.lock().unwrap();
        }
        queue.1 = batch.is_empty();
        !queue.1
    }
}
