//! [`Sample`]: what a child prints, ours and Python's.

use serde::{Deserialize, Serialize};

/// One measurement, as a child prints it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// In the measure's unit.
    pub value: f64,
    /// Seconds that the measured part took.
    #[serde(default)]
    pub wall: Option<f64>,
    /// Seconds of CPU time meanwhile, of this process and the children that it has waited for.
    #[serde(default)]
    pub cpu: Option<f64>,
    /// Context switches meanwhile because one of them had to wait.
    #[serde(default)]
    pub voluntary: Option<u64>,
    /// Context switches meanwhile because somebody else's turn had come.
    #[serde(default)]
    pub involuntary: Option<u64>,
    /// What the work came to: the same under every model, or the row is wrong.
    pub answer: u64,
    /// What ended the ramp of [`Measure::Greatest`](super::Measure::Greatest), in both languages.
    #[serde(default)]
    pub stopped_by: Option<String>,
}
