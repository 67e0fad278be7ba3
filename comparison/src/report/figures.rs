//! Every figure as text. Nothing else writes one, so that all outputs show the same.

use super::cell::{Cell, Counts, Figures, Outcome, Ratio, Verdict};
use crate::stats::{digits, time};

/// What stands where nothing may be claimed.
pub const NOT_CONCLUSIVE: &str = "无定论 · not conclusive";

/// A number in a measure's unit: `12.3 µs`, `4.20 KiB`, `31.5 k/s`, `10,000`.
pub fn value(value: f64, unit: &str) -> String {
    match unit {
        "s" => time(value),
        "B" => scaled(
            value,
            &[(1024.0 * 1024.0, " MiB"), (1024.0, " KiB"), (1.0, " B")],
        ),
        "1/s" => scaled(value, &[(1e6, " M/s"), (1e3, " k/s"), (1.0, " /s")]),
        _ => count(value),
    }
}

/// Median, least and greatest: `12.3 µs [11.9–12.8]`, or with units of their own where they span decades.
pub fn spread(median: f64, low: f64, high: f64, unit: &str) -> String {
    let [low, high] = [low, high].map(|end| value(end, unit));
    let median = value(median, unit);
    let suffix = |text: &str| text.find(' ').map(|at| text[at..].to_owned());
    if suffix(&low) == suffix(&median) && suffix(&high) == suffix(&median) {
        let number = |text: &str| text.split(' ').next().unwrap_or_default().to_owned();
        return format!("{median} [{}–{}]", number(&low), number(&high));
    }
    format!("{median} [{low}–{high}]")
}

/// A ratio and its interval, and what may be claimed of it.
pub fn ratio(value: f64, low: f64, high: f64, verdict: Verdict) -> String {
    let [value, low, high] = [value, low, high].map(factor);
    match verdict {
        Verdict::Better | Verdict::Worse => format!("{value}× [{low}–{high}]"),
        Verdict::NoDifference => format!("{value}× [{low}–{high}] ≈"),
        Verdict::NotConclusive => NOT_CONCLUSIVE.to_owned(),
    }
}

/// What a measurement cost: `CPU 1.02 s / 0.51 s, ⇄ 12+5` (CPU time, time passed, context switches because
/// it had to wait and because others' turn had come).
pub fn counts(counts: &Counts) -> String {
    let mut parts = Vec::new();
    if let Some(cpu) = counts.cpu {
        let passed = counts.wall.map(|wall| format!(" / {}", time(wall)));
        parts.push(format!("CPU {}{}", time(cpu), passed.unwrap_or_default()));
    }
    if let (Some(voluntary), Some(involuntary)) = (counts.voluntary, counts.involuntary) {
        parts.push(format!("⇄ {}+{}", count(voluntary), count(involuntary)));
    }
    parts.join(", ")
}

/// What a table shows for a cell.
pub fn cell(cell: &Cell, unit: &str, shows_speed_up: bool) -> Vec<String> {
    match &cell.outcome {
        Outcome::Measured { figures } => {
            let mark = if cell.best { " ★" } else { "" };
            match (&cell.speed_up, shows_speed_up) {
                (Some(speed_up), true) => {
                    let text = short(speed_up);
                    let mut lines = vec![format!("{text}{mark}")];
                    lines.push(
                        figures
                            .counts
                            .text
                            .split(',')
                            .next()
                            .unwrap_or_default()
                            .to_owned(),
                    );
                    lines
                }
                _ => {
                    let mut lines = vec![format!("{}{mark}", value(figures.median, unit))];
                    lines.extend(figures.stopped_by.clone());
                    lines
                }
            }
        }
        Outcome::NotConclusive { figures, .. } => {
            let mut lines = vec![NOT_CONCLUSIVE.to_owned()];
            lines.push(figures.counts.text.clone());
            lines.retain(|line| !line.is_empty());
            lines
        }
        Outcome::Failed { reason } => vec![format!("失败 · failed: {reason}")],
        Outcome::None { why } => vec![format!("— {why}")],
    }
}

/// Without the interval, where it is beside.
pub fn short(ratio: &Ratio) -> String {
    match ratio.verdict {
        Verdict::NotConclusive => NOT_CONCLUSIVE.to_owned(),
        _ => format!("{}×", factor(ratio.value)),
    }
}

/// Where a cell's figures come from: repetitions, median, spread, counts, command.
pub fn provenance(figures: &Figures) -> String {
    let (text, counts, command) = (&figures.text, &figures.counts.text, &figures.command);
    let mut parts = vec![format!("{text} ({}×)", figures.repetitions)];
    parts.extend(Some(counts.clone()).filter(|counts| !counts.is_empty()));
    parts.push(command.clone());
    parts.join("; ")
}

/// A number of things, in groups of three digits.
pub fn count(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn factor(value: f64) -> String {
    match value {
        v if v >= 999.5 => count(v),
        v if v < 0.095 => format!("{v:.3}"),
        v => digits(v),
    }
}

fn scaled(value: f64, units: &[(f64, &str)]) -> String {
    let last = units.len() - 1;
    let found = units.iter().position(|(size, _)| value >= *size);
    let (size, unit) = units[found.unwrap_or(last)];
    format!("{}{unit}", digits(value / size))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_unit_is_written_in_its_way() {
        assert_eq!(value(12.3e-6, "s"), "12.3 µs");
        assert_eq!(value(4301.0, "B"), "4.20 KiB");
        assert_eq!(value(31_480.0, "1/s"), "31.5 k/s");
        assert_eq!(value(19.8, "1/s"), "19.8 /s");
        assert_eq!(value(100_000.0, "units"), "100,000");
        assert_eq!(value(999.0, "units"), "999");
    }

    #[test]
    fn a_spread_has_one_unit_where_it_can() {
        assert_eq!(
            spread(12.3e-6, 11.9e-6, 12.8e-6, "s"),
            "12.3 µs [11.9–12.8]"
        );
        assert_eq!(spread(0.9e-3, 0.8e-3, 1.2, "s"), "900 µs [800 µs–1.20 s]");
        assert_eq!(spread(1000.0, 999.0, 2000.0, "units"), "1,000 [999–2,000]");
    }

    #[test]
    fn a_ratio_says_what_may_be_claimed() {
        assert_eq!(ratio(3.671, 3.5, 3.8, Verdict::Better), "3.67× [3.50–3.80]");
        assert_eq!(
            ratio(1.0, 0.9, 1.1, Verdict::NoDifference),
            "1.00× [0.90–1.10] ≈"
        );
        assert_eq!(
            ratio(9.0, 0.1, 99.0, Verdict::NotConclusive),
            NOT_CONCLUSIVE
        );
        assert_eq!(
            ratio(1600.4, 1500.0, 1700.0, Verdict::Better),
            "1,600× [1,500–1,700]"
        );
        assert_eq!(
            ratio(0.02, 0.01, 0.03, Verdict::Worse),
            "0.020× [0.010–0.030]"
        );
    }
}
