//! From samples to cells: what was measured, and what may be claimed of it.

use crate::measures::{Measure, Sample};
use crate::models::Model;
use crate::report::{
    Cell, Counts, Figures, Language, MeasureReport, Outcome, Ratio, Twin, Verdict, figures,
};
use crate::rows::{Line, MODELS};
use crate::stats::{Spread, digits, time};

use super::interval::Interval;

/// Two measurements of the same must not differ by more for a ratio to be worth showing.
pub const TRUSTED: std::ops::RangeInclusive<f64> = 0.8..=1.25;

/// Nor may it be known less well than within this factor.
const BLURRED: f64 = 2.0;

/// The least share of a core that the sequential job must have had.
pub const UNDISTURBED: f64 = 0.9;

/// The greatest share of the machine that others may have used meanwhile.
const QUIET: f64 = 0.15;

/// What is better by less than this is as good.
const AS_GOOD: f64 = 1.05;

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
    fn samples(&self) -> Option<&[Sample]> {
        match &self.samples {
            Samples::Taken(samples) => Some(samples),
            _ => None,
        }
    }

    fn values(&self) -> Option<Vec<f64>> {
        Some(values(self.samples()?))
    }

    fn is_base(&self) -> bool {
        self.model.name == crate::models::ALL[0].name
    }
}

fn values(samples: &[Sample]) -> Vec<f64> {
    samples.iter().map(|sample| sample.value).collect()
}

fn median(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    Spread::of(values).map(|spread| spread.median)
}

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

    /// Why a figure of this column, measured here and now, would claim too much.
    fn unfit(&self, column: &Column) -> Option<String> {
        if !self.measure.is_timed() {
            return None;
        }
        if let Some(others) = self.others.filter(|others| *others > QUIET * self.cores) {
            let (others, cores) = (digits(others), digits(self.cores));
            return Some(format!(
                "机器繁忙 · busy: 其他程序 · others {others} / {cores} cores"
            ));
        }
        let of_language = |twin: &&(usize, _)| self.columns[twin.0].language == column.language;
        if let Some((index, again)) = self.twins.iter().find(of_language)
            && let Some(first) = self.columns[*index].values()
            && let Some(noise) = Interval::of_ratios(&first, &values(again))
            && (!TRUSTED.contains(&noise.value) || noise.high / noise.value > BLURRED)
        {
            let [low, high] = [noise.low, noise.high].map(digits);
            return Some(format!("噪声 · noise: A/A {low}–{high}"));
        }
        if self.measure != Measure::CpuJob {
            return None;
        }
        let base = self.base(column)?;
        let share = |sample: &Sample| Some(sample.cpu? / sample.wall?);
        let had = median(base.iter().filter_map(share))?;
        if had < UNDISTURBED {
            let percent = digits(had * 100.0);
            return Some(format!("机器繁忙 · busy: {percent} % of a core"));
        }
        // The same work needs the same CPU time, or more: less means that it ran on a faster core.
        let cpu = |samples: &[Sample]| median(samples.iter().filter_map(|sample| sample.cpu));
        let (ours, base) = (cpu(column.samples()?)?, cpu(base)?);
        (ours / base < *TRUSTED.start()).then(|| {
            let (ours, base) = (time(ours), time(base));
            format!("CPU 时间不符 · CPU time {ours}, {base} sequentially")
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
