//! Threads that compute under chapter 1's lock, as CPython's do: what the document's 伪并行 comes from.

use super::{Model, NOT_YET};

pub(super) const MODEL: Model = Model {
    name: "gil-threads",
    zh: "GIL 多线程",
    en: "threads under a GIL",
    python: None,
    measure: |_| Err(NOT_YET),
    in_python: |_| Err(NOT_THERE),
};

const NOT_THERE: &str = "Python 中没有 · there is no such thing in Python";
