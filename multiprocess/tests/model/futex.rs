//! What the system does for a futex. A model asks how often somebody was to be woken, and makes the
//! time pass.
//!
//! Who compares the word and lies down, and who wakes, take the system's lock, as they do in the real
//! one. That orders them: who comes after a wake-up sees what was stored before it. The word is read by a
//! read-modify-write, which gets the latest value.

use std::time::Duration;
use std::vec::Vec;

use loom::sync::Mutex;
use loom::thread::{self, Thread};

use crate::sync::atomic::{AtomicU64, Ordering};

loom::lazy_static! {
    static ref STATE: Mutex<State> = Mutex::default();
}

#[derive(Default)]
struct State {
    /// Who sleeps, and on which word.
    asleep: Vec<(usize, Thread)>,
    wakes: usize,
    /// Whether each slice is over at once.
    expired: bool,
}

/// To be called before there is a second thread. What was done before the first use of a
/// [`loom::lazy_static`] happens before every later use, which would order the threads.
pub fn boot() {
    wakes();
}

pub fn wait(word: &AtomicU64, expected: u64, _: Duration) {
    let mut state = STATE.lock().unwrap();
    let upper_half = word.fetch_add(0, Ordering::Relaxed) >> 32;
    if state.expired || upper_half != expected >> 32 {
        return;
    }
    state.asleep.push((address(word), thread::current()));
    drop(state);
    thread::park(); // returns at once if it was woken meanwhile
}

pub fn wake_all(word: &AtomicU64) {
    let mut state = STATE.lock().unwrap();
    state.wakes += 1;
    state.wake(|it| it == address(word));
}

/// Whoever sleeps returns, as after a signal.
pub fn disturb() {
    STATE.lock().unwrap().wake(|_| true);
}

/// The slices of all who sleep are over, and those of all who come to sleep later.
pub fn expire() {
    let mut state = STATE.lock().unwrap();
    state.expired = true;
    state.wake(|_| true);
}

/// How often somebody was to be woken so far.
pub fn wakes() -> usize {
    STATE.lock().unwrap().wakes
}

impl State {
    fn wake(&mut self, whom: impl Fn(usize) -> bool) {
        for (_, thread) in self.asleep.extract_if(.., |it| whom(it.0)) {
            thread.unpark();
        }
    }
}

fn address(word: &AtomicU64) -> usize {
    std::ptr::from_ref(word).addr()
}
