//! What the queue takes for `std::sync` and `std::thread`: loom's, with the condition variable's
//! `wait_while`. Who sleeps in one is known to `kernel.rs`.
//!
//! A wake-up orders the memory of the two threads (loom's `unpark` does so), which a real one need not do.
//! Both lock the mutex as well, so this hides nothing unless the queue stops locking it.

/// `std::thread`.
pub mod thread {
    pub use loom::thread::*;
}

/// `std::sync`.
pub mod sync {
    use std::ops::{Deref, DerefMut};
    use std::thread;

    use crate::kernel;

    use real_std::sync as real;
    pub use real_std::sync::{Arc, LockResult, PoisonError};

    pub use loom::sync::atomic;

    /// Loom's mutex says who may enter, and orders their memory. The value is in a real one, which is
    /// never contended then.
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
                turnstile: loom::sync::Mutex::new(()),
            }
        }

        pub fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
            // What a failed model drops while it is unwound must not run its other threads.
            let turnstile = (!thread::panicking()).then(|| {
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

    impl Condvar {
        pub fn new() -> Self {
            Self { _address: 0 }
        }

        pub fn wait<'a, T>(&self, guard: MutexGuard<'a, T>) -> LockResult<MutexGuard<'a, T>> {
            let MutexGuard {
                mutex,
                value,
                turnstile,
            } = guard;
            drop(value); // or else a thread that is unwound meanwhile finds it locked
            kernel::lie_down(self.address());
            drop(turnstile);
            thread::park();
            mutex.lock()
        }

        pub fn wait_while<'a, T>(
            &self,
            mut guard: MutexGuard<'a, T>,
            mut condition: impl FnMut(&mut T) -> bool,
        ) -> LockResult<MutexGuard<'a, T>> {
            while condition(&mut guard) {
                guard = self.wait(guard).unwrap_or_else(PoisonError::into_inner);
            }
            Ok(guard)
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

        fn address(&self) -> usize {
            std::ptr::from_ref(self).addr()
        }
    }
}
