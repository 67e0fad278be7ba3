//! [`ReentrantLock`]: a lock that its owner may take again. Python's `threading.RLock`.
//!
//! Where Rust differs: taking the lock twice gives two guards at once, so a guard only *shares* the
//! value (`&T`); to change it, put a `Cell` or `RefCell` inside. A guard cannot leave its thread, so
//! "release by a thread that is not the owner" does not compile:
//!
//! ```compile_fail,E0277
//! use threading::reentrant_lock::ReentrantLock;
//!
//! let lock = ReentrantLock::new(0);
//! let guard = lock.lock();
//! std::thread::scope(|scope| {
//!     scope.spawn(move || drop(guard)); // the guard is not `Send`
//! });
//! ```
//!
//! The lock itself goes to every thread:
//!
//! ```
//! use threading::reentrant_lock::ReentrantLock;
//!
//! let lock = ReentrantLock::new(0);
//! std::thread::scope(|scope| {
//!     scope.spawn(|| drop(lock.lock()));
//! });
//! ```
//!
//! Nor can the value be changed through a guard without a `Cell`:
//!
//! ```compile_fail,E0594
//! use threading::reentrant_lock::ReentrantLock;
//!
//! let lock = ReentrantLock::new(0);
//! let mut guard = lock.lock();
//! *guard += 1; // shared access only
//! ```
//!
//! To copy: this file. Needs: std only.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};
use std::time::Duration;

/// A mutual exclusion lock that the thread which holds it may take again, any number of times; it
/// is free when as many guards are dropped, in any order.
///
/// It is not poisoned by a panic, since nobody ever held the value exclusively; a guard that is
/// dropped while unwinding releases its level. A guard that is leaked (`mem::forget`) keeps the
/// lock for that thread, even after the thread has ended: its id is never used again.
///
/// ```
/// use std::cell::Cell;
/// use threading::reentrant_lock::ReentrantLock;
///
/// let lock = ReentrantLock::new(Cell::new(0));
/// let outer = lock.lock();
/// let inner = lock.lock(); // no deadlock
/// inner.set(outer.get() + 1);
/// assert_eq!(lock.depth(), 2);
/// ```
pub struct ReentrantLock<T: ?Sized> {
    state: Mutex<State>,
    freed: Condvar,
    value: T,
}

/// | from | to | who | when |
/// |---|---|---|---|
/// | free: no owner, depth 0 | held: owner A, depth 1 | A | `lock`, `try_lock`, `try_lock_for` |
/// | held by A, depth n | held by A, depth n + 1 | A | the same, at once |
/// | held by A, depth n > 1 | held by A, depth n − 1 | A | a guard is dropped |
/// | held by A, depth 1 | free | A | the last guard is dropped; wakes one waiter |
struct State {
    owner: Option<ThreadId>,
    depth: usize,
    /// Threads in a wait. With none, a release need not enter the kernel to wake somebody.
    waiting: usize,
}

// SAFETY: threads that share the lock reach the value only through a guard, and `state` lets only
// one thread at a time have guards. So the value is used by one thread after another, which is what
// `T: Send` allows; the mutex in `state` orders one owner's accesses before the next one's.
unsafe impl<T: ?Sized + Send> Sync for ReentrantLock<T> {}

std::thread_local! {
    // `thread::current()` counts a reference up and down each time; the id alone is a plain read.
    static CURRENT: ThreadId = thread::current().id();
}

impl<T> ReentrantLock<T> {
    /// A free lock around `value`.
    pub const fn new(value: T) -> Self {
        let state = State {
            owner: None,
            depth: 0,
            waiting: 0,
        };
        Self {
            state: Mutex::new(state),
            freed: Condvar::new(),
            value,
        }
    }

    /// The value, out of the lock.
    pub fn into_inner(self) -> T {
        self.value
    }
}

impl<T: ?Sized> ReentrantLock<T> {
    /// Takes the lock, waiting while another thread has it. Python's `acquire()` and `with`.
    pub fn lock(&self) -> ReentrantLockGuard<'_, T> {
        let me = CURRENT.with(|id| *id);
        let mut state = self.state();
        if !state.admits(me) {
            state.waiting += 1;
            state = self
                .freed
                .wait_while(state, |state| !state.admits(me))
                .unwrap_or_else(PoisonError::into_inner);
            state.waiting -= 1;
        }
        self.enter(me, state)
    }

    /// Takes the lock unless another thread has it. Python's `acquire(blocking=False)`.
    pub fn try_lock(&self) -> Option<ReentrantLockGuard<'_, T>> {
        let me = CURRENT.with(|id| *id);
        let state = self.state();
        state.admits(me).then(|| self.enter(me, state))
    }

    /// Takes the lock, waiting for at most `timeout`. Python's `acquire(timeout=…)`.
    ///
    /// A zero timeout is [`try_lock`](Self::try_lock); `Duration::MAX` waits for ever.
    pub fn try_lock_for(&self, timeout: Duration) -> Option<ReentrantLockGuard<'_, T>> {
        let me = CURRENT.with(|id| *id);
        let mut state = self.state();
        state.waiting += 1;
        let (mut state, _) = self
            .freed
            .wait_timeout_while(state, timeout, |state| !state.admits(me))
            .unwrap_or_else(PoisonError::into_inner);
        state.waiting -= 1;
        // The lock decides, not the clock: one that became free at the last moment is ours.
        state.admits(me).then(|| self.enter(me, state))
    }

    /// The thread that has the lock now. Another thread may change it at any time.
    pub fn owner(&self) -> Option<ThreadId> {
        self.state().owner
    }

    /// How many guards the *calling* thread has; 0 when another thread has the lock.
    ///
    /// Python's `_recursion_count()`; `depth() > 0` is its `_is_owned()`.
    pub fn depth(&self) -> usize {
        let me = CURRENT.with(|id| *id);
        let state = self.state();
        if state.owner == Some(me) {
            state.depth
        } else {
            0
        }
    }

    /// The value, without locking: the exclusive borrow shows that nobody else has it.
    pub fn get_mut(&mut self) -> &mut T {
        &mut self.value
    }

    fn enter(&self, me: ThreadId, mut state: MutexGuard<'_, State>) -> ReentrantLockGuard<'_, T> {
        state.owner = Some(me);
        state.depth += 1; // a usize: leaking that many guards takes centuries
        ReentrantLockGuard {
            lock: self,
            not_send: PhantomData,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing in this file panics while it holds the mutex, so it cannot be poisoned.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn admits(&self, thread: ThreadId) -> bool {
        self.owner.is_none_or(|owner| owner == thread)
    }
}

impl<T: Default> Default for ReentrantLock<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for ReentrantLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.try_lock() {
            // Another thread has it, so the value must not be looked at.
            None => f.write_str("ReentrantLock(locked by another thread)"),
            Some(guard) => match self.depth() - 1 {
                0 => write!(f, "ReentrantLock(unlocked, {:?})", &*guard),
                depth => write!(f, "ReentrantLock(locked, depth {depth}, {:?})", &*guard),
            },
        }
    }
}

/// One level of a [`ReentrantLock`] that this thread holds. Dropping it releases that level.
#[must_use = "the lock is released at once if the guard is not kept"]
pub struct ReentrantLockGuard<'a, T: ?Sized> {
    lock: &'a ReentrantLock<T>,
    /// Only the owner may release, so the guard must stay in its thread: a raw pointer is not `Send`.
    not_send: PhantomData<*const ()>,
}

// SAFETY: a shared guard gives out `&T` and nothing else (releasing needs the guard by value), so
// sharing it is sharing a `&T`, which `T: Sync` allows.
unsafe impl<T: ?Sized + Sync> Sync for ReentrantLockGuard<'_, T> {}

impl<T: ?Sized> Deref for ReentrantLockGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.lock.value
    }
}

impl<T: ?Sized> Drop for ReentrantLockGuard<'_, T> {
    fn drop(&mut self) {
        let mut state = self.lock.state();
        state.depth -= 1;
        if state.depth == 0 {
            state.owner = None;
            let wake = state.waiting > 0;
            drop(state); // the woken thread needs the mutex: do not make it wait for it again
            if wake {
                self.lock.freed.notify_one();
            }
        }
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for ReentrantLockGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
