//! Exit codes, and what comes out on stdout and stderr.

use std::io::{self, Write};
use std::panic::panic_any;
use std::process::exit;
use std::thread;

use multiprocess::process::{Exit, Outcome, Process};
use nix::sys::signal::{Signal, raise};

use crate::support::{again, role};

fn code<R: Outcome>(target: impl FnOnce() -> R) -> i32 {
    Process::start((), |()| target()).unwrap().join().unwrap()
}

/// PR-05, R10: the exit code for each way to end.
pub fn exit_codes() {
    assert_eq!(code(|| ()), 0);
    assert_eq!(code(|| Exit(7)), 7);
    assert_eq!(code(|| Ok::<_, String>(())), 0);
    assert_eq!(code(|| Ok::<_, String>(Exit(9))), 9);
    assert_eq!(code(|| Err::<(), _>("an error")), 1);
    assert_eq!(code(|| exit(8)), 8);
    assert_eq!(code(|| exit(0)), 0);
    assert_eq!(code(|| Exit(255)), 255);
    assert_eq!(code(|| panic!("as it should")), 101);
    assert_eq!(code(|| raise(Signal::SIGTERM).unwrap()), -15);
}

/// PR-05: a panic's message is on stderr, with the process's name; the parent goes on.
pub fn a_panic_is_reported() {
    if role().is_some() {
        let child = Process::named("Unlucky").start((), |()| panic!("bad luck"));
        return assert_eq!(child.unwrap().join().unwrap(), 101);
    }
    let ended = again("panic");
    assert!(ended.status.success(), "{ended:#?}");
    assert_eq!(ended.stderr.matches("bad luck").count(), 1, "{ended:#?}");
    let last = ended.stderr.lines().last();
    assert_eq!(last, Some("process 'Unlucky' panicked"), "{ended:#?}");
}

/// PR-05: what it panicked with may panic when it is dropped. Also then the child ends there, and runs
/// nothing of the parent's.
pub fn a_panic_whose_payload_panics() {
    struct Explosive;
    impl Drop for Explosive {
        fn drop(&mut self) {
            panic!("once more");
        }
    }
    struct OfTheParent;
    impl Drop for OfTheParent {
        fn drop(&mut self) {
            println!("父");
        }
    }
    if role().is_some() {
        let _once = OfTheParent;
        let child = Process::start((), |()| panic_any(Explosive));
        return assert_eq!(child.unwrap().join().unwrap(), 101);
    }
    let ended = again("payload");
    assert!(ended.status.success(), "{ended:#?}");
    assert_eq!(ended.stdout, "父\n", "{ended:#?}");
}

/// PR-05: so is an error.
pub fn an_error_is_reported() {
    if role().is_some() {
        let child = Process::named("Failing").start((), |()| Err::<(), _>("no luck"));
        return assert_eq!(child.unwrap().join().unwrap(), 1);
    }
    let ended = again("error");
    assert!(ended.status.success(), "{ended:#?}");
    assert_eq!(ended.stderr, "process 'Failing': Error: \"no luck\"\n");
}

/// PR-04: signals without a name of their own are told too.
pub fn a_realtime_signal_is_an_exit_code() {
    let signal = libc::SIGRTMIN();
    let code = code(|| {
        // SAFETY: no memory is involved.
        unsafe { libc::raise(signal) };
    });
    assert_eq!(code, -signal);
}

/// PR-13 (≠): a thread that the child did not join ends with it. In Python the child waits.
pub fn threads_of_the_child_are_not_waited_for() {
    let start = || {
        drop(thread::spawn(|| {
            loop {
                thread::park()
            }
        }))
    };
    assert_eq!(code(start), 0);
}

/// R08, X04: what the parent had not flushed is written once, and first.
pub fn what_was_printed_before_comes_once() {
    if role().is_some() {
        print!("父");
        let child = Process::start((), |()| print!("子"));
        child.unwrap().join().unwrap();
        return print!("完");
    }
    let ended = again("print");
    assert!(ended.status.success(), "{ended:#?}");
    assert_eq!(ended.stdout, "父子完");
}

/// R08, X04: what the child had not flushed is written at its end, once, however it ends by itself.
pub fn what_the_child_prints_comes_once() {
    if role().is_some() {
        let ends: [fn(); 3] = [|| (), || exit(0), || panic!("as it should")];
        for end in ends {
            let child = Process::start((), |()| {
                print!("子");
                end();
            });
            child.unwrap().join().unwrap();
        }
        return;
    }
    let ended = again("print");
    assert!(ended.status.success(), "{ended:#?}");
    assert_eq!(ended.stdout, "子子子");
}

/// R08: a lock of stdout that the caller holds meanwhile is no obstacle.
pub fn printed_while_the_parent_holds_stdout() {
    if role().is_some() {
        let mut stdout = io::stdout().lock();
        write!(stdout, "父").unwrap();
        let child = Process::start((), |()| println!("子"));
        child.unwrap().join().unwrap();
        return;
    }
    let ended = again("print");
    assert!(ended.status.success(), "{ended:#?}");
    assert_eq!(ended.stdout, "父子\n");
}
