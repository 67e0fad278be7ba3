//! Median and spread of what was measured several times.

/// The middle, the quartiles and both ends of a number of measurements.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// The smallest.
    pub low: f64,
    /// A quarter of them lie below.
    pub lower: f64,
    /// The middle one, or the mean of the two in the middle.
    pub median: f64,
    /// A quarter of them lie above.
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
        // Between two measurements a quantile lies on the straight line from one to the other.
        let quantile = |part: f64| {
            let at = part * (values.len() - 1) as f64;
            let (below, above) = (values[at.floor() as usize], values[at.ceil() as usize]);
            below + (above - below) * at.fract()
        };
        Some(Self {
            low: quantile(0.0),
            lower: quantile(0.25),
            median: quantile(0.5),
            upper: quantile(0.75),
            high: quantile(1.0),
        })
    }

    /// The median, the least and the greatest in brackets, in the unit.
    pub fn show(self, (unit, factor): Unit) -> String {
        let [low, median, high] = [self.low, self.median, self.high].map(|v| digits(v * factor));
        format!("{median} {unit} [{low}–{high}]")
    }

    /// The spread of the ratios a/b, round by round, so that what slows both in a round cancels out.
    pub fn of_ratios(a: &[f64], b: &[f64]) -> Option<Self> {
        Self::of(a.iter().zip(b).map(|(a, b)| a / b))
    }
}

/// A unit and how many of it make one second, or one byte.
pub type Unit = (&'static str, f64);

/// The unit in which a time of about `seconds` is best read.
pub fn unit_of_time(seconds: f64) -> Unit {
    match seconds {
        s if s >= 1.0 => ("s", 1.0),
        s if s >= 1e-3 => ("ms", 1e3),
        s if s >= 1e-6 => ("µs", 1e6),
        _ => ("ns", 1e9),
    }
}

/// Kibibytes, for what is counted in bytes.
pub const KIB: Unit = ("KiB", 1.0 / 1024.0);

/// A time with its unit: three digits.
pub fn time(seconds: f64) -> String {
    let (unit, factor) = unit_of_time(seconds);
    format!("{} {unit}", digits(seconds * factor))
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
    fn quantiles_lie_on_the_line_between_their_neighbours() {
        let spread = Spread::of([4.0, 1.0, 2.0, 9.0]).expect("four values");
        assert_eq!((spread.low, spread.median, spread.high), (1.0, 3.0, 9.0));
        let spread = Spread::of([5.0, 1.0, 3.0, 4.0, 2.0]).expect("five values");
        assert_eq!((spread.lower, spread.median, spread.upper), (2.0, 3.0, 4.0));
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
