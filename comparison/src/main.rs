//! Runs the chapters, measures, prints the table: `cargo run --release -p comparison -- --help`.

use std::io::{self, ErrorKind};
use std::num::NonZero;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::{Args, Parser, Subcommand};
use comparison::chapters::{self, Chapter, Section};
use comparison::contract::Contract;
use comparison::python;
use comparison::run::{self, Plan};
use comparison::table::{self, Form, Outputs};
use comparison::{blocks, child};

mod arguments; // those of the table

use arguments::{PythonArgs, SAMPLE_DEADLINE, TableArgs, find_python, table_options};

/// Runs every chapter against its contract, then measures the models and prints the table.
#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    python: PythonArgs,
    #[command(flatten)]
    table: TableArgs,
}

#[derive(Subcommand)]
enum Command {
    /// Run sections, each in a process of its own, and hold what they print against their contracts
    Chapters(ChaptersArgs),
    /// Hold an output, read from standard input, against a section's contract
    Check {
        /// The section, as CHAPTER/SECTION
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Measure the models and print the table
    Table(TableArgs),
    /// Say which model the document recommends, and measure what that rests on
    Choose {
        /// `cpu_intensive`, `io_intensive`, or another (without: the document's two lines)
        #[arg(requires = "concurrency")]
        task: Option<String>,
        /// How many at once
        #[arg(value_parser = concurrency, allow_negative_numbers = true)]
        concurrency: Option<u64>,
    },
    /// Measure blocks against what a user would otherwise pick
    Blocks {
        /// Rows to measure, or `gil` for chapter 1's table (default: all)
        #[arg(value_name = "ROW")]
        rows: Vec<String>,
    },
}

#[derive(Args)]
struct ChaptersArgs {
    /// Chapters, or sections as CHAPTER/SECTION (default: all)
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// Run each section so many times
    #[arg(long, default_value_t = NonZero::<usize>::MIN)]
    repeat: NonZero<usize>,
    /// Run so many at a time of those that mostly sleep
    #[arg(long, default_value_t = JOBS)]
    jobs: NonZero<usize>,
    /// Seconds after which a section is taken to hang
    #[arg(long, default_value_t = DEADLINE)]
    deadline: NonZero<u64>,
    /// Show what the sections print even when they keep their contracts
    #[arg(long)]
    show: bool,
}

/// How many sections at a time: most of them sleep.
const JOBS: NonZero<usize> = NonZero::new(16).expect("16 is not zero");

/// Several times what the longest section takes on a busy machine.
const DEADLINE: NonZero<u64> = NonZero::new(60).expect("60 is not zero");

impl Default for ChaptersArgs {
    fn default() -> Self {
        Self {
            names: Vec::new(),
            repeat: NonZero::<usize>::MIN,
            jobs: JOBS,
            deadline: DEADLINE,
            show: false,
        }
    }
}

fn main() -> ExitCode {
    // Before anything else: this process may be a worker of a process pool, and then goes no further.
    futures_pool::init();
    let chapters = chapters::all();
    child::act(&chapters); // before anything else: this process may be here for one section only

    #[cfg(unix)]
    if let Err(error) = ctrlc::set_handler(|| {
        child::kill_all();
        std::process::exit(130);
    }) {
        eprintln!("warning: Ctrl-C will leave children behind: {error}");
    }

    let cli = Cli::parse();
    match execute(&cli, &chapters) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(Stop::Unknown(message)) => {
            eprintln!("error: {message}");
            ExitCode::from(2)
        }
        Err(Stop::Failed(error)) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(Stop::Failed(error)) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

enum Stop {
    /// A name that is not there.
    Unknown(String),
    Failed(anyhow::Error),
}

impl<E: Into<anyhow::Error>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// Does what was asked for; whether all of it went well.
fn execute(cli: &Cli, chapters: &[Chapter]) -> Result<bool, Stop> {
    match &cli.command {
        None => {
            let options = table_options(&cli.table).map_err(Stop::Unknown)?;
            let kept = run_chapters(&ChaptersArgs::default(), chapters)?;
            Ok(print_table(&cli.table, &options, &cli.python)? && kept)
        }
        Some(Command::Chapters(args)) => run_chapters(args, chapters),
        Some(Command::Check { name }) => {
            let names = [name.clone()];
            let sections = choose(&names, chapters).map_err(Stop::Unknown)?;
            let [(_, section)] = sections[..] else {
                return Err(Stop::Unknown(format!(
                    "'{name}' is a chapter: name one section"
                )));
            };
            let output = io::read_to_string(io::stdin()).context("cannot read standard input")?;
            let places = Contract::parse(section.contract)?.check(&output)?;
            println!(
                "{name}: {} 行符合契约 · lines keep the contract",
                places.len()
            );
            Ok(true)
        }
        Some(Command::Table(args)) => {
            let options = table_options(args).map_err(Stop::Unknown)?;
            if args.self_test {
                return Ok(table::self_test(options.deadline)?);
            }
            print_table(args, &options, &cli.python)
        }
        Some(Command::Choose { task, concurrency }) => {
            let Some((task, concurrency)) = task.as_ref().zip(*concurrency) else {
                comparison::choose::print_document()?;
                return Ok(true);
            };
            let deadline = Duration::from_secs(SAMPLE_DEADLINE.get());
            let python = find_python(&cli.python, deadline);
            let python = python.as_ref().map_err(String::as_str);
            Ok(comparison::choose::print(
                task,
                concurrency,
                python,
                deadline,
            )?)
        }
        Some(Command::Blocks { rows }) => {
            let rows = blocks::choose(rows).map_err(Stop::Unknown)?;
            let python = find_python(&cli.python, python::DEADLINE);
            blocks::print(&rows, python.as_ref().map_err(String::as_str))?;
            Ok(true)
        }
    }
}

fn print_table(
    args: &TableArgs,
    options: &table::Options,
    python: &PythonArgs,
) -> Result<bool, Stop> {
    let files = [
        (Form::Json, &args.json),
        (Form::Markdown, &args.markdown),
        (Form::Html, &args.html),
    ];
    let files = files
        .into_iter()
        .filter_map(|(form, path)| Some((form, path.clone()?)));
    let outputs = Outputs::open(files);
    let python = find_python(python, options.deadline);
    let python = python.as_ref().map_err(String::as_str);
    Ok(table::run(options, python, outputs)?)
}

fn run_chapters(args: &ChaptersArgs, chapters: &[Chapter]) -> Result<bool, Stop> {
    let plan = Plan {
        sections: choose(&args.names, chapters).map_err(Stop::Unknown)?,
        repeat: args.repeat.get(),
        jobs: args.jobs,
        deadline: Duration::from_secs(args.deadline.get()),
        show: args.show,
    };
    let faults = run::all(&plan).context("cannot tell how the sections went")?;
    Ok(faults == 0)
}

/// The sections that are named, by themselves or with their chapter; all where no name is given.
fn choose<'a>(
    names: &[String],
    chapters: &'a [Chapter],
) -> Result<Vec<(&'a Chapter, &'a Section)>, String> {
    let every: Vec<_> = chapters
        .iter()
        .flat_map(|chapter| {
            chapter
                .sections
                .iter()
                .map(move |section| (chapter, section))
        })
        .collect();
    if names.is_empty() {
        return Ok(every);
    }
    let mut chosen = Vec::new();
    for name in names {
        let before = chosen.len();
        chosen.extend(every.iter().copied().filter(|(chapter, section)| {
            *name == chapter.name || *name == format!("{}/{}", chapter.name, section.name)
        }));
        if chosen.len() == before {
            let known: Vec<String> = every
                .iter()
                .map(|(chapter, section)| format!("{}/{}", chapter.name, section.name))
                .collect();
            return Err(format!(
                "no chapter or section is named '{name}'; there are: {}",
                known.join(" ")
            ));
        }
    }
    Ok(chosen)
}

fn concurrency(word: &str) -> Result<u64, String> {
    let number = word.parse().ok().filter(|&number| number > 0);
    number.ok_or_else(|| "it is not a positive number".to_owned())
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let io = error
        .chain()
        .find_map(|cause| cause.downcast_ref::<io::Error>());
    io.is_some_and(|io| io.kind() == ErrorKind::BrokenPipe)
}
