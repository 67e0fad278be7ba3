//! Ctrl-C, in programs of their own: this test's executable once more, and the chapter's.
//!
//! A program raises SIGINT itself where the moment matters: the handler has run when `raise` comes back.
#![cfg(unix)]

mod programs;

use std::env;
use std::future::pending;
use std::process::{self, Command};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use asyncio::event_loop::EventLoop;
use asyncio::run::{Policy, RunError, run, set_policy};
use programs::{Ended, Program, as_program, program};
use tokio::task::{spawn_blocking, yield_now};

fn raise() {
    // SAFETY: it may be called at any time.
    unsafe { libc::raise(libc::SIGINT) };
}

/// Both of tokio's runtimes, each in a program of its own.
const RUNTIMES: [&str; 2] = ["one thread", "several"];

fn set_runtime(name: &str) {
    set_policy(match name == RUNTIMES[0] {
        true => Policy::CurrentThread,
        false => Policy::MultiThread,
    });
}

/// Starts the program of a test on each runtime: how it ended.
fn on_both(test: &str) -> [Ended; 2] {
    RUNTIMES.map(|runtime| Program::start(program(test, runtime)).ends())
}

/// Says when it is dropped.
struct Says(&'static str);

impl Drop for Says {
    fn drop(&mut self) {
        println!("{} is dropped.", self.0);
    }
}

/// Raises SIGINT when it is dropped.
struct Raises;

impl Drop for Raises {
    fn drop(&mut self) {
        println!("a destructor.");
        raise();
        println!("after the destructor.");
    }
}

/// Ends a program as its run did.
fn exit(ended: Result<(), RunError>) -> ! {
    process::exit(match ended {
        Ok(()) => 0,
        Err(RunError::Interrupted) => 130,
        Err(_) => 1,
    })
}

// ---- the first

/// AS-16: main is cancelled where it stands, its destructors run, then those of the tasks it left, and the
/// program ends with 130.
#[test]
fn an_interrupt_cancels_main() {
    as_program(|_| {
        let ended = run(async {
            let _main = Says("main");
            let task = tokio::spawn(async {
                let _task = Says("the task");
                // Not before it has begun, or there would be nothing to drop; main listens since its first poll.
                println!("ready");
                pending::<()>().await;
            });
            task.await.expect("it never ends");
        });
        println!("after run.");
        exit(ended);
    });
    let mut program = Program::start(program("an_interrupt_cancels_main", ""));
    program.prints("ready");
    program.interrupt();
    let ended = program.ends();
    assert_eq!(ended.status.code(), Some(130), "{}", ended.stderr);
    let told = ["main is dropped.", "the task is dropped.", "after run."];
    assert_eq!(ended.told(), told);
}

/// AS-16 in the chapter's own program, on both runtimes.
#[test]
fn an_interrupted_section_ends_with_130() {
    for runtime in [None, Some("--multi-thread")] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_asyncio"));
        command.arg("coroutine").args(runtime);
        let mut program = Program::start(command);
        program.prints("开始请求: url1");
        program.interrupt();
        let Ended {
            status,
            stdout,
            stderr,
        } = program.ends();
        assert_eq!(status.code(), Some(130), "{stdout}{stderr}");
        assert!(!stdout.contains("url2"), "{stdout}");
        assert!(stderr.contains("interrupted"), "{stderr}");
        assert!(!stderr.contains("panicked"), "{stderr}");
    }
}

/// AS-16: every run that is there is cancelled, also one on a thread of the first one's runtime.
#[test]
fn an_interrupt_cancels_all_runs() {
    let test = "an_interrupt_cancels_all_runs";
    as_program(|runtime| {
        set_runtime(runtime);
        let (began, begins) = mpsc::channel();
        let other = thread::spawn({
            let began = began.clone();
            move || run(in_a_run("another thread's", began))
        });
        let ended = run(async move {
            let inner = spawn_blocking(|| run(in_a_run("the inner one", began)));
            begins.recv().expect("it begins");
            begins.recv().expect("it begins");
            raise();
            pending::<()>().await;
            drop(inner); // it is blocking work, which is waited for
        });
        let other = other.join().expect("it does not panic");
        assert!(other.is_err_and(|error| error.is_interrupted()));
        exit(ended);
    });
    for ended in on_both(test) {
        assert_eq!(ended.status.code(), Some(130), "{}", ended.stderr);
        let mut told = ended.told();
        told.sort_unstable();
        let expected = ["another thread's is dropped.", "the inner one is dropped."];
        assert_eq!(told, expected);
    }
}

async fn in_a_run(name: &'static str, began: mpsc::Sender<()>) {
    let _said = Says(name);
    began.send(()).expect("it is waited for");
    pending().await
}

// ---- the second

/// F23: main does not react to the first Ctrl-C, since it blocks its thread. The second ends the process.
#[test]
fn the_second_ends_a_main_that_blocks() {
    as_program(|runtime| {
        set_runtime(runtime);
        let ended = run(async {
            let _main = Says("main");
            raise();
            println!("after the first.");
            raise();
            println!("after the second.");
        });
        exit(ended);
    });
    for ended in on_both("the_second_ends_a_main_that_blocks") {
        assert_eq!(ended.status.code(), Some(130), "{}", ended.stdout);
        assert_eq!(ended.told(), ["after the first."]);
    }
}

/// Sends it one Ctrl-C after the other, until it has ended.
fn ended_by_interrupts(mut program: Program) -> Option<i32> {
    let start = Instant::now();
    while program.is_alive() {
        assert!(
            start.elapsed() < Duration::from_secs(30),
            "it cannot be ended"
        );
        program.interrupt();
    }
    program.ends().status.code()
}

/// F23 from outside, as a user sees it: Ctrl-C as often as you like.
#[test]
fn a_main_that_blocks_can_be_ended() {
    as_program(|runtime| {
        set_runtime(runtime);
        let ended = run(async {
            println!("ready");
            loop {
                thread::sleep(Duration::from_millis(10)); // why a sleep: it is what blocks
            }
        });
        exit(ended);
    });
    for runtime in RUNTIMES {
        let mut program = Program::start(program("a_main_that_blocks_can_be_ended", runtime));
        program.prints("ready");
        assert_eq!(ended_by_interrupts(program), Some(130));
    }
}

/// F23: so it is when a destructor blocks after the first: one of main's, or one of a task's that is cleared away.
#[test]
fn the_second_ends_a_destructor_that_blocks() {
    as_program(|whose| {
        let ended = run(async {
            let raises = Raises;
            let left = match whose {
                "main" => None,
                _ => Some(tokio::spawn(async move {
                    let _raises = raises;
                    pending::<()>().await;
                })),
            };
            yield_now().await;
            raise();
            pending::<()>().await;
            drop(left);
        });
        println!("after run.");
        exit(ended);
    });
    for whose in ["main", "task"] {
        let program = program("the_second_ends_a_destructor_that_blocks", whose);
        let ended = Program::start(program).ends();
        assert_eq!(ended.status.code(), Some(130), "{whose}: {}", ended.stdout);
        assert_eq!(ended.told(), ["a destructor."], "{whose}");
    }
}

/// F23: it is the first again for a run that began after it, once all are over that it was for; before that it is not.
#[test]
fn the_first_again() {
    as_program(|is_over| {
        let (began, begins) = mpsc::channel();
        let (go, goes) = mpsc::channel::<()>();
        let blocks = {
            let began = began.clone();
            async move {
                began.send(()).expect("it is waited for");
                goes.recv().expect("it is let go");
                pending::<()>().await;
            }
        };
        let earlier = thread::spawn(|| run(blocks));
        begins.recv().expect("it begins");
        raise();
        let later = thread::spawn(|| run(in_a_run("the later one", began)));
        begins.recv().expect("it begins");
        if is_over == "over" {
            go.send(()).expect("it waits");
            let earlier = earlier.join().expect("it does not panic");
            assert!(earlier.is_err_and(|error| error.is_interrupted()));
        }
        raise();
        let later = later.join().expect("it does not panic");
        assert!(later.is_err_and(|error| error.is_interrupted()));
    });
    let ends = |is_over| Program::start(program("the_first_again", is_over)).ends();
    let ended = ends("over");
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    assert_eq!(ended.told(), ["the later one is dropped."]);
    let ended = ends("not over");
    assert_eq!(ended.status.code(), Some(130), "{}", ended.stderr);
    assert!(ended.told().is_empty());
}

// ---- before and after a run

/// F24: what came in the last part of a run, in which main did not await any more, is not for the next one.
#[test]
fn an_old_interrupt_ends_no_later_run() {
    as_program(|runtime| {
        set_runtime(runtime);
        run(async { raise() }).expect("main ends by itself");
        for _ in 0..3 {
            let later = run(async {
                for _ in 0..10 {
                    yield_now().await;
                }
                tokio::time::sleep(Duration::from_millis(1)).await; // tokio looks for signals
            });
            later.expect("none has come meanwhile");
        }
        println!("the end.");
    });
    for ended in on_both("an_old_interrupt_ends_no_later_run") {
        assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
        assert_eq!(ended.told(), ["the end."]);
    }
}

/// F23, F24: between runs the first Ctrl-C is for nobody, not for the next run either, and the second ends the process.
#[test]
fn between_runs_the_second_ends_the_process() {
    as_program(|runtime| {
        set_runtime(runtime);
        run(async {}).expect("it runs");
        for _ in 0..3 {
            raise();
            let later = run(async {
                yield_now().await;
                tokio::time::sleep(Duration::from_millis(1)).await; // tokio looks for signals
            });
            later.expect("none has come meanwhile");
        }
        println!("before.");
        raise();
        println!("between.");
        raise();
        println!("after.");
    });
    for ended in on_both("between_runs_the_second_ends_the_process") {
        assert_eq!(ended.status.code(), Some(130), "{}", ended.stderr);
        assert_eq!(ended.told(), ["before.", "between."]);
    }
}

/// F23, what section 5.1 has one try: after a run, the chapter's own loop waits for a task that nobody wakes.
#[test]
fn an_event_loop_that_waits_for_ever_can_be_ended() {
    as_program(|_| {
        run(async {}).expect("it runs");
        let event_loop = EventLoop::new();
        println!("ready");
        let _ = event_loop.run_until_complete(pending::<()>());
    });
    let test = "an_event_loop_that_waits_for_ever_can_be_ended";
    let mut program = Program::start(program(test, ""));
    program.prints("ready");
    assert_eq!(ended_by_interrupts(program), Some(130));
}

// ---- what the program had before

/// F25: where SIGINT is ignored, as in a script's background job, it stays ignored, in a run and after it.
#[test]
fn ignored_it_stays_ignored() {
    as_program(|runtime| {
        set_runtime(runtime);
        let ended = run(async {
            raise();
            yield_now().await;
            raise();
            tokio::time::sleep(Duration::from_millis(1)).await; // tokio looks for signals
        });
        ended.expect("nothing has come");
        raise();
        println!("the end.");
    });
    for runtime in RUNTIMES {
        let ignores = program("ignored_it_stays_ignored", runtime);
        let mut shell = Command::new("sh");
        shell.args(["-c", "trap '' INT; exec \"$@\"", "sh"]);
        shell.arg(ignores.get_program()).args(ignores.get_args());
        shell.envs(
            ignores
                .get_envs()
                .filter_map(|(key, value)| Some((key, value?))),
        );
        let ended = Program::start(shell).ends();
        assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
        assert_eq!(ended.told(), ["the end."]);
    }
}

static HEARD: AtomicUsize = AtomicUsize::new(0);

extern "C" fn hear(_: libc::c_int) {
    HEARD.fetch_add(1, SeqCst);
}

/// Has SIGINT counted, and nothing else.
fn count_interrupts() {
    let hear = hear as *const () as libc::sighandler_t;
    // SAFETY: the handler only counts.
    unsafe { libc::signal(libc::SIGINT, hear) };
}

/// F25: a handler of the program's own has SIGINT, in a run and after it, whether it was there before the run or is
/// installed in it.
#[test]
fn a_handler_of_the_program_stays() {
    as_program(|when| {
        if when == "before" {
            count_interrupts();
        }
        let ended = run(async {
            if when == "meanwhile" {
                count_interrupts();
            }
            raise();
            yield_now().await;
            raise();
            yield_now().await;
        });
        ended.expect("it is not for the run");
        raise();
        run(async { raise() }).expect("nor for the next");
        assert_eq!(HEARD.load(SeqCst), 4);
        println!("the end.");
    });
    for when in ["before", "meanwhile"] {
        let ended = Program::start(program("a_handler_of_the_program_stays", when)).ends();
        assert_eq!(ended.status.code(), Some(0), "{when}: {}", ended.stderr);
        assert_eq!(ended.told(), ["the end."], "{when}");
    }
}

/// F25: so it is with a handler that calls the one that was there before it, as that of `tokio::signal` does: main hears
/// of Ctrl-C by itself, and ends as it likes.
#[test]
fn a_main_may_listen_by_itself() {
    as_program(|runtime| {
        set_runtime(runtime);
        let ended = run(async {
            let hear = || {
                HEARD.fetch_add(1, SeqCst);
            };
            // SAFETY: what is called in the handler only counts.
            let listens = unsafe { signal_hook_registry::register(libc::SIGINT, hear) };
            listens.expect("it listens");
            for number in 1..=3 {
                raise();
                yield_now().await;
                assert_eq!(HEARD.load(SeqCst), number);
                println!("heard.");
            }
        });
        ended.expect("main has ended by itself");
        raise(); // such a handler is never taken away
        println!("the end.");
    });
    for ended in on_both("a_main_may_listen_by_itself") {
        assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
        assert_eq!(ended.told(), ["heard.", "heard.", "heard.", "the end."]);
    }
}
