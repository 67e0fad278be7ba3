//! What the document recommends, and what the figures say to that.

use crate::models;
use crate::report::{Advice, Cell, Finding, Label, Language, MeasureReport, Outcome};
use crate::rows::MODELS;

/// Which models the document names for a kind of task; none where it says to test.
const RECOMMENDED: &[(&str, &[&str])] = &[
    ("cpu-job", &["processes"]),
    ("waits", &["threads", "tasks"]),
    ("network", &["tasks"]),
    ("mixed", &[]),
];

/// What there is to say of a line, for each language that was measured.
pub fn of(line: &MeasureReport) -> Vec<Advice> {
    let Some((_, recommended)) = RECOMMENDED.iter().find(|(id, _)| *id == line.id) else {
        return Vec::new();
    };
    let languages = [Language::Rust, Language::Cpython];
    let present = |language: &Language| line.cells.iter().any(|cell| cell.language == *language);
    let advice = |language| advice(line, recommended, language);
    languages.into_iter().filter(present).map(advice).collect()
}

fn advice(line: &MeasureReport, recommended: &[&str], language: Language) -> Advice {
    let of_document =
        |cell: &&Cell| cell.language == language && MODELS.contains(&cell.model.as_str());
    let cells: Vec<&Cell> = line.cells.iter().filter(of_document).collect();
    let best: Vec<&str> = cells
        .iter()
        .filter(|cell| cell.best)
        .map(|cell| cell.model.as_str())
        .collect();
    let measured = |cell: &&Cell| matches!(cell.outcome, Outcome::Measured { .. });
    let named = |name: &&str| recommended.contains(name);
    let finding = if !cells.iter().all(measured) || cells.len() < MODELS.len() {
        Finding::Open
    } else if recommended.is_empty() {
        Finding::Measured
    } else if !best.iter().any(named) {
        Finding::Contradicted
    } else if best.iter().all(named) {
        Finding::Confirmed
    } else {
        Finding::Shared
    };
    let text = words(line, recommended, &best, language, finding);
    Advice {
        measure: line.id.clone(),
        language,
        recommended: recommended.iter().map(|&name| name.to_owned()).collect(),
        best: best.iter().map(|&name| name.to_owned()).collect(),
        finding,
        text,
    }
}

fn words(
    line: &MeasureReport,
    recommended: &[&str],
    best: &[&str],
    language: Language,
    finding: Finding,
) -> Label {
    let figures = |name: &str| {
        let mut cells = line.cells.iter();
        let cell = cells.find(|cell| cell.model == name && cell.language == language);
        let text = cell.and_then(|cell| cell.text.first());
        text.map_or(String::new(), |text| text.trim_end_matches(" ★").to_owned())
    };
    let zh = |name: &str| {
        models::named(name)
            .map_or(name, |model| model.zh)
            .to_owned()
    };
    let en = |name: &str| {
        models::named(name)
            .map_or(name, |model| model.en)
            .to_owned()
    };
    let list = |names: &[&str], of: &dyn Fn(&str) -> String, comma: &str| {
        names
            .iter()
            .map(|name| of(name))
            .collect::<Vec<_>>()
            .join(comma)
    };
    let (said_zh, said_en) = match recommended {
        [] => ("先测试".to_owned(), "to test".to_owned()),
        names => (list(names, &zh, "、"), list(names, &en, " or ")),
    };
    let best_zh = list(
        best,
        &|name| format!("{} {}", zh(name), figures(name)),
        "、",
    );
    let best_en = list(
        best,
        &|name| format!("{} {}", en(name), figures(name)),
        ", ",
    );
    let (found_zh, found_en) = match finding {
        Finding::Confirmed => ("证实", "confirmed"),
        Finding::Shared => (
            "部分证实：别的同样好",
            "confirmed in part: something else is as good",
        ),
        Finding::Contradicted => ("推翻", "contradicted"),
        Finding::Measured => ("实测", "measured"),
        Finding::Open => ("无定论", "not conclusive"),
    };
    let language = language.label();
    let (topic_zh, topic_en) = (&line.label.zh, &line.label.en);
    let measured_zh = match finding {
        Finding::Open => String::new(),
        _ => format!("（最佳 {best_zh}）"),
    };
    let measured_en = match finding {
        Finding::Open => String::new(),
        _ => format!(" (best: {best_en})"),
    };
    Label::new(
        format!("{topic_zh}，{language}：文档建议{said_zh}：{found_zh}{measured_zh}"),
        format!("{topic_en}, {language}: the document says {said_en}: {found_en}{measured_en}"),
    )
}
