//! [`Gil`]: one lock for everything, handed over on request. CPython's global interpreter lock.
//!
//! The protocol is that of CPython 3.13's `Python/ceval_gil.c` (`take_gil`, `drop_gil`,
//! `_Py_HandlePending`):
//!
//! 1. Who wants the lock waits for it, one *switch interval* at a time.
//! 2. When an interval is over and the lock did not change hands meanwhile, the waiter makes a *drop
//!    request*, and waits on.
//! 3. The holder looks for a request now and then (CPython: at backward jumps and calls), and lets the
//!    lock go when there is one.
//! 4. Having done so it waits until another thread has taken the lock (*forced switching*). It is
//!    awake already, and would else be back before the other one has woken.
//! 5. Around a call that may block the holder lets go, and afterwards waits like everybody else.
//!
//! A waiter begins a new interval whenever it is woken in vain. So a holder that lets go often, for a
//! moment at a time, is rarely asked: CPython's rule too.
//!
//! Where Rust differs: the lock contains what it protects, so nothing can be touched without it. A
//! guard that is dropped lets go, also while a panic unwinds, and waits for the switch if there is a
//! request; CPython's thread does not when it ends.
//!
//! To copy: this file. Needs: std only.

use std::cell::UnsafeCell;
use std::error::Error;
use std::fmt;
use std::marker::PhantomData;
use std::mem;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

/// A lock around a value that its holder hands over when it is asked to.
///
/// ```
/// use gil_demo::gil::Gil;
///
/// let gil = Gil::new(0);
/// std::thread::scope(|scope| {
///     for _ in 0..2 {
///         scope.spawn(|| {
///             let mut count = gil.acquire().expect("this thread does not hold it");
///             for _ in 0..1000 {
///                 *count += 1;
///                 count.check(); // lets the other thread in, if it has asked
///             }
///         });
///     }
/// });
/// assert_eq!(gil.into_inner(), 2000);
/// ```
pub struct Gil<T> {
    state: Mutex<State>,
    /// A waiter may take the lock. CPython's `cond`.
    released: Condvar,
    /// Another thread has taken the lock. CPython's `switch_cond`.
    switched: Condvar,
    /// A waiter has waited for an interval. Written under the mutex and read without it: the holder
    /// has to see it soon, not at once, and whatever it does then goes through the mutex.
    drop_request: AtomicBool,
    interval_micros: AtomicU64,
    value: UnsafeCell<T>,
}

/// | from | to | who | when |
/// |---|---|---|---|
/// | free | held by A | A | takes it; a *switch* if the last holder was another |
/// | held by A | held by A, requested | a waiter | an interval is over, and there was no switch in it |
/// | held by A | free | A | lets go; wakes one waiter |
/// | held by A, requested | free, A waits for the switch | A | lets go; ends the request; wakes one waiter |
struct State {
    holder: Option<ThreadId>,
    last_holder: Option<ThreadId>,
    /// How often the lock went from one thread to another. CPython's `switch_number`.
    switches: u64,
    /// Threads that wait for the lock. With none, nobody need be woken.
    waiting: usize,
    /// In the order in which the threads came. Of those that have ended, only the last ones are kept.
    known: Vec<Known>,
    /// Who had the lock when; only kept when asked for, since it grows with every release up to a limit.
    timeline: Option<Vec<Span>>,
}

/// A thread that has used the lock.
struct Known {
    account: Account,
    /// Whether the thread has a guard (it may have let go in `allow_threads`), or waits to get one.
    has_guard: bool,
    /// Points to the thread's `ALIVE`, which is dropped when the thread ends.
    alive: Weak<()>,
}

std::thread_local! {
    static ALIVE: Arc<()> = Arc::new(());
}

/// What a thread did with the lock so far. Each time is the sum of clock readings of its own, none is
/// the rest of the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The thread.
    pub thread: ThreadId,
    /// How often it got the lock after another thread had it.
    pub hand_overs: u64,
    /// For how long it had the lock; the present time is added when it lets go.
    pub held: Duration,
    /// For how long it wanted the lock, forced switching included.
    pub waited: Duration,
    /// For how long it did without, in [`GilGuard::allow_threads`].
    pub released: Duration,
}

/// From when to when a thread had the lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The thread.
    pub thread: ThreadId,
    /// When it had taken the lock.
    pub from: Instant,
    /// When it was about to let go.
    pub to: Instant,
}

// SAFETY: the value is reached only through a `GilGuard`. There is at most one, in one thread: it is
// made when `state.holder` changes from `None` to that thread, under the mutex, and the holder is set
// back only when the guard is dropped or borrowed exclusively. So threads use the value one after the
// other, which `T: Send` allows, and the mutex orders one holder's uses before the next one's.
unsafe impl<T: Send> Sync for Gil<T> {}

impl<T> Gil<T> {
    /// CPython's switch interval, 5 ms.
    pub const SWITCH_INTERVAL: Duration = Duration::from_millis(5);

    /// How many accounts of threads that have ended are kept.
    pub const KEPT_ACCOUNTS: usize = 256;

    /// How many spans are kept: 40 MiB of them.
    pub const KEPT_SPANS: usize = 1 << 20;

    /// A free lock around `value`, with CPython's switch interval.
    pub fn new(value: T) -> Self {
        let state = State {
            holder: None,
            last_holder: None,
            switches: 0,
            waiting: 0,
            known: Vec::new(),
            timeline: None,
        };
        let gil = Self {
            state: Mutex::new(state),
            released: Condvar::new(),
            switched: Condvar::new(),
            drop_request: AtomicBool::new(false),
            interval_micros: AtomicU64::new(0),
            value: UnsafeCell::new(value),
        };
        gil.set_switch_interval(Self::SWITCH_INTERVAL);
        gil
    }

    /// How long a waiter waits before it asks. Python's `sys.getswitchinterval()`.
    pub fn switch_interval(&self) -> Duration {
        Duration::from_micros(self.interval_micros.load(Ordering::Relaxed))
    }

    /// Python's `sys.setswitchinterval()`. Whole microseconds, at least one, as in CPython; a wait
    /// that has begun keeps the interval it began with.
    pub fn set_switch_interval(&self, interval: Duration) {
        let micros = u64::try_from(interval.as_micros()).unwrap_or(u64::MAX);
        self.interval_micros.store(micros.max(1), Ordering::Relaxed);
    }

    /// Takes the lock, waiting for it. CPython's `take_gil`.
    ///
    /// # Errors
    ///
    /// [`AlreadyHeld`] if this thread has a guard, also one that has let go in
    /// [`allow_threads`](GilGuard::allow_threads): it would wait for itself, now or in the end.
    pub fn acquire(&self) -> Result<GilGuard<'_, T>, AlreadyHeld> {
        let me = thread::current().id();
        if mem::replace(&mut self.state().known(me).has_guard, true) {
            return Err(AlreadyHeld);
        }
        let since = self.take(me);
        Ok(GilGuard {
            gil: self,
            me,
            since,
            not_send: PhantomData,
        })
    }

    /// How often the lock went from one thread to another.
    pub fn switches(&self) -> u64 {
        self.state().switches
    }

    /// What each thread did with the lock, in the order in which they first wanted it. Of the threads that
    /// have ended, no more than the last [`KEPT_ACCOUNTS`](Self::KEPT_ACCOUNTS) are kept when another comes.
    pub fn accounts(&self) -> Vec<Account> {
        let state = self.state();
        let accounts = state.known.iter().map(|known| known.account.clone());
        accounts.collect()
    }

    /// From now on keeps who had the lock when; a hold that has begun counts from its beginning. After
    /// [`KEPT_SPANS`](Self::KEPT_SPANS) holds no more are kept.
    pub fn record(&self) {
        self.state().timeline.get_or_insert_default();
    }

    /// Who had the lock when, in order, since [`record`](Self::record).
    pub fn timeline(&self) -> Vec<Span> {
        self.state().timeline.clone().unwrap_or_default()
    }

    /// The value, out of the lock.
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }

    /// Waits for the lock and takes it; when that was.
    fn take(&self, me: ThreadId) -> Instant {
        let begin = Instant::now();
        let mut state = self.state();
        while state.holder.is_some() {
            let seen = state.switches;
            state.waiting += 1;
            let (after, result) = self
                .released
                .wait_timeout(state, self.switch_interval())
                .unwrap_or_else(PoisonError::into_inner);
            state = after;
            state.waiting -= 1;
            if result.timed_out() && state.holder.is_some() && state.switches == seen {
                self.drop_request.store(true, Ordering::Relaxed);
            }
        }
        state.holder = Some(me);
        let switched = state.last_holder != Some(me);
        if switched {
            state.last_holder = Some(me);
            state.switches += 1;
            self.switched.notify_all();
        }
        let now = Instant::now();
        let account = &mut state.known(me).account;
        account.hand_overs += u64::from(switched);
        account.waited += now - begin;
        now
    }

    /// Lets go of the lock taken at `since`, for now or, without a guard, for good. On a request, waits
    /// until another thread has taken it.
    fn release(&self, me: ThreadId, since: Instant, has_guard: bool) {
        let mut state = self.state();
        let now = Instant::now();
        let known = state.known(me);
        known.account.held += now - since;
        known.has_guard = has_guard;
        if let Some(timeline) = &mut state.timeline
            && timeline.len() < Self::KEPT_SPANS
        {
            timeline.push(Span {
                thread: me,
                from: since,
                to: now,
            });
        }
        state.holder = None;
        if state.waiting > 0 {
            self.released.notify_one();
        }
        // A request is about one hold and ends with it; whoever waits still asks again when its interval
        // is over. So who made this one has not had the lock since, waits for it still, and will take
        // it: this wait ends.
        if self.drop_request.swap(false, Ordering::Relaxed) {
            state = self
                .switched
                .wait_while(state, |state| state.last_holder == Some(me))
                .unwrap_or_else(PoisonError::into_inner);
            state.known(me).account.waited += now.elapsed();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No user's code runs under the mutex, so it cannot be poisoned.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// What is known of the thread. There are few threads: a search will do.
    fn known(&mut self, thread: ThreadId) -> &mut Known {
        let index = self.known.iter().position(|k| k.account.thread == thread);
        let index = index.unwrap_or_else(|| {
            self.forget_the_ended();
            self.known.push(Known {
                account: Account {
                    thread,
                    hand_overs: 0,
                    held: Duration::ZERO,
                    waited: Duration::ZERO,
                    released: Duration::ZERO,
                },
                has_guard: false,
                // A thread whose locals are being destroyed passes for one that has ended.
                alive: ALIVE.try_with(Arc::downgrade).unwrap_or_default(),
            });
            self.known.len() - 1
        });
        &mut self.known[index]
    }

    /// Forgets the threads that have ended, but for the last ones.
    fn forget_the_ended(&mut self) {
        // A thread may take the lock when its locals are being destroyed, or leak a guard.
        let ended = |known: &Known| known.alive.strong_count() == 0 && !known.has_guard;
        let count = self.known.iter().filter(|known| ended(known)).count();
        let mut surplus = count.saturating_sub(Gil::<()>::KEPT_ACCOUNTS);
        self.known.retain(|known| {
            let forget = surplus > 0 && ended(known);
            surplus -= usize::from(forget);
            !forget
        });
    }
}

impl<T> fmt::Debug for Gil<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let held = self.state().holder.is_some();
        f.write_str(if held { "Gil(held)" } else { "Gil(free)" })
    }
}

/// The right to the value. Dropping it lets the lock go, also while a panic unwinds; one that is
/// leaked (`mem::forget`) keeps it for ever.
///
/// It stays in its thread, since it is the thread that has the lock:
///
/// ```compile_fail,E0277
/// use gil_demo::gil::Gil;
///
/// let gil = Gil::new(0);
/// let mut count = gil.acquire().expect("this thread does not hold it");
/// std::thread::scope(|scope| {
///     scope.spawn(move || *count += 1);
/// });
/// ```
///
/// The other thread takes one of its own:
///
/// ```
/// use gil_demo::gil::Gil;
///
/// let gil = Gil::new(0);
/// std::thread::scope(|scope| {
///     scope.spawn(|| *gil.acquire().expect("this thread does not hold it") += 1);
/// });
/// assert_eq!(gil.into_inner(), 1);
/// ```
///
/// What is done without the lock cannot touch the value:
///
/// ```compile_fail,E0502
/// use gil_demo::gil::Gil;
///
/// let gil = Gil::new(0);
/// let mut count = gil.acquire().expect("this thread does not hold it");
/// count.allow_threads(|| assert_eq!(*count, 0));
/// ```
///
/// ```
/// use gil_demo::gil::Gil;
///
/// let gil = Gil::new(0);
/// let mut count = gil.acquire().expect("this thread does not hold it");
/// let value = *count;
/// count.allow_threads(|| assert_eq!(value, 0));
/// ```
#[must_use = "the lock is let go at once if the guard is not kept"]
pub struct GilGuard<'a, T> {
    gil: &'a Gil<T>,
    me: ThreadId,
    since: Instant,
    /// It is the thread that has the lock, so the guard must stay: a raw pointer is not `Send`.
    not_send: PhantomData<*const ()>,
}

impl<T> GilGuard<'_, T> {
    /// Lets another thread have the lock if one has asked for it. CPython's eval breaker.
    #[inline]
    pub fn check(&mut self) {
        if self.gil.drop_request.load(Ordering::Relaxed) {
            self.hand_over();
        }
    }

    #[cold]
    fn hand_over(&mut self) {
        self.gil.release(self.me, self.since, true);
        self.since = self.gil.take(self.me);
    }

    /// Runs `f` without the lock, then takes it again, also when `f` panics. For what may block.
    /// CPython's `Py_BEGIN_ALLOW_THREADS`.
    pub fn allow_threads<R>(&mut self, f: impl FnOnce() -> R) -> R {
        struct Retake<'g, 'a, T> {
            guard: &'g mut GilGuard<'a, T>,
            begin: Instant,
        }

        impl<T> Drop for Retake<'_, '_, T> {
            fn drop(&mut self) {
                let (gil, me) = (self.guard.gil, self.guard.me);
                let released = self.begin.elapsed();
                self.guard.since = gil.take(me);
                gil.state().known(me).account.released += released;
            }
        }

        self.gil.release(self.me, self.since, true);
        let _retake = Retake {
            guard: self,
            begin: Instant::now(),
        };
        f()
    }
}

impl<T> Deref for GilGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: this thread has the lock for as long as the guard is there and is not borrowed
        // exclusively (`check`, `allow_threads`), so nobody else reaches the value.
        unsafe { &*self.gil.value.get() }
    }
}

impl<T> DerefMut for GilGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as in `deref`; the exclusive borrow of the guard makes it the only reference.
        unsafe { &mut *self.gil.value.get() }
    }
}

impl<T> Drop for GilGuard<'_, T> {
    fn drop(&mut self) {
        self.gil.release(self.me, self.since, false);
    }
}

/// A thread that has a guard of the lock tried to take it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlreadyHeld;

impl fmt::Display for AlreadyHeld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("this thread has a guard of the lock already: use that one")
    }
}

impl Error for AlreadyHeld {}
