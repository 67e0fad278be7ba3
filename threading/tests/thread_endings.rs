//! `thread.rs` and `registry.rs` at the end of threads and of processes: panics, exit, daemons, a full
//! stack, threads that nobody joins. What ends a process, or counts its threads, happens in a child.

mod support;

use std::panic;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, LazyLock};
use std::thread as native;

use support::{Ended, Sleeper, again, held, role, run};
#[cfg(target_os = "linux")]
use support::{again_through, eventually};
use threading::event::Event;
use threading::reentrant_lock::ReentrantLock;
use threading::registry::{ExitGuard, Thread, active_count, current, enumerate};
use threading::semaphore::Semaphore;
use threading::thread::{Builder, spawn};

/// A thread that panics: what its join says.
fn unlucky() -> String {
    let body = || panic!("bad luck");
    let handle = Builder::new().name("Unlucky").spawn(body).unwrap();
    handle.join().unwrap_err().to_string()
}

/// TH-12: a panic is reported on stderr with the thread's name and its message; the others go on, the
/// thread is off the list, and the join gives the message.
#[test]
fn a_panic_is_reported_and_kills_only_its_thread() {
    if role().is_none() {
        let ended = again("a_panic_is_reported_and_kills_only_its_thread", "panic");
        assert!(ended.status.success(), "{ended:#?}");
        for part in ["thread 'Unlucky'", "panicked at", "bad luck"] {
            assert!(ended.stderr.contains(part), "no {part}: {ended:#?}");
        }
        return;
    }
    let after = Arc::new(Barrier::new(2));
    let survivor = spawn({
        let after = Arc::clone(&after);
        move || {
            after.wait();
            "done"
        }
    });
    assert_eq!(unlucky(), "thread 'Unlucky' panicked: bad luck");
    assert_eq!(
        active_count(),
        2,
        "main and the survivor: {:?}",
        enumerate()
    );
    after.wait();
    assert_eq!(survivor.unwrap().join().unwrap(), "done");
}

/// TH-12: a hook of one's own sees the name and the message, and then nothing else is reported.
#[test]
fn a_panic_hook_sees_it() {
    if role().is_none() {
        let ended = again("a_panic_hook_sees_it", "hook");
        assert!(ended.status.success(), "{ended:#?}");
        assert_eq!(ended.stderr, "hook: Unlucky: bad luck\n");
        return;
    }
    panic::set_hook(Box::new(|info| {
        let thread = native::current();
        let text = info.payload().downcast_ref::<&str>();
        eprintln!("hook: {}: {}", thread.name().unwrap(), text.unwrap());
    }));
    assert_eq!(unlucky(), "thread 'Unlucky' panicked: bad luck");
}

/// TH-12: a hook that fails itself ends the process (Python goes on), but not silently.
#[test]
#[cfg(unix)]
fn a_failing_panic_hook_is_not_silent() {
    if role().is_none() {
        let ended = again("a_failing_panic_hook_is_not_silent", "failing hook");
        assert_aborted(&ended);
        assert!(ended.stderr.contains("panicked"), "{ended:#?}");
        return;
    }
    no_core_dump();
    panic::set_hook(Box::new(|_| panic!("the hook fails")));
    unlucky();
}

/// TH-13: a panic whose report cannot be written, stderr being closed or full, does no more harm.
#[test]
#[cfg(target_os = "linux")]
fn a_panic_without_stderr() {
    const NAME: &str = "a_panic_without_stderr";
    if role().is_none() {
        for redirection in ["2>&-", "2>/dev/full"] {
            let ended = again_through(redirection, NAME, "panic");
            assert!(ended.status.success(), "{redirection}: {ended:#?}");
        }
        return;
    }
    assert_eq!(unlucky(), "thread 'Unlucky' panicked: bad luck");
}

/// TH-14: a guard at the end of `main` lets a thread finish its work and its output; `exit` and a
/// `main` without a guard (≠ Python) cut it off, without its destructors.
#[test]
fn three_ways_for_main_to_end() {
    let begun = "线程开始\nmain 结束\n";
    let finished = format!("{begun}线程完成\n资源已释放\n");
    for (kind, stdout) in [("return", &*finished), ("exit", begun), ("no-guard", begun)] {
        let ended = run(Command::new(env!("CARGO_BIN_EXE_exit-kinds")).arg(kind));
        assert!(ended.status.success(), "{kind}: {ended:#?}");
        assert_eq!((&*ended.stdout, &*ended.stderr), (stdout, ""), "{kind}");
    }
}

/// TH-14: the guard also waits for a thread that a thread starts while the guard waits.
#[test]
fn the_guard_waits_for_a_threads_thread() {
    static FINISHED: AtomicUsize = AtomicUsize::new(0);
    if role().is_none() {
        let ended = again("the_guard_waits_for_a_threads_thread", "nested");
        assert!(
            ended.status.success() && ended.stderr.is_empty(),
            "{ended:#?}"
        );
        return;
    }
    /// Each thread starts the next and ends, so at most two are alive at a time.
    fn chain(length: usize) {
        FINISHED.fetch_add(1, Ordering::SeqCst);
        if length > 1 {
            spawn(move || chain(length - 1)).unwrap();
        }
    }
    let guard = ExitGuard::new();
    spawn(|| chain(50)).unwrap();
    drop(guard);
    assert_eq!(FINISHED.load(Ordering::SeqCst), 50);
    let in_a_thread = spawn(|| drop(ExitGuard::new())).unwrap();
    in_a_thread
        .join()
        .expect("a guard does not wait for its own thread");
    assert_eq!(active_count(), 1, "{:?}", enumerate());
}

/// F22: the guard waits for the destructor of a result that nobody takes, and of a thread-local. Both run
/// when the guard waits for certain.
#[test]
fn the_guard_waits_for_the_last_destructor() {
    static MAIN: LazyLock<Sleeper> = LazyLock::new(Sleeper::default);
    static FLUSHED: AtomicUsize = AtomicUsize::new(0);
    struct Log;
    impl Drop for Log {
        fn drop(&mut self) {
            MAIN.wait_until_asleep();
            FLUSHED.fetch_add(1, Ordering::SeqCst);
        }
    }
    thread_local! {
        static LOG: Log = const { Log };
    }
    if role().is_none() {
        let ended = again("the_guard_waits_for_the_last_destructor", "destructors");
        assert!(ended.status.success(), "{ended:#?}");
        return;
    }
    let guard = ExitGuard::new();
    let detached = Arc::new(Event::new()); // or else it could be the handle that drops the result
    let returns = {
        let detached = Arc::clone(&detached);
        move || {
            detached.wait();
            Log
        }
    };
    drop(spawn(returns).unwrap());
    detached.set();
    drop(spawn(|| LOG.with(|_| ())).unwrap());
    MAIN.about_to_wait();
    drop(guard);
    assert_eq!(FLUSHED.load(Ordering::SeqCst), 2);
}

/// Threads that have a guard each do not wait for each other. Nor does a thread hang that waits for one that
/// waits in its guard: that counts as ended. The guard of a thread that no guard waits for still waits
/// for all of them to the end.
#[test]
fn guards_do_not_wait_for_each_other() {
    static ENDED: AtomicUsize = AtomicUsize::new(0);
    struct Counted;
    impl Drop for Counted {
        fn drop(&mut self) {
            ENDED.fetch_add(1, Ordering::SeqCst);
        }
    }
    if role().is_none() {
        let ended = again("guards_do_not_wait_for_each_other", "guards");
        assert!(
            ended.status.success() && ended.stderr.is_empty(),
            "{ended:#?}"
        );
        return;
    }
    let outer = ExitGuard::new();
    let begun = Arc::new(Barrier::new(5));
    let start = |waits: fn(Option<Thread>), whom| {
        let begun = Arc::clone(&begun);
        let body = move || {
            let _after = Counted;
            begun.wait();
            waits(whom);
        };
        spawn(body).unwrap().thread().clone()
    };
    let guard = |_| drop(ExitGuard::new());
    let wait = |whom: Option<Thread>| whom.unwrap().wait().unwrap();
    let guarded = [(); 2].map(|()| start(guard, None));
    start(wait, Some(guarded[0].clone()));
    start(wait, Some(current()));
    begun.wait();
    drop(outer);
    assert_eq!(ENDED.load(Ordering::SeqCst), 4);
    assert!(current().is_alive(), "the guard has waited, and is gone");
}

/// A guard that waits for a thread does so no more when that is disowned.
#[test]
fn the_guard_lets_go_of_a_disowned_thread() {
    if role().is_none() {
        let ended = again("the_guard_lets_go_of_a_disowned_thread", "disowned");
        assert!(ended.status.success(), "{ended:#?}");
        return;
    }
    let main = Arc::new(Sleeper::default());
    let guard = ExitGuard::new();
    let (hold, handle) = held(Builder::new());
    let thread = handle.thread().clone();
    let disowns = {
        let main = Arc::clone(&main);
        move || {
            main.wait_until_asleep();
            thread.disown();
        }
    };
    let disowns = spawn(disowns).unwrap();
    main.about_to_wait();
    drop(guard);
    assert!(handle.thread().is_alive());
    drop(hold);
    disowns.join().unwrap();
    handle.join().unwrap();
}

/// F07: threads, their guard and the locks work in a destructor that runs while a panic unwinds.
#[test]
fn a_destructor_may_use_all_of_it_while_unwinding() {
    struct Uses<'a>(&'a ReentrantLock<()>, &'a Semaphore);
    impl Drop for Uses<'_> {
        fn drop(&mut self) {
            let Self(lock, semaphore) = *self;
            let _inside = (lock.lock(), lock.lock(), semaphore.acquire());
            drop(spawn(|| ()).unwrap());
            assert!(!spawn(native::panicking).unwrap().join().unwrap());
            drop(ExitGuard::new());
            assert_eq!(active_count(), 1, "{:?}", enumerate());
        }
    }
    if role().is_none() {
        let ended = again("a_destructor_may_use_all_of_it_while_unwinding", "unwinds");
        assert!(ended.status.success(), "{ended:#?}");
        return;
    }
    let (lock, semaphore) = (ReentrantLock::new(()), Semaphore::new(1));
    let unwinds = || {
        let _uses = Uses(&lock, &semaphore);
        panic::resume_unwind(Box::new("quiet panic"));
    };
    panic::catch_unwind(panic::AssertUnwindSafe(unwinds)).unwrap_err();
    assert_eq!((lock.depth(), semaphore.available_permits()), (0, 1));
    assert_eq!(unlucky(), "thread 'Unlucky' panicked: bad luck");
}

/// TH-15: forty daemons that print while the process ends: no error, no word on stderr, no wait.
#[test]
fn daemons_that_print_at_exit() {
    if role().is_none() {
        for _ in 0..10 {
            let ended = again("daemons_that_print_at_exit", "daemons");
            assert!(
                ended.status.success(),
                "{:?}: {}",
                ended.status,
                ended.stderr
            );
            assert_eq!(ended.stderr, "");
        }
        return;
    }
    let _guard = ExitGuard::new(); // does not wait for daemons
    let begun = Arc::new(Barrier::new(41));
    for number in 0..40 {
        let begun = Arc::clone(&begun);
        let body = move || {
            begun.wait();
            loop {
                println!("daemon {number} writes a line to stdout");
            }
        };
        Builder::new().daemon(true).spawn(body).unwrap();
    }
    begun.wait();
}

/// TH-16: a thread that fills its stack is reported by name and ends the process (≠ Python raises):
/// nothing goes on with a corrupt memory.
#[test]
#[cfg(target_os = "linux")]
fn deep_recursion_aborts_with_a_word() {
    #[expect(unconditional_recursion)]
    fn deeper(level: u64) -> u64 {
        std::hint::black_box(level) + deeper(level + 1)
    }
    if role().is_none() {
        let ended = again("deep_recursion_aborts_with_a_word", "recursion");
        assert_aborted(&ended);
        assert!(ended.stderr.contains("thread 'deep'"), "{ended:#?}");
        assert!(
            ended.stderr.contains("has overflowed its stack"),
            "{ended:#?}"
        );
        return;
    }
    no_core_dump();
    let builder = Builder::new().name("deep").stack_size(256 << 10);
    let _ = builder.spawn(|| deeper(0)).unwrap().join();
}

/// TH-18: threads that nobody joins leave nothing in the kernel when they have ended, nor on the list.
#[test]
#[cfg(target_os = "linux")]
fn threads_never_joined_leave_nothing() {
    use support::kernel_tasks;

    if role().is_none() {
        let ended = again("threads_never_joined_leave_nothing", "count");
        assert!(ended.status.success(), "{ended:#?}");
        return;
    }
    let before = kernel_tasks();
    for _ in 0..2 {
        let release = Arc::new(Barrier::new(51));
        for _ in 0..50 {
            let release = Arc::clone(&release);
            drop(spawn(move || release.wait()).unwrap());
        }
        assert_eq!((kernel_tasks(), active_count()), (before + 50, 51));
        release.wait();
        eventually("all have ended", || {
            (kernel_tasks(), active_count()) == (before, 1)
        });
    }
}

#[cfg(unix)]
#[track_caller]
fn assert_aborted(ended: &Ended) {
    const SIGABRT: i32 = 6;
    let signal = std::os::unix::process::ExitStatusExt::signal(&ended.status);
    assert_eq!(signal, Some(SIGABRT), "{ended:#?}");
}

/// The child is about to abort on purpose: its memory is of no interest to anybody.
#[cfg(unix)]
fn no_core_dump() {
    #[cfg(target_os = "linux")]
    {
        let none = libc::rlimit {
            rlim_cur: 0,
            rlim_max: 0,
        };
        // SAFETY: the kernel reads the struct during the call, and it outlives the call.
        unsafe { libc::setrlimit(libc::RLIMIT_CORE, &none) };
    }
}
