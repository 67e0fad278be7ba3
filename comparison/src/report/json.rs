//! The report as JSON: numbers and texts. Its schema is `report.schema.json` in this crate's folder.

use super::Report;

/// The JSON Schema of what [`written`] gives.
pub const SCHEMA: &str = include_str!("../../report.schema.json");

/// The report, over several lines.
///
/// # Errors
///
/// Never for a report whose numbers are numbers.
pub fn written(report: &Report) -> serde_json::Result<String> {
    Ok(serde_json::to_string_pretty(report)? + "\n")
}
