//! The document's table: a group of rows for each of its rows, a column for each of its models.

use crate::models;
use crate::report::{
    Cell, Label, Language, MeasureReport, Outcome, Ratio, Report, RowReport, Verdict,
};
use crate::rows::MODELS;

use super::markup::{both, escaped, placed};

/// The name of a model.
pub fn name(model: &str) -> Label {
    models::named(model).map_or(Label::new(model, model), |model| {
        Label::new(model.zh, model.en)
    })
}

/// The whole table.
pub fn written(report: &Report) -> String {
    let mut text = format!(
        "<thead><tr><th scope=\"col\">{}</th>",
        both(&Label::new("维度", "row"))
    );
    for model in MODELS {
        text += &format!("<th scope=\"col\">{}</th>", both(&name(model)));
    }
    text += "</tr></thead>\n";
    for (r, row) in report.rows.iter().enumerate() {
        let title = both(&row.title);
        text += &format!(
            "<tbody>\n<tr class=\"title\"><th colspan=\"4\" scope=\"rowgroup\">{title}</th></tr>\n"
        );
        for (m, measure) in row.measures.iter().enumerate() {
            let head = format!(
                "{}<br><small>{}</small>",
                both(&measure.label),
                both(&measure.what)
            );
            let place = format!("/rows/{r}/measures/{m}");
            text += &table_row(
                "",
                &head,
                &MODELS.map(|model| measured(measure, &place, model)),
            );
        }
        if !row.statements.is_empty() {
            let judged = row.statements.iter().any(|statement| statement.judgement);
            let head = match judged {
                true => Label::new("判断，非测量", "a judgement, not measured"),
                false => Label::new("可查证的事实", "facts to look up"),
            };
            text += &table_row("", &both(&head), &MODELS.map(|model| stated(row, model)));
        }
        let head = both(&Label::new("文档", "the document"));
        text += &table_row(
            "document",
            &head,
            &row.document.clone().map(|said| escaped(&said)),
        );
        text += "</tbody>\n";
    }
    text
}

/// Each cell says which model it is about: on a narrow screen it stands alone.
fn table_row(class: &str, head: &str, cells: &[String; 3]) -> String {
    let mut text = format!("<tr class=\"{class}\"><th scope=\"row\">{head}</th>");
    for (model, cell) in MODELS.into_iter().zip(cells) {
        let model = name(model);
        let model = format!("{} · {}", escaped(&model.zh), escaped(&model.en));
        text += &format!("<td data-model=\"{model}\">{cell}</td>");
    }
    text + "</tr>\n"
}

fn cells<'a>(measure: &'a MeasureReport, place: &str, model: &str) -> Vec<(&'a Cell, String)> {
    let cells = measure.cells.iter().enumerate();
    cells
        .filter(|(_, cell)| cell.model == model)
        .map(|(c, cell)| (cell, format!("{place}/cells/{c}")))
        .collect()
}

fn measured(measure: &MeasureReport, place: &str, model: &str) -> String {
    let (mut text, mut sources) = (String::new(), String::new());
    for (cell, place) in cells(measure, place, model) {
        let (class, label) = language(cell.language);
        text += &format!("<div class=\"of {class}\"><b>{label}</b> ");
        for (index, line) in cell.text.iter().enumerate() {
            let class = match (index, &cell.outcome) {
                (0, Outcome::Measured { .. }) => "figure",
                (0, _) => "open",
                _ => "more",
            };
            text += &placed("span", class, &format!("{place}/text/{index}"), line);
        }
        text += "</div>";
        text += &ratio(cell.ratio.as_ref(), &format!("{place}/ratio/text"));
        sources += &source(cell, &place, label);
    }
    if !sources.is_empty() {
        let summary = both(&Label::new("出处", "source"));
        text += &format!("<details><summary>{summary}</summary>{sources}</details>");
    }
    text
}

/// The ratio to CPython, where one may be claimed; why not stands in the cell, and all of it in its source.
fn ratio(ratio: Option<&Ratio>, place: &str) -> String {
    let Some(ratio) = ratio.filter(|ratio| ratio.verdict != Verdict::NotConclusive) else {
        return String::new();
    };
    let class = match ratio.verdict {
        Verdict::Better => "better",
        Verdict::Worse => "worse",
        Verdict::NoDifference | Verdict::NotConclusive => "open",
    };
    let text = placed("span", class, place, &ratio.text);
    format!("<div class=\"ratio\">÷ {text}</div>")
}

/// Where the figures of a cell come from; nothing where there are none.
fn source(cell: &Cell, place: &str, label: &str) -> String {
    match lines_of_source(cell, place) {
        lines if lines.is_empty() => String::new(),
        lines => format!("<dl class=\"source\"><dt>{label}</dt>{lines}</dl>"),
    }
}

fn lines_of_source(cell: &Cell, place: &str) -> String {
    let Some(figures) = cell.outcome.figures() else {
        return String::new();
    };
    let place_of = |name: &str| format!("{place}/outcome/figures/{name}");
    let spread = placed("span", "figure", &place_of("text"), &figures.text);
    let count = figures.repetitions.to_string();
    let count = placed("span", "", &place_of("repetitions"), &count);
    let mut text = format!("<dd>{spread} ({count}×)</dd>");
    if let Outcome::NotConclusive { reason, .. } = &cell.outcome {
        text += &placed("dd", "", &format!("{place}/outcome/reason"), reason);
    }
    if !figures.counts.text.is_empty() {
        text += &placed("dd", "", &place_of("counts/text"), &figures.counts.text);
    }
    let sequential = both(&name(models::ALL[0].name));
    for (ratio, of, field) in [
        (&cell.speed_up, sequential.as_str(), "speed_up"),
        (&cell.ratio, Language::Cpython.label(), "ratio"),
    ] {
        if let Some(ratio) = ratio {
            let ratio = placed("span", "", &format!("{place}/{field}/text"), &ratio.text);
            text += &format!("<dd>÷ {of} {ratio}</dd>");
        }
    }
    let command = placed("code", "", &place_of("command"), &figures.command);
    text + &format!("<dd>{command}</dd>")
}

/// Every column of a measure with its source, those that are not in the document's table too.
pub fn columns(measure: &MeasureReport, place: &str) -> String {
    let mut sources = String::new();
    for (c, cell) in measure.cells.iter().enumerate() {
        let place = format!("{place}/cells/{c}");
        let label = format!("{} {}", language(cell.language).1, both(&name(&cell.model)));
        let lines = cell.text.iter().enumerate();
        let lines: String = lines
            .map(|(index, line)| placed("dd", "shown", &format!("{place}/text/{index}"), line))
            .collect();
        let source = lines_of_source(cell, &place);
        sources += &format!("<dl class=\"source\"><dt>{label}</dt>{lines}{source}</dl>");
    }
    for (t, twin) in measure.twins.iter().enumerate() {
        let (language, model) = (language(twin.language).1, both(&name(&twin.model)));
        let place = format!("{place}/twins/{t}/ratio/text");
        let ratio = placed("dd", "", &place, &twin.ratio.text);
        sources += &format!("<dl class=\"source\"><dt>A/A {language} {model}</dt>{ratio}</dl>");
    }
    let summary = both(&Label::new("每一列及出处", "every column and its source"));
    format!("<details><summary>{summary}</summary>{sources}</details>\n")
}

fn stated(row: &RowReport, model: &str) -> String {
    let (mut text, mut evidence) = (String::new(), String::new());
    for statement in row
        .statements
        .iter()
        .filter(|statement| statement.model == model)
    {
        let (class, label) = language(statement.language);
        text += &format!(
            "<div class=\"of {class}\"><b>{label}</b> {}</div>",
            both(&statement.text)
        );
        if !statement.evidence.is_empty() {
            let items: String = statement
                .evidence
                .iter()
                .map(|label| format!("<li>{}</li>", both(label)))
                .collect();
            evidence += &format!("<p><b>{label}</b></p><ul>{items}</ul>");
        }
    }
    if !evidence.is_empty() {
        let summary = both(&Label::new("依据", "evidence"));
        text += &format!("<details><summary>{summary}</summary>{evidence}</details>");
    }
    text
}

/// The class and the label of a language.
pub fn language(language: Language) -> (&'static str, &'static str) {
    let class = match language {
        Language::Rust => "rust",
        Language::Cpython => "cpython",
    };
    (class, language.label())
}
