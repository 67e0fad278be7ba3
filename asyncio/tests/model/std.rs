//! What the loop takes for `std::sync`, `std::thread` and `std::time`: loom's, with what loom lacks.
//!
//! - No mutex is ever poisoned. A mutex, an atomic and `unpark` do nothing for other threads while a failed model is
//!   unwound: those must not run then.
//! - [`Arc`](sync::Arc) is the real one, as a waker needs it: loom does not see its counts.
//! - [`park`](thread::park) has a token of its own, since loom's `unpark` also ends other waits than `park`.
//! - [`Instant`](time::Instant) is what `clock.rs` says, and so is the end of `park_timeout`. Neither poll nor epoll is
//!   here, because the loop has none.

/// `std::thread`.
pub mod thread {
    use std::cell::RefCell;
    use std::panic;
    use std::sync::Arc;
    use std::time::Duration;

    pub use loom::thread::{AccessError, JoinHandle, panicking};

    /// Loom's does not ask what may be sent.
    pub fn spawn<T: Send + 'static>(run: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
        loom::thread::spawn(run)
    }

    /// Only for `park`. As with the real one, what was done before `unpark` is seen after `park`.
    #[derive(Clone, Debug)]
    pub struct Thread(Arc<Token>);

    #[derive(Debug, Default)]
    struct Token {
        is_there: loom::sync::Mutex<bool>,
        comes: loom::sync::Condvar,
    }

    loom::thread_local! {
        static TOKEN: Arc<Token> = Arc::default();
    }

    pub fn current() -> Thread {
        TOKEN.with(|token| Thread(token.clone()))
    }

    impl Thread {
        pub fn unpark(&self) {
            if !panicking() {
                *self.0.is_there.lock().unwrap() = true;
                self.0.comes.notify_one();
            }
        }
    }

    pub fn park() {
        let Thread(token) = current();
        let mut is_there = token.is_there.lock().unwrap();
        while !*is_there {
            is_there = token.comes.wait(is_there).unwrap();
        }
        *is_there = false;
    }

    pub fn park_timeout(_timeout: Duration) {
        crate::clock::park();
    }

    /// What `thread_local!` makes; loom's has no `set` and `take`.
    pub struct LocalKey<T: 'static>(pub &'static loom::thread::LocalKey<T>);

    impl<T> LocalKey<T> {
        pub fn try_with<R>(&'static self, act: impl FnOnce(&T) -> R) -> Result<R, AccessError> {
            self.0.try_with(act)
        }
    }

    impl<T> LocalKey<RefCell<T>> {
        pub fn set(&'static self, value: T) {
            self.0.with(|cell| cell.replace(value));
        }

        pub fn take(&'static self) -> T
        where
            T: Default,
        {
            // In a deadlock no thread is active any more, and loom's key panics: while that is unwound already.
            let taken = panic::catch_unwind(|| self.0.with(RefCell::take));
            taken.unwrap_or_default()
        }
    }
}

/// `std::time`.
pub mod time {
    pub use real_std::time::Duration;

    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
    pub struct Instant(Duration);

    impl Instant {
        pub fn now() -> Self {
            Self(crate::clock::now())
        }

        pub fn checked_add(&self, duration: Duration) -> Option<Self> {
            self.0.checked_add(duration).map(Self)
        }

        pub fn saturating_duration_since(&self, earlier: Self) -> Duration {
            self.0.saturating_sub(earlier.0)
        }
    }
}

/// `std::sync`.
pub mod sync {
    pub use real_std::sync::{Arc, PoisonError};

    pub use crate::loom_harness::mutex::{Mutex, MutexGuard};

    /// `std::sync::atomic`.
    pub mod atomic {
        use std::thread;

        pub use loom::sync::atomic::{AtomicBool, Ordering};

        /// For a failed model all bits are set.
        ///
        /// A store is a swap here. To a plain one loom may give an earlier place than to another thread's `fetch_or`
        /// that was done before it and has not seen it, which no real atomic does. What this hides is that a store does not
        /// hand on what others have left there; the loop stores only when a task is over, and nobody looks then.
        #[derive(Debug)]
        pub struct AtomicU8(loom::sync::atomic::AtomicU8);

        impl AtomicU8 {
            pub fn new(value: u8) -> Self {
                Self(loom::sync::atomic::AtomicU8::new(value))
            }

            #[track_caller]
            pub fn load(&self, order: Ordering) -> u8 {
                if thread::panicking() {
                    u8::MAX
                } else {
                    self.0.load(order)
                }
            }

            #[track_caller]
            pub fn store(&self, value: u8, order: Ordering) {
                self.swap(value, order);
            }

            #[track_caller]
            pub fn swap(&self, value: u8, order: Ordering) -> u8 {
                if thread::panicking() {
                    u8::MAX
                } else {
                    self.0.swap(value, order)
                }
            }

            #[track_caller]
            pub fn fetch_or(&self, bits: u8, order: Ordering) -> u8 {
                if thread::panicking() {
                    u8::MAX
                } else {
                    self.0.fetch_or(bits, order)
                }
            }

            #[track_caller]
            pub fn fetch_and(&self, bits: u8, order: Ordering) -> u8 {
                if thread::panicking() {
                    u8::MAX
                } else {
                    self.0.fetch_and(bits, order)
                }
            }
        }
    }
}
