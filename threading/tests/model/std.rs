//! What the blocks take for `std::sync` and `std::thread`: loom's, with what loom lacks.
//!
//! - The constructors are `const`. Loom's objects exist only while a model runs, so each is made
//!   when it is first used.
//! - [`Condvar`](sync::Condvar) has `wait_while` and `wait_timeout_while`. A time-out is an event that
//!   the model fires, not a duration: see `kernel.rs`.
//! - No mutex is ever poisoned.
//! - [`Arc`](sync::Arc) is the real one: it is the models that share a block, not the block.
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
    pub use real_std::sync::{Arc, LockResult, PoisonError};

    /// `std::sync::atomic`.
    pub mod atomic {
        use std::ops::Deref;

        use real_std::sync::OnceLock;

        pub use loom::sync::atomic::Ordering;

        /// Loom takes the making for a write, so the first use must be before there is a second
        /// thread; or else the model fails.
        #[derive(Debug, Default)]
        pub struct AtomicUsize {
            initial: usize,
            made: OnceLock<loom::sync::atomic::AtomicUsize>,
        }

        impl AtomicUsize {
            pub const fn new(initial: usize) -> Self {
                Self {
                    initial,
                    made: OnceLock::new(),
                }
            }
        }

        impl Deref for AtomicUsize {
            type Target = loom::sync::atomic::AtomicUsize;

            fn deref(&self) -> &Self::Target {
                self.made
                    .get_or_init(|| loom::sync::atomic::AtomicUsize::new(self.initial))
            }
        }
    }

    /// Loom's mutex says who may enter, and orders their memory. The value is in a real one, which
    /// is never contended then.
    pub struct Mutex<T> {
        value: real::Mutex<T>,
        turnstile: real::OnceLock<loom::sync::Mutex<()>>,
    }

    pub struct MutexGuard<'a, T> {
        mutex: &'a Mutex<T>,
        value: real::MutexGuard<'a, T>, // dropped before the next one lets another thread in
        turnstile: Option<loom::sync::MutexGuard<'a, ()>>,
    }

    impl<T> Mutex<T> {
        pub const fn new(value: T) -> Self {
            Self {
                value: real::Mutex::new(value),
                turnstile: real::OnceLock::new(),
            }
        }

        pub fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
            // What a failed model drops while it is unwound must not run its other threads.
            let turnstile = (!thread::panicking()).then(|| {
                let turnstile = self.turnstile.get_or_init(Default::default);
                turnstile.lock().unwrap_or_else(PoisonError::into_inner)
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
        pub const fn new() -> Self {
            Self { _address: 0 }
        }

        pub fn wait_while<'a, T>(
            &self,
            mut guard: MutexGuard<'a, T>,
            mut condition: impl FnMut(&mut T) -> bool,
        ) -> LockResult<MutexGuard<'a, T>> {
            while condition(&mut guard) {
                (guard, _) = self.sleep(guard, false);
            }
            Ok(guard)
        }

        /// The condition first, then the time. Zero is over at once, and `Duration::MAX` never. The
        /// `bool` is std's `WaitTimeoutResult`, which nobody else can make.
        pub fn wait_timeout_while<'a, T>(
            &self,
            mut guard: MutexGuard<'a, T>,
            timeout: Duration,
            mut condition: impl FnMut(&mut T) -> bool,
        ) -> LockResult<(MutexGuard<'a, T>, bool)> {
            while condition(&mut guard) {
                if timeout.is_zero() {
                    return Ok((guard, true));
                }
                let slept;
                (guard, slept) = self.sleep(guard, timeout != Duration::MAX);
                if !slept {
                    return Ok((guard, true));
                }
            }
            Ok((guard, false))
        }

        pub fn notify_one(&self) {
            self.notify(1);
        }

        pub fn notify_all(&self) {
            self.notify(usize::MAX);
        }

        fn notify(&self, n: usize) {
            if !thread::panicking() {
                kernel::notify(self.address(), n); // see `Mutex::lock`
            }
        }

        /// Sleeps once, or does not since the time is up: then `false`, and the mutex stays locked.
        fn sleep<'a, T>(&self, guard: MutexGuard<'a, T>, timed: bool) -> (MutexGuard<'a, T>, bool) {
            let MutexGuard {
                mutex,
                value,
                turnstile,
            } = guard;
            drop(value); // or else a thread that is unwound meanwhile finds it locked
            if !kernel::lie_down(self.address(), timed) {
                return (mutex.entered(turnstile), false);
            }
            drop(turnstile);
            thread::park();
            let guard = mutex.lock().unwrap_or_else(PoisonError::into_inner);
            (guard, true)
        }

        fn address(&self) -> usize {
            std::ptr::from_ref(self).addr()
        }
    }
}
