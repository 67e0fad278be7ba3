//! Processes that are killed, stopped or interrupted at a certain point.

use std::time::{Duration, Instant};

use multiprocess::queue::Queue;
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};
use nix::unistd::getppid;

use crate::family::{child, forever, join, kill};
use crate::support::{self, CEILING, Line, eventually, process, wait_until_asleep};

/// MQ-10, Q01: a reader is killed while it waits; the next item is for the others, and so are all
/// later ones.
pub fn a_reader_killed_while_it_waits() {
    let queue = Queue::bounded(4).unwrap();
    for round in 0..30 {
        let reader = child(queue.clone(), |queue| drop(queue.get()));
        wait_until_asleep(reader);
        assert!(kill(reader));
        queue.put(&round).unwrap();
        assert_eq!(queue.get_timeout(CEILING).unwrap(), round);
    }
}

/// A reader that is stopped while it waits has nothing that the others need.
pub fn a_reader_stopped_while_it_waits() {
    let queue = Queue::bounded(4).unwrap();
    let stopped = child(queue.clone(), |queue| drop(queue.get()));
    wait_until_asleep(stopped);
    support::kill(stopped, Signal::SIGSTOP);
    eventually("it is stopped", || {
        process(stopped).is_some_and(|it| it.state == 'T')
    });
    for round in 0..1000 {
        queue.put(&round).unwrap();
        assert_eq!(queue.get().unwrap(), round);
    }
    assert!(kill(stopped));
}

/// MQ-11, Q02: a writer is killed in an item of 1 MiB, again and again: what comes is whole, a
/// reader's timeout holds, and others write. It was in an item if there was still room.
pub fn a_writer_killed_in_a_large_item() {
    let queue = Queue::<[u8]>::bounded(3).unwrap();
    let whole = |bytes: &[u8]| bytes.len() == 1 << 20 && bytes.iter().all(|&b| b == bytes[0]);
    let (mut round, mut in_an_item, begin) = (0, 0, Instant::now());
    let keeper = child(queue.clone(), |_queue| forever()); // somebody who could put
    while in_an_item < 10 {
        assert!(begin.elapsed() < CEILING, "always too late");
        round += 1;
        let line = Line::new();
        let writer = child(queue.clone(), |queue| {
            let item = vec![round as u8; 1 << 20];
            line.send(0);
            loop {
                queue.put(&item).unwrap();
            }
        });
        line.receive();
        for _ in 0..round % 4 {
            assert!(whole(&queue.get_timeout(CEILING).unwrap()));
        }
        assert!(kill(writer));
        // At most as many as fit; then nothing, in time.
        in_an_item += u32::from(queue.len() < 3);
        while let Ok(item) = queue.try_get() {
            assert!(whole(&item));
        }
        let begin = Instant::now();
        let timeout = Duration::from_millis(5);
        assert!(queue.get_timeout(timeout).unwrap_err().is_empty());
        assert!(begin.elapsed() >= timeout);
        let other = child(queue.clone(), |queue| queue.put(&[1; 1 << 20]).unwrap());
        assert!(whole(&queue.get_timeout(CEILING).unwrap()));
        join(other);
        (0..3).for_each(|_| queue.try_put(&[]).unwrap());
        assert!(
            queue.try_put(&[]).unwrap_err().is_full(),
            "the room of the dead"
        );
        (0..3).for_each(|_| drop(queue.try_get().unwrap()));
    }
    assert!(kill(keeper));
}

/// A process that is stopped while it has a lock delays nobody beyond their timeout, and who only
/// tries not for long. When it goes on, so does all.
pub fn a_stopped_owner_delays_no_timeout() {
    let queue = Queue::<[u8]>::bounded(2).unwrap();
    let large = vec![0; 4 << 20];
    let writer = child(queue.clone(), |queue| while queue.put(&large).is_ok() {});
    let mut hits = 0;
    let begin = Instant::now();
    while hits < 5 {
        assert!(begin.elapsed() < CEILING, "it never had the lock");
        let _ = queue.get_timeout(CEILING).unwrap();
        support::kill(writer, Signal::SIGSTOP);
        eventually("it is stopped", || {
            process(writer).is_some_and(|it| it.state == 'T')
        });
        // Readers need another lock.
        while queue.get_timeout(Duration::from_millis(1)).is_ok() {}
        let timeout = Duration::from_millis(20);
        let start = Instant::now();
        match queue.put_timeout(&[], timeout) {
            Ok(()) => drop(queue.get()),
            Err(error) => {
                assert!(error.is_full() && start.elapsed() >= timeout);
                assert!(queue.try_put(&[]).unwrap_err().is_full());
                hits += 1;
            }
        }
        if hits < 5 {
            support::kill(writer, Signal::SIGCONT);
        }
    }
    // Closed while it is stopped and has the lock: nobody waits for it, however long they would.
    let waiting = child(queue.clone(), |queue| {
        let closed = queue
            .put_timeout(&[], Duration::from_secs(3600))
            .unwrap_err();
        assert!(closed.is_closed());
    });
    wait_until_asleep(waiting);
    queue.close();
    join(waiting);
    assert!(queue.put(&[]).unwrap_err().is_closed());
    support::kill(writer, Signal::SIGCONT);
    while queue.get().is_ok() {}
    join(writer);
}

/// MQ-13, Q04: a child that has put 16 MiB ends at once, though nobody reads; and all of it is there
/// afterwards.
pub fn joined_with_items_unread() {
    let queue = Queue::<[u8]>::unbounded().unwrap();
    let writer = child(queue.clone().into_producer(), |queue| {
        (0..16).for_each(|i| queue.put(&vec![i; 1 << 20]).unwrap());
    });
    join(writer);
    for i in 0..16 {
        assert!(queue.get().unwrap() == vec![i; 1 << 20]);
    }
    assert!(queue.get().unwrap_err().is_disconnected());
}

extern "C" fn ignore(_: i32) {}

/// Q10: signals are not seen: nobody returns early, nothing is lost, a timeout is as long as it was.
pub fn signals() {
    let action = SigAction::new(
        SigHandler::Handler(ignore),
        SaFlags::empty(),
        SigSet::empty(),
    );
    // SAFETY: the handler does nothing.
    unsafe { sigaction(Signal::SIGUSR1, &action) }.unwrap();
    let queue = Queue::bounded(1).unwrap();
    let (send, receive) = (queue.clone().into_producer(), queue.into_consumer());
    let storm = child((), |()| {
        let parent = getppid();
        loop {
            support::kill(parent, Signal::SIGUSR1);
            // Spaced out, so that the parent sleeps again in between.
            std::thread::sleep(Duration::from_millis(1));
        }
    });
    let keeper = child(send.clone(), |_send| forever());
    for _ in 0..3 {
        let (begin, timeout) = (Instant::now(), Duration::from_millis(150));
        assert!(receive.get_timeout(timeout).unwrap_err().is_empty());
        assert!(begin.elapsed() >= timeout);
    }
    let slow = child(receive.clone(), |receive| {
        for i in 0..200 {
            assert_eq!(receive.get().unwrap(), i);
            if i % 20 == 0 {
                wait_until_asleep(getppid()); // it waits for room
            }
        }
    });
    (0..200).for_each(|i| send.put(&i).unwrap());
    join(slow);
    let echo = child(send, |send| {
        wait_until_asleep(getppid()); // it waits for an item
        send.put(&7).unwrap();
    });
    assert_eq!(receive.get().unwrap(), 7);
    join(echo);
    assert!(kill(keeper) && kill(storm));
}
