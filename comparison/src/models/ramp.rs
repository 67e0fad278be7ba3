//! A ramp: one unit more, and another, until the budget is used up or the system refuses.
//!
//! The budget is there so that it can never hurt the machine: so many units, so much memory and never more
//! than a quarter of what is available, so much time, and at most a quarter of the process numbers
//! that are free. What ended it is part of the result.

use std::fs;
use std::io;
use std::time::{Duration, Instant};

use super::Sizes;
use super::meter::amount;
use crate::measures::Sample;

mod limits; // which of the system's limits it was

const MIB: u64 = 1024 * 1024;

/// Whether each unit takes one of the system's process numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Places {
    /// Processes and threads do.
    Taken,
    /// Tasks do not.
    #[allow(dead_code)] // named by the models that have such
    NotTaken,
}

/// How far it has come.
pub(super) struct Ramp {
    units: u64,
    /// Bytes in use before the first.
    before: u64,
    /// When memory is looked at next: that costs more than most units do.
    look_at: u64,
    most: Limit,
    most_bytes: Limit,
    /// What must stay available to the machine.
    floor: u64,
    until: Instant,
    limit: Duration,
    stopped_by: Option<String>,
}

/// A figure, and what to say when it is reached.
struct Limit {
    value: u64,
    text: String,
}

impl Ramp {
    /// Nothing is started yet, and `before` bytes are in use.
    ///
    /// # Errors
    ///
    /// When sizes are missing.
    pub(super) fn begin(sizes: &Sizes, places: Places, before: u64) -> anyhow::Result<Self> {
        let (units, mib) = (sizes.at(0)?, sizes.at(1)?);
        let limit = Duration::from_millis(sizes.at(2)?);
        let mut most = Limit {
            value: units,
            text: format!("预算: {units} 个 · budget: {units} units"),
        };
        let free = limits::free_places().filter(|_| places == Places::Taken);
        if let Some(quarter) = free.map(|free| free / 4).filter(|&value| value < units) {
            most = Limit {
                value: quarter,
                text: "预算: 空闲进程号的四分之一 · budget: a quarter of the free process numbers"
                    .to_owned(),
            };
        }
        let mut most_bytes = Limit {
            value: mib * MIB,
            text: format!("预算: {mib} MiB · budget: {mib} MiB"),
        };
        let available = available();
        if let Some(quarter) = available
            .map(|bytes| bytes / 4)
            .filter(|&quarter| quarter < most_bytes.value)
        {
            most_bytes = Limit {
                value: quarter,
                text: "预算: 可用内存的四分之一 · budget: a quarter of the memory available"
                    .to_owned(),
            };
        }
        Ok(Self {
            units: 0,
            before,
            look_at: FIRST_LOOK,
            most,
            most_bytes,
            floor: available.map_or(0, |bytes| bytes / 4 * 3),
            until: Instant::now() + limit,
            limit,
            stopped_by: None,
        })
    }

    /// Whether one more may be started. `memory` tells the bytes in use now.
    ///
    /// # Errors
    ///
    /// When `memory` does not tell.
    pub(super) fn has_room(
        &mut self,
        memory: impl FnOnce() -> anyhow::Result<u64>,
    ) -> anyhow::Result<bool> {
        if self.stopped_by.is_none() {
            self.stopped_by = self.reached(memory)?;
        }
        Ok(self.stopped_by.is_none())
    }

    fn reached(
        &mut self,
        memory: impl FnOnce() -> anyhow::Result<u64>,
    ) -> anyhow::Result<Option<String>> {
        if self.units >= self.most.value {
            return Ok(Some(self.most.text.clone()));
        }
        if Instant::now() >= self.until {
            let limit = self.limit.as_millis();
            return Ok(Some(format!("时间: {limit} ms · time: {limit} ms")));
        }
        if self.units < self.look_at {
            return Ok(None);
        }
        let used = match memory() {
            Ok(used) => used.saturating_sub(self.before),
            Err(error) => match error.downcast_ref() {
                Some(error) if limits::is_of_descriptors(error) => {
                    return Ok(Some(limits::behind(error)));
                }
                _ => return Err(error),
            },
        };
        let left = self.most_bytes.value.saturating_sub(used);
        if left == 0 {
            return Ok(Some(self.most_bytes.text.clone()));
        }
        if available().is_some_and(|bytes| bytes < self.floor) {
            let text = "内存只剩原来的四分之三 · three quarters of the memory are left";
            return Ok(Some(text.to_owned()));
        }
        // Not so many more that, as they are, they would pass the budget.
        let each = (used / self.units).max(1);
        self.look_at = self.units + (left / each).clamp(1, (self.units / 4).max(FIRST_LOOK));
        Ok(None)
    }

    /// One more is alive.
    pub(super) fn started(&mut self) {
        self.units += 1;
    }

    /// The system refused one more: that ends the ramp.
    pub(super) fn refused(&mut self, error: &io::Error) {
        self.stopped_by = Some(limits::behind(error));
    }

    /// How many were started, and what ended it.
    pub(super) fn sample(self) -> Sample {
        Sample {
            stopped_by: self.stopped_by,
            ..amount(self.units as f64, 1)
        }
    }
}

/// So many units are started before memory is looked at.
const FIRST_LOOK: u64 = 16;

/// Bytes that programs may still have before the machine swaps.
fn available() -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A ramp whose units take so many bytes each: how many, what ended it, the looks at memory.
    fn climb(sizes: &[u64], each: u64) -> (u64, String, u64) {
        let sizes = Sizes(sizes.to_vec());
        let mut ramp = Ramp::begin(&sizes, Places::NotTaken, 1000).expect("three sizes");
        let (mut units, mut looks) = (0, 0);
        let more = |ramp: &mut Ramp, units, looks: &mut u64| {
            let memory = || {
                *looks += 1;
                Ok(1000 + units * each)
            };
            ramp.has_room(memory).expect("it is told")
        };
        while more(&mut ramp, units, &mut looks) {
            units += 1;
            ramp.started();
        }
        assert_eq!(ramp.units, units);
        (units, ramp.stopped_by.expect("it has ended"), looks)
    }

    const LONG: u64 = 600_000;

    #[test]
    fn so_many_units_and_no_more() {
        let (units, why, _) = climb(&[100, 512, LONG], 1);
        assert_eq!(units, 100);
        assert_eq!(why, "预算: 100 个 · budget: 100 units");
        assert_eq!(climb(&[0, 512, LONG], 1).0, 0);
    }

    #[test]
    fn the_memory_is_never_passed_by_more_than_a_unit() {
        for each in [3 * MIB, MIB / 100, 1000] {
            let (units, why, looks) = climb(&[u64::MAX, 8, LONG], each);
            let first = FIRST_LOOK * each;
            assert!(
                units * each <= (8 * MIB).max(first) + each,
                "{units} × {each}"
            );
            assert!(units * each >= 8 * MIB);
            assert_eq!(why, "预算: 8 MiB · budget: 8 MiB");
            assert!(looks < 100, "{looks} looks");
        }
    }

    #[test]
    fn the_time_is_kept() {
        let (units, why, _) = climb(&[u64::MAX, 512, 0], 1);
        assert_eq!((units, why.as_str()), (0, "时间: 0 ms · time: 0 ms"));
    }

    #[test]
    fn what_the_system_says_ends_it() {
        let mut ramp =
            Ramp::begin(&Sizes(vec![9, 9, LONG]), Places::Taken, 0).expect("three sizes");
        ramp.started();
        ramp.refused(&io::Error::other("no more of these"));
        assert!(!ramp.has_room(|| Ok(0)).expect("it is told"));
        let sample = ramp.sample();
        assert_eq!(sample.value, 1.0);
        assert_eq!(sample.stopped_by.as_deref(), Some("no more of these"));
    }

    #[cfg(unix)]
    #[test]
    fn no_descriptor_to_look_at_memory_with_is_an_end_too() {
        let sizes = Sizes(vec![99, 99, LONG]);
        let mut ramp = Ramp::begin(&sizes, Places::NotTaken, 0).expect("three sizes");
        (0..FIRST_LOOK).for_each(|_| ramp.started());
        let full =
            || Err(anyhow::Error::new(io::Error::from_raw_os_error(24)).context("no figure"));
        assert!(!ramp.has_room(full).expect("that is no failure"));
        let why = ramp.sample().stopped_by.unwrap_or_default();
        assert!(why.starts_with("RLIMIT_NOFILE = "), "{why}");
    }
}
