//! Chapter 4's `ThreadPoolExecutor`.

use super::{Model, NOT_YET};

pub(super) const MODEL: Model = Model {
    name: "thread-pool",
    zh: "线程池",
    en: "thread pool",
    python: Some("ThreadPoolExecutor"),
    measure: |_| Err(NOT_YET),
    in_python: |_| Err(NOT_YET),
};
