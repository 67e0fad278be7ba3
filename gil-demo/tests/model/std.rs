//! What the block takes for `std::sync` and `std::thread`: loom's, with what loom lacks.
//!
//! - [`Condvar`](sync::Condvar) has `wait_while` and a `wait_timeout` that can time out. A time-out is
//!   an event that the model fires, not a duration: see `kernel.rs`.
//! - A mutex may be locked while a model's own panic unwinds, and none is ever poisoned.
//! - [`Arc`](sync::Arc) is the real one: it is the models that share a block, not the block. So are the
//!   thread-locals, of which the threads of a model have one: none of them ever ends for the block.
//!
//! `std::time` is the real one: the block books times and decides nothing by them.
//!
//! A wake-up orders the memory of the two threads (loom's `unpark` does so), which a real one need
//! not do. Both lock the mutex as well, so this hides nothing unless a block stops locking it.

/// `std::thread`.
pub mod thread {
    pub use loom::thread::*;

    /// Loom's does not ask what may be sent.
    pub fn spawn<T: Send + 'static>(run: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
        loom::thread::spawn(run)
    }
}

/// `std::sync`.
pub mod sync {
    use std::ops::{Deref, DerefMut};
    use std::thread;
    use std::time::Duration;

    use crate::kernel;

    use real_std::sync as real;
    pub use real_std::sync::{Arc, LockResult, PoisonError, Weak};

    /// `std::sync::atomic`.
    pub mod atomic {
        use crate::kernel;

        pub use loom::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

        /// One that a failed model may use while it is unwound: it is false then.
        pub struct AtomicBool(loom::sync::atomic::AtomicBool);

        impl AtomicBool {
            pub fn new(value: bool) -> Self {
                Self(loom::sync::atomic::AtomicBool::new(value))
            }

            #[track_caller]
            pub fn load(&self, order: Ordering) -> bool {
                !kernel::failed() && self.0.load(order)
            }

            #[track_caller]
            pub fn swap(&self, value: bool, order: Ordering) -> bool {
                !kernel::failed() && self.0.swap(value, order)
            }

            #[track_caller]
            pub fn store(&self, value: bool, order: Ordering) {
                if !kernel::failed() {
                    self.0.store(value, order);
                }
            }
        }
    }

    /// Loom's mutex says who may enter, and orders their memory. The value is in a real one, which
    /// is never contended then.
    pub struct Mutex<T> {
        value: real::Mutex<T>,
        turnstile: loom::sync::Mutex<()>,
    }

    pub struct MutexGuard<'a, T> {
        mutex: &'a Mutex<T>,
        value: real::MutexGuard<'a, T>, // dropped before the next one lets another thread in
        turnstile: Option<loom::sync::MutexGuard<'a, ()>>,
    }

    impl<T> Mutex<T> {
        pub fn new(value: T) -> Self {
            Self {
                value: real::Mutex::new(value),
                turnstile: loom::sync::Mutex::default(),
            }
        }

        pub fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
            // What a failed model drops while it is unwound must not run its other threads.
            let turnstile = (!kernel::failed()).then(|| {
                self.turnstile
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
            });
            let value = match self.value.try_lock() {
                Ok(value) => value,
                Err(real::TryLockError::Poisoned(error)) => error.into_inner(),
                Err(real::TryLockError::WouldBlock) => unreachable!("two threads in one mutex"),
            };
            Ok(MutexGuard {
                mutex: self,
                value,
                turnstile,
            })
        }
    }

    impl<T> Deref for MutexGuard<'_, T> {
        type Target = T;

        fn deref(&self) -> &T {
            &self.value
        }
    }

    impl<T> DerefMut for MutexGuard<'_, T> {
        fn deref_mut(&mut self) -> &mut T {
            &mut self.value
        }
    }

    pub struct Condvar {
        /// Not empty, so that no two have the same address.
        _address: u8,
    }

    /// std's cannot be made by others.
    pub struct WaitTimeoutResult(bool);

    impl WaitTimeoutResult {
        pub fn timed_out(&self) -> bool {
            self.0
        }
    }

    impl Condvar {
        pub fn new() -> Self {
            Self { _address: 0 }
        }

        pub fn wait_while<'a, T>(
            &self,
            mut guard: MutexGuard<'a, T>,
            mut condition: impl FnMut(&mut T) -> bool,
        ) -> LockResult<MutexGuard<'a, T>> {
            while !kernel::failed() && condition(&mut guard) {
                (guard, _) = self.sleep(guard, false);
            }
            Ok(guard)
        }

        /// Over when the model says so, whatever the duration.
        pub fn wait_timeout<'a, T>(
            &self,
            guard: MutexGuard<'a, T>,
            _timeout: Duration,
        ) -> LockResult<(MutexGuard<'a, T>, WaitTimeoutResult)> {
            let (guard, timed_out) = self.sleep(guard, true);
            Ok((guard, WaitTimeoutResult(timed_out)))
        }

        pub fn notify_one(&self) {
            self.notify(1);
        }

        pub fn notify_all(&self) {
            self.notify(usize::MAX);
        }

        fn notify(&self, n: usize) {
            if !kernel::failed() {
                kernel::notify(self.address(), n); // see `Mutex::lock`
            }
        }

        /// Sleeps once; whether it was the clock that ended it.
        fn sleep<'a, T>(&self, guard: MutexGuard<'a, T>, timed: bool) -> (MutexGuard<'a, T>, bool) {
            // There is nothing to wait for then, and nothing to return. The process is aborted, since
            // this is in a destructor; what has failed is reported already.
            assert!(!kernel::failed(), "the model has failed before this");
            let MutexGuard {
                mutex,
                value,
                turnstile,
            } = guard;
            drop(value); // or else a thread that is unwound meanwhile finds it locked
            let timed_out = kernel::lie_down(self.address(), timed);
            drop(turnstile);
            thread::park();
            let guard = mutex.lock().unwrap_or_else(PoisonError::into_inner);
            (guard, timed_out.get())
        }

        fn address(&self) -> usize {
            std::ptr::from_ref(self).addr()
        }
    }
}
