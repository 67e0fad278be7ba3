//! The future and the waits, checked by [loom] in every interleaving of a few threads, not only those a
//! machine happens to run. Empty unless built for it:
//!
//! ```text
//! RUSTFLAGS="--cfg model" cargo test --release -p futures-pool --test model
//! ```
//!
//! The files under `src` are compiled here as they are. They say `use std::sync::Mutex`, and in this crate
//! `std` is the crate itself: the real one with `sync`, `thread`, `time` and `panic` replaced. Its prelude
//! is still the real one.
//!
//! Each model takes its block through a small trait, and so can be run on a copy with a mistake in it
//! too (`model/faulty.rs`, `model/faulty_wait.rs`). There it must fail: a check that cannot fail shows
//! nothing.
//!
//! They show FU-04, FU-08, FU-09 and FU-10, and of the waits AC-01 to AC-03, AC-07, WA-01 to WA-04 and WA-06,
//! in every interleaving.
//!
//! `LOOM_LOCATION=1` adds the places in the code to what loom reports.
//!
//! [loom]: https://docs.rs/loom/0.7

#![cfg(model)]

extern crate self as std;
extern crate std as real_std;

use real_std::*; // the items named in this file come before these

#[path = "model/std.rs"]
mod replaced;
use replaced::{panic, sync, thread, time};

#[path = "model/kernel.rs"]
mod kernel;

/// The blocks. In a module with a path, so that their folders are found.
#[path = "../src"]
pub mod blocks {
    pub mod future;
    pub mod wait;
}
pub use blocks::{future, wait};

#[path = "model/awaited.rs"]
mod awaited_models;
#[path = "model/callbacks.rs"]
mod callback_models;
#[path = "model/faulty.rs"]
mod faulty;
#[path = "model/faulty_wait.rs"]
mod faulty_wait;
#[path = "model/future.rs"]
mod future_models;
#[path = "model/pair.rs"]
mod pair;
#[path = "model/several.rs"]
mod several;
#[path = "model/wait.rs"]
mod wait_models;

#[path = "model/table.rs"]
mod table;

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::time::Duration;

/// A timeout that is over when the model calls [`kernel::expire`].
const SOON: Option<Duration> = Some(Duration::from_secs(1));

/// Runs `model` in every interleaving. `outcomes` is what it can come to: each of them, and nothing
/// else. That way a model also shows that it reached the cases it is there for.
///
/// A model with too many interleavings has a bound: only those in which threads that could go on are
/// stopped at most `preemptions` times. Most mistakes need one or two.
fn explore<T: Debug + Ord + Send + 'static>(
    preemptions: Option<usize>,
    model: fn() -> T,
    outcomes: impl IntoIterator<Item = impl Into<T>>,
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
    let outcomes: Vec<T> = outcomes.into_iter().map(Into::into).collect();
    assert!(seen.iter().eq(&outcomes), "came to {seen:?}");
}

/// A result that loom watches: two uses, neither of which happens before the other, fail the model, and
/// so does a use that the making does not happen before.
pub struct Watched(loom::cell::UnsafeCell<()>);

// SAFETY: there is no value to share, only a number under which loom notes each use.
unsafe impl Sync for Watched {}

impl Watched {
    #[track_caller]
    fn new() -> Self {
        Self(loom::cell::UnsafeCell::new(()))
    }

    /// What loom takes for a write: the result is somebody's own.
    #[track_caller]
    fn write(&self) {
        self.0.with_mut(|_| ());
    }

    /// What loom takes for a read.
    #[track_caller]
    fn read(&self) {
        self.0.with(|_| ());
    }
}
