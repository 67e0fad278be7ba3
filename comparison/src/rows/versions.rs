//! 版本: since which version of each language there is a stable API for the model.

use crate::report::{Label, Language, Statement};

/// The facts: (model, language, in a word, evidence in both languages).
type Fact = (
    &'static str,
    Language,
    &'static str,
    &'static [(&'static str, &'static str)],
);

const FACTS: &[Fact] = &[
    (
        "threads",
        Language::Rust,
        "1.0 (scoped 1.63)",
        &[
            ("std::thread 自 Rust 1.0", "std::thread since Rust 1.0"),
            (
                "std::thread::scope 自 Rust 1.63",
                "std::thread::scope since Rust 1.63",
            ),
        ],
    ),
    (
        "threads",
        Language::Cpython,
        "1.5.2",
        &[("threading 自 Python 1.5.2", "threading since Python 1.5.2")],
    ),
    (
        "processes",
        Language::Rust,
        "1.0 (fork: nix)",
        &[("std::process 自 Rust 1.0", "std::process since Rust 1.0")],
    ),
    (
        "processes",
        Language::Cpython,
        "2.6",
        &[(
            "multiprocessing 自 Python 2.6",
            "multiprocessing since Python 2.6",
        )],
    ),
    (
        "tasks",
        Language::Rust,
        "1.39 (closures 1.85)",
        &[
            ("async/await 自 Rust 1.39", "async/await since Rust 1.39"),
            ("async 闭包自 Rust 1.85", "async closures since Rust 1.85"),
        ],
    ),
    (
        "tasks",
        Language::Cpython,
        "3.4 (run 3.7)",
        &[
            ("asyncio 自 Python 3.4", "asyncio since Python 3.4"),
            ("asyncio.run 自 Python 3.7", "asyncio.run since Python 3.7"),
            (
                "asyncio.TaskGroup 自 Python 3.11",
                "asyncio.TaskGroup since Python 3.11",
            ),
        ],
    ),
];

/// The crate that a model needs beyond std, and what for.
const CRATES: &[(&str, &str, &str)] =
    &[("processes", "nix", "fork"), ("tasks", "tokio", "runtime")];

/// The facts, with the versions of the crates of this build.
pub(super) fn statements() -> Vec<Statement> {
    let statement = |&(model, language, text, evidence): &Fact| {
        let mut evidence: Vec<Label> = evidence
            .iter()
            .map(|(zh, en)| Label::new(*zh, *en))
            .collect();
        for (_, name, what) in CRATES.iter().filter(|(of, ..)| *of == model) {
            let version = crate::machine::crate_version(name);
            if let (Language::Rust, Some(version)) = (language, version) {
                let line = format!("{what}: {name} {version}");
                evidence.push(Label::new(line.clone(), line));
            }
        }
        Statement {
            model: model.to_owned(),
            language,
            judgement: false,
            text: Label::new(text, text),
            evidence,
        }
    };
    FACTS.iter().map(statement).collect()
}
