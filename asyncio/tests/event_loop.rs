//! The event loop: its runs, tasks, timers, ends. What threads do to each other in it is in `model.rs`.

#[path = "event_loop/aborted.rs"]
mod aborted;
#[path = "event_loop/closed.rs"]
mod closed;
#[path = "event_loop/panics.rs"]
mod panics;
#[path = "event_loop/runs.rs"]
mod runs;
#[path = "event_loop/support.rs"]
mod support;
#[path = "event_loop/tasks.rs"]
mod tasks;
#[path = "event_loop/threads.rs"]
mod threads;
#[path = "event_loop/timers.rs"]
mod timers;
