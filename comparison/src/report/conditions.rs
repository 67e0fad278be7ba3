//! Under which conditions a report was measured.

use serde::{Deserialize, Serialize};

/// What it was measured on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Machine {
    /// Cores that may be used: by affinity, and by the limit of a control group.
    pub cores: f64,
    /// The processor's name.
    pub cpu: String,
    /// The system.
    pub os: String,
    /// The release of its kernel.
    pub kernel: String,
    /// The compiler that built this program.
    pub rustc: String,
    /// Whether it was built with optimisation; where not, the figures compare with nothing.
    pub optimised: bool,
    /// The crates that are measured, with their versions.
    pub crates: Vec<String>,
    /// The Python beside.
    pub python: PythonReport,
}

/// The Python beside, or why there is none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum PythonReport {
    /// It answers.
    Found {
        /// Its executable.
        path: String,
        /// `CPython 3.13.0`.
        version: String,
        /// How it was built, since that makes a difference of a third; both languages.
        build: String,
    },
    /// There is none.
    None {
        /// Why.
        why: String,
    },
}

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// `quick`, `default` or `thorough`.
    pub effort: String,
    /// For how long rounds are added, in seconds in all.
    pub budget: f64,
    /// For how long one measurement may run, in seconds.
    pub deadline: f64,
    /// The level of significance at which a difference is claimed.
    pub level: f64,
}

/// The machine before the measurement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fitness {
    /// Cores by affinity.
    pub affinity: usize,
    /// Cores by the control group's limit, where there is one.
    pub quota: Option<f64>,
    /// The load average over one minute.
    pub load: Option<f64>,
    /// What to say of it, in both languages; a line each.
    pub text: Vec<String>,
}
