//! One thing after the other: what every model is held against.

use std::thread::sleep;

use super::{Model, OVER, Row, Sample, TASKS, WAIT, WAITS, sum_of_squares, timed};

pub(super) const MODEL: Model = Model {
    name: "sequential",
    label: "顺序 · sequential",
    measure: |row| match row {
        Row::CpuBound => Some(cpu_bound),
        Row::IoBound => Some(io_bound),
        Row::Creation | Row::Memory => None, // nothing is created
    },
};

fn cpu_bound() -> anyhow::Result<Sample> {
    timed(1, OVER, || Ok((0..TASKS).map(|_| sum_of_squares()).sum()))
}

fn io_bound() -> anyhow::Result<Sample> {
    timed(1, 1, || {
        (0..WAITS).for_each(|_| sleep(WAIT));
        Ok(WAITS)
    })
}
