//! The table of chapter 1, from outside: `blocks gil`.

use std::process::Command;
use std::time::Duration;

use comparison::{child, machine};

/// Several times what a busy machine takes.
const DEADLINE: Duration = Duration::from_secs(300);

/// GD-04: the table says how many cores there are and how often it was measured; what it shows beside a
/// median is how well that is known; and nothing in it is not a number. There is no JSON to be parsed: the
/// table is all that is printed.
#[test]
fn the_table_says_on_what_how_often_and_how_sure() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_comparison"));
    command.args(["blocks", "gil", "--no-python"]);
    let ended = child::run(command, "", DEADLINE).expect("it can be started");
    assert!(ended.status.success(), "{ended:?}");
    assert_eq!(ended.stderr, "", "no bar where there is no terminal");
    let said = ended.stdout;
    let head = format!("\n{} 核 · cores, ", machine::cores());
    assert!(said.contains(&head), "{said}");
    assert!(
        said.contains("\n24 rounds, everything in turn: medians"),
        "{said}"
    );
    for wrong in ["NaN", "inf"] {
        assert!(!said.contains(wrong), "{said}");
    }

    // The rows that a machine of any kind can fill.
    let cells = |what: &str| -> Vec<&str> {
        let row = said.lines().find(|line| line.contains(what)).expect(what);
        row.split(['│', '┆']).map(str::trim).collect()
    };
    for what in [
        "CPU 密集，两个线程，有锁",
        "字节码循环",
        "引用计数加减，普通",
    ] {
        let ours = cells(what)[2];
        let [median, lower, upper] = bracketed(ours).unwrap_or_else(|| panic!("{what}: {ours}"));
        assert!(0.0 < lower && lower <= median && median <= upper, "{ours}");
    }
}

/// The figures of `20.2 ns [19.7–22.5]`.
fn bracketed(cell: &str) -> Option<[f64; 3]> {
    let (median, rest) = cell.split_once([' ', '×'])?;
    let (lower, upper) = rest.split_once('[')?.1.strip_suffix(']')?.split_once('–')?;
    let [median, lower, upper] = [median, lower, upper].map(|figure| figure.parse().ok());
    Some([median?, lower?, upper?])
}
