//! The page: its figures are those of the JSON, nothing in it comes from elsewhere, nothing breaks out of it.

use std::collections::BTreeSet;

use comparison::report::{
    Advice, Cell, Counts, Figures, Finding, Fitness, Label, Language, Machine, MeasureReport,
    Outcome, PythonReport, Ratio, Report, RowReport, SCHEMA, Settings, Span, Statement, Timeline,
    Twin, VERSION, Verdict, figures, html,
};
use serde_json::Value;

/// What must not be taken for markup wherever it stands.
const NASTY: &str = "</script><script>alert(\"1\")</script> & <b> 'x' <!-- {{json}}";

fn label(name: &str) -> Label {
    Label::new(format!("中文 {name} {NASTY}"), format!("{name} {NASTY}"))
}

fn ratio(value: f64, verdict: Verdict) -> Ratio {
    let (low, high) = (value * 0.9, value * 1.1);
    Ratio {
        value,
        low,
        high,
        verdict,
        reason: None,
        text: figures::ratio(value, low, high, verdict),
    }
}

fn figures_of(median: f64, unit: &str) -> Figures {
    let (low, high) = (median * 0.8, median * 1.3);
    let mut counts = Counts {
        wall: Some(1.0),
        cpu: Some(0.5),
        voluntary: Some(12.0),
        involuntary: Some(3.0),
        text: String::new(),
    };
    counts.text = figures::counts(&counts);
    Figures {
        values: vec![low, median, high],
        median,
        low,
        high,
        repetitions: 3,
        command: format!("run {NASTY}"),
        counts,
        stopped_by: (unit == "units").then(|| format!("预算 · budget {NASTY}")),
        text: figures::spread(median, low, high, unit),
    }
}

fn cell(
    model: &str,
    language: Language,
    outcome: Outcome,
    unit: &str,
    shows_speed_up: bool,
) -> Cell {
    let has_figures = outcome.figures().is_some();
    let is_ours = language == Language::Rust;
    let mut cell = Cell {
        model: model.to_owned(),
        language,
        outcome,
        speed_up: (has_figures && model != "sequential").then(|| ratio(1.9, Verdict::Better)),
        ratio: (has_figures && is_ours).then(|| ratio(0.7, Verdict::Worse)),
        best: model == "threads",
        text: Vec::new(),
    };
    cell.text = figures::cell(&cell, unit, shows_speed_up);
    cell
}

fn measure(id: &str, unit: &str, shows_speed_up: bool, factor: f64) -> MeasureReport {
    let mut cells = Vec::new();
    let mut value = 0.002;
    for language in [Language::Rust, Language::Cpython] {
        for model in ["sequential", "threads", "processes"] {
            value *= factor;
            let figures = figures_of(value, unit);
            cells.push(cell(
                model,
                language,
                Outcome::Measured { figures },
                unit,
                shows_speed_up,
            ));
        }
    }
    let noisy = Outcome::NotConclusive {
        reason: format!("噪声 · noise {NASTY}"),
        figures: figures_of(1.0, unit),
    };
    cells.push(cell("rayon", Language::Rust, noisy, unit, shows_speed_up));
    let reason = format!("exit status: 1: {NASTY}");
    cells.push(cell(
        "tasks",
        Language::Rust,
        Outcome::Failed { reason },
        unit,
        shows_speed_up,
    ));
    let why = format!("没有 · none {NASTY}");
    cells.push(cell(
        "tasks",
        Language::Cpython,
        Outcome::None { why },
        unit,
        shows_speed_up,
    ));
    MeasureReport {
        id: id.to_owned(),
        label: label(id),
        what: label("what"),
        unit: unit.to_owned(),
        more_is_better: false,
        shows_speed_up,
        rounds: 3,
        twins: vec![Twin {
            model: "sequential".to_owned(),
            language: Language::Rust,
            ratio: ratio(1.01, Verdict::NoDifference),
        }],
        others: None,
        cells,
    }
}

fn report() -> Report {
    let row = |id: &str, measures: Vec<MeasureReport>, statements: Vec<Statement>| RowReport {
        id: id.to_owned(),
        title: label(id),
        document: [1, 2, 3].map(|number| format!("文档 {number} {NASTY}")),
        measures,
        statements,
        sound: true,
    };
    let statement = Statement {
        model: "tasks".to_owned(),
        language: Language::Rust,
        judgement: true,
        text: label("judged"),
        evidence: vec![label("evidence")],
    };
    let spans = (0..8).map(|task| {
        let begin = f64::from(task) * 0.005;
        Span {
            task,
            runner: task,
            begin,
            end: begin + 0.004,
        }
    });
    let timeline = |model: &str| Timeline {
        model: model.to_owned(),
        language: Language::Rust,
        seconds: 0.039,
        spans: spans.clone().collect(),
        text: "39.0 ms".to_owned(),
    };
    Report {
        schema: SCHEMA.to_owned(),
        version: VERSION,
        date: "2025-11-25T19:14:00Z".to_owned(),
        machine: Machine {
            cores: 2.0,
            cpu: format!("CPU {NASTY}"),
            os: "linux".to_owned(),
            kernel: "6".to_owned(),
            rustc: "rustc".to_owned(),
            optimised: true,
            crates: vec!["tokio 1".to_owned()],
            python: PythonReport::None {
                why: format!("none {NASTY}"),
            },
        },
        settings: Settings {
            effort: "quick".to_owned(),
            budget: 1.0,
            deadline: 30.0,
            level: 0.01,
        },
        fitness: Fitness {
            affinity: 2,
            quota: None,
            load: None,
            text: vec![format!("fit {NASTY}")],
        },
        rows: vec![
            row(
                "linear",
                vec![
                    measure("linear", "s", false, 1.2),
                    measure("speed-up", "s", true, 1.2),
                ],
                Vec::new(),
            ),
            row(
                "decades",
                vec![
                    measure("decades", "B", false, 30.0),
                    measure("many", "units", false, 40.0),
                ],
                Vec::new(),
            ),
            row("judged", Vec::new(), vec![statement]),
        ],
        advice: vec![Advice {
            measure: "linear".to_owned(),
            language: Language::Rust,
            recommended: vec!["threads".to_owned()],
            best: vec!["threads".to_owned()],
            finding: Finding::Confirmed,
            text: label("advice"),
        }],
        timelines: vec![timeline("sequential"), timeline("threads")],
        notes: vec![format!("note {NASTY}")],
    }
}

/// An element as it was found: its attributes, the text in it and below it.
struct Element {
    attributes: String,
    text: String,
}

/// Those that have no end tag: of HTML, and what this page writes of SVG with a slash.
const VOID: [&str; 4] = ["meta", "link", "br", "!doctype"];

fn unescaped(text: &str) -> String {
    let text = text
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"");
    text.replace("&#39;", "'").replace("&amp;", "&")
}

/// Every element of the page; panics where tags do not match.
fn elements(page: &str) -> Vec<(String, Element)> {
    let mut open: Vec<(String, Element)> = Vec::new();
    let mut done = Vec::new();
    let mut rest = page;
    while let Some(at) = rest.find('<') {
        let (before, tag) = rest.split_at(at);
        for (_, element) in &mut open {
            element.text += before;
        }
        let end = tag.find('>').expect("a tag ends");
        let (tag, after) = (&tag[1..end], &tag[end + 1..]);
        rest = after;
        if let Some(name) = tag.strip_prefix('/') {
            let (opened, element) = open.pop().expect("something is open");
            assert_eq!(opened, name, "at {:?}", &rest[..rest.len().min(80)]);
            done.push((opened, element));
            continue;
        }
        let (name, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        if VOID.contains(&name) || tag.ends_with('/') {
            continue;
        }
        let element = Element {
            attributes: attributes.to_owned(),
            text: String::new(),
        };
        open.push((name.to_owned(), element));
        if ["script", "style"].contains(&name) {
            let end = rest.find(&format!("</{name}")).expect("it ends");
            let (_, element) = open.last_mut().expect("it was just opened");
            element.text = rest[..end].to_owned();
            rest = &rest[end..];
        }
    }
    assert!(open.is_empty());
    done
}

fn attribute(element: &Element, name: &str) -> Option<String> {
    let start = format!("{name}=\"");
    let from = element.attributes.find(&start)? + start.len();
    let value = element.attributes[from..].split('"').next()?;
    Some(unescaped(value))
}

/// The places of every text that a reader should find: those named `text` below a cell, a twin or a timeline.
fn places(report: &Value) -> BTreeSet<String> {
    fn walk(value: &Value, place: &str, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(fields) => {
                for (key, value) in fields {
                    walk(value, &format!("{place}/{key}"), found);
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    walk(item, &format!("{place}/{index}"), found);
                }
            }
            Value::String(text) if !text.is_empty() => {
                let in_cell = place.contains("/cells/")
                    || place.contains("/twins/")
                    || place.starts_with("/timelines/");
                if in_cell
                    && (place.ends_with("/text")
                        || place.contains("/text/")
                        || place.ends_with("/command"))
                {
                    found.insert(place.to_owned());
                }
            }
            _ => {}
        }
    }
    let mut found = BTreeSet::new();
    walk(report, "", &mut found);
    found
}

#[test]
fn every_figure_is_that_of_the_json_and_none_is_missing() {
    let report = report();
    let page = html::written(&report);
    let elements = elements(&page);
    let of_script = |(name, element): &&(String, Element)| {
        name == "script" && attribute(element, "type").as_deref() == Some("application/json")
    };
    let (_, script) = elements
        .iter()
        .find(of_script)
        .expect("the JSON is in the page");
    let embedded: Value = serde_json::from_str(&script.text).expect("it is JSON");
    let written = comparison::report::json::written(&report).expect("it can be written");
    let written: Value = serde_json::from_str(&written).expect("it is JSON");
    assert!(embedded == written, "the page has the whole report");

    let mut shown = BTreeSet::new();
    for (_, element) in &elements {
        if let Some(place) = attribute(element, "data-json") {
            let expected = match written.pointer(&place) {
                Some(Value::String(text)) => text.clone(),
                Some(Value::Number(number)) => number.to_string(),
                other => panic!("{place}: {other:?}"),
            };
            assert_eq!(unescaped(&element.text), expected, "{place}");
            shown.insert(place);
        }
    }
    let expected = places(&written);
    assert!(expected.len() > 150, "{}", expected.len());
    let missing: Vec<_> = expected.difference(&shown).collect();
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn nothing_comes_from_elsewhere() {
    let page = html::written(&report());
    for word in [
        "http:", "https:", "src=", "url(", "@import", "<iframe", "<img", "fetch(", "ftp:",
    ] {
        assert!(!page.contains(word), "{word}");
    }
    for link in page.split("href=\"").skip(1) {
        assert!(
            link.starts_with("data:,\"") || link.starts_with('#'),
            "{link:.40}"
        );
    }
}

#[test]
fn what_looks_like_markup_is_text() {
    let page = html::written(&report());
    assert_eq!(page.matches("<script").count(), 1, "the JSON's own");
    assert_eq!(page.matches("</script").count(), 1);
    assert_eq!(page.matches("<!").count(), 1, "the document type's");
    assert!(!page.contains("<b> 'x'"));
    assert!(page.contains("&lt;b&gt; &#39;x&#39;"));
}

#[test]
fn bars_are_drawn_where_something_may_be_claimed() {
    let page = html::written(&report());
    let bars = page.matches("<rect class=\"rust\"").count()
        + page.matches("<rect class=\"cpython\"").count();
    // Three models in two languages in each of four charts, but for what the speed-ups are held against.
    assert_eq!(bars, 4 * 6 - 2);
    assert_eq!(page.matches("<path class=\"spread\"").count(), bars);
    assert_eq!(
        page.matches("对数刻度").count(),
        2,
        "those that span decades"
    );
    assert!(!page.contains("NaN") && !page.contains("inf\""));
}

#[test]
fn timelines_are_drawn_span_by_span() {
    let page = html::written(&report());
    for runner in 0..8 {
        assert_eq!(
            page.matches(&format!("<rect class=\"r{runner}\"")).count(),
            2
        );
    }
    let mut without = report();
    without.timelines.clear();
    assert!(!html::written(&without).contains("id=\"timelines\""));
}
