//! The timelines as text of 80 columns: a line a task, the number of who ran it, a dot while it waited.

use super::{Label, Language, Report, Span, Timeline};
use crate::models;
use crate::timeline::{self, MODELS, TASKS};

/// How wide it is.
const WIDTH: usize = 80;

/// Between two that stand side by side.
const BETWEEN: &str = "  ";

/// The heading.
pub fn title() -> Label {
    Label::new("时间线：谁在何时运行", "timelines: who ran when")
}

/// What each task does.
pub fn tasks() -> Label {
    let (wait, compute) = (timeline::WAIT.as_millis(), timeline::COMPUTE.as_millis());
    Label::new(
        format!(
            "{TASKS} 个任务，各计算 {compute} ms（CPU 时间）、等待 {wait} ms、再计算 {compute} ms。"
        ),
        format!(
            "{TASKS} tasks, each computes {compute} ms (of CPU time), waits {wait} ms, computes {compute} ms."
        ),
    )
}

/// How the drawings are to be read, wherever they are.
pub fn scales() -> Label {
    Label::new(
        "每个任务一行；除顺序执行外，各图同一时间尺度。",
        "A line a task; all on one scale of time but for the sequential one.",
    )
}

/// How these are.
fn signs() -> Label {
    Label::new(
        "数字为运行它的线程或进程；点为等待：时间、核或 GIL。",
        "A digit is the thread or process that ran it; a dot is waiting: for its time, a core or the GIL.",
    )
}

/// The name of a model in both languages, short.
pub fn name(model: &str) -> String {
    models::named(model).map_or(model.to_owned(), |known| format!("{} · {model}", known.zh))
}

/// What a timeline is drawn on, in seconds: one for all but the sequential ones, which take several times as long.
pub fn scale(report: &Report, timeline: &Timeline) -> f64 {
    let alike = |other: &&Timeline| (other.model == MODELS[0]) == (timeline.model == MODELS[0]);
    let all = report.timelines.iter().filter(alike);
    all.map(|timeline| timeline.seconds).fold(0.0, f64::max)
}

/// The number of who ran it, as one character.
pub fn digit(runner: u32) -> char {
    char::from_digit(runner % 36, 36).unwrap_or('?')
}

/// The whole text; empty where there are none.
pub fn written(report: &Report) -> String {
    if report.timelines.is_empty() {
        return String::new();
    }
    let mut text = format!("\n{}\n", title().both());
    for line in explanation() {
        text += &format!("{line}\n");
    }
    for model in MODELS {
        let of = |language| {
            let mut all = report.timelines.iter();
            all.find(|timeline| timeline.model == model && timeline.language == language)
        };
        let both: Vec<&Timeline> = [Language::Rust, Language::Cpython]
            .into_iter()
            .filter_map(of)
            .collect();
        // Side by side wherever any of them is: otherwise the scales would differ.
        let columns = if report
            .timelines
            .iter()
            .any(|timeline| timeline.language == Language::Cpython)
        {
            2
        } else {
            1
        };
        let width = (WIDTH - BETWEEN.len() * (columns - 1)) / columns;
        let drawn: Vec<Vec<String>> = both
            .iter()
            .map(|timeline| drawn(report, timeline, width))
            .collect();
        for line in 0..drawn.first().map_or(0, Vec::len) {
            let line: Vec<&str> = drawn.iter().map(|drawn| drawn[line].as_str()).collect();
            text += &format!("{}\n", line.join(BETWEEN).trim_end());
        }
    }
    text
}

fn explanation() -> Vec<String> {
    let all = [tasks(), scales(), signs()];
    let zh: String = all.iter().map(|label| label.zh.as_str()).collect();
    let en: Vec<&str> = all.iter().map(|label| label.en.as_str()).collect();
    [wrapped(&zh), wrapped(&en.join(" "))].concat()
}

/// The same for Markdown; nothing where there are none.
pub fn fenced(report: &Report) -> Option<String> {
    let text = written(report);
    (!text.is_empty()).then(|| format!("\n```text{text}```"))
}

/// A heading and a line for each task, each `width` columns wide.
fn drawn(report: &Report, timeline: &Timeline, width: usize) -> Vec<String> {
    let heading = format!(
        "{} {} {}",
        timeline.language.label(),
        name(&timeline.model),
        timeline.text
    );
    let mut lines = vec![padded(&heading, width)];
    let scale = scale(report, timeline);
    for task in 0..TASKS {
        let spans: Vec<&Span> = timeline
            .spans
            .iter()
            .filter(|span| span.task == task)
            .collect();
        let columns = width - 2;
        let step = scale / columns as f64;
        let text: String = (0..columns)
            .map(|column| mark(&spans, column as f64 * step, step))
            .collect();
        lines.push(format!("{task} {text}"));
    }
    lines
}

/// What stands for a stretch of time: who ran for half of it or came to the middle of a span in it; a dot
/// between the spans.
fn mark(spans: &[&Span], from: f64, step: f64) -> char {
    let to = from + step;
    let ran = |span: &Span| (span.end.min(to) - span.begin.max(from)).max(0.0);
    let middle = |span: &Span| (from..to).contains(&((span.begin + span.end) / 2.0));
    let all: f64 = spans.iter().map(|span| ran(span)).sum();
    let longest = spans.iter().max_by(|a, b| ran(a).total_cmp(&ran(b)));
    match longest {
        Some(span) if all >= step / 2.0 => return digit(span.runner),
        _ => {}
    }
    if let Some(span) = spans.iter().find(|span| middle(span)) {
        return digit(span.runner);
    }
    let begun = spans.iter().any(|span| span.begin < to);
    let over = spans.iter().all(|span| span.end <= from);
    if begun && !over { '.' } else { ' ' }
}

/// How many columns it takes on a terminal.
fn columns(text: &str) -> usize {
    text.chars().map(wide).sum()
}

fn wide(c: char) -> usize {
    if c >= '\u{2e80}' { 2 } else { 1 }
}

fn padded(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(columns(text))))
}

/// Broken where there is a space, or after a wide character.
fn wrapped(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_inclusive(|c| c == ' ' || wide(c) == 2) {
        let line = lines.last_mut().expect("there is one");
        if columns(line) + columns(word.trim_end()) > WIDTH {
            lines.push(word.to_owned());
        } else {
            line.push_str(word);
        }
    }
    lines
        .iter()
        .map(|line| line.trim_end().to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(begin: f64, end: f64) -> Span {
        Span {
            task: 0,
            runner: 3,
            begin,
            end,
        }
    }

    #[test]
    fn a_task_is_drawn_where_it_ran() {
        let spans = [span(1.0, 3.0), span(6.0, 7.2), span(9.4, 9.6)];
        let spans: Vec<&Span> = spans.iter().collect();
        let line: String = (0..12)
            .map(|column| mark(&spans, f64::from(column), 1.0))
            .collect();
        assert_eq!(
            line, " 33...3..3  ",
            "the last is short and shown all the same"
        );
    }

    #[test]
    fn lines_are_as_wide_as_they_may_be() {
        for line in explanation() {
            assert!(columns(&line) <= WIDTH, "{line}");
            assert!(columns(&line) > 10, "{line}");
        }
        assert_eq!(padded("多线程", 8), "多线程  ");
    }
}
