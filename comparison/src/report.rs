//! [`Report`]: what was measured, as plain data. The text, JSON, Markdown and HTML all come from it.
//!
//! Every figure that anybody reads is written once, in [`figures`], and kept in the report beside the
//! numbers (the fields named `text`): what prints a report only places these texts.

use serde::{Deserialize, Serialize};

mod cell;
mod conditions; //   where, with what, how
pub mod figures; //  numbers as text
pub mod html; //     the page
pub mod json; //     the data itself, and its schema
pub mod markdown; // the same tables for a README
pub mod text; //     the same tables for a terminal
pub mod timeline; // who ran when, for a terminal

pub use cell::{Cell, Counts, Figures, Language, Outcome, Ratio, Verdict};
pub use conditions::{Fitness, Machine, PythonReport, Settings};

/// The name of the JSON form.
pub const SCHEMA: &str = "comparison/report";

/// The version of the JSON form: a new one when a reader of the old would be wrong.
pub const VERSION: u32 = 1;

/// Everything that one run of `table` has to say.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// [`SCHEMA`].
    pub schema: String,
    /// [`VERSION`].
    pub version: u32,
    /// When the run began, in UTC: `2025-11-25T19:14:00Z`.
    pub date: String,
    /// What it was measured on.
    pub machine: Machine,
    /// What was asked for.
    pub settings: Settings,
    /// Whether the machine was fit for it, looked at before.
    pub fitness: Fitness,
    /// The document's rows, in its order.
    pub rows: Vec<RowReport>,
    /// What the document recommends, and what the figures say to that.
    pub advice: Vec<Advice>,
    /// The same eight tasks under each model: who ran when.
    pub timelines: Vec<Timeline>,
    /// What else a reader must know, in both languages.
    pub notes: Vec<String>,
}

/// In both languages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    /// 中文.
    pub zh: String,
    /// English.
    pub en: String,
}

impl Label {
    /// The two.
    pub fn new(zh: impl Into<String>, en: impl Into<String>) -> Self {
        let (zh, en) = (zh.into(), en.into());
        Self { zh, en }
    }

    /// Both on one line.
    pub fn both(&self) -> String {
        format!("{} · {}", self.zh, self.en)
    }
}

/// A row of the document's table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RowReport {
    /// Its name on the command line.
    pub id: String,
    /// The document's 维度.
    pub title: Label,
    /// What the document says of the three models: threads, processes, tasks.
    pub document: [String; 3],
    /// What was measured for it.
    pub measures: Vec<MeasureReport>,
    /// What cannot be measured: judgements and facts, for a model each.
    pub statements: Vec<Statement>,
    /// Whether every measurement came to the right answer, and none failed.
    pub sound: bool,
}

/// One measured thing, under each model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MeasureReport {
    /// Its name: of [`crate::rows::Line`].
    pub id: String,
    /// What is measured.
    pub label: Label,
    /// With which sizes.
    pub what: Label,
    /// Of the numbers: `s`, `B`, `1/s`, or `units`.
    pub unit: String,
    /// Whether a greater number is the better one.
    pub more_is_better: bool,
    /// Whether the table shows the speed-up instead of the value.
    pub shows_speed_up: bool,
    /// How often everything was measured.
    pub rounds: usize,
    /// The first column of each language against itself: the noise.
    pub twins: Vec<Twin>,
    /// The cores that others kept busy meanwhile.
    pub others: Option<f64>,
    /// A cell for each model and language.
    pub cells: Vec<Cell>,
}

/// A column measured twice a round.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Twin {
    /// The model.
    pub model: String,
    /// Its language.
    pub language: Language,
    /// A/A: the first against the second.
    pub ratio: Ratio,
}

/// What is no measurement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// The model.
    pub model: String,
    /// The language it is about.
    pub language: Language,
    /// Whether it is a judgement; else it is a fact that can be looked up.
    pub judgement: bool,
    /// In a few words.
    pub text: Label,
    /// What it rests on.
    pub evidence: Vec<Label>,
}

/// What the document recommends for a kind of task, and what was measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Advice {
    /// The name of the measure.
    pub measure: String,
    /// Whose figures.
    pub language: Language,
    /// The models that the document names; none where it says to test.
    pub recommended: Vec<String>,
    /// Those that no other was better than.
    pub best: Vec<String>,
    /// What the figures say to the document.
    pub finding: Finding,
    /// The same in words.
    pub text: Label,
}

/// What the figures say to a recommendation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Finding {
    /// What is recommended is best, and nothing else is as good.
    Confirmed,
    /// What is recommended is among the best, and so is something else.
    Shared,
    /// Something else is better.
    Contradicted,
    /// Nothing is recommended.
    Measured,
    /// The machine was too noisy, or figures are missing.
    Open,
}

/// Eight tasks under one model: who ran when.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Timeline {
    /// The model.
    pub model: String,
    /// Its language.
    pub language: Language,
    /// From the start of the first to the end of the last, in seconds.
    pub seconds: f64,
    /// When each ran, in the order of their starts. A task that waits between has several.
    pub spans: Vec<Span>,
    /// `seconds` for reading.
    pub text: String,
}

/// A time during which a task ran.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Span {
    /// The number of the task, from 0.
    pub task: u32,
    /// Who ran it: a thread or a process, numbered from 0 in the order of their first start.
    pub runner: u32,
    /// Seconds since the start of the first, on a clock that all of them read.
    pub begin: f64,
    /// As `begin`.
    pub end: f64,
}
