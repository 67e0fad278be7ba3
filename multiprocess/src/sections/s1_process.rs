//! 3.1 multiprocessing.Process: a copy of this process that runs one function.
//!
//! What Rust refuses. A child gets what it is given and what it can copy; a value that may be on
//! another thread's stack it cannot borrow for longer than the call:
//!
//! ```compile_fail,E0277
//! use multiprocess::process::Process;
//!
//! struct Connected(std::fs::File);
//! // Which ends are in it? A type says so with `impl Pass`, and this one does not.
//! Process::start(Connected(std::fs::File::open("/dev/null").unwrap()), |_| ());
//! ```
//!
//! ```no_run
//! use multiprocess::ends::Pass;
//! use multiprocess::process::Process;
//!
//! struct Connected(std::fs::File);
//! impl Pass for Connected {} // none: a file is not an end of a channel
//! Process::start(Connected(std::fs::File::open("/dev/null").unwrap()), |_| ());
//! ```

use std::process;
use std::thread;
use std::time::Duration;

use anyhow::Context;

use crate::process::Exit;
use crate::process::Process;

fn worker(name: &str) {
    // Each process has memory of its own, and a PID.
    println!("进程 {name}, PID: {}", process::id());
    thread::sleep(Duration::from_secs(1));
}

pub fn run() -> anyhow::Result<()> {
    println!("主进程 PID: {}", process::id());

    let p = Process::named("WorkerProcess").start("子进程A", worker)?;
    p.join()?;
    println!("退出码: {}", p.exit_code().context("it has ended")?);

    let mut processes = Vec::new();
    for i in 0..4 {
        let name = format!("P{i}");
        processes.push(Process::start(name, |name: String| worker(&name))?);
    }
    for p in &processes {
        p.join()?;
    }

    println!("—— Rust");
    other_endings()?;
    with_threads()
}

/// A code of one's own, and a signal. A panic would be 101, with its message on stderr.
fn other_endings() -> anyhow::Result<()> {
    let exits = Process::start((), |()| Exit(3))?;
    println!("Exit(3) 的退出码: {}", exits.join()?);

    let killed = Process::start((), |()| {
        loop {
            thread::park();
        }
    })?;
    killed.kill()?;
    println!("kill 的退出码: {}", killed.join()?);
    Ok(())
}

/// The copy would have the locks of all threads and only one of the threads.
fn with_threads() -> anyhow::Result<()> {
    let refused = thread::scope(|scope| {
        let (done, wait) = std::sync::mpsc::channel::<()>();
        scope.spawn(move || wait.recv());
        let refused = Process::start((), |()| ()).is_err();
        drop(done);
        refused
    });
    println!("有其他线程时拒绝 fork: {refused}");
    Ok(())
}
