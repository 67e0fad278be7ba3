//! The system around the pool: privileges, namespaces, descriptors, and what it refuses.

use std::env;
use std::fs::{self, Permissions};
use std::io::Write;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, Stdio};
use std::time::Instant;

use futures_pool::future::{Broken, Future, FutureError};
use futures_pool::process_pool::{BuildError, ProcessPoolExecutor};
use nix::sys::signal::{Signal, raise};
use nix::unistd::{ForkResult, close, fork, pause};

use super::crashes::{Bad, Phase, Way};
use super::recycling::limit_descriptors;
use super::{assert_works, executor, square, thread_sleeps, to_pid};
use crate::support::{
    again, again_with, assert_no_children, children, descriptors, eventually, is_running, list,
    needs_root, note, notes, role, run_to_end, stay, wait_for,
};

fn become_nobody() {
    const NOBODY: libc::uid_t = 65_534;
    // SAFETY: three numbers.
    assert_eq!(unsafe { libc::setresuid(NOBODY, NOBODY, NOBODY) }, 0);
}

/// F06, X03: a worker that has given up its privileges ends with its parent, though a signal of the parent's
/// death is no longer sent to it, and though another process has the parent's sockets.
pub fn a_worker_without_privileges_ends_with_its_parent() {
    needs_root();
    if role().is_none() {
        let ended = again("a parent");
        assert_eq!(ended.status.signal(), Some(9), "{ended:?}");
        let begin = Instant::now();
        let pid = to_pid(notes("busy")[0]);
        eventually("it is gone", || !is_running(pid));
        assert!(begin.elapsed().as_secs() < 2, "{:?}", begin.elapsed());
        crate::support::kill(to_pid(notes("heir")[0]), Signal::SIGKILL);
        return;
    }
    let executor = executor(1);
    let task = |()| {
        let mut list = list("busy");
        become_nobody();
        list.write_all(format!("{}\n", std::process::id()).as_bytes())
            .unwrap();
        pause();
    };
    let _future = executor.submit(task, ()).unwrap();
    wait_for("busy", 1);
    // SAFETY: the child only waits.
    match unsafe { fork() }.unwrap() {
        ForkResult::Parent { child } => note("heir", child.as_raw().into()),
        ForkResult::Child => loop {
            pause();
        },
    }
    let _ = raise(Signal::SIGKILL);
}

/// F06: a parent that has given up its privileges can end workers that it started before.
pub fn a_parent_without_privileges_ends_its_workers() {
    needs_root();
    let ends = [
        ProcessPoolExecutor::kill_workers as fn(&ProcessPoolExecutor),
        ProcessPoolExecutor::terminate_workers,
        |_| (),
    ];
    let roles = ["kill", "terminate", "drop"];
    let Some(role) = role() else {
        for role in roles {
            let ended = again(role);
            assert!(ended.status.success(), "{role}: {ended:?}");
        }
        return;
    };
    let (_, end) = roles
        .into_iter()
        .zip(ends)
        .find(|(name, _)| *name == role)
        .unwrap();
    let executor = executor(2);
    assert_works(&executor);
    let busy = (role != "drop").then(|| {
        let busy: Future<()> = executor.submit(|()| stay("busy"), ()).unwrap();
        wait_for("busy", 1);
        busy
    });
    become_nobody();
    end(&executor);
    if let Some(busy) = busy {
        assert_eq!(
            busy.into_result(),
            Err(FutureError::Broken(Broken::Terminated))
        );
    }
    executor.shutdown(Default::default());
    assert_no_children();
}

/// This case again, as the program of another one.
fn again_by(program: &str, options: &[&str], role: &str) -> Command {
    let mut command = Command::new(program);
    command.args(options);
    let inner = again_with(role);
    command.arg(inner.get_program());
    command.envs(
        inner
            .get_envs()
            .filter_map(|(name, value)| Some((name, value?))),
    );
    command
}

/// F12: in a PID namespace of its own, with the `/proc` of the old one or of the new one, the pool works.
/// Where the children only have one, no thread can be started, and the executor is refused with the reason.
pub fn other_pid_namespaces() {
    needs_root();
    match role().as_deref() {
        None => {
            let ways: [(&[&str], &str); 3] = [
                (&["--pid", "--fork"], "works"),
                (&["--pid", "--fork", "--mount-proc"], "works, too"),
                (&["--pid"], "is refused"),
            ];
            for (options, role) in ways {
                let ended = run_to_end(&mut again_by("unshare", options, role));
                assert!(ended.status.success(), "{options:?}: {ended:?}");
            }
        }
        Some(role) if role.starts_with("works") => {
            let executor = executor(2);
            assert_works(&executor);
            let task = |name: String| stay(&name);
            let future: Future<()> = executor.submit(task, role.to_owned()).unwrap();
            wait_for(role, 1);
            executor.terminate_workers();
            assert!(future.into_result().is_err());
            executor.shutdown(Default::default());
        }
        Some(_) => {
            let error = ProcessPoolExecutor::new(2).unwrap_err();
            assert!(matches!(error, BuildError::Start(_)), "{error:?}");
            assert!(error.to_string().contains("`unshare --pid`"), "{error}");
            let executor = futures_pool::thread_pool::ThreadPoolExecutor::new(2).unwrap();
            let error = executor.submit(square, 2).unwrap_err();
            assert!(error.to_string().contains("`unshare --pid`"), "{error}");
        }
    }
}

/// F14: whichever of the standard descriptors are closed, the pool gets none of their numbers, neither here
/// nor in a worker, and what is printed meanwhile disturbs nothing.
pub fn closed_standard_descriptors() {
    let Some(role) = role() else {
        for closed in 1..8 {
            let ended = again(&closed.to_string());
            assert!(ended.status.success(), "{closed:03b}: {ended:?}");
        }
        return;
    };
    let closed: i32 = role.parse().unwrap();
    let closed: Vec<_> = (0..3).filter(|fd| closed & 1 << fd != 0).collect();
    let copy = |fd: &i32| {
        // SAFETY: it is open, and closed after this.
        let fd = unsafe { BorrowedFd::borrow_raw(*fd) };
        fd.try_clone_to_owned().unwrap()
    };
    let copies: Vec<_> = closed.iter().map(copy).collect();
    closed.iter().for_each(|fd| close(*fd).unwrap());
    let standard = || {
        let mut all = descriptors();
        all.retain(|fd, _| *fd < 3);
        all
    };
    let before = standard();
    let executor = executor(2);
    let task = |name: String| {
        note(&format!("{name} began"), 0);
        wait_for(&format!("{name} released"), 1);
        println!("a worker prints");
        let mut own = descriptors();
        own.retain(|_, what| what.starts_with("socket:") || what.starts_with("anon_inode:"));
        own.into_keys().collect::<Vec<_>>()
    };
    let futures = [(); 2].map(|()| executor.submit(task, role.clone()).unwrap());
    wait_for(&format!("{role} began"), 2);
    let during = standard();
    for _ in 0..10 {
        println!("the parent prints");
        eprintln!("and complains");
    }
    note(&format!("{role} released"), 0);
    let in_workers = futures.map(Future::into_result);
    let works = executor.submit(square, 3).map(Future::into_result);
    let after = standard();
    for (copy, fd) in copies.iter().zip(closed) {
        // SAFETY: two numbers; nobody has taken the place.
        assert_eq!(unsafe { libc::dup2(copy.as_raw_fd(), fd) }, fd);
    }
    drop(copies);
    assert_eq!((&during, &after), (&before, &before));
    for own in in_workers {
        let own = own.unwrap();
        assert!(own.len() >= 3 && own.iter().all(|fd| *fd > 2), "{own:?}");
    }
    assert_eq!(works, Ok(Ok(9)));
}

/// A set-user-ID program takes nobody for its parent; and so it has no pool.
pub fn a_privileged_program() {
    needs_root();
    let path = env::temp_dir().join(format!("futures-pool-privileged-{}", std::process::id()));
    if role().is_some() {
        let error = ProcessPoolExecutor::new(2).unwrap_err();
        assert!(error.to_string().contains("set-user-ID"), "{error}");
        return;
    }
    fs::copy(env::current_exe().unwrap(), &path).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o4755)).unwrap();
    let run = |args: &[&str], role: &str| {
        let inner = again_with(role);
        let mut command = Command::new(&path);
        command.envs(
            inner
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        );
        run_to_end(
            command
                .args(args)
                .uid(65_534)
                .gid(65_534)
                .stdin(Stdio::null()),
        )
    };
    let worker = run(&["__futures_pool_worker"], "a worker");
    let parent = run(&[], "a parent");
    fs::remove_file(&path).unwrap();
    assert_eq!(worker.status.code(), Some(2), "{worker:?}");
    assert!(worker.stderr.contains("set-user-ID"), "{worker:?}");
    assert!(parent.status.success(), "{parent:?}");
}

/// F08: an initialiser whose argument cannot be sent is refused with the other settings.
pub fn an_initialiser_that_cannot_be_sent() {
    for way in [Way::Error, Way::Panic] {
        let phase = Phase::EncodeArgument;
        let initializer = |bad: Bad| _ = bad.pass();
        let builder = ProcessPoolExecutor::builder().initializer(initializer, Bad { phase, way });
        let error = builder.build().unwrap_err();
        assert!(matches!(error, BuildError::Initializer(_)), "{error:?}");
    }
}

/// F09: a worker that cannot be started fails no task that runs; the task that it was for has the other one.
pub fn a_start_fails_beside_a_running_task() {
    let executor = executor(2);
    let task = |()| {
        note("began", 0);
        wait_for("released", 1);
    };
    let running = executor.submit(task, ()).unwrap();
    wait_for("began", 1);
    let mut release = list("released");
    let old = limit_descriptors(descriptors().len() as u64 + 3); // two for this thread's looks
    let second = executor.submit(square, 3).unwrap();
    eventually("it has tried", || {
        second.done() || thread_sleeps("ProcessPool_1")
    });
    assert!(!second.done());
    release.write_all(b"0\n").unwrap();
    assert_eq!(running.into_result(), Ok(()));
    assert_eq!(second.into_result(), Ok(9));
    limit_descriptors(old);
    assert_works(&executor);
    drop(executor);
    assert_no_children();
}

/// F09: the same if the worker starts, and ends before it has come to `init`; and when it can be started again,
/// it is.
pub fn a_worker_ends_before_init() {
    if role().is_none() {
        let ended = again("workers may be refused");
        assert!(ended.status.success(), "{ended:?}");
        return;
    }
    let executor = executor(2);
    let task = |name: String| {
        note(&format!("{name} began"), 0);
        wait_for(&format!("{name} released"), 1);
    };
    let running = executor.submit(task, "first".to_owned()).unwrap();
    wait_for("first began", 1);
    note("from now on", 0);
    let second = executor.submit(task, "second".to_owned()).unwrap();
    wait_for("refused", 1);
    note("until now", 0);
    wait_for("second began", 1); // while the first one runs
    assert!(!running.done());
    note("second released", 0);
    assert_eq!(second.into_result(), Ok(()));
    note("first released", 0);
    assert_eq!(running.into_result(), Ok(()));
    assert_eq!(children().len(), 2);
    assert_works(&executor);
}

/// What `main` does in the case before: whether this worker is to end.
pub fn is_refused() -> bool {
    let refused = notes("from now on").len() > notes("until now").len();
    if refused {
        note("refused", 0);
    }
    refused
}
