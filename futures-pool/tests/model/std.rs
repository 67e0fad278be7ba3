//! What the blocks take for `std::sync`, `std::thread`, `std::time` and `std::panic`: loom's, with what
//! loom lacks.
//!
//! - [`Condvar`](sync::Condvar) has a `wait_timeout` that can time out. A time-out is an event that the
//!   model fires, not a duration: see `kernel.rs`. The clock, [`Instant`](time::Instant), shows whether it
//!   was fired.
//! - No mutex is ever poisoned.
//! - [`Arc`](sync::Arc) is the real one, as a waker needs it: its count orders nothing here.
//! - `catch_unwind` catches nothing: what panics in a model's callback is the model, which fails.
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

/// `std::panic`.
pub mod panic {
    pub use real_std::panic::AssertUnwindSafe;

    pub fn catch_unwind<R>(run: impl FnOnce() -> R) -> real_std::thread::Result<R> {
        Ok(run())
    }
}

/// `std::time`.
pub mod time {
    use crate::kernel;

    pub use real_std::time::Duration;

    /// 0 before [`kernel::expire`], 2 after it; 1 is when it comes.
    #[derive(Clone, Copy)]
    pub struct Instant(u8);

    impl Instant {
        pub fn now() -> Self {
            Self(if kernel::expired() { 2 } else { 0 })
        }

        /// No time at all is over at once, and `Duration::MAX` is beyond what the clock can show.
        pub fn checked_add(self, timeout: Duration) -> Option<Self> {
            match timeout {
                Duration::ZERO => Some(self),
                Duration::MAX => None,
                _ => Some(Self(1)),
            }
        }

        pub fn saturating_duration_since(self, earlier: Self) -> Duration {
            Duration::from_secs(self.0.saturating_sub(earlier.0).into())
        }
    }
}

/// `std::sync`.
pub mod sync {
    use std::ops::{Deref, DerefMut};
    use std::thread;
    use std::time::Duration;

    use crate::kernel;

    use real_std::sync as real;
    pub use real_std::sync::{Arc, LockResult, PoisonError};

    /// `std::sync::atomic`.
    pub mod atomic {
        pub use loom::sync::atomic::{AtomicUsize, Ordering};
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
            let turnstile = (!failed()).then(|| {
                let turnstile = self.turnstile.lock();
                turnstile.unwrap_or_else(PoisonError::into_inner)
            });
            Ok(self.entered(turnstile))
        }

        fn entered<'a>(
            &'a self,
            turnstile: Option<loom::sync::MutexGuard<'a, ()>>,
        ) -> MutexGuard<'a, T> {
            let value = match self.value.try_lock() {
                Ok(value) => value,
                Err(real::TryLockError::Poisoned(error)) => error.into_inner(),
                Err(real::TryLockError::WouldBlock) => unreachable!("two threads in one mutex"),
            };
            MutexGuard {
                mutex: self,
                value,
                turnstile,
            }
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

    impl Condvar {
        pub fn new() -> Self {
            Self { _address: 0 }
        }

        pub fn wait<'a, T>(&self, guard: MutexGuard<'a, T>) -> LockResult<MutexGuard<'a, T>> {
            Ok(self.sleep(guard, false))
        }

        /// Over when the model says so, whatever the duration. The unit is std's `WaitTimeoutResult`, which
        /// nobody else can make.
        pub fn wait_timeout<'a, T>(
            &self,
            guard: MutexGuard<'a, T>,
            _timeout: Duration,
        ) -> LockResult<(MutexGuard<'a, T>, ())> {
            Ok((self.sleep(guard, true), ()))
        }

        pub fn notify_one(&self) {
            self.notify(1);
        }

        pub fn notify_all(&self) {
            self.notify(usize::MAX);
        }

        fn notify(&self, n: usize) {
            if !failed() {
                kernel::notify(self.address(), n); // see `Mutex::lock`
            }
        }

        /// Sleeps once, or does not since the time is up: then the mutex stays locked.
        fn sleep<'a, T>(&self, guard: MutexGuard<'a, T>, timed: bool) -> MutexGuard<'a, T> {
            let MutexGuard {
                mutex,
                value,
                turnstile,
            } = guard;
            drop(value); // or else a thread that is unwound meanwhile finds it locked
            if !kernel::lie_down(self.address(), timed) {
                return mutex.entered(turnstile);
            }
            drop(turnstile);
            thread::park();
            mutex.lock().unwrap_or_else(PoisonError::into_inner)
        }

        fn address(&self) -> usize {
            std::ptr::from_ref(self).addr()
        }
    }

    /// Whether the model has failed and is unwound.
    fn failed() -> bool {
        thread::panicking()
    }
}
