//! What the models of the queue and of the event loop share: how they are run, and the mutex that they run with.

use std::collections::BTreeSet;
use std::fmt::Debug;

use real_std::sync::{Arc, Mutex}; // these are outside of the model

pub mod mutex; // loom's, with a value that std's holds

/// Runs `model` in every interleaving. `outcomes` is what it can come to: each of them, and nothing else. That
/// way a model also shows that it reached the cases it is there for.
///
/// A model with too many interleavings has a bound: only those in which threads that could go on are stopped at
/// most `preemptions` times.
pub fn explore<T: Debug + Ord + Send + 'static>(
    preemptions: Option<usize>,
    model: impl Fn() -> T + Send + Sync + 'static,
    outcomes: impl IntoIterator<Item = impl Into<T>>,
) {
    let seen = Arc::new(Mutex::new((0, BTreeSet::new())));
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = preemptions;
    builder.check({
        let seen = seen.clone();
        move || {
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

/// A test for each line. The attributes are its own.
macro_rules! models {
    ($($(#[$attribute:meta])* $name:ident $(($preemptions:literal))?: $model:path => $outcomes:expr;)*) => {
        $(
            #[test]
            $(#[$attribute])*
            fn $name() {
                $crate::explore(None$(.or(Some($preemptions)))?, $model, $outcomes);
            }
        )*
    };
}
pub(crate) use models;
