//! `program.rs`: each problem is found, on its line.

#[allow(dead_code, reason = "shared with the lock's tests")]
mod support;

use gil_demo::program::{CPU_TASK, Problem, Program, REF_COUNT};
use support::bounded;

/// The body of a function `f`, whose first line is line 2.
#[track_caller]
fn refused(body: &str, line: usize, problem: Problem) {
    refused_text(&format!("def f(n):\n{body}"), line, problem);
}

#[track_caller]
fn refused_text(text: &str, line: usize, problem: Problem) {
    let error = Program::parse(text).expect_err("it is refused");
    assert_eq!((error.line, error.problem), (line, problem));
}

#[track_caller]
fn accepted(text: &str) {
    if let Err(error) = Program::parse(text) {
        panic!("{error}\n{text}");
    }
}

#[test]
fn the_chapters_programs_are_accepted() {
    accepted(CPU_TASK);
    accepted(REF_COUNT);
    accepted(&[CPU_TASK, REF_COUNT].concat());
    accepted("");
}

#[test]
fn comments_and_blank_lines_are_skipped_and_counted() {
    accepted("# one\n\n  def f( a , b ):  # two\n\tLOAD_FAST a # three\n\nRETURN_VALUE");
    refused("\n# no\n\nNO", 5, Problem::UnknownInstruction("NO".into()));
}

#[test]
fn definitions() {
    for head in [
        "f:", "f()", "f(", "(a):", "f(a b):", "f(a,):", "f(,a):", "f g():",
    ] {
        refused_text(&format!("def {head}"), 1, Problem::BadDefinition);
    }
    refused_text("LOAD_CONST 1", 1, Problem::OutsideFunction);
    refused_text("L1:", 1, Problem::OutsideFunction);
}

#[test]
fn names_are_given_once() {
    refused_text("def f(a, a):", 1, Problem::Duplicate("a".into()));
    let f = "def f():\nLOAD_CONST None\nRETURN_VALUE\n";
    refused_text(&f.repeat(2), 4, Problem::Duplicate("f".into()));
    refused("L1:\nL1:", 3, Problem::Duplicate("L1".into()));
    accepted(&(f.to_owned() + &f.replace("f()", "g()").replace("LOAD", "L1:\nLOAD")));
}

#[test]
fn instructions_and_operands() {
    for text in [
        "LOAD_LAST n",
        "LOAD_FAST",
        "LOAD_FAST n n",
        "POP_TOP 1",
        "CALL f",
    ] {
        refused(text, 2, Problem::UnknownInstruction(text.into()));
    }
    for (text, operand) in [
        ("LOAD_CONST nil", "nil"),
        ("LOAD_CONST 9223372036854775808", "9223372036854775808"),
        ("BUILD_LIST -1", "-1"),
        ("CALL f one", "one"),
    ] {
        refused(text, 2, Problem::BadOperand(operand.into()));
    }
    for constant in ["None", "True", "False", "-9223372036854775808"] {
        accepted(&format!("def f():\nLOAD_CONST {constant}\nRETURN_VALUE"));
    }
}

#[test]
fn names_are_known() {
    refused("LOAD_FAST x", 2, Problem::UnknownLocal("x".into()));
    refused("JUMP_FORWARD x", 2, Problem::UnknownLabel("x".into()));
    refused("CALL x 0", 2, Problem::UnknownFunction("x".into()));
    // Labels and locals are a function's own; a function may be called before it is defined.
    let other = "def g():\nL1:\nLOAD_CONST 1\nSTORE_FAST x\nCALL f 0\nRETURN_VALUE\n";
    let uses = |line: &str| format!("{other}def f():\n{line}\n");
    refused_text(&uses("LOAD_FAST x"), 8, Problem::UnknownLocal("x".into()));
    refused_text(
        &uses("JUMP_FORWARD L1"),
        8,
        Problem::UnknownLabel("L1".into()),
    );
    accepted(&uses("CALL g 0\nRETURN_VALUE"));
}

#[test]
fn calls_give_as_many_arguments_as_there_are_parameters() {
    let problem = |given| Problem::ArgumentCount { expected: 1, given };
    refused("CALL f 0", 2, problem(0));
    refused("LOAD_FAST n\nLOAD_FAST n\nCALL f 2", 4, problem(2));
}

#[test]
fn only_a_backward_jump_goes_back() {
    let wrong = || Problem::WrongDirection("L1".into());
    refused(
        "JUMP_BACKWARD L1\nL1:\nLOAD_FAST n\nRETURN_VALUE",
        2,
        wrong(),
    );
    refused("L1:\nJUMP_FORWARD L1", 3, wrong());
    refused("L1:\nLOAD_FAST n\nPOP_JUMP_IF_FALSE L1", 4, wrong());
    accepted("def f():\nL1:\nJUMP_BACKWARD L1"); // `while True: pass`
}

#[test]
fn no_instruction_finds_too_few_operands() {
    for text in [
        "STORE_FAST n",
        "COMPARE_LESS",
        "LOAD_FAST n\nBINARY_ADD",
        "LOAD_FAST n\nBINARY_MULTIPLY",
        "L0:\nPOP_JUMP_IF_FALSE L1\nL1:",
        "BUILD_LIST 1",
        "BUILD_LIST 18446744073709551615",
        "GET_REF_COUNT",
        "CALL f 1",
        "POP_TOP",
        "RETURN_VALUE",
    ] {
        let error = Program::parse(&format!("def f(n):\n{text}")).expect_err("it is refused");
        assert_eq!(error.problem, Problem::StackUnderflow, "{text}");
    }
}

#[test]
fn paths_that_meet_have_as_many_operands() {
    let body = "LOAD_FAST n\nPOP_JUMP_IF_FALSE L1\nLOAD_FAST n\nL1:\nJUMP_BACKWARD L1";
    refused(body, 6, Problem::DepthMismatch(1, 0));
    // A loop that leaves one more each time.
    refused(
        "L1:\nLOAD_FAST n\nJUMP_BACKWARD L1",
        3,
        Problem::DepthMismatch(0, 1),
    );
}

#[test]
fn a_function_returns_one_value_and_ends_with_it() {
    refused(
        "LOAD_FAST n\nLOAD_FAST n\nRETURN_VALUE",
        4,
        Problem::LeftOver(1),
    );
    refused("", 1, Problem::FallsOffTheEnd);
    refused("LOAD_FAST n", 2, Problem::FallsOffTheEnd);
    refused("JUMP_FORWARD L1\nL1:", 2, Problem::FallsOffTheEnd);
    refused(
        "LOAD_FAST n\nPOP_JUMP_IF_FALSE L1\nL1:",
        3,
        Problem::FallsOffTheEnd,
    );
}

#[test]
fn an_error_names_its_line() {
    let error = Program::parse("def f():\n    JUMP_FORWARD done").expect_err("it is refused");
    assert_eq!(
        error.to_string(),
        "line 2: the function has no label `done`"
    );
}

/// A program of many names is read in no more than a moment each. If each were searched in a list of the
/// others, these programs would take minutes.
#[test]
fn parsing_many_names_is_not_quadratic() {
    const MANY: usize = 300_000;
    fn each(line: impl Fn(usize) -> String) -> String {
        (0..MANY).map(line).collect()
    }
    bounded(|| {
        let end = "LOAD_CONST None\nRETURN_VALUE\n";
        for text in [
            format!("def f({}):\n{end}", each(|n| format!("p{n}, ")) + "last"),
            format!(
                "def f():\n{}{end}",
                each(|n| format!("LOAD_CONST {n}\nSTORE_FAST v{n}\n"))
            ),
            format!("def f():\n{}{end}", each(|n| format!("L{n}:\n"))),
            each(|n| format!("def f{n}():\nCALL f{n} 0\nRETURN_VALUE\n")),
        ] {
            if let Err(error) = Program::parse(&text) {
                panic!("{error}");
            }
        }
    });
}
