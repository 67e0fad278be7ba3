//! A mutex that is never poisoned.

use std::ops::{Deref, DerefMut};
use std::thread;

use real_std::sync as real;
use real_std::sync::{LockResult, PoisonError};

/// Loom's mutex says who may enter, and orders their memory. The value is in a real one, which is never
/// contended then.
#[derive(Debug)]
pub struct Mutex<T> {
    value: real::Mutex<T>,
    turnstile: loom::sync::Mutex<()>,
}

pub struct MutexGuard<'a, T> {
    value: real::MutexGuard<'a, T>, // dropped before the next one lets another thread in
    _turnstile: Option<loom::sync::MutexGuard<'a, ()>>,
}

impl<T: Default> Default for Mutex<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
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
            let turnstile = self.turnstile.lock();
            turnstile.unwrap_or_else(PoisonError::into_inner)
        });
        let value = match self.value.try_lock() {
            Ok(value) => value,
            Err(real::TryLockError::Poisoned(error)) => error.into_inner(),
            Err(real::TryLockError::WouldBlock) => unreachable!("two threads in one mutex"),
        };
        Ok(MutexGuard {
            value,
            _turnstile: turnstile,
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
