//! Who has which end, and how its loss is seen.

use std::fs::File;
use std::os::fd::AsRawFd;
use std::time::Duration;

use multiprocess::connection::{PollError, RecvError, SendError, pipe, pipe_one_way, wait};
use multiprocess::process::Process;
use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::sys::signal::{SigHandler, Signal, signal};

use crate::children::spawn;
use crate::support::{Line, descriptors, unnamed_file, wait_until_asleep};

/// The numbers of this process's sockets.
fn sockets() -> Vec<i32> {
    let sockets = descriptors().into_iter();
    let sockets = sockets.filter(|(_, what)| what.starts_with("socket:"));
    sockets.map(|(number, _)| number).collect()
}

/// PI-03: right after the start, and the child's goes on.
pub fn the_parents_copy_closes_with_the_arguments() {
    let before = sockets().len();
    let (mut ours, theirs) = pipe().unwrap();
    assert_eq!(sockets().len(), before + 2);
    let child = spawn(theirs, |mut theirs| {
        let word: String = theirs.recv().unwrap();
        theirs.send(&word).unwrap();
    });
    assert_eq!(sockets().len(), before + 1);
    ours.send("there?").unwrap();
    assert_eq!(ours.recv::<String>().unwrap(), "there?");
    child.join();
}

/// PI-10: Python's `with`. PI-14: no program that is started gets them.
pub fn dropping_both_ends_closes_both() {
    let before = sockets();
    let ends = (pipe().unwrap(), pipe_one_way().unwrap());
    let added: Vec<_> = sockets()
        .into_iter()
        .filter(|fd| !before.contains(fd))
        .collect();
    assert_eq!(added.len(), 4);
    for fd in added {
        // SAFETY: it is open: the ends are still there.
        let fd = unsafe { std::os::fd::BorrowedFd::borrow_raw(fd) };
        let flags = fcntl(fd, FcntlArg::F_GETFD).unwrap();
        assert!(FdFlag::from_bits_retain(flags).contains(FdFlag::FD_CLOEXEC));
    }
    drop(ends);
    assert_eq!(sockets(), before);
}

/// PI-04: an end that the child drops is closed there and then, and not with the child, which goes on.
pub fn a_child_closes_an_end_before_it_ends() {
    let (mut ours, theirs) = pipe().unwrap();
    let (mut control, controlled) = pipe().unwrap();
    let child = Process::start((theirs, controlled), |(theirs, mut controlled)| {
        drop(theirs);
        controlled.recv::<()>().unwrap(); // which comes when the end of the other has been seen
    });
    assert!(matches!(ours.recv::<()>(), Err(RecvError::Eof)));
    control.send(&()).unwrap();
    assert_eq!(child.unwrap().join().unwrap(), 0);
}

/// PI-04: it is said again to whoever asks again, and comes after what was sent.
pub fn the_end_of_all_writers_is_the_end() {
    let (mut ours, theirs) = pipe().unwrap();
    let child = spawn(theirs, |mut theirs| theirs.send(&1).unwrap());
    child.join();
    assert_eq!(ours.recv::<i32>().unwrap(), 1);
    for _ in 0..3 {
        assert!(matches!(ours.recv::<i32>(), Err(RecvError::Eof)));
        assert!(matches!(ours.recv_bytes(), Err(RecvError::Eof)));
    }
}

/// PI-04, Q03: the rest will never come, and that is said; what was whole before is not lost.
pub fn a_writer_killed_in_a_message() {
    let (mut ours, theirs) = pipe().unwrap();
    let child = spawn(theirs, |mut theirs| {
        theirs.send("whole").unwrap();
        theirs.send_bytes(&[5; 16 * 1024 * 1024]).unwrap(); // nobody reads so much
    });
    assert_eq!(wait(&[&ours], Duration::MAX).unwrap(), [0]);
    wait_until_asleep(child.0);
    child.kill();
    assert_eq!(ours.recv::<String>().unwrap(), "whole");
    for _ in 0..2 {
        assert!(matches!(ours.recv_bytes(), Err(RecvError::UnexpectedEof)));
        assert!(ours.poll(Duration::ZERO).unwrap());
    }
}

/// PI-05: Rust's programs ignore SIGPIPE; this one would be killed by it.
pub fn no_reader_is_an_error_and_no_signal() {
    let (ours, theirs) = pipe().unwrap();
    let gone = Line::new();
    let child = spawn(theirs, |mut theirs| {
        // SAFETY: no handler is called.
        unsafe { signal(Signal::SIGPIPE, SigHandler::SigDfl) }.unwrap();
        gone.receive();
        for len in [0, 1024 * 1024] {
            let error = theirs.send_bytes(&vec![0; len]).unwrap_err();
            assert!(matches!(error, SendError::BrokenPipe), "{error:?}");
        }
        assert!(matches!(theirs.recv::<i32>(), Err(RecvError::Eof)));
    });
    drop(ours);
    gone.send(1);
    child.join();
}

/// PI-05, PI-04: a peer that goes and has not read all makes the kernel speak of a reset connection.
/// The sender, also one in the middle of a send, hears that the peer is gone, and what the peer has
/// sent can be read.
pub fn a_reader_that_left_something_unread() {
    for len in [3, 16 * 1024 * 1024] {
        let (mut ours, theirs) = pipe().unwrap();
        let child = spawn(theirs, |mut theirs| {
            theirs.send("farewell").unwrap();
            assert_eq!(wait(&[&theirs], Duration::MAX).unwrap(), [0]);
            // Gone, with what has come unread.
        });
        let sent = ours.send_bytes(&vec![0; len]);
        // Three bytes may be sent before the peer goes, so many may not.
        assert!(
            matches!(sent, Ok(()) | Err(SendError::BrokenPipe)),
            "{sent:?}"
        );
        assert!(sent.is_err() || len == 3);
        child.join();
        let error = ours.send("more").unwrap_err();
        assert!(matches!(error, SendError::BrokenPipe), "{error:?}");
        assert_eq!(ours.recv::<String>().unwrap(), "farewell");
        assert!(matches!(ours.recv::<String>(), Err(RecvError::Eof)));
    }
}

/// PI-14: all others are closed, those of its siblings and the peer of its own.
pub fn a_child_keeps_only_what_it_was_given() {
    let inherited = sockets().len();
    let (others_before, _) = (pipe().unwrap(), pipe_one_way().unwrap());
    let (mut ours, theirs) = pipe().unwrap();
    let (mut receiver, sender) = pipe_one_way().unwrap();
    let mut siblings = pipe().unwrap();
    let sibling = spawn(siblings.0, |mut end| {
        assert_eq!(end.recv::<i32>().unwrap(), 3)
    });
    let child = spawn((theirs, Some(vec![sender])), |(mut theirs, senders)| {
        assert_eq!(sockets().len(), inherited + 2);
        theirs.send(&1).unwrap();
        senders.unwrap()[0].send(&2).unwrap();
    });
    assert_eq!(ours.recv::<i32>().unwrap(), 1);
    assert_eq!(receiver.recv::<i32>().unwrap(), 2);
    child.join();
    siblings.1.send(&3).unwrap();
    sibling.join();
    drop(others_before);
}

/// PI-14: a function that captures an end, instead of having it as an argument, gets an error from
/// every use, also for a message that was read before the fork; and what is opened under the same
/// number is neither read nor written.
pub fn a_captured_end_never_reaches_another_file() {
    let (mut one, mut other) = pipe().unwrap();
    other.send("first").unwrap();
    other.send("second").unwrap();
    assert_eq!(one.recv::<String>().unwrap(), "first"); // and the second is in memory now
    let numbers = sockets();
    let child = spawn((), |()| {
        assert!(numbers.iter().all(|fd| !sockets().contains(fd)));
        let files: Vec<File> = (0..8).map(|_| unnamed_file()).collect();
        let taken = |fd: &i32| files.iter().any(|file| file.as_raw_fd() == *fd);
        assert!(numbers.iter().all(taken), "{numbers:?}, {files:?}");

        for end in [&mut one, &mut other] {
            assert!(matches!(end.send(&1), Err(SendError::NotPassed)));
            assert!(matches!(
                end.send_bytes(&[1; 100_000]),
                Err(SendError::NotPassed)
            ));
            assert!(matches!(end.recv::<String>(), Err(RecvError::NotPassed)));
            assert!(matches!(end.recv_bytes(), Err(RecvError::NotPassed)));
            assert!(matches!(end.poll(Duration::MAX), Err(PollError::NotPassed)));
            assert!(matches!(
                wait(&[end], Duration::MAX),
                Err(PollError::NotPassed)
            ));
        }
        drop((one, other));
        for file in &files {
            assert_eq!(file.metadata().unwrap().len(), 0);
        }
    });
    child.join();
}

/// PI-14: a message that the parent has read ahead is the child's, with the end.
pub fn what_was_read_before_the_fork_goes_with_the_end() {
    let (mut ours, mut theirs) = pipe().unwrap();
    ours.send("first").unwrap();
    ours.send("second").unwrap();
    assert_eq!(theirs.recv::<String>().unwrap(), "first");
    let child = spawn(theirs, |mut theirs| {
        assert_eq!(theirs.recv::<String>().unwrap(), "second");
        theirs.send("third").unwrap();
    });
    assert_eq!(ours.recv::<String>().unwrap(), "third");
    child.join();
}

/// Q07: each of four children was forked when the ends of those before were there. The end of each is
/// seen while the others live.
pub fn four_children_and_each_ones_end_is_seen() {
    let mut children = Vec::new();
    for n in 0..4_usize {
        let (ours, theirs) = pipe().unwrap();
        let child = spawn(theirs, move |mut theirs| {
            theirs.send(&n).unwrap();
            assert!(matches!(theirs.recv::<i32>(), Err(RecvError::Eof)));
        });
        children.push((ours, child));
    }
    for (n, (ours, _)) in children.iter_mut().enumerate() {
        assert_eq!(ours.recv::<usize>().unwrap(), n);
        assert!(!ours.poll(Duration::ZERO).unwrap());
    }
    let (mut first, killed) = children.remove(0);
    killed.kill();
    assert!(matches!(first.recv::<i32>(), Err(RecvError::Eof)));
    // And the other way round: a child sees the parent's, though its siblings were forked later.
    for (ours, child) in children {
        drop(ours);
        child.join();
    }
}
