//! What units say to each other: the same numbers under every model.

use anyhow::ensure;

use super::Sizes;

/// Messages that a channel holds before its sender has to wait.
pub(super) const CAPACITY: usize = 1024;

/// The numbers below `count`, `over` times over.
pub(super) fn numbers(count: u64, over: u64) -> impl Iterator<Item = u64> {
    (0..over).flat_map(move |_| 0..count)
}

/// Receives the numbers with `next`; the sum of those below `count`.
pub(super) fn received(
    (count, over): (u64, u64),
    mut next: impl FnMut() -> anyhow::Result<u64>,
) -> anyhow::Result<u64> {
    let mut sum = 0;
    for number in numbers(count, over) {
        let received = next()?;
        ensure!(received == number, "{received} came in place of {number}");
        sum += received;
    }
    Ok(sum / over)
}

/// Asks with `trip`, whose answer is the number after the one it is given; the sum of the answers.
pub(super) fn answered(
    (count, over): (u64, u64),
    mut trip: impl FnMut(u64) -> anyhow::Result<u64>,
) -> anyhow::Result<u64> {
    let mut sum = 0;
    for number in numbers(count, over) {
        let answer = trip(number)?;
        ensure!(answer == number + 1, "{answer} is no answer to {number}");
        sum += answer;
    }
    Ok(sum / over)
}

/// How many there are, and how often over.
pub(super) fn amounts(sizes: &Sizes) -> anyhow::Result<(u64, u64)> {
    Ok((sizes.at(0)?, sizes.at(1)?))
}

/// A counter's units, the steps of each, and how often each does them.
pub(super) struct Counting {
    pub(super) units: u64,
    pub(super) steps: u64,
    over: u64,
}

impl Counting {
    pub(super) fn of(sizes: &Sizes) -> anyhow::Result<Self> {
        let over = sizes.at(2)?;
        Ok(Self {
            units: sizes.at(0)?,
            steps: sizes.at(1)? * over,
            over,
        })
    }

    /// The steps of all units.
    pub(super) fn all(&self) -> u64 {
        self.units * self.steps
    }

    /// What the counter came to, once over.
    pub(super) fn counted(&self, count: u64) -> anyhow::Result<u64> {
        let all = self.all();
        ensure!(count == all, "counted {count} of {all}");
        Ok(count / self.over)
    }
}
