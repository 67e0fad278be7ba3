//! What the block takes for `std::sync` and for its lock: loom's.
//!
//! In the block all zero is a new queue. Loom's objects are not zero and exist only while a model runs;
//! so each is made when it is first used. Loom takes the making for a write: the first use must be
//! before there is a second thread, or else the model fails.

use std::ops::Deref;
use std::ptr;

use real_std::boxed::Box;
use real_std::sync::atomic::{AtomicPtr, Ordering::Relaxed};

/// Zero, and something of loom's from the first use on.
pub struct Lazy<T>(AtomicPtr<T>);

impl<T: Default> Deref for Lazy<T> {
    type Target = T;

    fn deref(&self) -> &T {
        if self.0.load(Relaxed).is_null() {
            self.0.store(Box::into_raw(Box::default()), Relaxed);
        }
        // SAFETY: it was made, and is there until the drop.
        unsafe { &*self.0.load(Relaxed) }
    }
}

impl<T> Drop for Lazy<T> {
    fn drop(&mut self) {
        let made = self.0.swap(ptr::null_mut(), Relaxed);
        if !made.is_null() {
            // SAFETY: it was made in `deref`, and nobody has it any more.
            drop(unsafe { Box::from_raw(made) });
        }
    }
}

/// `std::sync`.
pub mod sync {
    /// `std::sync::atomic`.
    pub mod atomic {
        pub use loom::sync::atomic::Ordering;

        pub type AtomicU32 = super::super::Lazy<loom::sync::atomic::AtomicU32>;
        pub type AtomicU64 = super::super::Lazy<loom::sync::atomic::AtomicU64>;
    }
}

/// `robust_mutex.rs`.
pub mod robust_mutex {
    use std::time::Instant;

    use loom::sync::{Mutex, MutexGuard};

    pub struct RobustMutex(super::Lazy<Mutex<()>>);

    pub struct RobustGuard<'m>(#[allow(dead_code)] MutexGuard<'m, ()>);

    impl RobustMutex {
        /// Waits. To try again and again adds interleavings and nothing else.
        pub fn try_lock(&self) -> Result<Option<RobustGuard<'_>>, ()> {
            Ok(Some(RobustGuard(self.0.lock().unwrap())))
        }

        pub fn lock_until(&self, _: Instant) -> Result<Option<RobustGuard<'_>>, ()> {
            self.try_lock()
        }
    }
}
