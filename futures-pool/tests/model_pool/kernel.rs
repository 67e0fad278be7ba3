//! Who is asleep: what an operating system does for a condition variable. A model asks it.
//!
//! There is one for each interleaving. Everything it does is one [`turn`]: loom may run another
//! thread before a turn, not inside it, and tries any two turns in both orders. That a thread lies
//! down and unlocks its mutex in one step is what a futex gives by comparing a value.
//!
//! A `RefCell` will do, since loom runs all threads of a model on one real thread.

use std::cell::RefCell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, Thread};
use std::vec::Vec;

loom::lazy_static! {
    static ref KERNEL: Kernel = Kernel::default();
}

#[derive(Default)]
struct Kernel {
    turns: AtomicUsize,
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    /// First come, first woken.
    asleep: Vec<Sleeper>,
    /// How often anybody was to be woken, asleep or not.
    notifications: usize,
    /// A thread that waits until so many are asleep.
    watcher: Option<(usize, Thread)>,
}

struct Sleeper {
    thread: Thread,
    condvar: usize,
}

/// To be called before there is a second thread. What was done before the first use of a
/// [`loom::lazy_static`] happens before every later use, which would order the threads.
pub fn boot() {
    turn(|_| ());
}

/// The counter is where loom takes the turns apart. It is relaxed, since a real wake-up does not
/// order the memory of two threads either: their mutex does.
fn turn<R>(act: impl FnOnce(&mut State) -> R) -> R {
    KERNEL.turns.fetch_add(1, Ordering::Relaxed);
    act(&mut KERNEL.state.borrow_mut())
}

/// Puts the calling thread among the sleepers. It must unlock its mutex and [park](thread::park) at
/// once: neither lets another thread run first.
pub fn lie_down(condvar: usize) {
    turn(|state| {
        let thread = thread::current();
        state.asleep.push(Sleeper { thread, condvar });
        let count = state.asleep.len();
        if let Some((_, watcher)) = state.watcher.take_if(|(awaited, _)| *awaited == count) {
            watcher.unpark();
        }
    });
}

/// Wakes up to `n` threads that sleep on `condvar`.
pub fn notify(condvar: usize, n: usize) {
    turn(|state| {
        state.notifications += 1;
        state.wake(n, |sleeper| sleeper.condvar == condvar);
    });
}

/// Wakes everybody for no reason, as a condition variable may.
pub fn disturb() {
    turn(|state| state.wake(usize::MAX, |_| true));
}

/// Waits until `count` threads are asleep.
pub fn until_asleep(count: usize) {
    let asleep = turn(|state| {
        let asleep = state.asleep.len() == count;
        if !asleep {
            state.watcher = Some((count, thread::current()));
        }
        asleep
    });
    if !asleep {
        thread::park();
    }
}

/// How often anybody was to be woken so far.
pub fn notifications() -> usize {
    turn(|state| state.notifications)
}

impl State {
    fn wake(&mut self, n: usize, whom: impl Fn(&Sleeper) -> bool) {
        for sleeper in self.asleep.extract_if(.., |sleeper| whom(sleeper)).take(n) {
            sleeper.thread.unpark();
        }
    }
}
