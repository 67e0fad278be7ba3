//! What the queue takes for `std::sync` and `std::thread`: loom's.
//!
//! No mutex is ever poisoned, and [`Arc`](sync::Arc) is the real one, as a waker needs it: its count orders
//! nothing here.

/// `std::thread`.
pub mod thread {
    pub use loom::thread::*;
}

/// `std::sync`.
pub mod sync {
    pub use real_std::sync::{Arc, PoisonError};

    pub use crate::loom_harness::mutex::{Mutex, MutexGuard};
    pub use loom::sync::{Condvar, atomic};
}
