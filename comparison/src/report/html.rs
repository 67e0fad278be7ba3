//! The report as a page: one file, without anything from elsewhere.

use super::{Report, markdown};

/// The page. For now the Markdown in a frame of HTML.
pub fn written(report: &Report) -> String {
    let text = markdown::written(report);
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    format!(
        "<!doctype html>\n<meta charset=\"utf-8\">\n<title>comparison</title>\n<pre>{text}</pre>\n"
    )
}
