//! A ratio and how well it is known: paired by round, on the logarithmic scale.
//!
//! The logarithms of the ratios of the rounds are held against Student's t. Their errors are symmetric when
//! nothing differs, whichever side is slowed by chance; with heavy tails the interval is wider than it need be,
//! so that a difference is claimed too seldom rather than too often. A sign test cannot reach 1 % with seven rounds.

/// The level at which a difference is claimed: by chance alone in one of a hundred.
pub const LEVEL: f64 = 0.01;

/// A ratio with its interval of confidence at the level of `LEVEL`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The geometric mean.
    pub value: f64,
    /// The upper end.
    pub high: f64,
}

impl Interval {
    /// Of a/b, round by round. `None` with fewer than two rounds, or where one of them is no positive number.
    pub fn of_ratios(a: &[f64], b: &[f64]) -> Option<Self> {
        let logs: Vec<f64> = a.iter().zip(b).map(|(a, b)| (a / b).ln()).collect();
        let count = logs.len() as f64;
        if logs.len() < 2 || logs.iter().any(|log| !log.is_finite()) {
            return None;
        }
        let mean = logs.iter().sum::<f64>() / count;
        let square = |log: &f64| (log - mean) * (log - mean);
        let variance = logs.iter().map(square).sum::<f64>() / (count - 1.0);
        let reach = t(logs.len() - 1) * (variance / count).sqrt();
        Some(Self {
            low: (mean - reach).exp(),
            value: mean.exp(),
            high: (mean + reach).exp(),
        })
    }

    /// Whether 1 is in it: no difference can be claimed.
    pub fn holds_one(&self) -> bool {
        self.low <= 1.0 && 1.0 <= self.high
    }
}

/// The quantile 0.995 of Student's t, from the tables; beyond them by the expansion about the normal one.
fn t(freedom: usize) -> f64 {
    const TABLE: [f64; 30] = [
        63.657, 9.925, 5.841, 4.604, 4.032, 3.707, 3.499, 3.355, 3.250, 3.169, 3.106, 3.055, 3.012,
        2.977, 2.947, 2.921, 2.898, 2.878, 2.861, 2.845, 2.831, 2.819, 2.807, 2.797, 2.787, 2.779,
        2.771, 2.763, 2.756, 2.750,
    ];
    match freedom.checked_sub(1).and_then(|index| TABLE.get(index)) {
        Some(t) => *t,
        None => {
            let (z, freedom) = (2.575_829_f64, freedom as f64);
            z + (z.powi(3) + z) / (4.0 * freedom)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A generator that gives the same numbers in every run (xorshift64*), uniform in 0..1.
    fn uniform(state: &mut u64) -> f64 {
        *state ^= *state >> 12;
        *state ^= *state << 25;
        *state ^= *state >> 27;
        (state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11) as f64 / (1u64 << 53) as f64
    }

    /// How many of a thousand A/A comparisons say that there is no difference.
    fn no_difference(rounds: usize, mut noise: impl FnMut(&mut u64) -> f64) -> usize {
        let mut state = 0x9e37_79b9_7f4a_7c15;
        let mut same = 0;
        for _ in 0..1000 {
            let mut take = || (0..rounds).map(|_| noise(&mut state)).collect::<Vec<_>>();
            let (a, b) = (take(), take());
            let interval = Interval::of_ratios(&a, &b).expect("positive numbers");
            same += usize::from(interval.holds_one());
        }
        same
    }

    #[test]
    fn a_against_a_is_no_difference_whatever_the_noise() {
        for rounds in [3, 5, 9, 40] {
            let even = no_difference(rounds, |state| 1.0 + 0.1 * uniform(state));
            // A time is seldom shorter than it need be, and now and then very much longer: Pareto.
            let heavy = no_difference(rounds, |state| (1.0 - uniform(state)).powf(-1.0 / 1.1));
            // An interruption in one of twenty.
            let bursts = no_difference(rounds, |state| {
                let hit = uniform(state) < 0.05;
                1.0 + 0.01 * uniform(state) + if hit { 5.0 } else { 0.0 }
            });
            for (name, same) in [("even", even), ("heavy", heavy), ("bursts", bursts)] {
                assert!(same >= 975, "{name}, {rounds} rounds: {same} of 1000");
            }
        }
    }

    #[test]
    fn a_difference_that_is_there_is_found() {
        let mut state = 7;
        let mut take = |mean: f64| {
            let noisy = |_| mean * (1.0 + 0.05 * uniform(&mut state));
            (0..5).map(noisy).collect::<Vec<_>>()
        };
        let (a, b) = (take(1.5), take(1.0));
        let interval = Interval::of_ratios(&a, &b).expect("positive numbers");
        assert!(interval.low > 1.3 && interval.high < 1.7, "{interval:?}");
    }

    #[test]
    fn what_slows_a_round_slows_both() {
        let interval = Interval::of_ratios(&[2.0, 6.0, 40.0], &[1.0, 3.0, 20.0]);
        let interval = interval.expect("positive numbers");
        assert!((interval.low - 2.0).abs() < 1e-9 && (interval.high - 2.0).abs() < 1e-9);
    }

    #[test]
    fn one_round_and_what_is_no_number_tell_nothing() {
        assert_eq!(Interval::of_ratios(&[1.0], &[1.0]), None);
        assert_eq!(Interval::of_ratios(&[1.0, 0.0], &[1.0, 1.0]), None);
        assert_eq!(Interval::of_ratios(&[1.0, f64::NAN], &[1.0, 1.0]), None);
    }

    #[test]
    fn the_table_goes_over_into_the_expansion() {
        assert!(t(30) > t(31) && t(31) > 2.73, "{}", t(31));
        assert!((t(1_000_000) - 2.5758).abs() < 1e-3);
    }
}
