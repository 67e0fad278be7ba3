//! Runs sections, each in a process of its own, and holds what they print against their contracts.

use std::fmt;
use std::io::{self, IsTerminal};
use std::num::NonZero;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::chapters::{Chapter, Section};
use crate::child::{self, Ended};
use crate::contract::{Breach, Contract, ParseError};

/// Which sections to run, how often, how many at a time.
pub struct Plan<'a> {
    /// The sections.
    pub sections: Vec<(&'a Chapter, &'a Section)>,
    /// How often each.
    pub repeat: usize,
    /// How many processes at a time, of those that mostly sleep.
    pub jobs: NonZero<usize>,
    /// The time after which a section is taken to hang.
    pub deadline: Duration,
    /// Whether to show what sections print even when they keep their contracts.
    pub show: bool,
}

/// What was wrong with a run of a section.
#[derive(Debug)]
pub enum Fault {
    /// Its process could not be started.
    Start(io::Error),
    /// Its contract cannot be read.
    Contract(ParseError),
    /// It was not done in time, and was killed.
    Hang(Duration),
    /// It ended otherwise than with success.
    Exit(String),
    /// It printed what the contract does not have.
    Breach(Breach),
    /// It was done sooner than its sleeps allow.
    TooQuick(Duration, Duration),
    /// It wrote to standard error.
    Stderr,
    /// Processes that it started lived on after it.
    LeftProcesses,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start(error) => write!(f, "cannot be started: {error}"),
            Self::Contract(error) => write!(f, "has a contract that cannot be read: {error}"),
            Self::Hang(deadline) => write!(f, "hangs: not done after {deadline:?}"),
            Self::Exit(status) => write!(f, "fails: {status}"),
            Self::Breach(breach) => write!(f, "breaks its contract: {breach}"),
            Self::TooQuick(took, least) => write!(
                f,
                "breaks its contract: took {took:.1?}, at least {least:?} is stated"
            ),
            Self::LeftProcesses => write!(f, "leaves processes behind"),
            Self::Stderr => write!(f, "breaks its contract: it wrote to standard error"),
        }
    }
}

/// Runs the plan and reports each run on standard output; how many were at fault.
///
/// # Errors
///
/// Only when standard output cannot be written.
pub fn all(plan: &Plan<'_>) -> io::Result<usize> {
    let mut quiet = Vec::new();
    let mut alone = Vec::new();
    for _ in 0..plan.repeat {
        for &(chapter, section) in &plan.sections {
            let runs = if section.alone {
                &mut alone
            } else {
                &mut quiet
            };
            runs.push((chapter, section));
        }
    }
    let report = Report::new(quiet.len() + alone.len());
    side_by_side(plan, &quiet, plan.jobs.get(), &report)?;
    side_by_side(plan, &alone, 1, &report)?;
    report.end()
}

fn side_by_side(
    plan: &Plan<'_>,
    runs: &[(&Chapter, &Section)],
    jobs: usize,
    report: &Report,
) -> io::Result<()> {
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        let worker = || {
            while let Some((chapter, section)) = runs.get(next.fetch_add(1, Ordering::Relaxed)) {
                let (result, ended) = one(chapter, section, plan.deadline);
                let told = report.run(chapter, section, result.as_ref().err(), ended, plan.show);
                if told.is_err() {
                    // Nobody reads any more: begin nothing, and end what the others wait for.
                    next.store(runs.len(), Ordering::Relaxed);
                    child::kill_all();
                    return told;
                }
            }
            Ok(())
        };
        let workers: Vec<_> = (0..jobs.min(runs.len()))
            .map(|_| scope.spawn(worker))
            .collect();
        let results = workers.into_iter().map(|worker| worker.join());
        let mut told = results.map(|result| result.expect("a worker does not panic"));
        told.find(Result::is_err).unwrap_or(Ok(()))
    })
}

/// Runs one section; whether it was at fault, and what it printed if it ran at all.
fn one(
    chapter: &Chapter,
    section: &Section,
    deadline: Duration,
) -> (Result<(), Fault>, Option<Ended>) {
    let contract = match Contract::parse(section.contract) {
        Ok(contract) => contract,
        Err(error) => return (Err(Fault::Contract(error)), None),
    };
    let ended = child::section(chapter.name, section.name)
        .and_then(|command| child::run(command, "", deadline));
    match ended {
        Ok(ended) => (judge(&contract, &ended, deadline), Some(ended)),
        Err(error) => (Err(Fault::Start(error)), None),
    }
}

/// Whether what a section printed, its end and its time are as they should be.
///
/// # Errors
///
/// The first fault.
pub fn judge(contract: &Contract, ended: &Ended, deadline: Duration) -> Result<(), Fault> {
    if ended.timed_out {
        return Err(Fault::Hang(deadline));
    }
    if !ended.status.success() {
        return Err(Fault::Exit(ended.status.to_string()));
    }
    contract.check(&ended.stdout).map_err(Fault::Breach)?;
    if ended.elapsed < contract.least {
        return Err(Fault::TooQuick(ended.elapsed, contract.least));
    }
    if !ended.stderr.is_empty() {
        return Err(Fault::Stderr);
    }
    if ended.left_processes {
        return Err(Fault::LeftProcesses);
    }
    Ok(())
}

/// Tells of the runs as they end: under a bar on a terminal, as plain lines elsewhere.
struct Report {
    bar: ProgressBar,
    faults: AtomicUsize,
    runs: usize,
    /// The lines of two runs must not mix.
    output: Mutex<io::Stdout>,
}

impl Report {
    fn new(runs: usize) -> Self {
        let bar = ProgressBar::new(runs as u64); // draws nothing where stderr is no terminal
        let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {elapsed}")
            .expect("the template is right");
        bar.set_style(style);
        if io::stderr().is_terminal() {
            bar.enable_steady_tick(Duration::from_millis(200));
        }
        Self {
            bar,
            faults: AtomicUsize::new(0),
            runs,
            output: Mutex::new(io::stdout()),
        }
    }

    fn run(
        &self,
        chapter: &Chapter,
        section: &Section,
        fault: Option<&Fault>,
        ended: Option<Ended>,
        show: bool,
    ) -> io::Result<()> {
        let name = format!("{}/{}", chapter.name, section.name);
        let took = ended.as_ref().map_or(Duration::ZERO, |ended| ended.elapsed);
        let mut text = match fault {
            None => format!(
                "ok    {name:32} {:5.1} s  {}\n",
                took.as_secs_f64(),
                section.title
            ),
            Some(fault) => format!("FAULT {name} {fault}\n"),
        };
        if fault.is_some() || show {
            for (stream, lines) in ended
                .iter()
                .flat_map(|ended| [("stdout", &ended.stdout), ("stderr", &ended.stderr)])
            {
                for line in lines.lines() {
                    text += &format!("      {stream}| {line}\n");
                }
            }
        }
        if fault.is_some() {
            self.faults.fetch_add(1, Ordering::Relaxed);
        }
        self.bar.inc(1);
        self.print(&text)
    }

    fn end(self) -> io::Result<usize> {
        self.bar.finish_and_clear();
        let faults = self.faults.load(Ordering::Relaxed);
        self.print(&format!(
            "{} 次运行，{faults} 次违约 · {} runs, {faults} at fault\n",
            self.runs, self.runs
        ))?;
        Ok(faults)
    }

    fn print(&self, text: &str) -> io::Result<()> {
        use io::Write;

        let mut output = self.output.lock().expect("printing does not panic");
        self.bar.suspend(|| {
            output.write_all(text.as_bytes())?;
            output.flush()
        })
    }
}
