//! The models that the table compares. A new one joins with its file and its line in [`ALL`].
//!
//! A model's file says for each [`Measure`] how it is taken, or why there is none. Each is taken in a
//! process of its own: this executable, or `python3`, started anew with a measure, a model and sizes.

use std::io;

use crate::measures::{Measure, Sample, Sizes};
#[cfg(target_os = "linux")]
use crate::python::Python;

#[cfg(target_os = "linux")]
mod gil_threads;
mod means; // what a measure is done with
mod meter; // time, CPU time, context switches, memory
mod pools; // what executors have in common
#[cfg(target_os = "linux")]
mod process_pool;
#[cfg(target_os = "linux")]
mod processes;
mod ramp; // one more, until there is no more
mod rayon;
mod sequential;
#[cfg(target_os = "linux")]
mod served; // connections to a server
mod talk; // what units say to each other
mod tasks;
mod thread_pool;
mod threads;

pub use means::means;
pub(crate) use meter::cpu_seconds;
#[cfg(target_os = "linux")]
pub(crate) use meter::proportional_set_size;

/// Every model, in the order of the columns. The first is what the others are held against.
pub const ALL: &[Model] = &[
    sequential::MODEL,
    threads::MODEL,
    #[cfg(target_os = "linux")]
    processes::MODEL,
    tasks::MODEL,
    #[cfg(target_os = "linux")]
    gil_threads::MODEL,
    thread_pool::MODEL,
    #[cfg(target_os = "linux")]
    process_pool::MODEL,
    rayon::MODEL,
];

/// A way to do several things.
pub struct Model {
    /// Its name, also as the argument of the Python programs.
    pub name: &'static str,
    /// 中文, for a heading.
    pub zh: &'static str,
    /// In English.
    pub en: &'static str,
    /// Its counterpart in Python; none where there is no such thing.
    pub python: Option<&'static str>,
    /// How a measure is taken, or why there is none, in both languages.
    pub measure: fn(Measure) -> Result<Measurement, &'static str>,
    /// Whether the Python program of a measure has this model, or why not, in both languages.
    pub in_python: fn(Measure) -> Result<(), &'static str>,
}

/// Takes one measurement in this process.
pub type Measurement = fn(&Sizes) -> anyhow::Result<Sample>;

#[cfg(not(target_os = "linux"))]
const ONLY_ON_LINUX: &str = "只在 Linux 上 · on Linux only";

/// The model of this name.
pub fn named(name: &str) -> Option<&'static Model> {
    ALL.iter().find(|model| model.name == name)
}

/// The hidden word: takes the measurement and prints it for the parent, and again for each line on
/// standard input; the exit code. The first of all is not counted where it [warms up](Measure::warms_up).
pub fn measure_in_this_process(measure: &str, model: &str, sizes: &[&str]) -> i32 {
    let found = Measure::named(measure).zip(named(model));
    let Some((what, measure)) =
        found.and_then(|(what, model)| Some((what, (model.measure)(what).ok()?)))
    else {
        eprintln!("error: there is no measurement '{measure}' of '{model}'");
        return 2;
    };
    exit_code(what, measure, sizes)
}

/// The hidden word: as [`measure_in_this_process`], of a server of that Python's.
#[cfg(target_os = "linux")]
pub fn measure_server_in_this_process(path: &str, model: &str, sizes: &[&str]) -> i32 {
    let python = Python::at(path);
    let measure = |sizes: &Sizes| served::against(model, Some(&python), sizes);
    exit_code(Measure::Network, measure, sizes)
}

fn exit_code(
    what: Measure,
    measure: impl Fn(&Sizes) -> anyhow::Result<Sample>,
    sizes: &[&str],
) -> i32 {
    let sizes = match Sizes::parse(sizes.iter().copied()) {
        Ok(sizes) => sizes,
        Err(reason) => {
            eprintln!("error: {reason}");
            return 2;
        }
    };
    match samples(what, measure, &sizes) {
        Ok(()) => 0,
        Err(error) => {
            eprintln!("error: {error:#}");
            1
        }
    }
}

fn samples(
    what: Measure,
    measure: impl Fn(&Sizes) -> anyhow::Result<Sample>,
    sizes: &Sizes,
) -> anyhow::Result<()> {
    if what.warms_up() {
        measure(sizes)?;
    }
    let mut line = String::new();
    loop {
        // Not `println!`: a parent that is gone is no reason to panic.
        use io::Write;
        let json = serde_json::to_string(&measure(sizes)?)?;
        writeln!(io::stdout(), "{json}")?;
        line.clear();
        if io::stdin().read_line(&mut line)? == 0 {
            return Ok(());
        }
    }
}
