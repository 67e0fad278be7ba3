//! Children as `process.rs` makes them, without it.

use multiprocess::ends::{Ends, Pass};
use multiprocess::fork::fork;
use nix::errno::Errno;
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;

use crate::support;

/// A child that runs `run` with `args` and ends with 0, or with 101 if it panics.
pub fn child<A: Pass>(args: A, run: impl FnOnce(A)) -> Pid {
    let ends = Ends::of(&args);
    let mut load = Some((args, run));
    let pid = fork(|| {
        let (args, run) = load.take().expect("it is taken once");
        ends.keep_only_these();
        run(args);
        0
    });
    let pid = pid.expect("this process has one thread");
    ends.passed_to(pid);
    pid // and only now the parent's arguments are dropped
}

/// Waits for the child, which ends with 0.
#[track_caller]
pub fn join(child: Pid) {
    assert_eq!(wait(child), WaitStatus::Exited(child, 0));
}

/// However many signals come.
fn wait(child: Pid) -> WaitStatus {
    loop {
        match waitpid(child, None) {
            Err(Errno::EINTR) => {}
            ended => return ended.expect("our own child"),
        }
    }
}

/// Kills the child, unless it has ended by itself, and waits for it: whether it was killed.
#[track_caller]
pub fn kill(child: Pid) -> bool {
    support::kill(child, Signal::SIGKILL);
    match wait(child) {
        WaitStatus::Signaled(_, Signal::SIGKILL, _) => true,
        status => {
            assert_eq!(status, WaitStatus::Exited(child, 0));
            false
        }
    }
}

/// Sleeps until it is killed.
pub fn forever() -> ! {
    loop {
        nix::unistd::pause();
    }
}

/// Numbers that look random. The seed is printed, and can be set.
pub struct Random(u64);

impl Random {
    /// `SEED` in the environment, or another one each time.
    pub fn new() -> Self {
        let time = || {
            std::time::UNIX_EPOCH
                .elapsed()
                .map_or(1, |time| time.as_nanos() as u64)
        };
        let seed = std::env::var("SEED")
            .ok()
            .and_then(|seed| seed.parse().ok());
        let seed = seed.unwrap_or_else(time) | 1;
        println!("SEED={seed}");
        Self(seed)
    }

    /// The next one below `end`. xorshift64*
    pub fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32;
        number as usize % end
    }
}
