//! Who is asleep, and the clock: what an operating system does for a condition variable. A model
//! asks it and makes the time pass.
//!
//! There is one for each interleaving. Everything it does is one [`turn`]: loom may run another
//! thread before a turn, not inside it, and tries any two turns in both orders. That a thread lies
//! down and unlocks its mutex in one step is what a futex gives by comparing a value.
//!
//! A `RefCell` will do, since loom runs all threads of a model on one real thread.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{self, AssertUnwindSafe};
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, Thread};

loom::lazy_static! {
    static ref KERNEL: Kernel = Kernel::default();
}

real_std::thread_local! {
    /// Whether a panic that the model made itself is under way. All its threads are on this one.
    static THROWN: Cell<bool> = const { Cell::new(false) };
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
    timed: bool,
    timed_out: Rc<Cell<bool>>,
}

/// To be called before there is a second thread. What was done before the first use of a
/// [`loom::lazy_static`] happens before every later use, which would order the threads.
pub fn boot() {
    THROWN.set(false);
    turn(|_| ());
}

/// The counter is where loom takes the turns apart. It is relaxed, since a real wake-up does not
/// order the memory of two threads either: their mutex does.
fn turn<R>(act: impl FnOnce(&mut State) -> R) -> R {
    KERNEL.turns.fetch_add(1, Ordering::Relaxed);
    act(&mut KERNEL.state.borrow_mut())
}

/// Puts the calling thread among the sleepers. What it gets says, when it is awake, whether the
/// clock woke it.
///
/// It must unlock its mutex and [park](thread::park) at once: neither lets another thread run first.
pub fn lie_down(condvar: usize, timed: bool) -> Rc<Cell<bool>> {
    let timed_out = Rc::new(Cell::new(false));
    turn(|state| {
        state.asleep.push(Sleeper {
            thread: thread::current(),
            condvar,
            timed,
            timed_out: timed_out.clone(),
        });
        if let Some((_, watcher)) = state
            .watcher
            .take_if(|(count, _)| *count == state.asleep.len())
        {
            watcher.unpark();
        }
    });
    timed_out
}

/// Wakes up to `n` threads that sleep on `condvar`.
pub fn notify(condvar: usize, n: usize) {
    turn(|state| {
        state.notifications += 1;
        state.wake(n, |sleeper| sleeper.condvar == condvar);
    });
}

/// An interval is over, for up to `n` of those in a timed wait; first come, first over. A wait that
/// begins later is for the next interval, so that who waits once more does not do so in vain.
///
/// Who is woken for that is no sleeper any more, so no notification is spent on it.
pub fn expire(n: usize) {
    turn(|state| {
        for sleeper in state.wake(n, |sleeper| sleeper.timed) {
            sleeper.timed_out.set(true);
        }
    });
}

/// Wakes everybody for no reason, as a condition variable may.
pub fn disturb() {
    turn(|state| {
        state.wake(usize::MAX, |_| true);
    });
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
    fn wake(&mut self, n: usize, whom: impl Fn(&Sleeper) -> bool) -> Vec<Sleeper> {
        let woken = self.asleep.extract_if(.., |sleeper| whom(sleeper)).take(n);
        let woken: Vec<_> = woken.collect();
        for sleeper in &woken {
            sleeper.thread.unpark();
        }
        woken
    }
}

/// What [`throw`] panics with.
struct Thrown;

/// A panic that is part of the model. The hook is not run: there is nothing to report.
pub fn throw() -> ! {
    THROWN.set(true);
    panic::resume_unwind(Box::new(Thrown))
}

/// Runs `run` to the panic that [`throw`] makes there.
pub fn catch(run: impl FnOnce()) {
    let result = panic::catch_unwind(AssertUnwindSafe(run));
    THROWN.set(false);
    let payload: Box<dyn Any + Send> = result.expect_err("it throws");
    if !payload.is::<Thrown>() {
        panic::resume_unwind(payload);
    }
}

/// Whether the model has failed and is unwound.
pub fn failed() -> bool {
    thread::panicking() && !THROWN.get()
}
