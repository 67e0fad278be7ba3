//! What came of a measure, before it is judged.

use crate::measures::{Measure, Sample};
use crate::models::Model;
use crate::report::Language;
use crate::stats::Spread;

/// What came of a measure.
pub struct Taken {
    /// The measure.
    pub measure: Measure,
    /// A column for each model and language.
    pub columns: Vec<Column>,
    /// The second measurement of a column: its index, and the samples.
    pub twins: Vec<(usize, Vec<Sample>)>,
    /// How many rounds there were.
    pub rounds: usize,
    /// The cores that others kept busy meanwhile.
    pub others: Option<f64>,
    /// The cores that may be used.
    pub cores: f64,
}

/// A model in a language.
pub struct Column {
    /// The model.
    pub model: &'static Model,
    /// The language.
    pub language: Language,
    /// What takes one sample by hand.
    pub command: String,
    /// What came of it.
    pub samples: Samples,
}

/// What came of a column.
pub enum Samples {
    /// Nothing was tried: why, in both languages.
    None(String),
    /// It failed: how.
    Failed(String),
    /// One for each round.
    Taken(Vec<Sample>),
}

impl Column {
    pub(super) fn samples(&self) -> Option<&[Sample]> {
        match &self.samples {
            Samples::Taken(samples) => Some(samples),
            _ => None,
        }
    }

    pub(super) fn values(&self) -> Option<Vec<f64>> {
        Some(values(self.samples()?))
    }

    pub(super) fn is_base(&self) -> bool {
        self.model.name == crate::models::ALL[0].name
    }
}

pub(super) fn values(samples: &[Sample]) -> Vec<f64> {
    samples.iter().map(|sample| sample.value).collect()
}

pub(super) fn median(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    Spread::of(values).map(|spread| spread.median)
}
