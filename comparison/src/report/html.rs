//! The report as a page: one file, without anything from elsewhere.
//!
//! Every text of the report that is shown says where in the JSON it stands, as a JSON pointer in the attribute
//! `data-json`; the JSON itself is in the page too. So a browser, or a test, can tell that they agree.

use super::{Finding, Label, Report, json, text};

mod chart; //     bars
mod markup; //    escaping, figures with their places
mod table; //     the document's table
mod timelines; // who ran when

use markup::{both, escaped, placed};

const TEMPLATE: &str = include_str!("html/page.html");
const STYLE: &str = include_str!("html/page.css");

/// The page.
pub fn written(report: &Report) -> String {
    let parts = |name: &str| match name {
        "style" => STYLE.to_owned(),
        "machine" => machine(report),
        "table" => table::written(report),
        "reading" => reading(report),
        "advice" => advice(report),
        "charts" => charts(report),
        "timelines" => timelines::written(report),
        "json" => embedded(report),
        _ => unreachable!("the template asks for {name}"),
    };
    // In one pass: what is put in is not looked through again.
    let mut page = String::new();
    for (index, part) in TEMPLATE.split("{{").enumerate() {
        match part.split_once("}}") {
            Some((name, rest)) if index > 0 => page += &(parts(name) + rest),
            _ => page += part,
        }
    }
    page
}

/// As a script cannot hold `</script>`, nor a comment: no `<` at all.
fn embedded(report: &Report) -> String {
    let text = json::written(report).unwrap_or_default();
    text.replace('<', "\\u003c")
}

fn machine(report: &Report) -> String {
    let lines = text::heading(report);
    lines
        .iter()
        .map(|line| format!("<li>{}</li>\n", escaped(line)))
        .collect()
}

fn reading(report: &Report) -> String {
    let signs = Label::new(
        "CPU: CPU 时间 / 经过的时间；⇄: 主动 + 被动的上下文切换；图中黑线: 各轮的最小值到最大值。",
        "CPU: CPU time / time that passed; ⇄: context switches, voluntary + involuntary; the black line on a bar: from \
         the least to the greatest of the rounds, of a speed-up its interval.",
    );
    let lines = text::explanation(report);
    let lines: String = lines
        .iter()
        .map(|line| format!("{}\n", escaped(line)))
        .collect();
    format!("{lines}<br>{}", both(&signs))
}

fn advice(report: &Report) -> String {
    let mut items = String::new();
    for (index, advice) in report.advice.iter().enumerate() {
        let class = match advice.finding {
            Finding::Confirmed | Finding::Shared => "confirmed",
            Finding::Contradicted => "contradicted",
            Finding::Measured | Finding::Open => "open",
        };
        let place = format!("/advice/{index}/text");
        let zh = placed("span", "zh", &format!("{place}/zh"), &advice.text.zh);
        let en = placed("span", "en", &format!("{place}/en"), &advice.text.en);
        items += &format!("<li class=\"{class}\">{zh} {en}</li>\n");
    }
    let title = Label::new(
        "文档的建议与实测",
        "what the document recommends, and what was measured",
    );
    section("advice", "ul", &title, &items)
}

fn charts(report: &Report) -> String {
    let mut figures = String::new();
    for (r, row) in report.rows.iter().enumerate() {
        for (m, measure) in row.measures.iter().enumerate() {
            let place = format!("/rows/{r}/measures/{m}");
            let (title, line, what) = (both(&row.title), both(&measure.label), both(&measure.what));
            figures += &format!(
                "<figure class=\"card\">\n<figcaption><b>{title}</b><br>{line}<br><small>{what}</small></figcaption>\n"
            );
            figures += &chart::written(measure, &place);
            figures += &table::columns(measure, &place);
            figures += "</figure>\n";
        }
    }
    section(
        "charts",
        "div",
        &Label::new("逐行图示", "row by row"),
        &figures,
    )
}

/// A section: its heading, and what is in it in an element of this kind. Nothing where there is nothing to show.
fn section(id: &str, kind: &str, title: &Label, content: &str) -> String {
    if content.is_empty() {
        return String::new();
    }
    let title = both(title);
    format!("<section id=\"{id}\">\n<h2>{title}</h2>\n<{kind}>\n{content}</{kind}>\n</section>\n")
}
