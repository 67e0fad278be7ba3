//! A cell of the table: what one model came to, in one language.

use serde::{Deserialize, Serialize};

/// Whose figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Language {
    /// This project's.
    Rust,
    /// Those of the Python beside.
    Cpython,
}

impl Language {
    /// As it is written in a table.
    pub fn label(self) -> &'static str {
        match self {
            Self::Rust => "Rust",
            Self::Cpython => "CPython",
        }
    }
}

/// What one model came to, in one language.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// The model's name.
    pub model: String,
    /// The language.
    pub language: Language,
    /// The figures, or why there are none.
    pub outcome: Outcome,
    /// How many times as good as the sequential one of the same language.
    pub speed_up: Option<Ratio>,
    /// How many times as good as the same model in CPython.
    pub ratio: Option<Ratio>,
    /// Whether no other of the document's models, in this language, is better.
    pub best: bool,
    /// What every table shows for it: a line each, from [`figures`](super::figures).
    pub text: Vec<String>,
}

/// The figures of a cell, or why there are none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Outcome {
    /// The figures can be relied on.
    Measured {
        /// They.
        figures: Figures,
    },
    /// The machine was not fit for a claim: counts are shown in place of the median.
    NotConclusive {
        /// Why, in both languages.
        reason: String,
        /// What was measured all the same.
        figures: Figures,
    },
    /// It was tried, and failed or came to a wrong answer.
    Failed {
        /// How.
        reason: String,
    },
    /// This model has no such measurement.
    None {
        /// Why, in both languages.
        why: String,
    },
}

impl Outcome {
    /// The figures, reliable or not.
    pub fn figures(&self) -> Option<&Figures> {
        match self {
            Self::Measured { figures } | Self::NotConclusive { figures, .. } => Some(figures),
            Self::Failed { .. } | Self::None { .. } => None,
        }
    }
}

/// What was measured, and how.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// One for each round, in the measure's unit.
    pub values: Vec<f64>,
    /// The one in the middle.
    pub median: f64,
    /// The least.
    pub low: f64,
    /// The greatest.
    pub high: f64,
    /// How many values there are.
    pub repetitions: usize,
    /// What takes one such measurement by hand.
    pub command: String,
    /// What it cost, whoever else was on the machine.
    pub counts: Counts,
    /// What ended a ramp, where there was one; both languages.
    pub stopped_by: Option<String>,
    /// Median, least and greatest, with the unit.
    pub text: String,
}

/// Medians of what one measurement cost.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Counts {
    /// Seconds that passed.
    pub wall: Option<f64>,
    /// Seconds of CPU time, of all its threads and processes.
    pub cpu: Option<f64>,
    /// Context switches because it had to wait.
    pub voluntary: Option<f64>,
    /// Context switches because somebody else's turn had come.
    pub involuntary: Option<f64>,
    /// The same for reading.
    pub text: String,
}

/// A ratio, taken round by round: above 1 is better.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ratio {
    /// The geometric mean over the rounds.
    pub value: f64,
    /// The lower end of its interval, at the report's level.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// What may be claimed.
    pub verdict: Verdict,
    /// Why nothing may be claimed, in both languages.
    pub reason: Option<String>,
    /// The ratio and its interval, or that it is not conclusive.
    pub text: String,
}

/// What may be claimed of a ratio.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Better, at the report's level.
    Better,
    /// Worse, at the report's level.
    Worse,
    /// The interval holds 1.
    NoDifference,
    /// The machine was not fit.
    NotConclusive,
}
