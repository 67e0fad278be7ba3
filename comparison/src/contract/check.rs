//! Holds an output against a [`Contract`]: all ways to read the lines so far, carried along.
//!
//! The same text may stand in several lanes, so a line may have several readings. Each reading says
//! how far every lane of the phase has come; a line keeps those readings in which it could be next.

use std::collections::BTreeMap;
use std::fmt;

use super::{Contract, Phase};

/// Where a line of the output stands in the contract. All three are counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The phase.
    pub phase: usize,
    /// The lane of the phase.
    pub lane: usize,
    /// The line of the lane.
    pub line: usize,
}

/// How an output breaks its contract.
#[derive(Debug, PartialEq, Eq)]
pub struct Breach {
    /// The line of the output, counted from 1; one past its end when something is missing.
    pub line: usize,
    /// What stands there, or nothing at the end.
    pub found: Option<String>,
    /// What could have stood there: lane and text.
    pub expected: Vec<(String, String)>,
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.found {
            Some(found) => write!(f, "line {}: unexpected “{found}”", self.line)?,
            None => write!(f, "the output ends too early, after line {}", self.line - 1)?,
        }
        if self.expected.is_empty() {
            return write!(f, "; expected nothing more");
        }
        write!(f, "; expected")?;
        for (index, (lane, text)) in self.expected.iter().enumerate() {
            let or = if index == 0 { "" } else { " or" };
            write!(f, "{or} “{text}” (lane {lane})")?;
        }
        Ok(())
    }
}

impl std::error::Error for Breach {}

/// How far a reading has come: the phase, and for each of its lanes the next line and how often that
/// line was read already.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Reading {
    phase: usize,
    lanes: Vec<(usize, usize)>,
}

pub(super) fn check(contract: &Contract, output: &str) -> Result<Vec<Place>, Breach> {
    // Each reading with the places it gave to the lines. Equal readings go on equally: one is enough.
    let mut readings = BTreeMap::from([(Reading::start(contract, 0), Vec::new())]);
    let mut count = 0;
    for line in output.lines() {
        count += 1;
        let mut next = BTreeMap::new();
        for (reading, places) in &readings {
            for (after, place) in reading.steps(contract) {
                if place.of(contract).pattern.is_match(line) {
                    let mut places = places.clone();
                    places.push(place);
                    next.entry(after).or_insert(places);
                }
            }
        }
        if next.is_empty() {
            return Err(breach(contract, &readings, count, Some(line)));
        }
        readings = next;
    }
    let complete = readings.iter().find(|(reading, _)| {
        reading.phase + 1 == contract.phases.len() && reading.phase_is_complete(contract)
    });
    match complete {
        Some((_, places)) => Ok(places.clone()),
        None => Err(breach(contract, &readings, count + 1, None)),
    }
}

impl Reading {
    fn start(contract: &Contract, phase: usize) -> Self {
        let lanes = vec![(0, 0); contract.phases[phase].lanes.len()];
        Self { phase, lanes }
    }

    /// Every line that may come next, and the reading after it.
    fn steps(&self, contract: &Contract) -> Vec<(Self, Place)> {
        let phase = &contract.phases[self.phase];
        let mut steps = Vec::new();
        for lane in 0..self.lanes.len() {
            for (line, times) in self.candidates(phase, lane) {
                if self.edges_allow(phase, (lane, line)) {
                    let mut after = self.clone();
                    after.lanes[lane] = (line, times + 1);
                    let phase = self.phase;
                    steps.push((after, Place { phase, lane, line }));
                }
            }
        }
        if self.phase_is_complete(contract) && self.phase + 1 < contract.phases.len() {
            steps.extend(Self::start(contract, self.phase + 1).steps(contract));
        }
        steps
    }

    /// The lines of a lane that may come next, with how often each was read: the present one, if it
    /// may come again, and those after it for as long as all before them may be left out or are done.
    fn candidates(&self, phase: &Phase, lane: usize) -> Vec<(usize, usize)> {
        let lines = &phase.lanes[lane].lines;
        let (mut line, mut times) = self.lanes[lane];
        let mut candidates = Vec::new();
        while line < lines.len() {
            if times < lines[line].most {
                candidates.push((line, times));
            }
            if times < lines[line].least {
                break;
            }
            (line, times) = (line + 1, 0);
        }
        candidates
    }

    fn edges_allow(&self, phase: &Phase, target: (usize, usize)) -> bool {
        let has_come = |(lane, line): (usize, usize)| self.lanes[lane] >= (line, 1);
        let mut edges = phase.edges.iter();
        edges.all(|&(first, second)| second != target || has_come(first))
    }

    fn phase_is_complete(&self, contract: &Contract) -> bool {
        let lanes = &contract.phases[self.phase].lanes;
        lanes.iter().zip(&self.lanes).all(|(lane, &(line, times))| {
            let rest = lane.lines.get(line + 1..).unwrap_or_default();
            times >= lane.lines[line].least && rest.iter().all(|line| line.least == 0)
        })
    }
}

impl Place {
    fn of(self, contract: &Contract) -> &super::Line {
        &contract.phases[self.phase].lanes[self.lane].lines[self.line]
    }
}

fn breach(
    contract: &Contract,
    readings: &BTreeMap<Reading, Vec<Place>>,
    line: usize,
    found: Option<&str>,
) -> Breach {
    let steps = readings.keys().flat_map(|reading| reading.steps(contract));
    let mut expected: Vec<(String, String)> = steps
        .map(|(_, place)| {
            let lane = &contract.phases[place.phase].lanes[place.lane];
            (lane.name.clone(), place.of(contract).text.clone())
        })
        .collect();
    expected.sort();
    expected.dedup();
    let found = found.map(str::to_owned);
    Breach {
        line,
        found,
        expected,
    }
}
