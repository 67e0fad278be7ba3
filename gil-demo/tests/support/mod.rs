//! What the tests share: a ceiling instead of a hang, and what must hold of every lock in the end.
//!
//! Nothing here is timed for speed. The ceiling is far above what a busy machine needs; to reach it is
//! a failure with a message.

use std::any::Any;
use std::panic;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use gil_demo::gil::Gil;

/// How long a test may last.
pub const CEILING: Duration = Duration::from_secs(60);

/// Runs a test's body. One that hangs fails at the ceiling.
#[track_caller]
pub fn bounded(body: impl FnOnce() + Send + 'static) {
    let (running, ended) = mpsc::channel::<()>();
    let name = thread::current().name().unwrap_or("test").to_owned();
    let body = thread::Builder::new().name(name).spawn(move || {
        let _running = running; // dropped at the end, also by a panic
        body();
    });
    let body = body.expect("a thread for the test's body");
    if ended.recv_timeout(CEILING) == Err(RecvTimeoutError::Timeout) {
        panic!("hangs after {CEILING:?}");
    }
    if let Err(payload) = body.join() {
        panic::resume_unwind(payload);
    }
}

/// Runs a test's body on a lock around `value` that keeps who had it when, and looks at that in the end.
#[track_caller]
pub fn with_gil<T: Send + 'static>(value: T, body: impl FnOnce(&Gil<T>) + Send + 'static) {
    bounded(move || {
        let gil = Gil::new(value);
        gil.record();
        body(&gil);
        assert_orderly(&gil);
    });
}

/// No two threads had the lock at once, and every switch is in the account of the thread it was to.
///
/// To be called when nobody uses the lock, which was made with its [`record`](Gil::record).
#[track_caller]
pub fn assert_orderly<T>(gil: &Gil<T>) {
    let mut spans = gil.timeline();
    spans.sort_by_key(|span| (span.from, span.to));
    for span in &spans {
        assert!(span.from <= span.to, "ends before it begins: {span:?}");
    }
    for two in spans.windows(2) {
        assert!(two[0].to <= two[1].from, "two at once: {two:?}");
    }
    let accounts = gil.accounts();
    let hand_overs = accounts.iter().map(|account| account.hand_overs);
    assert_eq!(hand_overs.sum::<u64>(), gil.switches());
    // A span is pushed when its holder lets go, in order: no need of the sorted ones.
    let mut threads: Vec<_> = gil.timeline().iter().map(|span| span.thread).collect();
    threads.dedup();
    assert_eq!(threads.len() as u64, gil.switches(), "the timeline knows");
}

/// The text that a thread panicked with.
pub fn panic_text(payload: Box<dyn Any + Send>) -> String {
    match payload.downcast::<String>() {
        Ok(text) => *text,
        Err(other) => other
            .downcast::<&str>()
            .map_or_else(|_| String::new(), |text| (*text).to_owned()),
    }
}
