//! The columns of a measure: the models in each language, and the processes that measure them.

use std::io;
use std::process::Command;
use std::time::Duration;

use crate::child;
use crate::machine;
use crate::measures::{Effort, Measure, Sizes};
use crate::models::{self, Model};
use crate::python::Python;
use crate::report::Language;
use crate::rows;

use super::Options;
use super::judge::{Column, Samples, Taken};
use super::rounds::{self, Plan, Source};
use super::sources::{Child, Hung};

/// The columns of a measure before it is taken.
pub(super) struct Columns<'a> {
    measure: Measure,
    deadline: Duration,
    python: Option<&'a Python>,
    hung: [&'a Hung; 2],
    columns: Vec<(Column, Sizes)>,
}

impl<'a> Columns<'a> {
    /// Those that this effort has.
    pub(super) fn new(
        measure: Measure,
        options: &Options,
        python: Option<&'a Python>,
        hung: [&'a Hung; 2],
    ) -> Self {
        let mut columns = Vec::new();
        for language in [Language::Rust, Language::Cpython] {
            if language == Language::Cpython && python.is_none() {
                continue;
            }
            for model in models::ALL {
                let is_further = !rows::MODELS.contains(&model.name) && model.name != "sequential";
                // Beyond the document's models, at first only where they show what a GIL costs.
                let wanted = options.effort == Effort::Thorough || measure == Measure::CpuJob;
                if is_further
                    && (!wanted || (language == Language::Cpython && model.python.is_none()))
                {
                    continue;
                }
                let sizes = measure.sizes(options.effort, model.name, language);
                columns.push((column(measure, model, language, &sizes, python), sizes));
            }
        }
        Self {
            measure,
            deadline: options.deadline,
            python,
            hung,
            columns,
        }
    }

    fn source(&self, column: &Column, sizes: &Sizes) -> Box<dyn Source + 'a> {
        let (measure, model, sizes) = (self.measure, column.model.name, sizes.clone());
        let [rust, cpython] = self.hung;
        let python = self.python.filter(|_| column.language == Language::Cpython);
        match python {
            // Its servers are measured from outside, as ours are.
            #[cfg(target_os = "linux")]
            Some(python) if measure == Measure::Network => {
                let command = move || child::server_measurement(python, model, &sizes);
                Box::new(Child::new(measure, self.deadline, cpython, command))
            }
            Some(python) => Box::new(Child::new(measure, self.deadline, cpython, move || {
                let (_, program) = measure.program();
                Ok(python.measurement(program, model, &sizes))
            })),
            None => Box::new(Child::new(
                measure,
                self.deadline,
                rust,
                move || -> io::Result<Command> { child::measurement(measure, model, &sizes) },
            )),
        }
    }

    /// Takes the measure, and ends what it has started.
    pub(super) fn take(&mut self, plan: &Plan, cores: f64, tell: impl FnMut(usize)) -> Taken {
        let mut sources = Vec::new();
        let mut places = Vec::new();
        let mut twins: Vec<(usize, Language)> = Vec::new();
        for (index, (column, sizes)) in self.columns.iter().enumerate() {
            if !matches!(column.samples, Samples::Taken(_)) {
                continue;
            }
            sources.push(self.source(column, sizes));
            places.push((index, false));
            if !twins
                .iter()
                .any(|(_, language)| *language == column.language)
            {
                twins.push((index, column.language));
                sources.push(self.source(column, sizes));
                places.push((index, true));
            }
        }
        let others = machine::Others::look();
        let (samples, rounds) = rounds::take(&mut sources, plan, tell);
        drop(sources); // their CPU time is known when they have ended
        let mut taken = Taken {
            measure: self.measure,
            columns: std::mem::take(&mut self.columns)
                .into_iter()
                .map(|(column, _)| column)
                .collect(),
            twins: Vec::new(),
            rounds,
            others: others.and_then(machine::Others::since),
            cores,
        };
        for ((index, is_twin), samples) in places.into_iter().zip(samples) {
            match (is_twin, samples) {
                (false, Ok(samples)) => taken.columns[index].samples = Samples::Taken(samples),
                (false, Err(reason)) => taken.columns[index].samples = Samples::Failed(reason),
                (true, Ok(samples)) => taken.twins.push((index, samples)),
                (true, Err(_)) => {} // the first says why
            }
        }
        taken
    }
}

/// A column that is still empty, or why it will stay so.
fn column(
    measure: Measure,
    model: &'static Model,
    language: Language,
    sizes: &Sizes,
    python: Option<&Python>,
) -> Column {
    let (can, command) = match language {
        Language::Rust => (
            (model.measure)(measure).map(|_| ()),
            child::measurement_by_hand(measure, model.name, sizes),
        ),
        Language::Cpython => {
            let (path, _) = measure.program();
            let by_hand = |python: &Python| match measure {
                #[cfg(target_os = "linux")]
                Measure::Network => child::server_measurement_by_hand(python, model.name, sizes),
                _ => python.by_hand(path, model.name, sizes),
            };
            (
                (model.in_python)(measure),
                python.map_or(String::new(), by_hand),
            )
        }
    };
    let means = models::means(measure, model.name, language);
    let command = command + &means.map_or(String::new(), |means| format!("  # {means}"));
    Column {
        model,
        language,
        command,
        samples: match can {
            Ok(()) => Samples::Taken(Vec::new()),
            Err(why) => Samples::None(why.to_owned()),
        },
    }
}
