//! Children for the tests of the blocks, started as `Process` starts them: by a fork, with the ends
//! that are in their arguments.

#![allow(dead_code)] // every test file has the whole of this and uses a part

use multiprocess::ends::{Ends, Pass};
use multiprocess::fork::fork;
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;

use crate::support::kill;

/// A child that has to be waited for.
#[must_use]
#[derive(Debug)]
pub struct Child(pub Pid);

/// Runs `function` in a child, which gets `args`; this process's copy of them is dropped.
#[track_caller]
pub fn spawn<A: Pass>(args: A, function: impl FnOnce(A)) -> Child {
    let ends = Ends::of(&args);
    let in_child = ends.clone();
    let child = fork(move || {
        in_child.keep_only_these();
        function(args);
        0
    })
    .expect("a process with one thread");
    ends.passed_to(child);
    Child(child)
}

impl Child {
    /// Waits for it; it must have returned from its function.
    #[track_caller]
    pub fn join(self) {
        assert_eq!(self.wait(), WaitStatus::Exited(self.0, 0));
    }

    /// Kills it as nothing can be against: SIGKILL.
    #[track_caller]
    pub fn kill(self) {
        kill(self.0, Signal::SIGKILL);
        let killed = WaitStatus::Signaled(self.0, Signal::SIGKILL, false);
        assert_eq!(self.wait(), killed);
    }

    #[track_caller]
    fn wait(&self) -> WaitStatus {
        loop {
            match waitpid(self.0, None) {
                Err(nix::errno::Errno::EINTR) => {}
                ended => return ended.expect("our own child"),
            }
        }
    }
}
