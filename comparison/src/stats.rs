//! Median and spread of what was measured several times.

/// The middle of a number of measurements, how well it is known, and both ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// The smallest.
    pub low: f64,
    /// The median is not below this, nor above `upper`, with a confidence of 95 %.
    pub lower: f64,
    /// The middle one, or the mean of the two in the middle.
    pub median: f64,
    /// See `lower`.
    pub upper: f64,
    /// The greatest.
    pub high: f64,
}

impl Spread {
    /// The spread of `values`; `None` when there are none, or one is not a number.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.into_iter().collect();
        if values.is_empty() || values.iter().any(|value| value.is_nan()) {
            return None;
        }
        values.sort_by(f64::total_cmp);
        let (last, count) = (values.len() - 1, values.len() as f64);
        // How many of them lie below the true median is binomial, p = 1/2: its normal approximation.
        let reach = 1.96 * count.sqrt() / 2.0;
        let middle = last as f64 / 2.0;
        let (lower, upper) = ((middle - reach).max(0.0), (middle + reach).min(last as f64));
        Some(Self {
            low: values[0],
            lower: values[lower.floor() as usize],
            median: (values[last / 2] + values[last.div_ceil(2)]) / 2.0,
            upper: values[upper.ceil() as usize],
            high: values[last],
        })
    }

    /// The median, the least and the greatest in brackets, in the unit.
    pub fn show(self, (unit, factor): Unit) -> String {
        let [low, median, high] = [self.low, self.median, self.high].map(|v| digits(v * factor));
        format!("{median}{unit} [{low}–{high}]")
    }

    /// The spread of the ratios a/b, round by round, so that what slows both in a round cancels out.
    pub fn of_ratios(a: &[f64], b: &[f64]) -> Option<Self> {
        Self::of(a.iter().zip(b).map(|(a, b)| a / b))
    }
}

/// How a unit is written after a figure, and how many of it make one second, or one byte.
pub type Unit = (&'static str, f64);

/// The unit in which a time of about `seconds` is best read.
pub fn unit_of_time(seconds: f64) -> Unit {
    match seconds {
        s if s >= 1.0 => (" s", 1.0),
        s if s >= 1e-3 => (" ms", 1e3),
        s if s >= 1e-6 => (" µs", 1e6),
        _ => (" ns", 1e9),
    }
}

/// Times, for ratios.
pub const TIMES: Unit = ("×", 1.0);

/// Kibibytes, for what is counted in bytes.
pub const KIB: Unit = (" KiB", 1.0 / 1024.0);

/// A time with its unit: three digits.
pub fn time(seconds: f64) -> String {
    let (unit, factor) = unit_of_time(seconds);
    format!("{}{unit}", digits(seconds * factor))
}

/// Three significant digits, without an exponent.
pub fn digits(value: f64) -> String {
    let decimals = match value.abs() {
        v if v >= 99.95 => 0,
        v if v >= 9.995 => 1,
        _ => 2,
    };
    format!("{value:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_lies_between_the_two_in_the_middle() {
        let spread = Spread::of([4.0, 1.0, 2.0, 9.0]).expect("four values");
        assert_eq!((spread.low, spread.median, spread.high), (1.0, 3.0, 9.0));
        assert_eq!(Spread::of([7.0]).expect("one value").median, 7.0);
    }

    #[test]
    fn nothing_and_not_a_number_have_no_spread() {
        assert_eq!(Spread::of([]), None);
        assert_eq!(Spread::of([1.0, f64::NAN]), None);
        assert_eq!(Spread::of_ratios(&[0.0], &[0.0]), None);
    }

    #[test]
    fn ratios_are_taken_round_by_round() {
        // Both slow down threefold in the second round: the ratio does not move.
        let spread = Spread::of_ratios(&[2.0, 6.0], &[1.0, 3.0]).expect("two rounds");
        assert_eq!((spread.low, spread.high), (2.0, 2.0));
    }

    #[test]
    fn more_measurements_tell_the_median_better() {
        let spread = |n: u32| Spread::of((0..n).map(f64::from)).expect("some values");
        // The ranks that tables of the sign test's confidence interval give, one or two wider.
        assert_eq!((spread(5).lower, spread(5).upper), (0.0, 4.0));
        assert_eq!((spread(101).lower, spread(101).upper), (40.0, 60.0));
        assert_eq!((spread(1001).lower, spread(1001).upper), (468.0, 532.0));
    }

    #[test]
    fn a_spread_is_shown_in_one_unit() {
        let spread = Spread::of([0.9e-3, 1.5e-3, 2.25e-3]).expect("three values");
        assert_eq!(
            spread.show(unit_of_time(spread.median)),
            "1.50 ms [0.90–2.25]"
        );
        assert_eq!(
            Spread::of([2048.0]).expect("one").show(KIB),
            "2.00 KiB [2.00–2.00]"
        );
    }

    #[test]
    fn times_have_three_digits_and_a_unit() {
        assert_eq!(time(12.345), "12.3 s");
        assert_eq!(time(0.0123), "12.3 ms");
        assert_eq!(time(99.96e-6), "100 µs");
        assert_eq!(time(4.2e-9), "4.20 ns");
    }
}
