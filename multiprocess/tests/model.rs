//! The queue's protocol, `src/queue/ring.rs`, checked by [loom] in every interleaving of a few threads,
//! not only those a machine happens to run. Empty unless built for it:
//!
//! ```text
//! RUSTFLAGS="--cfg model" cargo test --release -p multiprocess --test model
//! ```
//!
//! `ring.rs` and `place.rs` are compiled here as they are. They say `use std::sync::atomic`, and in this
//! crate `std` is the crate itself: the real one with `sync` replaced; so are the lock and the futex.
//! A thread stands for a process. One that is killed is one that does not do the rest.
//!
//! Each model takes the protocol through a small trait, and so can be run on a copy with a mistake in it
//! too (`model/faulty.rs`). There it must fail: a check that cannot fail shows nothing.
//!
//! [loom]: https://docs.rs/loom/0.7

#![cfg(model)]
#![no_std] // or else the name `std` is taken

extern crate self as std;
extern crate std as real_std;

use real_std::*; // the items named in this file come before these

#[path = "model/std.rs"]
mod replaced;
use replaced::{robust_mutex, sync};

#[path = "model/queue.rs"]
mod queue;

#[path = "model/faulty.rs"]
mod faulty;
#[path = "model/queue_models.rs"]
mod queue_models;

use std::collections::BTreeSet;
use std::fmt::Debug;

/// Runs `model` in every interleaving. `outcomes` is what it can come to: each of them, and nothing
/// else. That way a model also shows that it reached the cases it is there for.
fn check<T: Debug + Ord + Send + 'static>(model: fn() -> T, outcomes: &[T]) {
    explore(None, model, outcomes);
}

/// The same for a model with too many interleavings: only those in which threads that could go on
/// are stopped at most `preemptions` times. Most mistakes need one or two.
fn check_bounded<T: Debug + Ord + Send + 'static>(
    preemptions: usize,
    model: fn() -> T,
    outcomes: &[T],
) {
    explore(Some(preemptions), model, outcomes);
}

fn explore<T: Debug + Ord + Send + 'static>(
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
            queue::futex::boot();
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
