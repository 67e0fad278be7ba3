//! What of the executors with threads needs a process of its own: its end, its stderr, its limits, all of
//! its threads. Each test starts this executable again, with itself as the only test and a role.

mod support;

use std::env;
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

#[cfg(target_os = "linux")]
use futures_pool::executor::Executor;
#[cfg(target_os = "linux")]
use futures_pool::rayon_pool::{BuildError, RayonExecutor};
use futures_pool::thread_pool::{Shutdown, ThreadPoolExecutor};

#[cfg(target_os = "linux")]
use support::{bounded, eventually};

const ROLE: &str = "FUTURES_POOL_THREADS_ROLE";

/// How long a child may live.
const CEILING: Duration = Duration::from_secs(50);

fn is_child() -> bool {
    env::var_os(ROLE).is_some()
}

/// Runs the test `name` once more in a process of its own, through a shell with `before` in front.
fn again(name: &str, before: &str) -> Output {
    let script = format!("{before} exec \"$0\" --exact {name} --nocapture --test-threads=1");
    let mut command = Command::new("sh");
    command
        .args(["-c", &script])
        .arg(env::current_exe().unwrap());
    command.env(ROLE, "child").env("RUST_BACKTRACE", "0");
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let ended = ends(&mut child);
    if !ended {
        child.kill().unwrap();
    }
    let output = child.wait_with_output().unwrap();
    assert!(ended, "hangs: {output:?}");
    // A misspelt name would run nothing, and succeed.
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(stdout.contains("running 1 test\n"), "{output:?}");
    output
}

/// What it prints fits into the pipe.
fn ends(child: &mut Child) -> bool {
    let start = Instant::now();
    while start.elapsed() < CEILING {
        if child.try_wait().unwrap().is_some() {
            return true;
        }
        // why a sleep: nobody tells us about the end; this only spaces out the looks at it.
        thread::sleep(Duration::from_millis(5));
    }
    false
}

/// EX-11, T03: an executor that nobody waits for does not keep the process. Where Python would wait, what
/// runs ends with the process, and what is queued is not run.
#[test]
fn the_process_ends() {
    if is_child() {
        let executor = ThreadPoolExecutor::new(1).unwrap();
        let _running = executor.submit(|()| thread::park(), ()).unwrap();
        let _queued = executor.submit(|()| println!("has run"), ()).unwrap();
        executor.shutdown(Shutdown {
            wait: false,
            cancel_futures: false,
        });
        return;
    }
    let ended = again("the_process_ends", "");
    assert!(ended.status.success(), "{ended:?}");
    assert!(!String::from_utf8_lossy(&ended.stdout).contains("has run"));
}

/// EX-16: that an initialiser failed is told on stderr, by each thread that it failed in; and a closed stderr
/// harms nobody.
#[test]
fn a_failing_initialiser_is_told() {
    if is_child() {
        let builder = ThreadPoolExecutor::builder().thread_name_prefix("failing");
        let fails = || Err::<(), _>("no database");
        let executor = builder
            .max_workers(1)
            .try_initializer(fails)
            .build()
            .unwrap();
        // It may have failed before the task is in the queue.
        let broken = match executor.submit(|()| (), ()) {
            Ok(future) => future.into_result().unwrap_err().is_broken(),
            Err(refused) => refused.is_broken(),
        };
        return assert!(broken);
    }
    let ended = again("a_failing_initialiser_is_told", "");
    assert!(ended.status.success(), "{ended:?}");
    let stderr = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(stderr, "the initialiser of failing_0 failed: no database\n");
    let ended = again("a_failing_initialiser_is_told", "exec 2>&-;");
    assert!(ended.status.success(), "{ended:?}");
}

/// When the system starts no more threads, those that are there do the work.
#[cfg(target_os = "linux")]
#[test]
fn a_few_threads_do_the_work() {
    if is_child() {
        return bounded(|| {
            // The limit below is for three such threads at most.
            let builder = ThreadPoolExecutor::builder().stack_size(1 << 30);
            let executor = builder.max_workers(20).build().unwrap();
            let tasks = (0..200).map(|n| executor.submit(|n: i32| n + 1, n).unwrap());
            let futures: Vec<_> = tasks.collect();
            for (n, future) in (0..).zip(futures) {
                assert_eq!(future.into_result(), Ok(n + 1));
            }
            let started = format!("{executor:?}");
            assert!(
                ["1", "2", "3"]
                    .iter()
                    .any(|n| started.contains(&format!("threads: {n},"))),
                "{started}"
            );
        });
    }
    let ended = again("a_few_threads_do_the_work", "ulimit -v 4000000;");
    assert!(ended.status.success(), "{ended:?}");
}

/// A pool of rayon's that cannot have all of its threads is an error, and those it had are gone.
#[cfg(target_os = "linux")]
#[test]
fn not_all_threads_can_be_started() {
    if is_child() {
        let before = kernel_tasks();
        let error = RayonExecutor::new(1000).unwrap_err();
        assert!(matches!(error, BuildError::Start(_)), "{error:?}");
        // One that was joined may be in the kernel's list for a moment yet.
        return eventually("the threads are gone", || kernel_tasks() == before);
    }
    let ended = again("not_all_threads_can_be_started", "ulimit -v 1000000;");
    assert!(ended.status.success(), "{ended:?}");
}

#[cfg(target_os = "linux")]
fn kernel_tasks() -> usize {
    std::fs::read_dir("/proc/self/task").unwrap().count()
}

/// EX-12: when an executor is gone, so are its threads, however it went.
#[cfg(target_os = "linux")]
#[test]
fn no_thread_is_left() {
    fn comes_and_goes<E: Executor>(executor: E, how: Option<Shutdown>) {
        assert_eq!(executor.map(|n: u64| n, 0..100).count(), 100);
        let _futures = [0, 1, 2].map(|n| executor.submit(|n: u64| n, n).unwrap());
        if let Some(how) = how {
            executor.shutdown(how);
        }
    }

    if is_child() {
        let before = kernel_tasks();
        let how = [true, false].map(|wait| Shutdown {
            wait,
            cancel_futures: !wait,
        });
        for how in [None, Some(how[0]), Some(how[1])] {
            for _ in 0..20 {
                comes_and_goes(ThreadPoolExecutor::new(4).unwrap(), how);
                comes_and_goes(RayonExecutor::new(4).unwrap(), how);
            }
            eventually("the threads are gone", || kernel_tasks() == before);
        }
        return;
    }
    let ended = again("no_thread_is_left", "");
    assert!(ended.status.success(), "{ended:?}");
}
