//! Sections that fail in every way: each is named with its output, the others still run.
//!
//! This executable plays three parts. As a section's process it runs one of the sections below;
//! started with `report` or `report-hang` it runs some of them, as `comparison chapters` does; else it
//! is the test, which looks at those reports.

use std::env;
use std::num::NonZero;
use std::process::{self, Command};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::bail;
use comparison::chapters::{Chapter, Section};
use comparison::child;
use comparison::run::{self, Plan};
use libtest_mimic::{Arguments, Failed, Trial};

#[cfg(target_os = "linux")]
#[path = "faults/left.rs"]
mod left;

const CONTRACT: &str = "lane main\n | one\n | two";

/// Long enough for a section that does not hang, on a busy machine too.
const LONG: Duration = Duration::from_secs(60);

/// Soon over for one that hangs.
const SHORT: Duration = Duration::from_secs(2);

fn section(name: &'static str, contract: &'static str, run: fn() -> anyhow::Result<()>) -> Section {
    Section {
        name,
        title: "",
        contract,
        alone: false,
        run,
    }
}

fn chapter() -> Chapter {
    #[allow(unused_mut)] // elsewhere than on Linux
    let mut chapter = Chapter {
        name: "faults",
        number: 0,
        title: "",
        sections: vec![
            section("good", CONTRACT, || say(&["one", "two"])),
            section("error", CONTRACT, || bail!("went wrong")),
            section("panic", CONTRACT, || panic!("gave up")),
            section("abort", CONTRACT, || process::abort()),
            section("hang", CONTRACT, hang),
            section("breach", CONTRACT, || say(&["one", "three"])),
            section("early-end", CONTRACT, || say(&["one"])),
            section("quick", "least 30 s\nlane main\n | one", || say(&["one"])),
            section("stderr", CONTRACT, || {
                eprintln!("a word aside");
                say(&["one", "two"])
            }),
            section("orphan-left", CONTRACT, || {
                let line = "sleep 600 >&- 2>&- &";
                Command::new("sh").args(["-c", line]).status()?;
                say(&["one", "two"])
            }),
            section("unreadable", "lane main\n | {nothing}", || say(&["one"])),
            Section {
                alone: true,
                ..section("alone", CONTRACT, || say(&["one", "two"]))
            },
        ],
    };
    #[cfg(target_os = "linux")]
    chapter.sections.extend(left::sections());
    chapter
}

fn say(lines: &[&str]) -> anyhow::Result<()> {
    for line in lines {
        println!("{line}");
    }
    Ok(())
}

/// Hangs, and so does a process that it started and that holds the same output.
fn hang() -> anyhow::Result<()> {
    let child = Command::new("sleep").arg("600").spawn()?;
    println!("pid {}", child.id());
    loop {
        thread::park();
    }
}

fn main() {
    let chapters = [chapter()];
    child::act(&chapters);
    let is_hang = |section: &Section| section.name == "hang";
    match env::args().nth(1).as_deref() {
        Some("report") => process::exit(report(&chapters[0], |s| !is_hang(s), LONG)),
        Some("report-hang") => process::exit(report(&chapters[0], is_hang, SHORT)),
        _ => {}
    }
    let tests = vec![
        Trial::test("the_report_names_every_fault", the_report_names_every_fault),
        Trial::test(
            "what_hangs_is_killed_with_what_it_started",
            what_hangs_is_killed,
        ),
    ];
    // Signals, process groups and `ps` are Unix's.
    let tests = if cfg!(unix) { tests } else { Vec::new() };
    libtest_mimic::run(&Arguments::from_args(), tests).exit();
}

fn report(chapter: &Chapter, which: impl Fn(&Section) -> bool, deadline: Duration) -> i32 {
    let sections = chapter.sections.iter().filter(|section| which(section));
    let plan = Plan {
        sections: sections.map(|section| (chapter, section)).collect(),
        repeat: 1,
        jobs: NonZero::new(4).expect("four is not zero"),
        deadline,
        show: false,
    };
    let faults = run::all(&plan).expect("the report can be written");
    i32::try_from(faults).expect("a few faults")
}

/// This executable, to make the report that `word` asks for.
fn to_report(word: &str) -> Command {
    let mut command = Command::new(env::current_exe().expect("this executable"));
    command.arg(word).env("RUST_BACKTRACE", "0");
    command
}

/// The report, and the exit code.
fn reported(command: Command) -> (String, Option<i32>) {
    let ended = child::run(command, "", Duration::from_secs(240)).expect("it can be started");
    assert!(!ended.timed_out, "the report hangs: {ended:?}");
    (ended.stdout, ended.status.code())
}

fn must_say(report: &str, text: &str) {
    assert!(report.contains(text), "no “{text}” in\n{report}");
}

fn the_report_names_every_fault() -> Result<(), Failed> {
    #[allow(unused_mut)] // elsewhere than on Linux
    let mut command = to_report("report");
    #[cfg(target_os = "linux")]
    let names = left::Names::new();
    #[cfg(target_os = "linux")]
    names.give_to(&mut command);
    let (report, code) = reported(command);
    let says = |text: &str| must_say(&report, text);

    says("ok    faults/good ");
    says("ok    faults/alone ");
    says("FAULT faults/error fails: exit status: 1\n      stderr| error: went wrong");
    says("FAULT faults/panic fails: exit status: 101\n");
    says("gave up");
    says("FAULT faults/abort fails: signal: 6");
    says("FAULT faults/breach breaks its contract: line 2: unexpected “three”; expected “two”");
    says("      stdout| one\n      stdout| three\n");
    says("FAULT faults/early-end breaks its contract: the output ends too early, after line 1");
    says("FAULT faults/quick breaks its contract: took ");
    says("FAULT faults/stderr breaks its contract: it wrote to standard error");
    says("a word aside");
    says("FAULT faults/unreadable has a contract that cannot be read: line 2 of the contract");
    says("FAULT faults/orphan-left leaves processes behind");
    let (runs, faults) = (11, 9);
    #[cfg(target_os = "linux")]
    let (runs, faults) = {
        let left = names.of("left");
        assert_eq!(names.remove(), ["left", "another"]);
        says("FAULT faults/thread-left fails: exit status: 3");
        says("error: 1 threads still run, the contract says 0");
        says("FAULT faults/child-left fails: exit status: 3");
        says("error: a child process was not waited for");
        says("FAULT faults/descriptor-left fails: exit status: 3");
        says("error: 1 descriptors are left open (");
        says(" → /dev/null), the contract says 0\n");
        says("FAULT faults/no-descriptor-left fails: exit status: 3");
        says("error: 0 descriptors are left open, the contract says 1\n");
        says("FAULT faults/memory-left fails: exit status: 3");
        says(&format!(
            "error: shared memory has a name still: {}\n",
            left.display()
        ));
        says("ok    faults/descriptor-stated ");
        says("ok    faults/memory-without-its-name ");
        says("ok    faults/memory-of-another ");
        (runs + 8, faults + 5)
    };
    says(&format!("{runs} runs, {faults} at fault"));
    assert_eq!(code, Some(faults), "{report}");
    Ok(())
}

fn what_hangs_is_killed() -> Result<(), Failed> {
    let (report, code) = reported(to_report("report-hang"));
    must_say(
        &report,
        "FAULT faults/hang hangs: not done after 2s\n      stdout| pid ",
    );
    assert_eq!(code, Some(1), "{report}");

    let pid = report
        .split("pid ")
        .nth(1)
        .and_then(|rest| rest.lines().next())
        .expect("a pid");
    let ceiling = Instant::now() + Duration::from_secs(30);
    while is_alive(pid) {
        assert!(
            Instant::now() < ceiling,
            "{pid}, started by what hung, is still there"
        );
        thread::yield_now();
    }
    Ok(())
}

fn is_alive(pid: &str) -> bool {
    let ps = Command::new("ps")
        .args(["-o", "stat=", "-p", pid])
        .output()
        .expect("ps can be run");
    let state = String::from_utf8_lossy(&ps.stdout);
    !state.trim().is_empty() && !state.starts_with('Z')
}
