//! The locks, checked by [loom] in every interleaving of a few threads, not only those a machine
//! happens to run. Empty unless built for it:
//!
//! ```text
//! RUSTFLAGS="--cfg model" cargo test --release -p threading --test model
//! ```
//!
//! The files under `src` are compiled here as they are. They say `use std::sync::Mutex`, and in this
//! crate `std` is the crate itself: the real one with `sync` and `thread` replaced.
//!
//! Each model takes the block through a small trait, so that the same model also runs a copy with a
//! mistake in it. Those tests must fail: a check that cannot fail shows nothing.
//!
//! [loom]: https://docs.rs/loom/0.7

#![cfg(model)]
#![no_std] // or else the name `std` is taken

extern crate self as std;
extern crate std as real_std;

use loom::thread_local;
use real_std::*; // the items named in this file come before these

#[path = "model/std.rs"]
mod replaced;
use replaced::{sync, thread};

#[path = "model/kernel.rs"]
mod kernel;

#[path = "../src/bounded_semaphore.rs"]
pub mod bounded_semaphore;
#[path = "../src/event.rs"]
pub mod event;
#[path = "../src/reentrant_lock.rs"]
pub mod reentrant_lock;
#[path = "../src/semaphore.rs"]
pub mod semaphore;

#[path = "model/bounded_semaphore.rs"]
mod bounded_semaphore_models;
#[path = "model/event.rs"]
mod event_models;
#[path = "model/reentrant_lock.rs"]
mod reentrant_lock_models;
#[path = "model/semaphore.rs"]
mod semaphore_models;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// A timeout that passes when the model calls [`kernel::expire`].
const SOON: Duration = Duration::from_secs(1);

/// Runs `model` in every interleaving.
fn check(model: fn()) {
    explore(None, model);
}

/// Runs `model` in every interleaving in which at most `preemptions` times a thread is stopped that
/// could go on. For models with too many interleavings; most mistakes need one or two.
fn check_bounded(preemptions: usize, model: fn()) {
    explore(Some(preemptions), model);
}

fn explore(preemptions: Option<usize>, model: fn()) {
    let runs = real_std::sync::Arc::new(real_std::sync::atomic::AtomicUsize::new(0));
    let counted = runs.clone();
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = preemptions;
    builder.check(move || {
        counted.fetch_add(1, Ordering::Relaxed);
        model();
    });
    let runs = runs.load(Ordering::Relaxed);
    assert!(
        runs > 1,
        "a model that can run in one way only shows nothing"
    );
}

/// A value that loom watches: two uses, neither of which happens before the other, fail the model.
struct Watched(loom::cell::UnsafeCell<()>);

impl Watched {
    fn new() -> Self {
        Self(loom::cell::UnsafeCell::new(()))
    }

    /// Counts as a write.
    fn write(&self) {
        self.0.with_mut(|_| ());
    }

    /// Counts as a read.
    fn read(&self) {
        self.0.with(|_| ());
    }
}
