//! [`chart`]: who had the lock when, as text.
//!
//! To copy: this file and `gil.rs`. Needs: std only.

use std::thread::ThreadId;
use std::time::Duration;

use crate::gil::Span;

/// One line for each of the named threads, `width` columns of time from the first span's beginning to
/// the last one's end: `█` where the thread had the lock for most of the column, `▒` for a part, `·`
/// not at all. Empty when there are no spans.
///
/// What does not fit into a column is not drawn finer: many short holds look alike.
pub fn chart(spans: &[Span], threads: &[(ThreadId, &str)], width: usize) -> Vec<String> {
    let (Some(first), Some(last)) = (spans.first(), spans.last()) else {
        return Vec::new();
    };
    let column = (last.to - first.from) / u32::try_from(width.max(1)).unwrap_or(u32::MAX);
    let row = |&(thread, name): &(ThreadId, &str)| {
        let cells = (0..width).map(|index| {
            let from = first.from + column * index as u32;
            let to = from + column;
            let held: Duration = spans
                .iter()
                .filter(|span| span.thread == thread)
                .map(|span| {
                    span.to
                        .min(to)
                        .saturating_duration_since(span.from.max(from))
                })
                .sum();
            match held {
                held if held * 2 > column => '█',
                Duration::ZERO => '·',
                _ => '▒',
            }
        });
        format!("{name} {}", cells.collect::<String>())
    };
    threads.iter().map(row).collect()
}
