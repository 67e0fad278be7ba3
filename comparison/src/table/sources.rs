//! Where samples come from: this executable, or Python, as a process of its own for each cell.

use std::cell::Cell;
use std::io;
use std::process::Command;
use std::time::Duration;

use crate::child::{Session, Silence};
use crate::measures::{Measure, Sample};

use super::rounds::Source;

/// After so many samples a process makes way for a new one, since no two are quite alike: where their memory lies
/// makes a difference.
const SAMPLES_EACH: usize = 2;

/// So often may a language hang before it is no longer asked.
const PATIENCE: u32 = 2;

/// What all cells of a language share: how often one of them has hung.
#[derive(Default)]
pub struct Hung(Cell<u32>);

/// A process that measures.
pub struct Child<'a> {
    command: Box<dyn Fn() -> io::Result<Command> + 'a>,
    samples_each: usize,
    deadline: Duration,
    hung: &'a Hung,
    session: Option<Session>,
    taken: usize,
}

impl<'a> Child<'a> {
    /// None is started before the first sample.
    pub fn new(
        measure: Measure,
        deadline: Duration,
        hung: &'a Hung,
        command: impl Fn() -> io::Result<Command> + 'a,
    ) -> Self {
        Self {
            command: Box::new(command),
            samples_each: if measure.is_fresh() { 1 } else { SAMPLES_EACH },
            deadline,
            hung,
            session: None,
            taken: 0,
        }
    }
}

impl Source for Child<'_> {
    fn sample(&mut self) -> Result<Sample, String> {
        let result = self.ask();
        self.taken += 1;
        // Fresh ones are not kept: what they leave behind is no company for the others.
        if result.is_err() || self.taken.is_multiple_of(self.samples_each) {
            self.session = None;
        }
        result
    }
}

impl Child<'_> {
    fn ask(&mut self) -> Result<Sample, String> {
        if self.hung.0.get() >= PATIENCE {
            return Err("不再尝试 · not tried: 已挂起多次 · others hung before".to_owned());
        }
        let session = match &mut self.session {
            Some(session) => session,
            None => {
                let started = (self.command)().and_then(Session::start);
                let session = started.map_err(|error| format!("cannot start: {error}"))?;
                self.session.insert(session)
            }
        };
        let line = session.line(self.deadline).map_err(|silence| {
            if matches!(silence, Silence::TimedOut(_)) {
                self.hung.0.set(self.hung.0.get() + 1);
            }
            silence.to_string()
        })?;
        let sample: Sample =
            serde_json::from_str(&line).map_err(|error| format!("not a measurement: {error}"))?;
        if !sample.value.is_finite() || sample.value < 0.0 {
            return Err(format!("not a measurement: {}", sample.value));
        }
        Ok(sample)
    }
}
