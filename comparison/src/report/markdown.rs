//! The report for a README: the document's table, the words, and every column with its provenance.

use super::{Outcome, Report, RowReport, figures, text};
use crate::models;
use crate::rows::MODELS;

/// The whole text.
pub fn written(report: &Report) -> String {
    let mut lines = vec![
        "# 性能对比表格 · the models compared".to_owned(),
        String::new(),
    ];
    lines.extend(text::heading(report).iter().map(|line| format!("- {line}")));
    lines.push(String::new());
    let label = |name: &str| {
        models::named(name).map_or(name.to_owned(), |model| {
            format!("{} · {}", model.zh, model.en)
        })
    };
    let labels = MODELS.map(label);
    lines.push(format!("| 维度 · row | {} |", labels.join(" | ")));
    lines.push("|---|---|---|---|".to_owned());
    for row in &report.rows {
        for measure in &row.measures {
            let head = format!("{}: {}", row.title.both(), measure.label.both());
            let cells = MODELS.map(|model| text::measured(measure, model));
            lines.push(table_row(&head, &cells));
        }
        if !row.statements.is_empty() {
            let cells = MODELS.map(|model| text::stated(row, model));
            lines.push(table_row(&row.title.both(), &cells));
        }
        lines.push(table_row(
            "文档 · the document",
            &row.document.clone().map(|said| vec![said]),
        ));
    }
    lines.push(String::new());
    lines.push(text::explanation(report).join(" "));
    lines.push(String::new());
    for advice in &report.advice {
        lines.push(format!(
            "- {}<br>{}",
            escaped(&advice.text.zh),
            escaped(&advice.text.en)
        ));
    }
    lines.extend(super::timeline::fenced(report));
    for row in &report.rows {
        lines.extend(details(row));
    }
    lines.join("\n") + "\n"
}

fn table_row(head: &str, cells: &[Vec<String>]) -> String {
    let cells = cells.iter().map(|lines| {
        let lines: Vec<String> = lines.iter().map(|line| escaped(line)).collect();
        lines.join("<br>")
    });
    format!(
        "| {} | {} |",
        escaped(head),
        cells.collect::<Vec<_>>().join(" | ")
    )
}

fn details(row: &RowReport) -> Vec<String> {
    let mut lines = vec![
        String::new(),
        format!("## {}", row.title.both()),
        String::new(),
    ];
    for measure in &row.measures {
        lines.push(format!(
            "**{}**: {}",
            measure.label.both(),
            measure.what.both()
        ));
        lines.push(String::new());
        lines.push(
            "| | | ÷ 顺序 · sequential | ÷ CPython | n | CPU, ⇄ | 命令 · command |".to_owned(),
        );
        lines.push("|---|---|---|---|---|---|---|".to_owned());
        for cell in &measure.cells {
            let ratio = |ratio: &Option<super::Ratio>| {
                ratio
                    .as_ref()
                    .map_or(String::new(), |ratio| ratio.text.clone())
            };
            let figures = cell.outcome.figures();
            let text = match &cell.outcome {
                Outcome::Measured { figures } => figures.text.clone(),
                Outcome::NotConclusive { reason, .. } => {
                    format!("{}: {reason}", figures::NOT_CONCLUSIVE)
                }
                Outcome::Failed { .. } | Outcome::None { .. } => cell.text.join(" "),
            };
            let count = figures.map_or(String::new(), |figures| figures.repetitions.to_string());
            let counts = figures.map_or("", |figures| figures.counts.text.as_str());
            let command = figures.map_or(String::new(), |figures| format!("`{}`", figures.command));
            lines.push(format!(
                "| {} {} | {} | {} | {} | {count} | {counts} | {command} |",
                cell.language.label(),
                cell.model,
                escaped(&text),
                ratio(&cell.speed_up),
                ratio(&cell.ratio),
            ));
        }
        lines.push(String::new());
    }
    for statement in &row.statements {
        for evidence in &statement.evidence {
            let (language, model) = (statement.language.label(), &statement.model);
            lines.push(format!(
                "- {language} {model}: {}",
                escaped(&evidence.both())
            ));
        }
    }
    lines
}

/// What would be a mark of Markdown's is not.
fn escaped(text: &str) -> String {
    text.replace('|', "\\|")
        .replace('<', "&lt;")
        .replace('*', "\\*")
}
