//! Runs the sections of chapter 5 that are named, or all of them: `cargo run -p asyncio -- --help`.

use std::env;
use std::io::{self, Write};
use std::panic;
use std::process::{self, ExitCode};

use asyncio::run::{self, Policy, RunError};
use asyncio::sections::{ALL, CHAPTER, Section, TITLE};

/// The option that runs the sections on tokio's other runtime.
const MULTI_THREAD: &str = "--multi-thread";

fn main() -> ExitCode {
    exit_quietly_without_stdout();

    let mut args: Vec<String> = env::args_os()
        .skip(1)
        .map(|arg| arg.to_string_lossy().into_owned())
        .collect();
    if let Some(place) = args.iter().position(|arg| arg == MULTI_THREAD) {
        args.remove(place);
        run::set_policy(Policy::MultiThread);
    }
    if args.iter().any(|arg| arg == "--help" || arg == "-h") {
        println!("{}", usage());
        return ExitCode::SUCCESS;
    }
    if args.iter().any(|arg| arg == "--list") {
        for section in ALL {
            println!("{:16} {}", section.name, section.title);
        }
        return ExitCode::SUCCESS;
    }
    let Some(chosen) = choose(&args) else {
        return ExitCode::from(2);
    };
    for (number, section) in chosen {
        println!("== {CHAPTER}.{number} {} ==", section.title);
        if let Err(error) = (section.run)() {
            complain(&format!("section {} failed: {error:?}", section.name));
            return match error.downcast_ref() {
                Some(RunError::Interrupted) => ExitCode::from(130), // as a shell counts SIGINT
                _ => ExitCode::FAILURE,
            };
        }
        println!();
    }
    ExitCode::SUCCESS
}

/// The named sections with their numbers, in the order named; all of them where none is. `None`, and
/// a word on stderr, when a name is unknown.
fn choose(names: &[String]) -> Option<Vec<(usize, &'static Section)>> {
    let numbered = || (1..).zip(ALL);
    if names.is_empty() {
        return Some(numbered().collect());
    }
    let find = |name: &String| {
        let found = numbered().find(|(_, section)| section.name == name);
        if found.is_none() {
            complain(&format!("no section is named '{name}'\n\n{}", usage()));
        }
        found
    };
    names.iter().map(find).collect()
}

fn usage() -> String {
    let names: Vec<&str> = ALL.iter().map(|section| section.name).collect();
    format!(
        "Chapter {CHAPTER}, {TITLE}\n\n\
         Usage: {} [SECTION…] [{MULTI_THREAD}] [--list] [--help]\n\
         Sections: {}\n\
         Without a name: all of them, in this order.\n\
         {MULTI_THREAD}: on tokio's runtime of several threads, not on that of one.",
        env!("CARGO_PKG_NAME"),
        names.join(" "),
    )
}

/// Not `eprintln!`, which panics when stderr takes nothing: then the exit code alone has to say it.
fn complain(message: &str) {
    let _ = writeln!(io::stderr(), "error: {message}");
}

/// `println!` panics when nobody reads any more (`… | head -1`). Sections use it all the same, so
/// that they can be copied as they are; here such a panic becomes a quiet end.
fn exit_quietly_without_stdout() {
    let report = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let text = info.payload().downcast_ref::<String>();
        let message = text.map_or("", String::as_str);
        if message.starts_with("failed printing to stdout") {
            if message.contains("Broken pipe") {
                process::exit(0);
            }
            complain(message);
            process::exit(1);
        }
        report(info);
    }));
}
