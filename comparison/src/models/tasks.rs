//! A task for each thing, on an event loop: chapter 5's blocks, as the document uses `asyncio`.

use super::{Model, NOT_YET};

pub(super) const MODEL: Model = Model {
    name: "tasks",
    zh: "asyncio 协程",
    en: "asyncio tasks",
    python: Some("asyncio"),
    measure: |_| Err(NOT_YET),
    in_python: |_| Err(NOT_YET),
};
