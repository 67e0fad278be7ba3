//! Arguments of the command line that belong to the table and to the Python beside.

use std::num::NonZero;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use comparison::measures::Effort;
use comparison::python::Python;
use comparison::{rows, table};

/// Which Python.
#[derive(Args)]
pub struct PythonArgs {
    /// The Python to measure beside (3.9 or newer)
    #[arg(long, value_name = "PATH", default_value = "python3", global = true)]
    pub python: String,
    /// Measure without a Python beside
    #[arg(long, global = true)]
    pub no_python: bool,
}

/// What of the table, and where to.
#[derive(Args)]
pub struct TableArgs {
    /// Smaller sizes and fewer rounds: under half a minute
    #[arg(long, conflicts_with = "thorough")]
    pub quick: bool,
    /// More rounds and every column, with where each figure comes from: under ten minutes
    #[arg(long)]
    pub thorough: bool,
    /// Measure these rows of the table only
    #[arg(long, value_name = "ROW", num_args = 1.., value_delimiter = ',')]
    pub only: Vec<String>,
    /// Write the report to this file as JSON
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Write the report to this file as Markdown
    #[arg(long, value_name = "FILE")]
    pub markdown: Option<PathBuf>,
    /// Write the report to this file as a page
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Instead of the table: hold the same against the same a hundred times, and see what is claimed
    #[arg(long)]
    pub self_test: bool,
    /// Seconds after which one measurement is taken to hang
    #[arg(long, value_name = "SECONDS", default_value_t = SAMPLE_DEADLINE)]
    pub deadline: NonZero<u64>,
}

/// Several times what the longest sample takes on a slow machine.
pub const SAMPLE_DEADLINE: NonZero<u64> = NonZero::new(30).expect("30 is not zero");

/// The Python to measure beside, or why there is none.
pub fn find_python(args: &PythonArgs, deadline: Duration) -> Result<Python, String> {
    match args.no_python {
        true => Err("--no-python".to_owned()),
        false => Python::find_within(&args.python, deadline),
    }
}

/// What the arguments ask for, or which row is not there.
pub fn table_options(args: &TableArgs) -> Result<table::Options, String> {
    Ok(table::Options {
        effort: match (args.quick, args.thorough) {
            (true, _) => Effort::Quick,
            (_, true) => Effort::Thorough,
            _ => Effort::Default,
        },
        rows: rows::choose(&args.only)?,
        deadline: Duration::from_secs(args.deadline.get()),
    })
}
