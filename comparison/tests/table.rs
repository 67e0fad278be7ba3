//! The table from outside: a real report keeps its schema, and every output shows the same figures; Pythons that
//! fail in every way; files that cannot be written; children that are killed.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use comparison::child::{self, Ended};
use comparison::python::Python;
use comparison::report::{Language, Outcome, Report, json, markdown, text};

/// Long enough for a quick row on a busy machine.
const CEILING: Duration = Duration::from_secs(300);

/// A folder for one test, gone with it.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let name = format!("comparison-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).expect("a folder can be made");
        Self(path)
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().expect("text").to_owned()
    }

    /// A program that stands for Python.
    fn program(&self, name: &str, text: &str) -> String {
        let path = self.path(name);
        fs::write(&path, text).expect("it can be written");
        let executable = fs::Permissions::from_mode(0o755);
        fs::set_permissions(&path, executable).expect("it is ours");
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left in a folder for temporary files is nobody's harm.
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn table(args: &[&str]) -> Ended {
    let mut command = Command::new(env!("CARGO_BIN_EXE_comparison"));
    command.args(["table", "--quick"]).args(args);
    let ended = child::run(command, "", CEILING).expect("it can be started");
    assert!(!ended.timed_out, "{ended:?}");
    ended
}

fn report(path: &str) -> Report {
    let text = fs::read_to_string(path).expect("it was written");
    serde_json::from_str(&text).expect("it is a report")
}

/// Whether the JSON is as its schema says.
fn keeps_schema(text: &str) {
    let schema = serde_json::from_str(json::SCHEMA).expect("the schema is JSON");
    let mut compiler = boon::Compiler::new();
    compiler
        .add_resource("report.json", schema)
        .expect("a resource");
    let mut schemas = boon::Schemas::new();
    let index = compiler
        .compile("report.json", &mut schemas)
        .expect("a schema");
    let value = serde_json::from_str(text).expect("JSON");
    if let Err(error) = schemas.validate(&value, index) {
        panic!("{error:#}");
    }
}

/// The word that each figure of the report is.
fn figures(report: &Report) -> Vec<String> {
    let measures = report.rows.iter().flat_map(|row| &row.measures);
    let cells = measures.flat_map(|measure| &measure.cells);
    cells
        .filter(|cell| comparison::rows::MODELS.contains(&cell.model.as_str()))
        .flat_map(|cell| &cell.text)
        .cloned()
        .collect()
}

#[test]
fn a_real_report_keeps_its_schema_and_all_outputs_show_its_figures() {
    let folder = Folder::new("real");
    let (json_path, markdown_path) = (folder.path("report.json"), folder.path("report.md"));
    let ended = table(&[
        "--only",
        "creation",
        "memory",
        "version",
        "--json",
        &json_path,
        "--markdown",
        &markdown_path,
    ]);
    assert!(ended.status.success(), "{ended:?}");
    let written = fs::read_to_string(&json_path).expect("it was written");
    keeps_schema(&written);

    let report = report(&json_path);
    let ids: Vec<&str> = report.rows.iter().map(|row| row.id.as_str()).collect();
    assert_eq!(
        ids,
        ["memory", "creation", "version"],
        "the document's order"
    );
    let again = json::written(&report).expect("JSON");
    assert!(again == written, "nothing is lost on the way");
    assert_eq!(
        text::written(&report),
        ended.stdout,
        "the text comes from the report alone"
    );
    let page = fs::read_to_string(&markdown_path).expect("it was written");
    assert_eq!(markdown::written(&report), page);

    let all = figures(&report);
    assert!(all.len() >= 6, "{all:?}");
    for figure in all {
        assert!(written.contains(&figure), "JSON: {figure}");
        assert!(page.contains(&figure), "Markdown: {figure}");
    }
    for line in ended.stdout.lines().filter(|line| line.contains('│')) {
        let wide = |c: char| if c > '\u{2e7f}' { 2 } else { 1 };
        let width: usize = line.chars().map(wide).sum();
        assert!(width <= 100, "{width} columns: {line}");
    }
}

#[test]
fn an_unknown_row_names_those_there_are_and_nothing_is_measured() {
    let ended = table(&["--only", "creation", "nothing"]);
    assert_eq!((ended.status.code(), ended.stdout.as_str()), (Some(2), ""));
    assert!(
        ended.stderr.contains("'nothing'") && ended.stderr.contains("parallelism"),
        "{ended:?}"
    );
}

#[test]
fn a_file_that_cannot_be_written_is_an_error_and_the_table_stands() {
    let folder = Folder::new("files");
    let good = folder.path("good.json");
    let nowhere = folder.path("no/such/folder.md");
    let mut args = vec!["--no-python", "--only", "version", "--json", good.as_str()];
    args.extend(["--markdown", &nowhere]);
    if Path::new("/dev/full").exists() {
        args.extend(["--html", "/dev/full"]);
    }
    let ended = table(&args);
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    assert!(ended.stdout.contains("1.39"), "{}", ended.stdout);
    assert!(
        ended.stderr.contains(&format!("cannot write {nowhere}")),
        "{}",
        ended.stderr
    );
    if Path::new("/dev/full").exists() {
        assert!(
            ended.stderr.contains("cannot write /dev/full"),
            "{}",
            ended.stderr
        );
    }
    assert_eq!(report(&good).rows.len(), 1, "the others are written");
}

/// What a program says that is asked who it is, and then does `rest` when it is to measure.
fn python(rest: &str) -> String {
    let who = "echo CPython 3 13 3.13.0; echo --enable-optimizations";
    format!("#!/bin/sh\nif [ \"$1\" = - ]; then cat >/dev/null; {who}; exit; fi\n{rest}\n")
}

/// The outcomes of threads for creation beside such a Python: ours, its; and the exit code.
fn beside(name: &str, program: &str, deadline: &str) -> (Outcome, Outcome, Option<i32>) {
    let folder = Folder::new(name);
    let (path, json) = (
        folder.program("python", program),
        folder.path("report.json"),
    );
    let ended = table(&[
        "--python",
        &path,
        "--only",
        "creation",
        "--json",
        &json,
        "--deadline",
        deadline,
    ]);
    keeps_schema(&fs::read_to_string(&json).expect("it was written"));
    let report = report(&json);
    let of = |language| {
        let mut cells = report.rows[0].measures[0].cells.iter();
        let cell = cells.find(|cell| cell.model == "threads" && cell.language == language);
        cell.expect("there is such a column").outcome.clone()
    };
    (
        of(Language::Rust),
        of(Language::Cpython),
        ended.status.code(),
    )
}

#[test]
fn a_python_that_fails_says_why_and_the_rest_stands() {
    for (name, rest, why) in [
        ("fails", "echo reason >&2; exit 3", "exit status: 3: reason"),
        ("rubbish", "echo rubbish; cat", "not a measurement"),
        (
            "number",
            "echo '{\"value\": -1, \"answer\": 1}'; cat",
            "not a measurement: -1",
        ),
        ("silent", "true", "exit status: 0"),
        (
            "killed",
            "echo '{\"value\": 1, \"answer\": 1}'; read line; kill -9 $$",
            "signal: 9",
        ),
        (
            "wrong",
            "while :; do echo '{\"value\": 1, \"answer\": 7}'; read line || exit; done",
            "wrong answer",
        ),
    ] {
        let (ours, theirs, code) = beside(name, &python(rest), "120");
        let Outcome::Failed { reason } = &theirs else {
            panic!("{name}: {theirs:?}");
        };
        assert!(reason.contains(why), "{name}: {reason}");
        // Which of them is wrong nobody knows: a wrong answer fails the row.
        let stands = ours.figures().is_some();
        assert_eq!(stands, name != "wrong", "{name}: {ours:?}");
        assert_eq!(code, Some(1), "{name}");
    }
}

#[test]
fn a_python_that_hangs_is_given_up() {
    let (ours, theirs, code) = beside("hangs", &python("sleep 600"), "5");
    let Outcome::Failed { reason } = &theirs else {
        panic!("{theirs:?}");
    };
    assert_eq!(reason, "not done after 5s");
    assert!(ours.figures().is_some(), "{ours:?}");
    assert_eq!(code, Some(1));
}

#[test]
fn a_python_that_does_not_answer_leaves_its_columns_out() {
    let folder = Folder::new("unfit");
    for (name, program, why) in [
        (
            "old",
            "#!/bin/sh\ncat >/dev/null\necho CPython 3 8 3.8.18\n",
            "3.9 is needed",
        ),
        (
            "other",
            "#!/bin/sh\ncat >/dev/null\necho hello\n",
            "does not answer as Python does",
        ),
        ("stuck", "#!/bin/sh\nsleep 600\n", "not done after 5s"),
    ] {
        let path = folder.program(name, program);
        let ended = table(&["--python", &path, "--only", "version", "--deadline", "5"]);
        assert_eq!(ended.status.code(), Some(0), "{ended:?}");
        assert!(ended.stdout.contains(why), "{name}: {}", ended.stdout);
    }
}

/// GD-04, by hand: the programs run from their folder as a report's command says.
#[test]
fn the_commands_of_the_report_can_be_run() {
    if Python::find("python3").is_err() {
        return; // no Python, no command
    }
    let folder = Folder::new("commands");
    let json = folder.path("report.json");
    table(&["--only", "creation", "--json", &json]);
    let report = report(&json);
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let cells = &report.rows[0].measures[0].cells;
    let theirs = cells
        .iter()
        .filter(|cell| cell.language == Language::Cpython);
    let mut count = 0;
    for figures in theirs.filter_map(|cell| cell.outcome.figures()) {
        let mut command = Command::new("sh");
        command.args(["-c", &figures.command]).current_dir(&root);
        let ended = child::run(command, "", CEILING).expect("sh starts");
        assert_eq!(
            ended.stdout.lines().count(),
            1,
            "{}: {ended:?}",
            figures.command
        );
        count += 1;
    }
    assert!(count >= 2, "{count} commands");
}
