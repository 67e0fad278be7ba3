//! Runs the sections of chapter 4 that are named, or all of them: `cargo run -p futures-pool -- --help`.

use std::env;
use std::io::{self, Write};
use std::panic;
use std::process::{self, ExitCode};

use futures_pool::sections::{ALL, CHAPTER, Section, TITLE};

fn main() -> ExitCode {
    futures_pool::init(); // first: a worker of a process pool goes no further
    exit_quietly_without_stdout();

    let args: Vec<String> = env::args_os()
        .skip(1)
        .map(|arg| arg.to_string_lossy().into_owned())
        .collect();
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
            return ExitCode::FAILURE;
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
         Usage: {} [SECTION…] [--list] [--help]\n\
         Sections: {}\n\
         Without a name: all of them, in this order.",
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
