//! The timelines as they are recorded: who can have run when, under each model.
#![cfg(target_os = "linux")]

use std::collections::BTreeSet;
use std::process::Command;
use std::time::Duration;

use comparison::child;
use comparison::python::Python;

const CEILING: Duration = Duration::from_secs(60);

/// Task, thread, begin and end of each span.
fn spans(command: Command) -> Vec<(u64, i64, f64, f64)> {
    let ended = child::run(command, "", CEILING).expect("it can be started");
    let text = ended.output(CEILING).expect("it ends well");
    let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let spans = json.as_array().expect("a list").iter();
    let number = |span: &serde_json::Value, key: &str| span[key].as_f64().expect("a number");
    spans
        .map(|span| {
            let task = span["task"].as_u64().expect("a number");
            let thread = span["thread"].as_i64().expect("a number");
            (task, thread, number(span, "begin"), number(span, "end"))
        })
        .collect()
}

/// Every task ran, with a wait between; so many threads or processes ran them, none two at a time.
fn keeps_the_model(model: &str, mut spans: Vec<(u64, i64, f64, f64)>) {
    spans.sort_by(|a, b| a.2.total_cmp(&b.2));
    for task in 0..8 {
        let mut end = None;
        let mut waited = false;
        let mut ran = 0.0;
        for span in spans.iter().filter(|span| span.0 == task) {
            waited |= end.is_some_and(|end| span.2 - end >= 0.0195);
            end = Some(span.3);
            ran += span.3 - span.2;
        }
        assert!(waited, "{model}: task {task} waits 20 ms");
        assert!(ran > 0.0, "{model}: task {task} runs");
    }
    let runners: BTreeSet<i64> = spans.iter().map(|span| span.1).collect();
    let expected = if ["threads", "processes"].contains(&model) {
        8
    } else {
        1
    };
    assert_eq!(runners.len(), expected, "{model}");
    for runner in runners {
        let own: Vec<_> = spans.iter().filter(|span| span.1 == runner).collect();
        for pair in own.windows(2) {
            assert!(pair[0].3 <= pair[1].2, "{model}: one thing at a time");
        }
    }
}

#[test]
fn each_model_runs_as_it_can() {
    for model in ["sequential", "threads", "processes", "tasks"] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_comparison"));
        command.args(["__timeline", model]);
        keeps_the_model(model, spans(command));
    }
}

#[test]
fn so_does_python() {
    let Ok(python) = Python::find("python3") else {
        eprintln!("skipped: no python3");
        return;
    };
    let program = include_str!("../../scripts/python/timeline.py");
    for model in ["sequential", "threads", "processes", "tasks"] {
        keeps_the_model(model, spans(python.recording(program, model)));
    }
}

#[test]
fn an_unknown_model_is_refused() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_comparison"));
    command.args(["__timeline", "nothing"]);
    let ended = child::run(command, "", CEILING).expect("it can be started");
    assert_eq!((ended.status.code(), ended.stdout.as_str()), (Some(1), ""));
    assert!(ended.stderr.contains("'nothing'"), "{}", ended.stderr);
}
