//! The clock. It stands still until a model says that all intervals are over: an event, not a duration.
//!
//! There is one for each interleaving. Loom may run another thread before each [`turn`], not inside it, and tries any
//! two turns in both orders. A `RefCell` will do, since loom runs all threads of a model on one real thread.

use std::cell::RefCell;
use std::sync::Arc;
use std::thread::{self, Thread};
use std::time::Duration;

use loom::sync::atomic::{AtomicUsize, Ordering};

/// How much it jumps: more than any model waits for.
const DAY: Duration = Duration::from_secs(24 * 3600);

real_std::thread_local! {
    static CLOCK: RefCell<Option<Clock>> = const { RefCell::new(None) };
}

struct Clock {
    turns: Arc<AtomicUsize>,
    now: Duration,
    /// Who waits for an interval to be over.
    asleep: Vec<Thread>,
}

/// At the beginning of each interleaving.
pub fn start() {
    let clock = Clock {
        turns: Arc::new(AtomicUsize::new(0)),
        now: Duration::ZERO,
        asleep: Vec::new(),
    };
    CLOCK.set(Some(clock));
}

/// The counter is where loom takes the turns apart. It is relaxed, since a clock orders nobody's memory.
fn turn<R>(act: impl FnOnce(&mut Clock) -> R) -> R {
    let turns = CLOCK.with_borrow(|clock| clock.as_ref().map(|clock| clock.turns.clone()));
    turns
        .expect("it has started")
        .fetch_add(1, Ordering::Relaxed);
    CLOCK.with_borrow_mut(|clock| act(clock.as_mut().expect("it has started")))
}

pub fn now() -> Duration {
    turn(|clock| clock.now)
}

/// All intervals are over, also those that a thread is about to wait for: it has looked at the clock before.
pub fn expire() {
    let asleep = turn(|clock| {
        clock.now = DAY;
        std::mem::take(&mut clock.asleep)
    });
    asleep.iter().for_each(Thread::unpark);
}

/// `std::thread::park_timeout`, whatever the duration.
pub fn park() {
    let is_over = turn(|clock| {
        clock.asleep.push(thread::current());
        clock.now == DAY
    });
    if !is_over {
        thread::park();
    }
    turn(|clock| clock.asleep.clear()); // one loop has timers
}
