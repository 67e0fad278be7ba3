//! What a model does a measure with, where there is a choice.

use crate::measures::Measure;
use crate::report::Language;

/// The type's name, for a remark behind a command.
pub fn means(measure: Measure, model: &str, language: Language) -> Option<&'static str> {
    let (rust, python) = match (measure, model) {
        (Measure::Message, "threads") => {
            ("std::sync::mpsc::sync_channel(1024)", "queue.Queue(1024)")
        }
        (Measure::Message, "processes") => (
            "multiprocess::queue::Queue, 1024",
            "multiprocessing.Queue(1024)",
        ),
        (Measure::Message, "tasks") => ("asyncio::queue::Queue, 1024", "asyncio.Queue(1024)"),
        (Measure::RoundTrip, "threads") => ("two sync_channel(1)", "two queue.Queue(1)"),
        (Measure::RoundTrip, "processes") => {
            ("multiprocess::connection::pipe", "multiprocessing.Pipe")
        }
        (Measure::RoundTrip, "tasks") => ("two asyncio::queue::Queue, 1", "two asyncio.Queue(1)"),
        (Measure::Counter, "threads") => ("std::sync::Mutex", "threading.Lock"),
        (Measure::Counter, "processes") => ("multiprocess::value::Value", "multiprocessing.Value"),
        (Measure::Counter, "tasks") => ("tokio::sync::Mutex", "asyncio.Lock"),
        (Measure::Mixed, "tasks") => ("computes on rayon", "computes in asyncio.to_thread"),
        _ => return None,
    };
    Some(match language {
        Language::Rust => rust,
        Language::Cpython => python,
    })
}
