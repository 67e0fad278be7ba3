//! The event loop, checked by [loom] in every interleaving of a few threads, not only those a machine happens to
//! run. Empty unless built for it:
//!
//! ```text
//! RUSTFLAGS="--cfg model" cargo test --release -p asyncio --test model
//! ```
//!
//! `src/event_loop.rs` and its folder are compiled here as they are. They say `use std::sync::Mutex`, and in this
//! crate `std` is the crate itself: the real one with `sync`, `thread`, `thread_local` and the time replaced.
//!
//! Each model takes the loop through a small trait, and so can be run on a copy with a mistake in it too
//! (`model/faulty.rs`). There it must fail: a check that cannot fail shows nothing.
//!
//! Not here: what the loop's thread does by itself, such as the order of turns, or the clock that jumps; that is in
//! `event_loop.rs`. Nor the counts of `Arc`, which are std's.
//!
//! `LOOM_LOCATION=1` adds the places in the code to what loom reports.
//!
//! [loom]: https://docs.rs/loom/0.7

#![cfg(model)]

extern crate self as std;
extern crate std as real_std;

use real_std::*; // the items named in this file come before these

#[path = "model/clock.rs"]
mod clock;
mod loom_harness;
#[path = "model/std.rs"]
mod replaced;
use replaced::{sync, thread, time};

/// Each thread of each interleaving has its own. Found before std's, since it is written above the block.
macro_rules! thread_local {
    ($(#[$attribute:meta])* static $name:ident: $type:ty = const { $value:expr };) => {
        $(#[$attribute])*
        static $name: $crate::thread::LocalKey<$type> = $crate::thread::LocalKey({
            loom::thread_local! { static ITS_OWN: $type = $value; }
            &ITS_OWN
        });
    };
}

/// The block. In a module with a path, so that its folder is found.
#[path = "../src"]
pub mod blocks {
    pub mod event_loop;
}
pub use blocks::event_loop;

#[path = "model/ends.rs"]
mod ends;
#[path = "model/faulty.rs"]
mod faulty;
#[path = "model/kind.rs"]
mod kind;
#[path = "model/models.rs"]
mod models;
#[path = "model/table.rs"]
mod table;
#[path = "model/tasks.rs"]
mod tasks;

use std::fmt::Debug;

/// As in the harness, each time with a clock that has just been started.
fn explore<T: Debug + Ord + Send + 'static>(
    preemptions: Option<usize>,
    model: fn() -> T,
    outcomes: impl IntoIterator<Item = impl Into<T>>,
) {
    let from_the_start = move || {
        clock::start();
        model()
    };
    loom_harness::explore(preemptions, from_the_start, outcomes);
}
