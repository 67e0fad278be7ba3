//! This executable, started again to do one thing in a process of its own.
//!
//! The first argument is a hidden word. [`act`] looks for it before `main` does anything else: a
//! section may fork, which is only sound while the process has one thread and nothing else is set up.

use std::env;
use std::ffi::OsString;
use std::io::{self, Write};
use std::panic;
use std::process;
use std::sync::atomic::Ordering::Relaxed;

use crate::blocks;
use crate::chapters::Chapter;
use crate::contract::Contract;
use crate::models;
#[cfg(target_os = "linux")]
use crate::network;

mod commands; // what is on its command line
mod group; //    it and all that it starts
mod left; //     what a section left behind
mod run; //      from its start to its end
mod session; //  one that measures as often as it is asked

pub use commands::*;
pub use group::kill_all;
pub use run::{Ended, converse, run};
pub use session::{Session, Silence};

use group::NESTED;
use left::Before;

/// The exit code of a section that left a child or shared memory behind, or other threads or descriptors
/// than its contract says.
pub const LEFT_BEHIND: i32 = 3;

/// The first line of `main`: if this process was started to run a section, to take a measurement or
/// to answer requests, does so and does not return.
pub fn act(chapters: &[Chapter]) {
    #[cfg(feature = "peers")]
    procspawn::init(); // its workers are this executable too
    let args: Vec<OsString> = env::args_os().collect();
    let word = |index: usize| args.get(index).and_then(|arg| arg.to_str());
    let code = match (word(1), word(2), word(3), word(4)) {
        (Some(SECTION), Some(chapter), Some(section), _) => run_section(chapters, chapter, section),
        (Some(MEASURE), Some(measure), Some(model), _) => {
            NESTED.store(true, Relaxed);
            let sizes = args.iter().skip(4).filter_map(|arg| arg.to_str());
            models::measure_in_this_process(measure, model, &sizes.collect::<Vec<_>>())
        }
        #[cfg(target_os = "linux")]
        (Some(MEASURE_SERVER), Some(python), Some(model), _) => {
            NESTED.store(true, Relaxed);
            let sizes = args.iter().skip(4).filter_map(|arg| arg.to_str());
            models::measure_server_in_this_process(python, model, &sizes.collect::<Vec<_>>())
        }
        (Some(BLOCK), Some(row), _, _) => blocks::measure_in_this_process(row),
        (Some(TIMELINE), Some(model), _, _) => crate::timeline::record_in_this_process(model),
        (Some(CONVOY), Some(interval), Some(burn), Some(answer)) => {
            blocks::answer_in_this_process(interval, burn, answer)
        }
        #[cfg(target_os = "linux")]
        (Some(WEIGHT), Some(thing), _, _) => blocks::weigh_in_this_process(thing),
        #[cfg(target_os = "linux")]
        (Some(SERVER), Some(model), _, _) => network::serve_in_this_process(model),
        #[cfg(target_os = "linux")]
        (Some(CLIENT), Some(port), Some(connections), Some(requests)) => {
            network::ask_in_this_process(port, connections, requests)
        }
        _ => return,
    };
    // Not a return from `main`: what a section left running ends here too.
    process::exit(code);
}

fn run_section(chapters: &[Chapter], chapter: &str, name: &str) -> i32 {
    exit_quietly_without_stdout();
    let sections = chapters.iter().filter(|c| c.name == chapter);
    let Some(section) = sections.flat_map(|c| &c.sections).find(|s| s.name == name) else {
        eprintln!("error: there is no section {chapter}/{name}");
        return 2;
    };
    let before = Before::look();
    if let Err(error) = (section.run)() {
        eprintln!("error: {error:?}");
        return 1;
    }
    let flushed = io::stdout().flush();
    if let Err(error) = flushed {
        eprintln!("error: {error}");
        return 1;
    }
    // One that cannot be read is a fault already, which the parent reports.
    let contract = Contract::parse(section.contract).unwrap_or_default();
    if let Some(fault) = before.fault(&contract) {
        eprintln!("error: {fault}");
        return LEFT_BEHIND;
    }
    0
}

/// `println!` panics when nobody reads any more, which is no fault of the section's.
fn exit_quietly_without_stdout() {
    let report = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let text = info.payload().downcast_ref::<String>();
        if text.is_some_and(|text| text.starts_with("failed printing to stdout")) {
            process::exit(0);
        }
        report(info);
    }));
}
