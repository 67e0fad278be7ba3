//! Texts as HTML.

use crate::report::Label;

/// Nothing in it means anything to a browser.
pub fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            '\'' => escaped += "&#39;",
            c => escaped.push(c),
        }
    }
    escaped
}

/// Both languages, once where they are the same.
pub fn both(label: &Label) -> String {
    let (zh, en) = (escaped(&label.zh), escaped(&label.en));
    match zh == en {
        true => format!("<span>{zh}</span>"),
        false => {
            format!("<span class=\"zh\">{zh}</span> <span class=\"en\" lang=\"en\">{en}</span>")
        }
    }
}

/// A text of the report, with the place in the JSON where it stands.
pub fn placed(element: &str, class: &str, place: &str, text: &str) -> String {
    let (place, text) = (escaped(place), escaped(text));
    format!("<{element} class=\"{class}\" data-json=\"{place}\">{text}</{element}>")
}
