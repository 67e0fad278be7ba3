//! What is added to a task group, checked by [loom] in every interleaving of a few threads, not only those a machine
//! happens to run. Empty unless built for it:
//!
//! ```text
//! RUSTFLAGS="--cfg model" cargo test --release -p asyncio --test model_task_group
//! ```
//!
//! `src/task_group/added.rs` is compiled here as it is. It says `use std::sync::Mutex`, and in this crate `std` is
//! the crate itself: the real one with `sync` and `thread` replaced. What the group has from tokio is not here.
//!
//! Each model takes the block through a small trait, and so can be run on a copy with a mistake in it too
//! (`model_task_group/faulty.rs`). There it must fail: a check that cannot fail shows nothing.
//!
//! `LOOM_LOCATION=1` adds the places in the code to what loom reports.
//!
//! [loom]: https://docs.rs/loom/0.7

#![cfg(model)]

extern crate self as std;
extern crate std as real_std;

use real_std::*; // the items named in this file come before these

#[path = "loom_harness/block_on.rs"]
mod block_on;
mod loom_harness;
use loom_harness::explore;

/// `std::thread`.
mod thread {
    pub use loom::thread::*;
}

/// `std::sync`. No mutex is ever poisoned, and [`Arc`](sync::Arc) is the real one, as a waker needs it: its count orders
/// nothing here.
mod sync {
    pub use real_std::sync::{Arc, PoisonError};

    pub use crate::loom_harness::mutex::{Mutex, MutexGuard};
    pub use loom::sync::Condvar;
}

/// The block.
#[path = "../src/task_group/added.rs"]
mod added;

#[path = "model_task_group/faulty.rs"]
mod faulty;
#[path = "model_task_group/kind.rs"]
mod kind;
#[path = "model_task_group/models.rs"]
mod models;
#[path = "model_task_group/table.rs"]
mod table;
