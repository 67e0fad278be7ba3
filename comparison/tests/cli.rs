//! The command line of `comparison`, from outside.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use std::time::Duration;

use comparison::child::{self, Ended};
use comparison::python::Python;

const DEADLINE: Duration = Duration::from_secs(120);

fn comparison(args: &[&str]) -> Ended {
    let mut command = Command::new(env!("CARGO_BIN_EXE_comparison"));
    command.args(args);
    child::run(command, "", DEADLINE).expect("it can be started")
}

#[test]
fn an_unknown_chapter_names_those_there_are() {
    for name in ["nothing", "threading/nothing", "threadin"] {
        let ended = comparison(&["chapters", "threading/thread-local", name]);
        assert_eq!(ended.status.code(), Some(2));
        assert_eq!(ended.stdout, "", "nothing runs");
        assert!(
            ended.stderr.contains(&format!("'{name}'")),
            "{}",
            ended.stderr
        );
        assert!(
            ended.stderr.contains("threading/event-condition"),
            "{}",
            ended.stderr
        );
    }
}

#[test]
fn an_unknown_row_names_those_there_are() {
    let ended = comparison(&["blocks", "nothing"]);
    assert_eq!(ended.status.code(), Some(2));
    assert_eq!(ended.stdout, "");
    assert!(ended.stderr.contains("reentrant-lock"), "{}", ended.stderr);
}

#[test]
fn bad_arguments_exit_with_two() {
    for args in [
        &["nothing"][..],
        &["chapters", "--repeat", "0"],
        &["chapters", "--jobs", "many"],
        &["--nothing"],
        &["choose", "cpu_intensive"],
        &["choose", "cpu_intensive", "0"],
        &["choose", "cpu_intensive", "-8"],
        &["choose", "cpu_intensive", "8.5"],
        &["choose", "io_intensive", "many"],
        &["choose", "io_intensive", "8", "9"],
    ] {
        let ended = comparison(args);
        assert_eq!(ended.status.code(), Some(2), "{args:?}");
        assert!(ended.stderr.starts_with("error: "), "{}", ended.stderr);
        assert_eq!(ended.stdout, "", "{args:?}");
    }
}

#[test]
fn choose_without_arguments_prints_what_the_document_prints() {
    let ended = comparison(&["choose"]);
    assert!(ended.status.success(), "{ended:?}");
    assert_eq!(
        ended.stdout,
        "multiprocessing.Pool 或 ProcessPoolExecutor\nasyncio（协程）\n"
    );
    assert_eq!(ended.stderr, "");
}

#[test]
fn choose_says_what_is_wrong_with_a_concurrency() {
    for word in ["0", "-8", "8.5", "many"] {
        let ended = comparison(&["choose", "cpu_intensive", word]);
        assert!(ended.stderr.contains(&format!("'{word}'")), "{ended:?}");
        assert!(ended.stderr.contains("not a positive number"), "{ended:?}");
    }
    let ended = comparison(&["choose", "cpu_intensive"]);
    assert!(ended.stderr.contains("<CONCURRENCY>"), "{ended:?}");
}

#[test]
fn choose_measures_what_its_answer_rests_on() {
    for (task, answer, line) in [
        (
            "cpu_intensive",
            "multiprocessing.Pool 或 ProcessPoolExecutor",
            "CPU-bound",
        ),
        ("gpu_intensive", "根据具体场景测试后决定", "mixed"),
    ] {
        let ended = comparison(&["choose", task, "8", "--no-python"]);
        assert!(ended.status.success(), "{ended:?}");
        let (first, rest) = ended.stdout.split_once('\n').expect("several lines");
        assert_eq!(first, answer);
        assert!(rest.contains("suited to") && rest.contains(line), "{rest}");
        assert!(!rest.contains("speed-up"), "{rest}: one row");
    }
}

#[test]
fn a_section_is_run_as_often_as_asked_and_shown_when_asked() {
    let ended = comparison(&[
        "chapters",
        "threading/thread-local",
        "--repeat",
        "3",
        "--show",
    ]);
    assert!(ended.status.success(), "{ended:?}");
    assert_eq!(
        ended.stdout.matches("ok    threading/thread-local").count(),
        3
    );
    assert_eq!(ended.stdout.matches("stdout| 线程 T-3: 3").count(), 3);
    assert!(ended.stdout.contains("3 runs, 0 at fault"));
    assert_eq!(ended.stderr, "", "no bar where there is no terminal");
}

#[test]
fn an_output_is_checked_wherever_it_comes_from() {
    let check = |name: &str, output: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_comparison"));
        command.args(["check", name]);
        child::run(command, output, DEADLINE).expect("it can be started")
    };
    let section = comparison(&["__section", "threading", "thread-local"]).stdout;
    let ended = check("threading/thread-local", &section);
    assert!(ended.status.success(), "{ended:?}");
    assert!(
        ended.stdout.starts_with("threading/thread-local: 14 "),
        "{}",
        ended.stdout
    );

    let ended = check(
        "threading/thread-local",
        &section.replace("T-3: 3", "T-3: 4"),
    );
    assert_eq!(ended.status.code(), Some(1));
    assert!(
        ended.stderr.contains("unexpected “线程 T-3: 4”"),
        "{}",
        ended.stderr
    );

    for name in ["threading", "threading/nothing"] {
        assert_eq!(check(name, &section).status.code(), Some(2));
    }
}

#[test]
fn the_hidden_word_with_an_unknown_name_is_refused() {
    for args in [
        ["__section", "threading", "nothing"],
        ["__measure", "cpu-bound", "nothing"],
    ] {
        let ended = comparison(&args);
        assert_eq!(ended.status.code(), Some(2));
        assert!(
            ended.stderr.starts_with("error: there is no"),
            "{}",
            ended.stderr
        );
    }
}

#[test]
fn a_reader_that_leaves_is_no_fault() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_comparison"));
    command.args([
        "chapters",
        "threading/thread-local",
        "threading/thread",
        "--repeat",
        "2",
    ]);
    command.args(["--jobs", "1"]).stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("it can be started");
    let mut reader = BufReader::new(child.stdout.take().expect("piped"));
    let mut line = String::new();
    reader.read_line(&mut line).expect("a first line");
    assert!(line.starts_with("ok "), "{line}");
    drop(reader); // and nobody reads on
    let status = child.wait().expect("it ends");
    let mut stderr = String::new();
    child
        .stderr
        .take()
        .expect("piped")
        .read_to_string(&mut stderr)
        .expect("text");
    assert_eq!((status.code(), stderr.as_str()), (Some(0), ""));
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_every_child() {
    use nix::sys::signal::{Signal, kill};
    use nix::unistd::Pid;

    let mut command = Command::new(env!("CARGO_BIN_EXE_comparison"));
    command.args([
        "chapters",
        "threading/thread-local",
        "threading/event-condition",
    ]);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().expect("it can be started");
    let mut reader = BufReader::new(child.stdout.take().expect("piped"));
    let mut line = String::new();
    // The quick section has ended; the long one is at work for seconds more.
    reader.read_line(&mut line).expect("a first line");
    let pid = Pid::from_raw(i32::try_from(child.id()).expect("a pid"));
    let children = || {
        let ps = Command::new("ps")
            .args(["-o", "pid=", "--ppid", &pid.to_string()])
            .output();
        String::from_utf8(ps.expect("ps can be run").stdout).expect("text")
    };
    let before = children();
    kill(pid, Signal::SIGINT).expect("it is there");
    let status = child.wait().expect("it ends");
    assert_eq!(status.code(), Some(130));
    assert_ne!(before, "", "the long section was at work");
    for orphan in before.split_whitespace() {
        let ceiling = std::time::Instant::now() + Duration::from_secs(30);
        let is_there = || {
            let ps = Command::new("ps")
                .args(["-o", "stat=", "-p", orphan])
                .output();
            let state = String::from_utf8(ps.expect("ps can be run").stdout).expect("text");
            !state.is_empty() && !state.starts_with('Z')
        };
        while is_there() {
            assert!(
                std::time::Instant::now() < ceiling,
                "{orphan} was left behind"
            );
            std::thread::yield_now();
        }
    }
}

#[test]
fn what_is_no_python_says_why() {
    let reason = |path: &str| Python::find(path).err().expect("no Python");
    assert!(reason("/nowhere/python3").starts_with("cannot start /nowhere/python3"));
    if cfg!(unix) {
        assert!(reason("true").contains("does not answer as Python does"));
        assert!(reason("false").contains("exit status: 1"));
    }
}
