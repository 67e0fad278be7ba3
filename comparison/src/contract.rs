//! Contracts: what a section prints, as data beside the section, and the check of an output.
//!
//! Threads print in an order that differs from run to run, so a contract fixes no more than the
//! document does. Each actor has a **lane**, whose lines come in their order; lanes run side by side;
//! an edge ties two lines of different lanes; **then** separates what is finished from what follows.
//!
//! ```text
//! # a comment
//! least 2 s                      the least time the section may take: a sleep that vanished is seen
//! threads left 1                 how many threads still run afterwards (0 when not stated)
//! descriptors left 2             how many descriptors more are open afterwards (0 when not stated)
//!
//! lane setter
//!   #set | 触发事件              `#set` names the line for an edge
//! lane waiter
//!          | 等待事件触发...
//!   #woken | 事件已触发，继续执行
//! before #set #woken             the edge
//!
//! then                           everything above comes before everything below
//! lane main
//!   x3..4 | 后台任务运行中...    three or four times
//!         | 耗时: {float} 秒     a value that differs: {int}, {float} or {text}; a plain brace is \{
//! ```

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use regex_lite::Regex;

mod check;

pub use check::{Breach, Place};

/// What a section must print.
#[derive(Debug, Default)]
pub struct Contract {
    /// The least time it takes.
    pub least: Duration,
    /// How many threads run on after it.
    pub threads_left: usize,
    /// How many descriptors it leaves open.
    pub descriptors_left: usize,
    phases: Vec<Phase>,
}

/// Lanes that run side by side, after the phase before and before the next.
#[derive(Debug, Default)]
struct Phase {
    lanes: Vec<Lane>,
    /// The first line comes before the second; both are (lane, line).
    edges: Vec<((usize, usize), (usize, usize))>,
}

#[derive(Debug)]
struct Lane {
    name: String,
    lines: Vec<Line>,
}

#[derive(Debug)]
struct Line {
    text: String,
    pattern: Regex,
    least: usize,
    most: usize,
}

/// A contract that cannot be read, and at which of its lines.
#[derive(Debug, PartialEq, Eq)]
pub struct ParseError {
    /// Counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub problem: String,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {} of the contract: {}", self.line, self.problem)
    }
}

impl std::error::Error for ParseError {}

impl Contract {
    /// Reads a contract.
    ///
    /// # Errors
    ///
    /// [`ParseError`] names the first line that is not in the notation above.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let mut parser = Parser::default();
        for (index, line) in text.lines().enumerate() {
            parser.line(line).map_err(|problem| ParseError {
                line: index + 1,
                problem,
            })?;
        }
        parser.finish().map_err(|problem| ParseError {
            line: text.lines().count(),
            problem,
        })
    }

    /// Whether the output's lines keep the contract: where in it each line has its place.
    ///
    /// # Errors
    ///
    /// The first [`Breach`].
    pub fn check(&self, output: &str) -> Result<Vec<Place>, Breach> {
        check::check(self, output)
    }

    /// Whether the place's line stands exactly once, so that it may be neither missing nor doubled.
    pub fn is_fixed(&self, place: Place) -> bool {
        let line = &self.phases[place.phase].lanes[place.lane].lines[place.line];
        (line.least, line.most) == (1, 1)
    }

    /// The edges, as pairs of places.
    pub fn edges(&self) -> impl Iterator<Item = (Place, Place)> {
        let phases = self.phases.iter().enumerate();
        phases.flat_map(|(phase, content)| {
            let place = move |(lane, line)| Place { phase, lane, line };
            content
                .edges
                .iter()
                .map(move |&(a, b)| (place(a), place(b)))
        })
    }
}

#[derive(Default)]
struct Parser {
    contract: Contract,
    phase: Phase,
    labels: BTreeMap<String, (usize, usize)>,
}

impl Parser {
    fn line(&mut self, line: &str) -> Result<(), String> {
        // A line of output begins after the bar and one space; blanks at its end count.
        if let Some((marks, text)) = line.split_once('|') {
            return self.output_line(marks, text.strip_prefix(' ').unwrap_or(text));
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            [] => Ok(()),
            [first, ..] if first.starts_with('#') => Ok(()),
            ["least", seconds, "s"] => {
                let seconds = seconds.parse().map_err(|_| "`least` takes seconds")?;
                self.contract.least =
                    Duration::try_from_secs_f64(seconds).map_err(|_| "`least` takes seconds")?;
                Ok(())
            }
            ["threads", "left", count] => {
                let count = count.parse().map_err(|_| "`threads left` takes a number")?;
                self.contract.threads_left = count;
                Ok(())
            }
            ["descriptors", "left", count] => {
                let count = count
                    .parse()
                    .map_err(|_| "`descriptors left` takes a number")?;
                self.contract.descriptors_left = count;
                Ok(())
            }
            ["lane", name] => {
                if self.phase.lanes.iter().any(|lane| lane.name == *name) {
                    return Err(format!("a second lane named {name} in this phase"));
                }
                self.phase.lanes.push(Lane {
                    name: (*name).to_owned(),
                    lines: Vec::new(),
                });
                Ok(())
            }
            ["before", first, second] => {
                let edge = (self.labelled(first)?, self.labelled(second)?);
                self.phase.edges.push(edge);
                Ok(())
            }
            ["then"] => self.end_phase(),
            _ => Err(format!("not in the notation: {line}")),
        }
    }

    fn output_line(&mut self, marks: &str, text: &str) -> Result<(), String> {
        let lane_index = self.phase.lanes.len();
        let lane = self
            .phase
            .lanes
            .last_mut()
            .ok_or("a line before any lane")?;
        let (mut least, mut most) = (1, 1);
        for mark in marks.split_whitespace() {
            if let Some(label) = mark.strip_prefix('#') {
                let place = (lane_index - 1, lane.lines.len());
                if self.labels.insert(label.to_owned(), place).is_some() {
                    return Err(format!("a second line named #{label} in this phase"));
                }
            } else if let Some(times) = mark.strip_prefix('x') {
                let (low, high) = times.split_once("..").unwrap_or((times, times));
                least = low.parse().map_err(|_| format!("not a count: {mark}"))?;
                most = high.parse().map_err(|_| format!("not a count: {mark}"))?;
                if least > most || most == 0 {
                    return Err(format!("never satisfied: {mark}"));
                }
            } else {
                return Err(format!("before the bar stand #name and x3..4, not {mark}"));
            }
        }
        let pattern = pattern(text)?;
        let text = text.to_owned();
        lane.lines.push(Line {
            text,
            pattern,
            least,
            most,
        });
        Ok(())
    }

    fn labelled(&self, word: &str) -> Result<(usize, usize), String> {
        let label = word.strip_prefix('#').ok_or("`before` takes two #names")?;
        let &(lane, line) = self
            .labels
            .get(label)
            .ok_or_else(|| format!("no line above is named #{label} in this phase"))?;
        let named = &self.phase.lanes[lane].lines[line];
        if (named.least, named.most) != (1, 1) {
            return Err(format!(
                "#{label} may come several times: it cannot have an edge"
            ));
        }
        Ok((lane, line))
    }

    fn end_phase(&mut self) -> Result<(), String> {
        let phase = std::mem::take(&mut self.phase);
        self.labels.clear();
        if phase.lanes.is_empty() {
            return Err("a phase without a lane".to_owned());
        }
        if let Some(lane) = phase.lanes.iter().find(|lane| lane.lines.is_empty()) {
            return Err(format!("lane {} has no line", lane.name));
        }
        self.contract.phases.push(phase);
        Ok(())
    }

    fn finish(mut self) -> Result<Contract, String> {
        self.end_phase()?;
        Ok(self.contract)
    }
}

/// The line as an expression that matches it whole.
fn pattern(text: &str) -> Result<Regex, String> {
    let mut expression = String::from("^");
    let mut rest = text;
    while let Some(brace) = rest.find(['{', '\\']) {
        expression += &regex_lite::escape(&rest[..brace]);
        rest = &rest[brace..];
        if let Some(after) = rest.strip_prefix("\\{") {
            expression += "\\{";
            rest = after;
        } else if let Some(after) = rest.strip_prefix('\\') {
            expression += "\\\\";
            rest = after;
        } else {
            let (name, after) = rest[1..].split_once('}').ok_or("a brace without its end")?;
            expression += match name {
                "int" => "-?[0-9]+",
                "float" => "-?[0-9]+\\.[0-9]+",
                "text" => ".+",
                _ => return Err(format!("no placeholder is named {{{name}}}")),
            };
            rest = after;
        }
    }
    expression += &regex_lite::escape(rest);
    expression += "$";
    Regex::new(&expression).map_err(|error| error.to_string())
}
