//! The notation of contracts, and what the check accepts and refuses.

use std::time::Duration;

use comparison::contract::{Contract, Place};

fn contract(text: &str) -> Contract {
    Contract::parse(text).expect("a contract in the notation")
}

/// Whether each output keeps the contract.
fn verdicts<const N: usize>(text: &str, outputs: [&str; N]) -> [bool; N] {
    let contract = contract(text);
    outputs.map(|output| contract.check(output).is_ok())
}

#[test]
fn one_lane_fixes_the_order() {
    let text = "lane main\n | a\n | b";
    assert_eq!(
        verdicts(
            text,
            ["a\nb\n", "b\na\n", "a\n", "a\nb\nb\n", "a\nx\nb\n", ""]
        ),
        [true, false, false, false, false, false]
    );
}

#[test]
fn two_lanes_run_side_by_side() {
    let text = "lane one\n | a\n | b\nlane two\n | c";
    assert_eq!(
        verdicts(text, ["a\nb\nc\n", "a\nc\nb\n", "c\na\nb\n", "b\nc\na\n"]),
        [true, true, true, false]
    );
}

#[test]
fn an_edge_ties_two_lanes() {
    let text = "lane one\n #first | a\n | b\nlane two\n #second | c\nbefore #first #second";
    assert_eq!(
        verdicts(text, ["a\nc\nb\n", "a\nb\nc\n", "c\na\nb\n"]),
        [true, true, false]
    );
}

#[test]
fn then_separates_phases() {
    let text = "lane one\n | a\nlane two\n | b\nthen\nlane one\n | c";
    assert_eq!(
        verdicts(text, ["a\nb\nc\n", "b\na\nc\n", "a\nc\nb\n"]),
        [true, true, false]
    );
}

#[test]
fn a_line_may_come_several_times() {
    let text = "lane one\n x2..3 | tick\n | end";
    assert_eq!(
        verdicts(
            text,
            [
                "tick\nend\n",
                "tick\ntick\nend\n",
                "tick\ntick\ntick\nend\n"
            ]
        ),
        [false, true, true]
    );
    assert_eq!(verdicts(text, ["tick\ntick\ntick\ntick\nend\n"]), [false]);
    // None at all is a number too, at the end of a lane as well as within it.
    let text = "lane one\n x0..1 | a\n | b\n x0..2 | c";
    assert_eq!(
        verdicts(text, ["b\n", "a\nb\nc\nc\n", "a\n"]),
        [true, true, false]
    );
}

#[test]
fn the_same_text_in_two_lanes_finds_its_reading() {
    // Only the second reading of the first “a” leads to the end.
    let text = "lane one\n | a\n | b\nlane two\n | a\n | c";
    assert_eq!(
        verdicts(text, ["a\nc\na\nb\n", "a\na\nc\nb\n", "a\nb\nc\na\n"]),
        [true, true, false]
    );
}

#[test]
fn placeholders_stand_for_what_varies() {
    let text = "lane main\n | pid {int}, {float} s: {text}!";
    assert_eq!(
        verdicts(
            text,
            ["pid 12, 0.50 s: 好!", "pid x, 0.50 s: a!", "pid 1, 5 s: a!"]
        ),
        [true, false, false]
    );
    assert_eq!(
        verdicts(text, ["pid 1, 0.5 s: !", "xpid 1, 0.5 s: a!"]),
        [false, false]
    );
}

#[test]
fn signs_of_expressions_are_plain_text_and_so_is_an_escaped_brace() {
    let text = "lane main\n | [a.b] (c)* \\d \\{int}";
    assert_eq!(
        verdicts(
            text,
            [
                "[a.b] (c)* \\d {int}",
                "[axb] (c)* \\d {int}",
                "[a.b] (c)* 1 7"
            ]
        ),
        [true, false, false]
    );
}

#[test]
fn the_head_is_read_and_comments_are_not() {
    let contract =
        contract("# why\nleast 1.5 s\nthreads left 2\ndescriptors left 3\n\nlane main\n | a");
    assert_eq!(contract.least, Duration::from_millis(1500));
    assert_eq!((contract.threads_left, contract.descriptors_left), (2, 3));
}

#[test]
fn a_place_is_given_to_every_line() {
    let contract =
        contract("lane one\n #x | a\nlane two\n #y | b\nbefore #x #y\nthen\nlane z\n x1..2 | c");
    let places = contract.check("a\nb\nc\n").expect("kept");
    let place = |phase, lane, line| Place { phase, lane, line };
    assert_eq!(places, [place(0, 0, 0), place(0, 1, 0), place(1, 0, 0)]);
    assert!(contract.is_fixed(places[0]));
    assert!(!contract.is_fixed(places[2]));
    assert_eq!(
        contract.edges().collect::<Vec<_>>(),
        [(place(0, 0, 0), place(0, 1, 0))]
    );
}

#[test]
fn a_breach_says_where_what_and_what_could_have_been() {
    let contract = contract("lane one\n | a\n | b\nlane two\n | c");
    let breach = contract.check("a\nx\n").expect_err("x is nowhere");
    assert_eq!(
        breach.to_string(),
        "line 2: unexpected “x”; expected “b” (lane one) or “c” (lane two)"
    );
    let breach = contract.check("a\nb\n").expect_err("c is missing");
    assert_eq!(
        breach.to_string(),
        "the output ends too early, after line 2; expected “c” (lane two)"
    );
    let breach = contract.check("a\nb\nc\nd\n").expect_err("d is too much");
    assert_eq!(
        breach.to_string(),
        "line 4: unexpected “d”; expected nothing more"
    );
}

/// A contract that says less than its author meant must not pass for one.
#[test]
fn what_is_not_in_the_notation_is_refused_with_its_line() {
    let cases = [
        ("", 0, "a phase without a lane"),
        ("lane main", 1, "lane main has no line"),
        (" | a", 1, "a line before any lane"),
        ("lane a\n | x\nlane a\n | y", 3, "a second lane named a"),
        ("lane a\n #l | x\n #l | y", 3, "a second line named #l"),
        ("lane a\n | x\nbefore #l #m", 3, "no line above is named #l"),
        (
            "lane a\n #l x2 | x\n #m | y\nbefore #l #m",
            4,
            "cannot have an edge",
        ),
        ("lane a\n x3..2 | x", 2, "never satisfied"),
        ("lane a\n x0 | x", 2, "never satisfied"),
        ("lane a\n xx | x", 2, "not a count"),
        ("lane a\n two | x", 2, "not two"),
        ("lane a\n | {pid}", 2, "no placeholder is named {pid}"),
        ("lane a\n | {int", 2, "a brace without its end"),
        ("least long s", 1, "`least` takes seconds"),
        ("least -1 s", 1, "`least` takes seconds"),
        ("threads left some", 1, "takes a number"),
        ("descriptors left -1", 1, "takes a number"),
        ("atleast 3 s", 1, "not in the notation"),
        ("lane a\n | x\nthen", 3, "a phase without a lane"),
    ];
    for (text, line, problem) in cases {
        let error = Contract::parse(text).expect_err(text);
        assert_eq!(error.line, line, "{text:?}: {error}");
        assert!(error.problem.contains(problem), "{text:?}: {error}");
    }
}
