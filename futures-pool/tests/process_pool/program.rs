//! The program around the pool: how it starts, and how it ends.

use std::env;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio, exit};
use std::time::Instant;

use futures_pool::future::FutureError;
use futures_pool::process_pool::{BuildError, ProcessPoolExecutor};
use nix::sys::signal::{Signal, raise};

use super::{executor, pid, square, to_pid};
use crate::support::{
    again, again_with, descriptors, eventually, is_running, note, notes, role, run_to_end, stay,
    wait_for,
};

/// X03: busy or idle, the workers end with the parent.
pub fn the_parent_is_killed() {
    for busy in ["busy", "idle"] {
        match role() {
            None => {
                let ended = again(busy);
                assert_eq!(ended.status.signal(), Some(9), "{ended:?}");
                let begin = Instant::now();
                let pids = notes(busy);
                assert_eq!(pids.len(), 2);
                for pid in pids {
                    eventually("it is gone", || !is_running(to_pid(pid)));
                }
                assert!(begin.elapsed().as_secs() < 2, "{:?}", begin.elapsed());
            }
            Some(role) if role == busy => {
                let executor = executor(2);
                let task = |name: String| {
                    note(&name, std::process::id().into());
                    wait_for(&name, 2);
                    if name == "busy" {
                        stay("still busy");
                    }
                };
                let futures = [(); 2].map(|()| executor.submit(task, busy.to_owned()).unwrap());
                if busy == "busy" {
                    wait_for("still busy", 2);
                } else {
                    assert!(
                        futures
                            .into_iter()
                            .all(|future| future.into_result().is_ok())
                    );
                }
                let _ = raise(Signal::SIGKILL);
            }
            Some(_) => {}
        }
    }
}

/// EX-11, P09 (gh-83386): the program ends though a worker never would.
pub fn the_parent_leaves() {
    if role().is_none() {
        let ended = again("a parent");
        assert_eq!(ended.status.code(), Some(3), "{ended:?}");
        let pid = to_pid(notes("busy")[0]);
        eventually("it is gone", || !is_running(pid));
        return;
    }
    let executor = executor(1);
    let future = executor.submit(|()| stay("busy"), ()).unwrap();
    wait_for("busy", 1);
    executor.shutdown(futures_pool::process_pool::Shutdown {
        wait: false,
        cancel_futures: false,
    });
    assert!(!future.done());
    exit(3);
}

/// X05
pub fn init_is_missing() {
    if role().is_none() {
        let ended = again("without init");
        assert!(ended.status.success(), "{ended:?}");
        return;
    }
    let error = ProcessPoolExecutor::new(2).unwrap_err();
    assert_eq!(error, BuildError::NotInitialised);
    assert!(
        error.to_string().contains("futures_pool::init()"),
        "{error}"
    );
}

/// X05: it does what the parent does, up to the executor. And one whose `main` ends before.
pub fn a_worker_that_does_not_get_to_init_starts_nothing() {
    let roles = ["init in the parent alone", "another main"];
    let Some(role) = role() else {
        for role in roles {
            let ended = again(role);
            assert!(ended.status.success(), "{ended:?}");
        }
        assert_eq!(notes("another main"), [], "it did not come so far");
        assert_eq!(notes(roles[0]).len(), 1, "one worker");
        return;
    };
    if env::args().any(|arg| arg == "__futures_pool_worker") {
        note(&role, 0);
        let error = ProcessPoolExecutor::new(2).unwrap_err();
        assert_eq!(error, BuildError::NotInitialised);
        exit(4);
    }
    let executor = executor(1);
    let error = executor.submit(square, 1).unwrap().into_result();
    let Err(FutureError::Start(reason)) = error else {
        panic!("{error:?}");
    };
    assert!(reason.contains("`futures_pool::init()`"), "{reason}");
}

/// Workers execute what the parent does, whatever has its name by now.
pub fn the_executable_is_replaced() {
    let name = format!("futures-pool-replaced-{}", std::process::id());
    let path = env::temp_dir().join(name);
    if role().is_none() {
        fs::copy(env::current_exe().unwrap(), &path).unwrap();
        let mut command = Command::new(&path);
        let role = path.to_str().unwrap();
        command.env("FUTURES_POOL_TEST_ROLE", role);
        let ended = run_to_end(&mut command);
        assert!(ended.status.success(), "{ended:?}");
        fs::remove_file(path).unwrap();
        return;
    }
    let path = role().unwrap();
    let executor = executor(1);
    assert_eq!(executor.submit(square, 2).unwrap().into_result(), Ok(4));
    for replacement in [false, true] {
        fs::remove_file(&path).unwrap();
        if replacement {
            fs::write(&path, "not a program").unwrap();
        } else {
            fs::copy("/bin/false", &path).unwrap();
        }
        let executor = super::executor(2);
        let squares: Result<Vec<_>, _> = executor.map(square, 0..20).collect();
        assert_eq!(squares.unwrap().len(), 20);
    }
}

/// R09: input is empty, and of the pool's descriptors a task sees none but its own worker's three.
pub fn a_worker_has_no_input_and_no_descriptor() {
    let before = descriptors().len(); // with what the test runner left open
    let executor = executor(3);
    let task = |n: usize| {
        note("here", 0);
        wait_for("here", n);
        let input = std::io::read_to_string(std::io::stdin()).unwrap();
        (input, descriptors().len())
    };
    let futures = [3; 3].map(|n| executor.submit(task, n).unwrap());
    for future in futures {
        assert_eq!(future.into_result(), Ok((String::new(), before + 3)));
    }
    let child = |()| {
        let mut command = Command::new("/bin/ls");
        let listed = command.arg("/proc/self/fd").stdout(Stdio::piped()).output();
        String::from_utf8(listed.unwrap().stdout).unwrap()
    };
    let listed = executor.submit(child, ()).unwrap().into_result().unwrap();
    let listed = listed.split_whitespace().count();
    assert_eq!(listed, before + 1, "and the list");
    let name = |()| fs::read_to_string("/proc/self/comm").unwrap();
    let worker = executor.submit(name, ()).unwrap().into_result().unwrap();
    assert!(worker.starts_with("process_pool"), "{worker}");
    let executable = |()| env::current_exe().unwrap();
    let executable = executor.submit(executable, ()).unwrap().into_result();
    assert_eq!(executable.unwrap(), env::current_exe().unwrap());
    assert_ne!(
        executor.submit(pid, ()).unwrap().into_result(),
        Ok(std::process::id())
    );
}

/// Somebody tries it in a shell.
pub fn started_by_hand() {
    let mut command = again_with("by hand");
    let ended = run_to_end(command.arg("__futures_pool_worker"));
    assert_eq!(ended.status.code(), Some(2), "{ended:?}");
    assert!(
        ended.stderr.starts_with("error: this is no worker"),
        "{ended:?}"
    );
}
