//! Chapter 4's `ProcessPoolExecutor`, whose workers are this executable.

use super::{Model, NOT_YET};

pub(super) const MODEL: Model = Model {
    name: "process-pool",
    zh: "进程池",
    en: "process pool",
    python: Some("ProcessPoolExecutor"),
    measure: |_| Err(NOT_YET),
    in_python: |_| Err(NOT_YET),
};
