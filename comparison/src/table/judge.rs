//! From samples to cells: what was measured, and what may be claimed of it.

use crate::measures::{Measure, Sample};
use crate::report::{
    Cell, Counts, Figures, Language, MeasureReport, Outcome, Ratio, Twin, Verdict, figures,
};
use crate::rows::{Line, MODELS};
use crate::stats::Spread;

use super::interval::Interval;

mod fit; //   whether the machine was fit for a claim
mod taken; // what came of a measure
#[cfg(test)]
mod tests;

pub use fit::{TRUSTED, UNDISTURBED};
pub use taken::{Column, Samples, Taken};

use taken::{median, values};

/// What is better by less than this is as good.
const AS_GOOD: f64 = 1.05;

impl Taken {
    /// The report of a line that shows this measure.
    pub fn report(
        &self,
        line: &Line,
        what: crate::report::Label,
        marks_best: bool,
    ) -> MeasureReport {
        let wrong = self.wrong_answer();
        let unit = self.measure.unit();
        let cell = |column: &Column| Cell {
            model: column.model.name.to_owned(),
            language: column.language,
            outcome: self.outcome(column, wrong.as_deref()),
            speed_up: self.speed_up(column).filter(|_| wrong.is_none()),
            ratio: self.to_cpython(column).filter(|_| wrong.is_none()),
            best: false,
            text: Vec::new(),
        };
        let mut cells: Vec<Cell> = self.columns.iter().map(cell).collect();
        if marks_best {
            let best: Vec<bool> = cells
                .iter()
                .map(|cell| self.is_best(cell, &cells))
                .collect();
            for (cell, best) in cells.iter_mut().zip(best) {
                cell.best = best;
            }
        }
        for cell in &mut cells {
            cell.text = figures::cell(cell, unit, line.shows_speed_up);
        }
        MeasureReport {
            id: line.id.to_owned(),
            label: crate::report::Label::new(line.zh, line.en),
            what,
            unit: unit.to_owned(),
            more_is_better: self.measure.more_is_better(),
            shows_speed_up: line.shows_speed_up,
            rounds: self.rounds,
            twins: self
                .twins
                .iter()
                .filter_map(|twin| self.twin(twin))
                .collect(),
            others: self.others,
            cells,
        }
    }

    /// What to say if not all came to the same.
    fn wrong_answer(&self) -> Option<String> {
        let answers = |column: &Column| {
            let answers = column.samples().unwrap_or_default().iter();
            let name = format!("{} {}", column.language.label(), column.model.name);
            answers
                .map(move |sample| (name.clone(), sample.answer))
                .collect::<Vec<_>>()
        };
        let all: Vec<_> = self.columns.iter().flat_map(answers).collect();
        let (first, right) = all.first()?;
        let (name, answer) = all.iter().find(|(_, answer)| answer != right)?;
        Some(format!(
            "结果不一致 · wrong answer: {name} {answer}, {first} {right}"
        ))
    }

    fn outcome(&self, column: &Column, wrong: Option<&str>) -> Outcome {
        let samples = match &column.samples {
            Samples::None(why) => return Outcome::None { why: why.clone() },
            Samples::Failed(reason) => {
                return Outcome::Failed {
                    reason: reason.clone(),
                };
            }
            Samples::Taken(samples) => samples,
        };
        if let Some(reason) = wrong {
            let reason = reason.to_owned();
            return Outcome::Failed { reason };
        }
        let Some(figures) = self.figures(column, samples) else {
            let reason = "不是数字 · not a number".to_owned();
            return Outcome::Failed { reason };
        };
        match self.unfit(column) {
            Some(reason) => Outcome::NotConclusive { reason, figures },
            None => Outcome::Measured { figures },
        }
    }

    fn figures(&self, column: &Column, samples: &[Sample]) -> Option<Figures> {
        let values = values(samples);
        let spread = Spread::of(values.iter().copied())?;
        let of = |take: fn(&Sample) -> Option<f64>| median(samples.iter().filter_map(take));
        let mut counts = Counts {
            wall: of(|sample| sample.wall),
            cpu: of(|sample| sample.cpu),
            voluntary: of(|sample| sample.voluntary.map(|count| count as f64)),
            involuntary: of(|sample| sample.involuntary.map(|count| count as f64)),
            text: String::new(),
        };
        counts.text = figures::counts(&counts);
        let (low, median, high) = (spread.low, spread.median, spread.high);
        Some(Figures {
            repetitions: values.len(),
            values,
            median,
            low,
            high,
            command: column.command.clone(),
            counts,
            stopped_by: samples.last()?.stopped_by.clone(),
            text: figures::spread(median, low, high, self.measure.unit()),
        })
    }

    fn base(&self, column: &Column) -> Option<&[Sample]> {
        let mut columns = self.columns.iter();
        let base = columns.find(|base| base.is_base() && base.language == column.language);
        base?.samples()
    }

    fn speed_up(&self, column: &Column) -> Option<Ratio> {
        let (values, base) = (column.values()?, values(self.base(column)?));
        if column.is_base() {
            return None;
        }
        let one_core = self.measure == Measure::CpuJob && self.cores < 2.0;
        let one_core = one_core.then(|| "只有一个核 · one core".to_owned());
        let reason = one_core.or_else(|| self.unfit(column));
        self.ratio(&values, &base, reason)
    }

    fn to_cpython(&self, column: &Column) -> Option<Ratio> {
        // Where its budget ends a ramp, how many times as many there were says nothing.
        if self.measure == Measure::Greatest {
            return None;
        }
        let same = |other: &&Column| {
            other.model.name == column.model.name && other.language == Language::Cpython
        };
        let other = self.columns.iter().find(same)?;
        if column.language == Language::Cpython {
            return None;
        }
        let reason = self.unfit(column).or_else(|| self.unfit(other));
        self.ratio(&column.values()?, &other.values()?, reason)
    }

    fn twin(&self, (index, again): &(usize, Vec<Sample>)) -> Option<Twin> {
        let column = &self.columns[*index];
        Some(Twin {
            model: column.model.name.to_owned(),
            language: column.language,
            ratio: self.ratio(&column.values()?, &values(again), None)?,
        })
    }

    /// How many times as good `values` are as `base`.
    fn ratio(&self, values: &[f64], base: &[f64], reason: Option<String>) -> Option<Ratio> {
        let interval = match self.measure.more_is_better() {
            true => Interval::of_ratios(values, base)?,
            false => Interval::of_ratios(base, values)?,
        };
        let Interval { low, value, high } = interval;
        let verdict = match &reason {
            Some(_) => Verdict::NotConclusive,
            None if interval.holds_one() => Verdict::NoDifference,
            None if value > 1.0 => Verdict::Better,
            None => Verdict::Worse,
        };
        let text = figures::ratio(value, low, high, verdict);
        Some(Ratio {
            value,
            low,
            high,
            verdict,
            reason,
            text,
        })
    }

    /// Whether it can be claimed of none of the document's models that it is better than this one.
    fn is_best(&self, cell: &Cell, cells: &[Cell]) -> bool {
        let rivals = |cell: &Cell| MODELS.contains(&cell.model.as_str());
        let measured = |cell: &Cell| matches!(cell.outcome, Outcome::Measured { .. });
        let Some(mine) = cell
            .outcome
            .figures()
            .filter(|_| rivals(cell) && measured(cell))
        else {
            return false;
        };
        let others = cells
            .iter()
            .filter(|other| other.language == cell.language && rivals(other));
        others
            .filter(|other| measured(other) && other.model != cell.model)
            .all(|other| {
                let theirs = other.outcome.figures();
                let ratio =
                    theirs.and_then(|theirs| self.ratio(&theirs.values, &mine.values, None));
                ratio.is_none_or(|ratio| ratio.low < AS_GOOD)
            })
    }
}
