//! The queue, checked by [loom] in every interleaving of a few threads, not only those a machine happens to
//! run. Empty unless built for it:
//!
//! ```text
//! RUSTFLAGS="--cfg model" cargo test --release -p asyncio --test model_queue
//! ```
//!
//! `src/queue.rs` and its folder are compiled here as they are. They say `use std::sync::Mutex`, and in this
//! crate `std` is the crate itself: the real one with `sync` and `thread` replaced. The budget is tokio's, and without
//! limit outside of its runtimes.
//!
//! Each model takes the queue through a small trait, and so can be run on a copy with a mistake in it too
//! (`model_queue/faulty.rs`). There it must fail: a check that cannot fail shows nothing.
//!
//! `LOOM_LOCATION=1` adds the places in the code to what loom reports.
//!
//! [loom]: https://docs.rs/loom/0.7

#![cfg(model)]

extern crate self as std;
extern crate std as real_std;

use real_std::*; // the items named in this file come before these

mod loom_harness;
#[path = "model_queue/std.rs"]
mod replaced;
use loom_harness::explore;
use replaced::{sync, thread};

/// The block. In a module with a path, so that its folder is found.
#[path = "../src"]
pub mod blocks {
    pub mod queue;
}
pub use blocks::queue;

#[path = "loom_harness/block_on.rs"]
mod block_on;
#[path = "model_queue/faulty.rs"]
mod faulty;
#[path = "model_queue/models.rs"]
mod models;
#[path = "model_queue/table.rs"]
mod table;
#[path = "model_queue/tasks.rs"]
mod tasks;
