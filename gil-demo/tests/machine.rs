//! `machine.rs`: results, errors, and that no run leaves a reference behind, however it ends.

#[allow(dead_code, reason = "shared with the lock's tests")]
mod support;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Barrier;
use std::thread::scope;
use std::time::Duration;

use gil_demo::gil::Gil;
use gil_demo::machine::{Code, Exception, Lock, RECURSION_LIMIT, RunError, run};
use gil_demo::object::{Heap, ObjectRef};
use gil_demo::program::{CPU_TASK, Program, REF_COUNT};
use support::{bounded, with_gil};

const FACTORIAL: &str = "
def factorial(n):
    LOAD_CONST 1
    LOAD_FAST n
    COMPARE_LESS
    POP_JUMP_IF_FALSE L1
    LOAD_FAST n
    LOAD_FAST n
    LOAD_CONST -1
    BINARY_ADD
    CALL factorial 1
    BINARY_MULTIPLY
    RETURN_VALUE
L1:
    LOAD_CONST 1
    RETURN_VALUE
";

fn parse(text: &str) -> Program {
    Program::parse(text).expect("a good program")
}

fn counts(heap: &Heap, code: &Code<'_>) -> Vec<u32> {
    let count = |&object: &ObjectRef| heap.ref_count(object);
    code.constants().iter().map(count).collect()
}

/// Runs a function `f` in a heap of its own, in which nothing may be left.
#[track_caller]
fn result(text: &str, arguments: &[i64]) -> Result<i64, RunError> {
    let program = parse(text);
    let mut heap = Heap::new();
    let code = Code::load(&program, &mut heap);
    let before = (heap.live(), counts(&heap, &code));
    let name = program_name(text);
    let result = run(&code, name, arguments, &mut heap);
    assert_eq!((heap.live(), counts(&heap, &code)), before);
    code.unload(&mut heap);
    assert_eq!(heap.live(), 3);
    let none = heap.none();
    assert_eq!(heap.ref_count(none), 2, "the heap's own and this one");
    result
}

/// The name of the first function.
fn program_name(text: &str) -> &str {
    let head = text.trim_start().strip_prefix("def ").expect("a function");
    head.split('(').next().expect("a name")
}

#[track_caller]
fn raises(text: &str, arguments: &[i64], line: usize, exception: Exception) {
    let raised = RunError::Raised { line, exception };
    assert_eq!(result(text, arguments), Err(raised));
}

#[test]
fn the_loop_counts_to_n() {
    for n in [0, 1, 2, 3, 100, 12_345] {
        assert_eq!(result(CPU_TASK, &[n]), Ok(n));
    }
    assert_eq!(result(CPU_TASK, &[-5]), Ok(0));
}

#[test]
fn a_name_and_the_argument_are_two_references() {
    assert_eq!(result(REF_COUNT, &[]), Ok(2));
}

#[test]
fn a_constant_counts_the_program_too() {
    let text = "def f():\nLOAD_CONST 7\nGET_REF_COUNT\nRETURN_VALUE";
    assert_eq!(result(text, &[]), Ok(2));
    // `a = 1 + 1; b = a; getrefcount(a)`
    let text = "def f():\nLOAD_CONST 1\nLOAD_CONST 1\nBINARY_ADD\nSTORE_FAST a\nLOAD_FAST a\n\
                STORE_FAST b\nLOAD_FAST a\nGET_REF_COUNT\nRETURN_VALUE";
    assert_eq!(result(text, &[]), Ok(3));
}

#[test]
fn calls_nest() {
    assert_eq!(result(FACTORIAL, &[0]), Ok(1));
    assert_eq!(result(FACTORIAL, &[20]), Ok(2_432_902_008_176_640_000));
}

#[test]
fn arguments_keep_their_order() {
    let text = "def f(a, b):\nLOAD_FAST b\nLOAD_FAST a\nCALL less 2\nRETURN_VALUE\n\
                def less(a, b):\nLOAD_FAST a\nLOAD_FAST b\nCOMPARE_LESS\nRETURN_VALUE";
    assert_eq!(result(text, &[1, 2]), Ok(0));
    assert_eq!(result(text, &[2, 1]), Ok(1)); // a bool is an int
}

#[test]
fn conditions_have_pythons_truth() {
    let truth = |load: &str| {
        let text = format!(
            "def f():\n{load}\nPOP_JUMP_IF_FALSE L1\nLOAD_CONST 1\nJUMP_FORWARD L2\n\
             L1:\nLOAD_CONST 0\nL2:\nRETURN_VALUE"
        );
        result(&text, &[])
    };
    for load in [
        "LOAD_CONST True",
        "LOAD_CONST -1",
        "LOAD_CONST 0\nBUILD_LIST 1",
    ] {
        assert_eq!(truth(load), Ok(1), "{load}");
    }
    for load in [
        "LOAD_CONST False",
        "LOAD_CONST None",
        "LOAD_CONST 0",
        "BUILD_LIST 0",
    ] {
        assert_eq!(truth(load), Ok(0), "{load}");
    }
}

#[test]
fn a_bool_is_a_number() {
    for (opcode, expected) in [
        ("BINARY_ADD", 4),
        ("BINARY_MULTIPLY", 3),
        ("COMPARE_LESS", 1),
    ] {
        let text = format!("def f(n):\nLOAD_CONST True\nLOAD_FAST n\n{opcode}\nRETURN_VALUE");
        assert_eq!(result(&text, &[3]), Ok(expected), "{opcode}");
    }
}

#[test]
fn each_instruction_that_makes_an_object_has_the_heap_grow() {
    for make in [
        "BUILD_LIST 0",
        "LOAD_FAST n\nGET_REF_COUNT",
        "LOAD_FAST n\nLOAD_FAST n\nBINARY_ADD",
        "LOAD_FAST n\nLOAD_FAST n\nBINARY_MULTIPLY",
    ] {
        let made = format!("{make}\n").repeat(100);
        let text = format!("def f(n):\n{made}BUILD_LIST 100\nGET_REF_COUNT\nRETURN_VALUE");
        assert_eq!(result(&text, &[7]), Ok(1), "{make}");
    }
}

#[test]
fn operands_that_nobody_else_has_are_freed() {
    let twice = "LOAD_FAST n\nLOAD_FAST n\nBINARY_ADD\n";
    for (opcode, expected) in [
        ("BINARY_ADD", 28),
        ("BINARY_MULTIPLY", 196),
        ("COMPARE_LESS", 0),
    ] {
        let kept = format!("{twice}STORE_FAST m\nLOAD_FAST m\n");
        // Both, the first, the second.
        for (a, b) in [(twice, twice), (twice, &kept), (&kept, twice)] {
            let text = format!("def f(n):\n{a}{b}{opcode}\nRETURN_VALUE");
            assert_eq!(result(&text, &[7]), Ok(expected), "{a}{b}{opcode}");
        }
    }
    let lists = "def f():\nBUILD_LIST 0\nSTORE_FAST a\nBUILD_LIST 0\nBUILD_LIST 1\nSTORE_FAST a\n\
                 BUILD_LIST 0\nPOP_TOP\nLOAD_CONST 0\nSTORE_FAST a\nLOAD_FAST a\nRETURN_VALUE";
    assert_eq!(result(lists, &[]), Ok(0));
}

#[test]
fn a_run_that_cannot_begin() {
    let unknown = RunError::UnknownFunction("task".into());
    let program = parse(CPU_TASK);
    let mut heap = Heap::new();
    let code = Code::load(&program, &mut heap);
    assert_eq!(run(&code, "task", &[], &mut heap), Err(unknown));
    let (expected, given) = (1, 2);
    let count = RunError::ArgumentCount { expected, given };
    assert_eq!(run(&code, "cpu_task", &[1, 2], &mut heap), Err(count));

    let mut other = Heap::new();
    let result = run(&code, "cpu_task", &[1], &mut other);
    assert_eq!(result, Err(RunError::HeapMismatch));
    assert_eq!(other.live(), 3);
    let unloaded = catch_unwind(AssertUnwindSafe(|| code.unload(&mut other)));
    assert!(unloaded.is_err());
}

#[test]
fn errors_leave_nothing_behind() {
    let unbound = "def f(n):\nLOAD_FAST n\nPOP_JUMP_IF_FALSE L1\nLOAD_CONST 1\nSTORE_FAST x\nL1:\n\
                   BUILD_LIST 0\nLOAD_FAST x\nBINARY_ADD\nRETURN_VALUE";
    raises(unbound, &[0], 8, Exception::UnboundLocal("x".into()));
    for (opcode, sign) in [
        ("BINARY_ADD", "+"),
        ("BINARY_MULTIPLY", "*"),
        ("COMPARE_LESS", "<"),
    ] {
        let text = format!("def f(n):\nLOAD_FAST n\nBUILD_LIST 0\n{opcode}\nRETURN_VALUE");
        raises(&text, &[1], 4, Exception::Type(sign, "int", "list"));
        let text = format!("def f():\nLOAD_CONST None\nLOAD_CONST 1\n{opcode}\nRETURN_VALUE");
        raises(&text, &[], 4, Exception::Type(sign, "NoneType", "int"));
    }
    let add = "def f(n):\nLOAD_FAST n\nLOAD_CONST 1\nBINARY_ADD\nRETURN_VALUE";
    raises(add, &[i64::MAX], 4, Exception::Overflow);
    assert_eq!(result(add, &[i64::MAX - 1]), Ok(i64::MAX));
    raises(FACTORIAL, &[21], 12, Exception::Overflow);
    let list = "def f():\nBUILD_LIST 0\nRETURN_VALUE";
    assert_eq!(result(list, &[]), Err(RunError::NotAnInt("list")));
}

#[test]
fn calls_nest_no_deeper_than_the_limit() {
    // `down(n)` is `n` calls below the first one.
    let down = "def down(n):\nLOAD_FAST n\nPOP_JUMP_IF_FALSE L1\nLOAD_FAST n\nLOAD_CONST -1\n\
                BINARY_ADD\nCALL down 1\nRETURN_VALUE\nL1:\nLOAD_CONST 0\nRETURN_VALUE";
    let deepest = RECURSION_LIMIT as i64 - 1;
    assert_eq!(result(down, &[deepest]), Ok(0));
    raises(down, &[deepest + 1], 7, Exception::Recursion);
}

#[test]
fn errors_say_where_and_what() {
    let text = "def f():\nBUILD_LIST 0\nLOAD_CONST 1\nBINARY_ADD\nRETURN_VALUE";
    let error = result(text, &[]).expect_err("a list is not added to");
    assert_eq!(
        error.to_string(),
        "line 4: '+' not supported for 'list' and 'int'"
    );
}

/// A heap that is looked at when others could have it.
struct Watched<'h> {
    heap: &'h mut Heap,
    checks: usize,
    panics_at: usize,
}

impl Lock for Watched<'_> {
    fn heap(&mut self) -> &mut Heap {
        self.heap
    }

    fn check(&mut self) {
        self.checks += 1;
        assert_ne!(self.checks, self.panics_at, "as told");
    }
}

/// How often a run looks whether somebody wants the heap.
fn checks(text: &str, argument: i64) -> usize {
    let program = parse(text);
    let mut heap = Heap::new();
    let code = Code::load(&program, &mut heap);
    let mut lock = Watched {
        heap: &mut heap,
        checks: 0,
        panics_at: usize::MAX,
    };
    run(&code, program_name(text), &[argument], &mut lock).expect("it runs");
    lock.checks
}

#[test]
fn others_are_let_in_at_each_backward_jump_and_call() {
    assert_eq!(checks(CPU_TASK, 100), 100);
    assert_eq!(checks(FACTORIAL, 10), 9);
}

#[test]
fn a_panic_leaves_nothing_behind() {
    for (text, argument) in [(CPU_TASK, 100), (FACTORIAL, 10)] {
        let program = parse(text);
        let mut heap = Heap::new();
        let code = Code::load(&program, &mut heap);
        let before = (heap.live(), counts(&heap, &code));
        let mut lock = Watched {
            heap: &mut heap,
            checks: 0,
            panics_at: 5,
        };
        let running = || run(&code, program_name(text), &[argument], &mut lock);
        assert!(catch_unwind(AssertUnwindSafe(running)).is_err());
        assert_eq!((heap.live(), counts(&heap, &code)), before);
    }
}

/// Counts an object down too often, and panics when others could have the heap.
struct Miscounting {
    heap: Heap,
    object: ObjectRef,
}

impl Lock for Miscounting {
    fn heap(&mut self) -> &mut Heap {
        &mut self.heap
    }

    fn check(&mut self) {
        while self.heap.get(self.object).is_ok() {
            self.heap.decref(self.object);
        }
        panic!("as told");
    }
}

/// F07's kind: a run that is unwound does not panic once more over what others have freed, by itself or in a
/// list, which would abort the process. It gives up the rest.
#[test]
fn what_others_have_freed_is_one_panic() {
    let program = parse(
        "def f():\nLOAD_CONST 7\nLOAD_CONST 8\nLOAD_CONST 7\nLOAD_CONST 8\nBUILD_LIST 2\n\
         CALL g 0\nBUILD_LIST 4\nGET_REF_COUNT\nRETURN_VALUE\n\
         def g():\nLOAD_CONST 9\nRETURN_VALUE",
    );
    let mut heap = Heap::new();
    let code = Code::load(&program, &mut heap);
    let (object, other) = (code.constants()[0], code.constants()[1]);
    let before = heap.live();
    let mut lock = Miscounting { heap, object };
    let running = || run(&code, "f", &[], &mut lock);
    assert!(catch_unwind(AssertUnwindSafe(running)).is_err());
    assert_eq!(
        lock.heap.live(),
        before - 1,
        "all but what others have freed"
    );
    assert_eq!(lock.heap.ref_count(other), 1, "the program's");
}

/// Puts another heap in the place of the one it had.
struct Replaced(Heap);

impl Lock for Replaced {
    fn heap(&mut self) -> &mut Heap {
        &mut self.0
    }

    fn check(&mut self) {
        self.0 = Heap::new();
    }
}

#[test]
fn a_heap_that_is_replaced_is_one_panic() {
    let program = parse(CPU_TASK);
    let mut heap = Heap::new();
    let code = Code::load(&program, &mut heap);
    let mut lock = Replaced(heap);
    let running = || run(&code, "cpu_task", &[10], &mut lock);
    assert!(catch_unwind(AssertUnwindSafe(running)).is_err());
    assert_eq!(lock.0.live(), 3);
}

/// GD-03: two threads under the lock come to what one comes to, and leave every count as it was.
#[test]
fn threads_under_the_lock_count_the_same_objects_right() {
    let n = 200_000;
    with_gil(Heap::new(), move |gil| {
        // Shorter than a run, so that the lock changes hands in the middle of it.
        gil.set_switch_interval(Duration::from_micros(1));
        let program = parse(&[CPU_TASK, FACTORIAL].concat());
        let heap = || gil.acquire().expect("this thread does not have it");
        let code = Code::load(&program, &mut heap());
        let seen = |heap: &Heap| (heap.live(), counts(heap, &code));
        let before = seen(&heap());
        let sequential = run(&code, "cpu_task", &[n], &mut heap());
        let barrier = Barrier::new(2);
        scope(|scope| {
            let threads = [(); 2].map(|()| {
                scope.spawn(|| {
                    barrier.wait();
                    let mut guard = heap();
                    let product = run(&code, "factorial", &[20], &mut guard);
                    assert_eq!(product, Ok(2_432_902_008_176_640_000));
                    run(&code, "cpu_task", &[n], &mut guard)
                })
            });
            for thread in threads {
                assert_eq!(thread.join().expect("no panic"), sequential);
            }
        });
        assert_eq!(sequential, Ok(n));
        assert_eq!(seen(&heap()), before);
    });
}

#[test]
fn threads_without_a_lock_have_a_heap_each() {
    bounded(|| {
        let program = parse(CPU_TASK);
        scope(|scope| {
            for n in [1000, 2000] {
                let program = &program;
                scope.spawn(move || {
                    let mut heap = Heap::new();
                    let code = Code::load(program, &mut heap);
                    assert_eq!(run(&code, "cpu_task", &[n], &mut heap), Ok(n));
                    code.unload(&mut heap);
                    assert_eq!(heap.live(), 3);
                });
            }
        });
    });
}

#[test]
fn a_lock_that_a_failed_run_lets_go_is_good() {
    bounded(|| {
        let program = parse(FACTORIAL);
        let gil: Gil<Heap> = Gil::new(Heap::new());
        let code = Code::load(&program, &mut gil.acquire().expect("free"));
        let failed = run(&code, "factorial", &[21], &mut gil.acquire().expect("free"));
        assert!(failed.is_err());
        let result = run(&code, "factorial", &[5], &mut gil.acquire().expect("free"));
        assert_eq!(result, Ok(120));
        let mut heap = gil.into_inner();
        code.unload(&mut heap);
        assert_eq!(heap.live(), 3);
    });
}
