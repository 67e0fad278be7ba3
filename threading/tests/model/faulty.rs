//! The blocks once more, as short as can be and each with a mistake that is easily made. The models
//! must catch it.

use std::ops::Deref;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex};
use std::thread::{self, ThreadId};
use std::time::Duration;

use crate::bounded_semaphore_models::Bounded;
use crate::event_models::Flag;
use crate::reentrant_lock_models::Lock;
use crate::semaphore::{Permit, Semaphore};
use crate::semaphore_models::Permits;
use crate::{SOON, Watched, kernel};

/// A lock that does not count its timed waiters, or not its guards.
pub struct FaultyLock<const WAITERS: bool, const GUARDS: bool> {
    state: Mutex<LockState>,
    freed: Condvar,
    value: Watched,
}

struct LockState {
    owner: Option<ThreadId>,
    depth: usize,
    waiting: usize,
}

pub struct FaultyGuard<'a, const WAITERS: bool, const GUARDS: bool>(
    &'a FaultyLock<WAITERS, GUARDS>,
);

impl<const WAITERS: bool, const GUARDS: bool> Lock for FaultyLock<WAITERS, GUARDS> {
    type Guard<'a> = FaultyGuard<'a, WAITERS, GUARDS>;

    fn free() -> Self {
        let state = LockState {
            owner: None,
            depth: 0,
            waiting: 0,
        };
        Self {
            state: Mutex::new(state),
            freed: Condvar::new(),
            value: Watched::new(),
        }
    }

    fn lock_for(&self, timeout: Duration) -> Option<Self::Guard<'_>> {
        let me = thread::current().id();
        let counted = usize::from(WAITERS || timeout == Duration::MAX);
        let mut state = self.state.lock().unwrap();
        state.waiting += counted;
        let (mut state, _) = self
            .freed
            .wait_timeout_while(state, timeout, |state| {
                state.owner.is_some_and(|owner| owner != me)
            })
            .unwrap();
        state.waiting -= counted;
        if state.owner.is_some_and(|owner| owner != me) {
            return None;
        }
        state.owner = Some(me);
        state.depth += 1;
        Some(FaultyGuard(self))
    }

    fn lock(&self) -> Self::Guard<'_> {
        self.lock_for(Duration::MAX).expect("for ever")
    }
}

impl<const WAITERS: bool, const GUARDS: bool> Deref for FaultyGuard<'_, WAITERS, GUARDS> {
    type Target = Watched;

    fn deref(&self) -> &Watched {
        &self.0.value
    }
}

impl<const WAITERS: bool, const GUARDS: bool> Drop for FaultyGuard<'_, WAITERS, GUARDS> {
    fn drop(&mut self) {
        let mut state = self.0.state.lock().unwrap();
        state.depth -= 1;
        if state.depth == 0 || !GUARDS {
            state.owner = None;
            let wake = state.waiting > 0;
            drop(state);
            if wake {
                self.0.freed.notify_one();
            }
        }
    }
}

/// A semaphore whose `release` wakes at most so many, and that may look at the clock before it looks
/// at the permits.
pub struct FaultySemaphore<const WAKES: usize, const CLOCK_FIRST: bool> {
    state: Mutex<SemaphoreState>,
    released: Condvar,
}

struct SemaphoreState {
    permits: usize,
    waiting: usize,
}

pub struct FaultyPermit<'a, const WAKES: usize, const CLOCK_FIRST: bool>(
    &'a FaultySemaphore<WAKES, CLOCK_FIRST>,
);

impl<const WAKES: usize, const CLOCK_FIRST: bool> Permits for FaultySemaphore<WAKES, CLOCK_FIRST> {
    type Permit<'a> = FaultyPermit<'a, WAKES, CLOCK_FIRST>;

    fn with(permits: usize) -> Self {
        let waiting = 0;
        Self {
            state: Mutex::new(SemaphoreState { permits, waiting }),
            released: Condvar::new(),
        }
    }

    fn acquire(&self) -> Self::Permit<'_> {
        self.acquire_for(Duration::MAX).expect("for ever")
    }

    fn acquire_for(&self, timeout: Duration) -> Option<Self::Permit<'_>> {
        let mut state = self.state.lock().unwrap();
        state.waiting += 1;
        let (mut state, _) = self
            .released
            .wait_timeout_while(state, timeout, |state| state.permits == 0)
            .unwrap();
        state.waiting -= 1;
        if CLOCK_FIRST && timeout == SOON && kernel::expired() {
            return None;
        }
        state.permits = state.permits.checked_sub(1)?;
        Some(FaultyPermit(self))
    }

    fn release(&self, n: usize) {
        let mut state = self.state.lock().unwrap();
        state.permits += n;
        let woken = n.min(state.waiting).min(WAKES);
        drop(state);
        for _ in 0..woken {
            self.released.notify_one();
        }
    }

    fn available(&self) -> usize {
        self.state.lock().unwrap().permits
    }
}

impl<const WAKES: usize, const CLOCK_FIRST: bool> Drop for FaultyPermit<'_, WAKES, CLOCK_FIRST> {
    fn drop(&mut self) {
        self.0.release(1);
    }
}

/// A semaphore that looks at the count and changes it in two steps.
pub struct FaultyBounded {
    semaphore: Semaphore,
    forgotten: AtomicUsize,
}

impl Bounded for FaultyBounded {
    type Permit<'a> = Permit<'a>;

    fn with(bound: usize) -> Self {
        Self {
            semaphore: Semaphore::new(bound),
            forgotten: AtomicUsize::new(0),
        }
    }

    fn acquire(&self) -> Permit<'_> {
        self.semaphore.acquire()
    }

    fn acquire_for(&self, timeout: Duration) -> Option<Permit<'_>> {
        self.semaphore.try_acquire_for(timeout)
    }

    fn forget<'a>(&'a self, permit: Permit<'a>) {
        self.forgotten.fetch_add(1, Ordering::AcqRel);
        permit.forget();
    }

    fn release(&self) -> bool {
        let owed = self.forgotten.load(Ordering::Acquire) > 0;
        if owed {
            self.forgotten.fetch_sub(1, Ordering::AcqRel);
            self.semaphore.release(1).unwrap();
        }
        owed
    }

    fn available(&self) -> usize {
        self.semaphore.available_permits()
    }
}

/// An event without the count: it looks at the flag alone.
pub struct FaultyEvent {
    is_set: Mutex<bool>,
    raised: Condvar,
}

impl Flag for FaultyEvent {
    fn down() -> Self {
        Self {
            is_set: Mutex::new(false),
            raised: Condvar::new(),
        }
    }

    fn set(&self) {
        *self.is_set.lock().unwrap() = true;
        self.raised.notify_all();
    }

    fn clear(&self) {
        *self.is_set.lock().unwrap() = false;
    }

    fn wait(&self) {
        self.wait_timeout(Duration::MAX);
    }

    fn wait_timeout(&self, timeout: Duration) -> bool {
        let is_set = self.is_set.lock().unwrap();
        let (is_set, _) = self
            .raised
            .wait_timeout_while(is_set, timeout, |is_set| !*is_set)
            .unwrap();
        *is_set
    }
}
