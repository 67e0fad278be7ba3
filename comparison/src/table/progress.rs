//! How far it has come: a bar with the step's name and the time left on a terminal, plain lines elsewhere.

use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// The progress over a number of steps.
pub struct Progress {
    bar: Option<ProgressBar>,
    steps: usize,
}

/// Parts of a step, for the bar to move within it.
const PARTS: usize = 100;

impl Progress {
    /// Nothing is done yet.
    pub fn new(steps: usize) -> Self {
        let bar = io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new((steps * PARTS) as u64);
            let style = ProgressStyle::with_template("{bar:30} {elapsed} {msg}")
                .expect("the template is right");
            bar.set_style(style);
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        });
        Self { bar, steps }
    }

    /// A round of a step begins; all of them may be over at `until`.
    pub fn round(&self, step: usize, name: &str, round: usize, most: usize, until: Instant) {
        let left = until.saturating_duration_since(Instant::now()).as_secs();
        let number = step + 1;
        let steps = self.steps;
        match &self.bar {
            Some(bar) => {
                bar.set_position((step * PARTS + round * PARTS / most) as u64);
                let round = round + 1;
                bar.set_message(format!("{number}/{steps} {name}, {round} (~{left} s)"));
            }
            None if round == 0 => eprintln!("{number}/{steps} {name} (~{left} s)"),
            None => {}
        }
    }

    /// All is done.
    pub fn end(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}
