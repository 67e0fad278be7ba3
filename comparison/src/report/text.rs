//! The report for a terminal of 100 columns.

use comfy_table::{ContentArrangement, Table, presets};

use super::{Language, MeasureReport, Outcome, PythonReport, Report, RowReport, Verdict, figures};
use crate::models;
use crate::rows::MODELS;

/// How wide it is.
const WIDTH: u16 = 100;

/// The whole text.
pub fn written(report: &Report) -> String {
    let mut text = format!(
        "\n性能对比表格 · the models compared\n{}\n",
        heading(report).join("\n")
    );
    text += &format!("{}\n", document_table(report));
    for line in explanation(report) {
        text += &format!("{line}\n");
    }
    for advice in &report.advice {
        text += &format!("{}\n  {}\n", advice.text.zh, advice.text.en);
    }
    text += &super::timeline::written(report);
    if report.settings.effort == "thorough" {
        for row in &report.rows {
            text += &details(row);
        }
    }
    text
}

/// What heads every output: where, with what and when.
pub fn heading(report: &Report) -> Vec<String> {
    let machine = &report.machine;
    let mut lines = vec![format!(
        "{}, {} 核 · cores, {}, {} {}",
        report.date,
        crate::stats::digits(machine.cores),
        machine.cpu,
        machine.os,
        machine.kernel
    )];
    lines.push(format!("{}; {}", machine.rustc, machine.crates.join(", ")));
    lines.push(match &machine.python {
        PythonReport::Found { version, build, .. } => format!("{version} ({build})"),
        PythonReport::None { why } => format!("没有 CPython · no CPython: {why}"),
    });
    lines.extend(report.fitness.text.iter().cloned());
    lines.extend(report.notes.iter().cloned());
    lines
}

/// How the figures are to be read; nothing where there are none.
pub fn explanation(report: &Report) -> Vec<String> {
    let rounds = report
        .rows
        .iter()
        .flat_map(|row| &row.measures)
        .map(|measure| measure.rounds);
    let (Some(least), Some(most)) = (rounds.clone().min(), rounds.max()) else {
        return Vec::new();
    };
    let rounds = match least == most {
        true => most.to_string(),
        false => format!("{least}–{most}"),
    };
    vec![
        format!("{rounds} 轮的中位数；每格独占进程，各列轮流测量。÷: 相对 CPython 的倍数（>1 更好），方括号为 99 % 置信区间。"),
        format!("Medians of {rounds} rounds, each cell in processes of its own, the columns in turn. ÷: times as good as"),
        "CPython, with the 99 % interval of confidence; ≈: no difference can be claimed; ★: the best.".to_owned(),
    ]
}

fn document_table(report: &Report) -> Table {
    let mut table = table();
    let mut header = vec!["维度 · row".to_owned()];
    let label = |name: &str| {
        models::named(name).map_or(name.to_owned(), |model| {
            format!("{}\n{}", model.zh, model.en)
        })
    };
    header.extend(MODELS.map(label));
    table.set_header(header);
    for row in &report.rows {
        for (index, measure) in row.measures.iter().enumerate() {
            let (title, line) = (row.title.both(), measure.label.both());
            let what = &measure.what;
            let what = if what.zh == what.en {
                what.zh.clone()
            } else {
                what.both()
            };
            // A row of several lines has its name once.
            let title = if index == 0 {
                title + "\n"
            } else {
                String::new()
            };
            let mut cells = vec![format!("{title}{line}\n{what}")];
            cells.extend(MODELS.map(|model| measured(measure, model).join("\n")));
            table.add_row(cells);
        }
        if !row.statements.is_empty() {
            let judged = row.statements.iter().any(|statement| statement.judgement);
            let mark = if judged {
                "\n判断，非测量 · a judgement"
            } else {
                ""
            };
            let mut cells = vec![format!("{}{mark}", row.title.both())];
            cells.extend(MODELS.map(|model| stated(row, model).join("\n")));
            table.add_row(cells);
        }
    }
    table
}

fn table() -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL);
    table
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(WIDTH);
    table
}

/// What stands in the document's table for a model: ours, CPython's, the ratio.
pub fn measured(measure: &MeasureReport, model: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for cell in measure.cells.iter().filter(|cell| cell.model == model) {
        let mut texts = cell.text.iter();
        if let Some(first) = texts.next() {
            lines.push(format!("{} {first}", cell.language.label()));
        }
        lines.extend(texts.map(|text| format!("  {text}")));
    }
    let ours = |cell: &&super::Cell| cell.model == model && cell.language == Language::Rust;
    let ratio = measure
        .cells
        .iter()
        .find(ours)
        .and_then(|cell| cell.ratio.as_ref());
    // Where nothing may be claimed the cells say so already.
    let ratio = ratio.filter(|ratio| ratio.verdict != Verdict::NotConclusive);
    lines.extend(ratio.map(|ratio| format!("÷ {}", ratio.text)));
    lines
}

/// What is said of a model in a row that is not measured.
pub fn stated(row: &RowReport, model: &str) -> Vec<String> {
    let of_model = row
        .statements
        .iter()
        .filter(|statement| statement.model == model);
    of_model
        .map(|statement| {
            let text = &statement.text;
            let text = if text.zh == text.en {
                text.zh.clone()
            } else {
                text.both()
            };
            format!("{}: {text}", statement.language.label())
        })
        .collect()
}

/// Every column of a row, with where its figures come from.
fn details(row: &RowReport) -> String {
    let mut text = format!("\n{}\n", row.title.both());
    for measure in &row.measures {
        text += &format!("  {} ({})\n", measure.label.both(), measure.rounds);
        for cell in &measure.cells {
            let name = format!("{} {}", cell.language.label(), cell.model);
            let line = match &cell.outcome {
                Outcome::Measured { figures } => figures::provenance(figures),
                Outcome::NotConclusive { reason, figures } => {
                    format!("{reason}; {}", figures::provenance(figures))
                }
                Outcome::Failed { .. } | Outcome::None { .. } => cell.text.join(" "),
            };
            let speed_up = cell
                .speed_up
                .as_ref()
                .map(|ratio| format!("; {}", ratio.text));
            text += &format!("    {name}: {line}{}\n", speed_up.unwrap_or_default());
        }
        for twin in &measure.twins {
            let (language, ratio) = (twin.language.label(), &twin.ratio.text);
            text += &format!("    A/A {language} {}: {ratio}\n", twin.model);
        }
    }
    for statement in &row.statements {
        for evidence in &statement.evidence {
            let (language, model) = (statement.language.label(), &statement.model);
            text += &format!("  {language} {model}: {}\n", evidence.both());
        }
    }
    text
}
