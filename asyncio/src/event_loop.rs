//! [`EventLoop`]: what `asyncio.run` does underneath, by hand. Python: `asyncio.new_event_loop()`.
//!
//! A future is a value with one method, `poll`. It returns `Pending` when it has to wait, and then somebody has
//! kept the [`Waker`] that came with the poll: a timer, another task, another thread. To *wake* means to put the
//! task into the loop's queue. The loop, on one thread, is this and no more:
//!
//! 1. poll each task that is in the queue, once;
//! 2. wake those whose timers are due;
//! 3. if that queued nobody: park the thread, until the next timer or until another thread wakes a task.
//!
//! Who is woken during step 1 is in the next queue, so a task that always wakes itself keeps neither the timers nor the
//! others waiting. Nothing spins. The parts, in the order in which to read them:
//!
//! | file | has | question |
//! |---|---|---|
//! | `event_loop.rs` | the loop | who calls `poll`, and when? |
//! | `event_loop/state.rs` | the states of a task | who queues a task that is woken twice at once, or while it is polled? |
//! | `event_loop/ready.rs` | the queue of other threads, the waker | can a wake-up come just before the thread parks, and be lost? |
//! | `event_loop/inner.rs` | a turn of a task | what may a task's code do to the loop? |
//! | `event_loop/job.rs`, `join.rs` | a future and its result | where does a panic go? |
//! | `event_loop/timers.rs`, `clock.rs` | `sleep` | how long may the loop park? |
//!
//! A task stays on the loop's thread, so it need not be `Send`. Its [`Waker`] is, and may be used on any thread at any
//! time. That is all there is to Python's `call_soon_threadsafe`.
//!
//! This loop knows timers, tasks and threads, and no sockets: for those a loop parks in `epoll_wait`. tokio's does, and the
//! other blocks of this chapter work on it. On this loop work those that need no runtime: queue, context and generator.
//!
//! To copy: this file and the folder `event_loop`. Needs: std only.

use std::cell::RefCell;
use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::ptr;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

mod clock; // the time, or one that jumps
mod error; // why a loop does not run
mod inner; // the tasks, and a turn of them
mod job; // a future and its result
mod join; // a task for who wants its result
mod ready; // the queue, and how the loop sleeps
mod state; // a task between two polls
mod timers; // sleep

pub use error::LoopError;
pub use join::{JoinError, JoinHandle};
pub use timers::{Sleep, sleep, sleep_until, yield_now};

use clock::Clock;
use inner::Inner;
use ready::{Ready, Task};

/// The loop of one thread.
///
/// ```
/// use asyncio::event_loop::{self, EventLoop, sleep};
/// use std::time::Duration;
///
/// let event_loop = EventLoop::new();
/// let sum = event_loop.run_until_complete(async {
///     let one = event_loop.spawn(async {
///         sleep(Duration::from_millis(1)).await;
///         1
///     });
///     one.await.expect("it returns") + 1
/// });
/// assert_eq!(sum, Ok(2));
/// event_loop.close()?;
/// # Ok::<(), event_loop::LoopError>(())
/// ```
///
/// It stays on its thread:
///
/// ```compile_fail,E0277
/// let event_loop = asyncio::event_loop::EventLoop::new();
/// std::thread::spawn(move || event_loop.run_until_complete(async { 1 }));
/// ```
///
/// ```
/// std::thread::spawn(|| {
///     let event_loop = asyncio::event_loop::EventLoop::new();
///     event_loop.run_until_complete(async { 1 })
/// });
/// ```
///
/// Dropped, it is [closed](Self::close).
pub struct EventLoop(Rc<Inner>);

/// A loop for those who are on it: what [`current`] gives. It does not keep the loop open.
#[derive(Clone)]
pub struct Handle(Rc<Inner>);

/// The number of the future that [`EventLoop::run_until_complete`] has. It is not with the tasks, since it may borrow.
const MAIN: u64 = u64::MAX;

thread_local! {
    /// The loop that runs on this thread.
    static CURRENT: RefCell<Option<Rc<Inner>>> = const { RefCell::new(None) };
}

/// The loop that runs on this thread; `None` outside. Python: `asyncio.get_running_loop()`, which raises outside.
pub fn current() -> Option<Handle> {
    let inner = CURRENT.try_with(|current| current.borrow().clone());
    inner.ok().flatten().map(Handle) // none while the thread's own values are dropped
}

/// Queues a task of the loop that has `ready`, if that is the one that runs on this thread. Whether it is.
fn queue_here(ready: &Ready, task: u64) -> bool {
    let here = CURRENT.try_with(|current| match &*current.borrow() {
        Some(inner) if ptr::eq(&*inner.ready, ready) => {
            inner.queue(task);
            true
        }
        _ => false,
    });
    here.unwrap_or(false) // as in `current`
}

/// For who cannot do without.
fn running() -> Rc<Inner> {
    let current = current().expect("this waits for an EventLoop, and on this thread none runs");
    current.0
}

impl EventLoop {
    /// A loop for the calling thread.
    pub fn new() -> Self {
        Self(Rc::new(Inner::new(Clock::Real)))
    }

    /// A loop whose clock stands still while there is something to do, and jumps to the next timer when there is not:
    /// for tests. It does not wait for another thread while there is a timer.
    pub fn with_paused_clock() -> Self {
        Self(Rc::new(Inner::new(Clock::paused())))
    }

    /// Runs the loop until `main` is done, and gives what that returns. A panic of it goes on in the caller. Tasks
    /// that are left then stay, and go on in the next run.
    ///
    /// Python: `loop.run_until_complete`.
    ///
    /// It blocks its thread, so it does not belong inside of a tokio task. There it would also share the budget of that
    /// task, which is not renewed meanwhile: once it is used up, futures that take from it (a `Queue`'s, tokio's) are
    /// never ready again.
    ///
    /// # Errors
    ///
    /// [`LoopError`]; `main` was not begun.
    pub fn run_until_complete<F: Future>(&self, main: F) -> Result<F::Output, LoopError> {
        let inner = &*self.0;
        if inner.closed.get() {
            return Err(LoopError::Closed);
        }
        let _running = Running::enter(&self.0)?; // dropped after `main`: its destructors are on the loop too
        let mut main = pin!(main);
        let task = Task::new(MAIN, &inner.ready);
        let waker = Waker::from(Arc::clone(&task));
        let mut context = Context::from_waker(&waker);
        inner.queue(MAIN);
        loop {
            let next = inner.batch.borrow_mut().pop_front();
            match next {
                Some(MAIN) => {
                    task.state.begin();
                    // After a panic the state stays `RUNNING`, in which nobody queues it either.
                    if let Poll::Ready(output) = main.as_mut().poll(&mut context) {
                        task.state.finish(); // wakers of it that are left do nothing
                        return Ok(output);
                    }
                    if task.state.suspend() {
                        inner.queue(MAIN);
                    }
                }
                Some(number) => inner.turn(number),
                None => inner.next_batch(),
            }
        }
    }

    /// [`Handle::spawn`].
    pub fn spawn<F: Future + 'static>(&self, future: F) -> JoinHandle<F::Output> {
        self.0.spawn(future)
    }

    /// Drops the tasks that are left: their destructors run, and who awaits them gets [`JoinError::Cancelled`]. A panic
    /// of a destructor is reported on stderr, and the others are dropped all the same. Nothing runs on the loop
    /// any more. Closing it again does nothing.
    ///
    /// Python: `loop.close`, which leaves the tasks pending; `asyncio.run` cancels them before.
    ///
    /// # Errors
    ///
    /// [`LoopError::Running`], to a task on it.
    pub fn close(&self) -> Result<(), LoopError> {
        if self.0.running.get() {
            return Err(LoopError::Running);
        }
        self.0.close();
        Ok(())
    }

    /// To spawn on it before it runs, where the loop itself cannot be borrowed.
    pub fn handle(&self) -> Handle {
        Handle(Rc::clone(&self.0))
    }
}

impl Default for EventLoop {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for EventLoop {
    fn drop(&mut self) {
        // A run borrows the loop, so there is none. Tasks may have handles, which would keep them alive for ever.
        self.0.close();
    }
}

impl Handle {
    /// Makes a task of `future`: the loop runs it beside the others, awaited or not, from its next round on. On a loop
    /// that is closed it is dropped at once, and comes to [`JoinError::Cancelled`].
    ///
    /// Python: `loop.create_task`.
    pub fn spawn<F: Future + 'static>(&self, future: F) -> JoinHandle<F::Output> {
        self.0.spawn(future)
    }

    /// The time on the loop's clock. Python: `loop.time()`.
    pub fn now(&self) -> Instant {
        self.0.clock.now()
    }
}

/// While it is there the loop runs.
struct Running<'a>(&'a Inner);

impl<'a> Running<'a> {
    fn enter(inner: &'a Rc<Inner>) -> Result<Self, LoopError> {
        if current().is_some() {
            return Err(LoopError::Running);
        }
        CURRENT.set(Some(Rc::clone(inner)));
        inner.running.set(true);
        Ok(Self(inner))
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.running.set(false);
        CURRENT.take();
    }
}

/// As Python prints it: `<EventLoop running=true closed=false>`.
impl fmt::Debug for EventLoop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// As its loop.
impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (running, closed) = (self.running.get(), self.closed.get());
        write!(f, "<EventLoop running={running} closed={closed}>")
    }
}
