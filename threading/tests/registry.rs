//! `registry.rs`: who is alive, and waiting for it (TH-03, TH-07 to TH-10, F22, F26). The guard that waits
//! at the end of `main` is in `thread_endings.rs`.
//!
//! The list is the whole process's and tests run side by side: each test looks for its own threads.

mod support;

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread as native;
use std::time::{Duration, Instant};

use support::{CEILING, Sleeper, assert_lasted, bounded, held};
use threading::event::Event;
use threading::registry::{Thread, WaitsForItself, active_count, current, enumerate};
use threading::thread::{Builder, JoinHandle, spawn};

fn is_listed(thread: &Thread) -> bool {
    enumerate().contains(thread)
}

/// TH-03: alive from the start to the end; number and name can be read afterwards; the text says
/// which, and whether it is a daemon.
#[test]
fn states() {
    bounded(|| {
        for (daemon, word) in [(false, ""), (true, " daemon")] {
            let (hold, handle) = held(Builder::new().name("watched").daemon(daemon));
            let thread = handle.thread().clone();
            let ident = thread.ident();
            assert!(ident > 1, "1 is the main thread's");
            assert!(thread.is_alive() && is_listed(&thread));
            assert_eq!(
                format!("{thread:?}"),
                format!("Thread(watched, started{word} {ident})")
            );

            drop(hold);
            handle.join().unwrap();
            assert!(!thread.is_alive() && !is_listed(&thread));
            assert_eq!((thread.ident(), thread.name()), (ident, "watched"));
            assert_eq!(
                format!("{thread:?}"),
                format!("Thread(watched, stopped{word} {ident})")
            );
        }
    });
}

/// TH-07: a thread that waits for itself is told so, at once.
#[test]
fn waiting_for_oneself() {
    bounded(|| {
        let (give, own_handle) = mpsc::channel::<JoinHandle<()>>();
        let (tell, told) = mpsc::channel();
        let body = move || {
            let own = own_handle.recv().unwrap();
            assert_eq!(own.thread().wait(), Err(WaitsForItself));
            assert!(!own.thread().wait_timeout(Duration::ZERO));
            let error = own.join().unwrap_err();
            assert!(!error.is_panic() && error.message().is_none());
            tell.send(error.to_string()).unwrap();
        };
        give.send(Builder::new().name("Narcissus").spawn(body).unwrap())
            .unwrap();
        assert_eq!(
            told.recv().unwrap(),
            "thread 'Narcissus' cannot join itself"
        );
    });
}

/// TH-08: a wait with a time-out ends while the thread lives on; zero only looks; a later wait, also
/// one for ever, succeeds.
#[test]
fn waiting_with_a_timeout() {
    bounded(|| {
        let (hold, handle) = held(Builder::new());
        let thread = handle.thread();
        assert!(!thread.wait_timeout(Duration::ZERO));
        let (start, timeout) = (Instant::now(), Duration::from_millis(50));
        assert!(!thread.wait_timeout(timeout));
        assert_lasted(start, timeout);
        assert!(thread.is_alive());

        drop(hold);
        assert!(thread.wait_timeout(Duration::MAX));
        assert!(thread.wait_timeout(Duration::ZERO));
        handle.join().unwrap();
    });
}

/// TH-09: many may wait for the same thread and all return; to wait again does no harm.
#[test]
fn many_wait_for_one() {
    bounded(|| {
        let (hold, handle) = held(Builder::new());
        let thread = handle.thread().clone();
        let sleepers: [Sleeper; 8] = Default::default();
        native::scope(|scope| {
            let waiters = sleepers.each_ref().map(|sleeper| {
                let thread = &thread;
                scope.spawn(move || {
                    sleeper.about_to_wait();
                    thread.wait()
                })
            });
            sleepers.iter().for_each(Sleeper::wait_until_asleep);
            drop(hold);
            for waiter in waiters {
                assert_eq!(waiter.join().unwrap(), Ok(()));
            }
        });
        assert_eq!(thread.wait(), Ok(()));
        handle.join().unwrap();
        assert_eq!(thread.wait(), Ok(()), "after the join");
    });
}

/// TH-10: listed from the first moment, for itself and for others; off the list after join or wait.
#[test]
fn listed_exactly_while_alive() {
    bounded(|| {
        for round in 0..100 {
            let handle = spawn(|| is_listed(&current())).unwrap();
            let thread = handle.thread().clone();
            if round % 2 == 0 {
                assert!(handle.join().unwrap(), "not listed while it ran");
            } else {
                assert_eq!(thread.wait(), Ok(()));
            }
            assert!(!is_listed(&thread), "a ghost in round {round}");

            let (hold, handle) = held(Builder::new());
            assert!(is_listed(handle.thread()), "not listed after the start");
            drop(hold);
            handle.join().unwrap();
        }
    });
}

/// TH-10, TH-03: a thread is alive and listed from its first line on, also when its creator has not
/// got that far because the list is in use.
#[test]
fn listed_before_it_runs_anything() {
    bounded(|| {
        let stop = AtomicBool::new(false);
        native::scope(|scope| {
            let keep_the_list_busy = || {
                while !stop.load(Ordering::Relaxed) {
                    enumerate();
                }
            };
            (0..2).for_each(|_| drop(scope.spawn(keep_the_list_busy)));
            let first_look = || {
                let me = current();
                me.is_alive() && is_listed(&me)
            };
            let handles: Vec<_> = (0..300).map(|_| spawn(first_look).unwrap()).collect();
            let looks = handles.into_iter().map(|handle| handle.join().unwrap());
            let too_late = looks.filter(|listed| !listed).count();
            stop.store(true, Ordering::Relaxed);
            assert_eq!(too_late, 0, "of 300 threads");
        });
    });
}

/// TH-10: the main thread comes first, as number 1; a thread that was started elsewhere has a
/// description, always the same, and is not listed; one that was disowned is not listed either.
#[test]
fn the_list_knows_whose_threads_it_has() {
    bounded(|| {
        assert!(active_count() >= 1);
        let main = enumerate().swap_remove(0);
        assert_eq!(format!("{main:?}"), "Thread(main, started 1)");

        let foreign = native::Builder::new().name("foreign legion".to_owned());
        let foreign = foreign
            .spawn(|| (current(), current()))
            .unwrap()
            .join()
            .unwrap();
        assert_eq!(foreign.0, foreign.1);
        assert_eq!(foreign.0.name(), "foreign legion");
        assert!(!is_listed(&foreign.0));

        let (hold, handle) = held(Builder::new());
        handle.thread().disown();
        assert!(handle.thread().is_alive() && !is_listed(handle.thread()));
        drop(hold);
        handle.join().unwrap();
    });
}

/// F22, TH-19: a thread has not ended while a destructor runs in it: of what it captured, of a result
/// that nobody takes, of a thread-local.
#[test]
fn the_end_is_after_the_last_destructor() {
    #[derive(Default)]
    struct Gate {
        reached: Event,
        open: Event,
        passed: Event,
    }
    struct Slow(Arc<Gate>);
    impl Drop for Slow {
        fn drop(&mut self) {
            self.0.reached.set();
            self.0.open.wait();
            self.0.passed.set();
        }
    }
    thread_local! {
        static LOCAL: RefCell<Option<Slow>> = const { RefCell::new(None) };
    }
    bounded(|| {
        for place in ["captured", "returned", "thread-local"] {
            let gate = Arc::new(Gate::default());
            let slow = Slow(Arc::clone(&gate));
            let (detach, detached) = mpsc::channel::<()>();
            let keep = move || {
                detached.recv().unwrap_or_default(); // or else it could be the handle that drops the result
                match place {
                    "returned" => Some(slow),
                    "thread-local" => LOCAL.replace(Some(slow)),
                    _ => None,
                }
            };
            let handle = spawn(keep).unwrap();
            let thread = handle.thread().clone();
            drop(handle);
            drop(detach);
            gate.reached.wait();
            let alive = (thread.is_alive(), is_listed(&thread));
            let ended = thread.wait_timeout(Duration::ZERO);
            gate.open.set();
            assert_eq!((alive, ended), ((true, true), false), "{place}");
            assert_eq!(thread.wait(), Ok(()));
            assert!(gate.passed.is_set(), "{place}");
            assert!(!thread.is_alive() && !is_listed(&thread), "{place}");
        }
    });
}

/// F26: a thread that was started elsewhere ends as well: for a look, for a wait that has begun, for one
/// that comes later, and in its text.
#[test]
fn a_thread_of_others_ends_too() {
    bounded(|| {
        let (tell, told) = mpsc::channel();
        let (hold, released) = mpsc::channel::<()>();
        let foreign = native::spawn(move || {
            tell.send(current()).unwrap();
            released.recv().unwrap_or_default();
        });
        let thread = told.recv().unwrap();
        assert!(thread.is_alive() && !thread.wait_timeout(Duration::ZERO));
        let sleeper = Sleeper::default();
        native::scope(|scope| {
            let waiter = scope.spawn(|| {
                sleeper.about_to_wait();
                thread.wait_timeout(CEILING)
            });
            sleeper.wait_until_asleep();
            drop(hold);
            assert!(waiter.join().unwrap(), "it has ended, and nobody was told");
        });
        foreign.join().unwrap();
        assert!(!thread.is_alive());
        assert!(thread.wait_timeout(Duration::ZERO));
        assert_eq!(thread.wait(), Ok(()));
        let ident = thread.ident();
        assert_eq!(
            format!("{thread:?}"),
            format!("Thread(foreign, stopped {ident})")
        );
    });
}

/// F26: a thread of others that is called `main` is not the main thread, and ends.
#[test]
#[cfg(target_os = "linux")]
fn a_thread_of_others_may_be_called_main() {
    bounded(|| {
        let builder = native::Builder::new().name("main".to_owned());
        let thread = builder.spawn(current).unwrap().join().unwrap();
        assert_eq!((thread.ident() > 1, thread.name()), (true, "main"));
        assert!(thread.wait_timeout(Duration::ZERO) && !thread.is_alive());
        assert!(enumerate()[0].is_alive(), "the main thread lives");
    });
}

/// F26: in a destructor that runs when its description has ended already, a thread of others is still
/// itself, and is not waited for in vain.
#[test]
fn a_thread_of_others_is_itself_to_the_last() {
    static SEEN: Mutex<Vec<(Thread, Result<(), WaitsForItself>)>> = Mutex::new(Vec::new());
    struct Last;
    impl Drop for Last {
        fn drop(&mut self) {
            let me = current();
            let waited = me.wait();
            SEEN.lock().unwrap().push((me, waited));
        }
    }
    thread_local! {
        static LAST: Last = const { Last };
    }
    bounded(|| {
        let touch_and_tell = || {
            LAST.with(|_| ());
            current()
        };
        let thread = native::spawn(touch_and_tell).join().unwrap();
        let (seen, waited) = SEEN.lock().unwrap().pop().unwrap();
        assert_eq!((&seen, waited), (&thread, Err(WaitsForItself)));
        assert!(!seen.is_alive() && seen.wait_timeout(Duration::ZERO));
    });
}
