//! The language's `thread_local!`, as section 2.4 teaches it: Python's `threading.local`.

mod support;

use std::cell::{Cell, RefCell};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Barrier, Mutex};
use std::thread;

#[cfg(target_os = "linux")]
use support::{again, role};
use support::{bounded, eventually};
use threading::event::Event;
use threading::reentrant_lock::ReentrantLock;
use threading::registry::current;
use threading::thread::{Builder, spawn};

/// TL-01: what one thread sets, another does not see, and what that one sets does no harm here.
#[test]
fn each_thread_has_its_own_value() {
    thread_local! {
        static VALUE: RefCell<Vec<u32>> = const { RefCell::new(Vec::new()) };
    }
    bounded(|| {
        VALUE.with_borrow_mut(|value| value.push(1));
        let other = spawn(|| {
            let before = VALUE.take();
            VALUE.set(vec![2, 2]);
            (before, VALUE.take())
        });
        assert_eq!(other.unwrap().join().unwrap(), (vec![], vec![2, 2]));
        assert_eq!(VALUE.take(), [1]);
    });
}

/// TL-02: the initialiser runs once in each thread that looks, at its first look, and not in others.
#[test]
fn the_initialiser_runs_once_a_thread_and_lazily() {
    static MADE: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static VALUE: usize = MADE.fetch_add(1, Ordering::SeqCst);
    }
    bounded(|| {
        let looks = |looks: usize| {
            let handle = spawn(move || (0..looks).map(|_| VALUE.with(|v| *v)).collect::<Vec<_>>());
            handle.unwrap().join().unwrap()
        };
        assert_eq!(looks(0), []);
        assert_eq!(MADE.load(Ordering::SeqCst), 0);
        assert_eq!(looks(2), [0, 0]);
        assert_eq!(looks(3), [1, 1, 1]);
        assert_eq!(MADE.load(Ordering::SeqCst), 2);
    });
}

/// TL-03: n threads ended, n destructors ran, also in threads that panicked; `join` waits for them.
#[test]
fn every_ended_thread_has_dropped_its_value() {
    static DROPPED: AtomicUsize = AtomicUsize::new(0);
    struct Counted;
    impl Drop for Counted {
        fn drop(&mut self) {
            DROPPED.fetch_add(1, Ordering::SeqCst);
        }
    }
    thread_local! {
        static VALUE: Counted = const { Counted };
    }
    bounded(|| {
        let threads = (0..10).map(|number| {
            let body = move || {
                VALUE.with(|_| ());
                if number % 2 == 0 {
                    std::panic::resume_unwind(Box::new("quiet panic"));
                }
            };
            spawn(body).unwrap()
        });
        let threads: Vec<_> = threads.collect();
        let panicked = threads.into_iter().map(|thread| thread.join().is_err());
        assert_eq!(panicked.filter(|&panicked| panicked).count(), 5);
        assert_eq!(DROPPED.load(Ordering::SeqCst), 10);
    });
}

/// TL-04: in a pool's thread the value lives on from one task to the next.
#[test]
fn a_pools_thread_keeps_its_value_between_tasks() {
    thread_local! {
        static TASKS: Cell<u32> = const { Cell::new(0) };
    }
    bounded(|| {
        let (tasks, queue) = mpsc::channel::<u32>();
        let body = move || {
            let count = |_task| {
                TASKS.set(TASKS.get() + 1);
                TASKS.get()
            };
            queue.into_iter().map(count).collect::<Vec<_>>()
        };
        let pool_of_one = spawn(body).unwrap();
        (0..3).for_each(|task| tasks.send(task).unwrap());
        drop(tasks);
        assert_eq!(pool_of_one.join().unwrap(), [1, 2, 3]);
    });
}

/// TL-05: two threads are in the initialiser at the same time (neither could leave it alone), and
/// each gets what its own made.
#[test]
fn racing_initialisers_share_nothing() {
    static BOTH_INSIDE: Barrier = Barrier::new(2);
    static MADE: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static VALUE: usize = {
            BOTH_INSIDE.wait();
            MADE.fetch_add(1, Ordering::SeqCst)
        };
    }
    bounded(|| {
        let threads = [(); 2].map(|()| spawn(|| VALUE.with(|value| *value)).unwrap());
        let mut values = threads.map(|thread| thread.join().unwrap());
        values.sort();
        assert_eq!(values, [0, 1]);
    });
}

/// TL-06: two values that read each other in their destructors: whichever goes second finds an
/// error, not a corpse, and nothing aborts.
#[test]
fn reading_during_destruction_is_an_error() {
    static READ: AtomicUsize = AtomicUsize::new(0);
    static REFUSED: AtomicUsize = AtomicUsize::new(0);
    fn count(outcome: Result<(), thread::AccessError>) {
        let counter = if outcome.is_ok() { &READ } else { &REFUSED };
        counter.fetch_add(1, Ordering::SeqCst);
    }
    struct Left;
    struct Right;
    impl Drop for Left {
        fn drop(&mut self) {
            count(RIGHT.try_with(|_| ()));
        }
    }
    impl Drop for Right {
        fn drop(&mut self) {
            count(LEFT.try_with(|_| ()));
        }
    }
    thread_local! {
        static LEFT: Left = const { Left };
        static RIGHT: Right = const { Right };
    }
    bounded(|| {
        let touch_both = || LEFT.with(|_| RIGHT.with(|_| ()));
        spawn(touch_both).unwrap().join().unwrap();
        let (read, refused) = (READ.load(Ordering::SeqCst), REFUSED.load(Ordering::SeqCst));
        assert_eq!((read, refused), (1, 1));
    });
}

/// TL-06, R25: the blocks keep thread-locals themselves and work in a destructor all the same, whether
/// theirs are gone by then (made after the value) or not yet.
#[test]
fn the_blocks_work_during_destruction() {
    static LOCK: ReentrantLock<()> = ReentrantLock::new(());
    static SEEN: Mutex<Vec<(String, usize)>> = Mutex::new(Vec::new());
    struct Looks;
    impl Drop for Looks {
        fn drop(&mut self) {
            let _guards = (LOCK.lock(), LOCK.lock());
            let seen = (current().name().to_owned(), LOCK.depth());
            SEEN.lock().unwrap().push(seen);
        }
    }
    thread_local! {
        static VALUE: Looks = const { Looks };
    }
    bounded(|| {
        for uses_blocks_before in [false, true] {
            for uses_blocks_after in [false, true] {
                let body = move || {
                    uses_blocks_before.then(|| (current(), drop(LOCK.lock())));
                    VALUE.with(|_| ());
                    uses_blocks_after.then(|| (current(), drop(LOCK.lock())));
                };
                let foreign = thread::Builder::new().name("observer".to_owned());
                foreign.spawn(body).unwrap().join().unwrap();
                let ours = Builder::new().name("observer").spawn(body);
                ours.unwrap().join().unwrap();
            }
        }
        let expected = vec![("observer".to_owned(), 2); 8];
        assert_eq!(*SEEN.lock().unwrap(), expected);
    });
}

/// TL-07: code that runs at exit can still read a value that has no destructor; one that has a
/// destructor is refused by `try_with` if it is gone by then (≠ Python, where it can be read).
#[test]
#[cfg(target_os = "linux")]
fn reading_at_exit() {
    thread_local! {
        static PLAIN: Cell<u32> = const { Cell::new(0) };
        static OWNED: RefCell<String> = const { RefCell::new(String::new()) };
    }
    extern "C" fn at_exit() {
        let owned = OWNED.try_with(|owned| owned.borrow().clone());
        let owned = owned.unwrap_or_else(|_| "destroyed".to_owned());
        eprintln!("plain {}, owned {owned}", PLAIN.get());
    }
    if role().is_none() {
        let ended = again("reading_at_exit", "exit");
        assert!(ended.status.success(), "{ended:#?}");
        let possible = ["plain 7, owned destroyed\n", "plain 7, owned text\n"];
        assert!(possible.contains(&&*ended.stderr), "{ended:#?}");
        return;
    }
    PLAIN.set(7);
    OWNED.set("text".to_owned());
    // SAFETY: the handler is a plain function that does not unwind: what it prints can only fail if
    // stderr is gone, and it is this test's pipe.
    let registered = unsafe { libc::atexit(at_exit) };
    assert_eq!(registered, 0);
    std::process::exit(0); // runs the handler in this thread
}

/// TL-08, F22: the end of a scope does not wait for thread-local destructors: it comes while one is stuck.
/// A join does wait, of a scoped handle too, and so does `Thread::wait`.
#[test]
fn only_a_scope_does_not_wait_for_destructors() {
    static STUCK: Event = Event::new();
    static DROPPED: AtomicUsize = AtomicUsize::new(0);
    struct Slow;
    impl Drop for Slow {
        fn drop(&mut self) {
            STUCK.wait();
            DROPPED.fetch_add(1, Ordering::SeqCst);
        }
    }
    thread_local! {
        static VALUE: Slow = const { Slow };
    }
    bounded(|| {
        let touch = || VALUE.with(|_| ());
        let scoped = Arc::new(());
        thread::scope(|scope| {
            scope.spawn({
                let scoped = Arc::clone(&scoped);
                move || (touch(), drop(scoped))
            });
        });
        assert_eq!(
            Arc::strong_count(&scoped),
            1,
            "the scope waits for the closure"
        );
        assert_eq!(DROPPED.load(Ordering::SeqCst), 0);
        STUCK.set();
        eventually("it is dropped", || DROPPED.load(Ordering::SeqCst) == 1);

        thread::scope(|scope| scope.spawn(touch).join().unwrap());
        assert_eq!(DROPPED.load(Ordering::SeqCst), 2, "a scoped handle's join");
        spawn(touch).unwrap().join().unwrap();
        assert_eq!(DROPPED.load(Ordering::SeqCst), 3, "a handle's join");
        assert_eq!(spawn(touch).unwrap().thread().wait(), Ok(()));
        assert_eq!(DROPPED.load(Ordering::SeqCst), 4, "a wait");
    });
}
