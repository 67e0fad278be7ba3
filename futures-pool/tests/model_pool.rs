//! The thread pool's queue, checked by [loom] in every interleaving of a few threads, not only those a
//! machine happens to run. Empty unless built for it:
//!
//! ```text
//! RUSTFLAGS="--cfg model" cargo test --release -p futures-pool --test model_pool
//! ```
//!
//! `src/thread_pool/queue.rs` is compiled here as it is. It says `use std::sync::Mutex`, and in this crate
//! `std` is the crate itself: the real one with `sync` and `thread` replaced.
//!
//! Each model takes the queue through a small trait, and so can be run on a copy with a mistake in it too
//! (`model_pool/faulty.rs`). There it must fail: a check that cannot fail shows nothing.
//!
//! `LOOM_LOCATION=1` adds the places in the code to what loom reports.
//!
//! [loom]: https://docs.rs/loom/0.7

#![cfg(model)]
#![no_std] // or else the name `std` is taken

extern crate self as std;
extern crate std as real_std;

use real_std::*; // the items named in this file come before these

#[path = "model_pool/std.rs"]
mod replaced;
use replaced::{sync, thread};

#[path = "model_pool/kernel.rs"]
mod kernel;

#[path = "../src/thread_pool/queue.rs"]
mod queue;

#[path = "model_pool/faulty.rs"]
mod faulty;
#[path = "model_pool/models.rs"]
mod models;

use std::collections::BTreeSet;
use std::fmt::Debug;

/// Runs `model` in the interleavings in which threads that could go on are stopped at most so often.
/// `outcomes` is what it can come to: each of them, and nothing else. That way a model also shows that
/// it reached the cases it is there for.
fn check<T: Debug + Ord + Send + 'static>(
    preemptions: Option<usize>,
    model: fn() -> T,
    outcomes: &[T],
) {
    use real_std::sync::{Arc, Mutex}; // these are outside the model

    let seen = Arc::new(Mutex::new((0, BTreeSet::new())));
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = preemptions;
    builder.check({
        let seen = seen.clone();
        move || {
            kernel::boot();
            let outcome = model();
            let (runs, seen) = &mut *seen.lock().unwrap();
            *runs += 1;
            seen.insert(outcome);
        }
    });
    let (runs, seen) = &*seen.lock().unwrap();
    assert!(*runs > 1, "nothing can happen in two orders");
    assert!(seen.iter().eq(outcomes), "came to {seen:?}");
}
