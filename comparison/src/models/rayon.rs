//! What a Rust programmer would take for a CPU-bound job: rayon's thread pool, which steals work.

use super::{Model, NOT_YET};

pub(super) const MODEL: Model = Model {
    name: "rayon",
    zh: "rayon",
    en: "rayon",
    python: None,
    measure: |_| Err(NOT_YET),
    in_python: |_| Err(NOT_THERE),
};

const NOT_THERE: &str = "Python 中没有 · there is no such thing in Python";
