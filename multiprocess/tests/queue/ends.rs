//! Who has a handle, and what happens when nobody is left.

use std::ptr;
use std::thread;
use std::time::Duration;

use multiprocess::ends::Ends;
use multiprocess::fork::fork;
use multiprocess::queue::{Producer, Queue};
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};

use crate::family::{child, forever, join, kill};
use crate::support::{self, CEILING, Line, eventually, is_running, wait_until_asleep};

/// A handle that the child's closure captured is closed in the child: an error, and no hang. The
/// parent's is not.
pub fn captured_and_not_passed() {
    let queue = Queue::bounded(1).unwrap();
    let passed = Queue::bounded(1).unwrap();
    let other = child(passed.clone(), |passed| {
        assert!(queue.put(&1).unwrap_err().is_not_passed());
        assert!(queue.get().unwrap_err().is_not_passed());
        assert!(queue.get_timeout(CEILING).unwrap_err().is_not_passed());
        assert!(queue.clone().try_get().unwrap_err().is_not_passed());
        let consumer = queue.clone().into_consumer();
        assert!(consumer.get().unwrap_err().is_not_passed());
        queue.close();
        assert_eq!((queue.len(), queue.is_closed()), (0, false));
        passed.put(&2).unwrap();
    });
    join(other);
    assert_eq!(passed.get().unwrap(), 2);
    queue.put(&3).unwrap();
    assert_eq!(queue.get().unwrap(), 3);
}

/// MQ-12: producers return; who gets has all they put, and then is told that nobody is left.
pub fn producers_that_return() {
    let (producer, consumer) = Queue::bounded(2).unwrap().split();
    let others = [0, 10, 20].map(|base| {
        child(producer.clone(), move |producer| {
            (base..base + 5).for_each(|i| producer.put(&i).unwrap());
        })
    });
    drop(producer);
    let mut all: Vec<i32> = (0..15).map(|_| consumer.get().unwrap()).collect();
    all.sort();
    let expected: Vec<_> = [0..5, 10..15, 20..25].into_iter().flatten().collect();
    assert_eq!(all, expected);
    assert!(consumer.get().unwrap_err().is_disconnected());
    others.into_iter().for_each(join);
    assert!(consumer.get_timeout(CEILING).unwrap_err().is_disconnected());
    assert!(consumer.try_get().unwrap_err().is_empty());
}

/// MQ-12: producers are killed, also while nobody has waited for them yet (zombies are dead).
pub fn producers_that_are_killed() {
    let (producer, consumer) = Queue::<i32>::bounded(2).unwrap().split();
    let others = [(); 3].map(|()| child(producer.clone(), |_producer| forever()));
    drop(producer);
    let line = Line::new();
    let waiting = child(consumer, |consumer| {
        line.send(0);
        assert!(consumer.get().unwrap_err().is_disconnected());
    });
    line.receive();
    for other in others {
        wait_until_asleep(waiting);
        assert!(is_running(waiting), "it gave up too early");
        support::kill(other, Signal::SIGKILL);
    }
    join(waiting);
    assert!(others.map(kill).iter().all(|&killed| killed));
}

/// MQ-12, Q10: signals come more often than anybody looks who is left, and the last producer is killed:
/// who waits is told all the same. The same with the last consumer.
pub fn killed_while_signals_come() {
    extern "C" fn ignore(_: i32) {}
    let every_20_ms = || {
        let action = SigAction::new(
            SigHandler::Handler(ignore),
            SaFlags::empty(),
            SigSet::empty(),
        );
        // SAFETY: the handler does nothing.
        unsafe { sigaction(Signal::SIGALRM, &action) }.unwrap();
        let time = libc::timeval {
            tv_sec: 0,
            tv_usec: 20_000,
        };
        let timer = libc::itimerval {
            it_interval: time,
            it_value: time,
        };
        // SAFETY: it reads the structure.
        let code = unsafe { libc::setitimer(libc::ITIMER_REAL, &timer, ptr::null_mut()) };
        assert_eq!(code, 0);
    };
    for put in [false, true] {
        let (producer, consumer) = Queue::<i32>::bounded(1).unwrap().split();
        producer.put(&1).unwrap();
        if !put {
            consumer.get().unwrap();
        }
        let line = Line::new();
        let (mine, theirs) = match put {
            true => ((Some(producer), None), (None, Some(consumer))),
            false => ((None, Some(consumer)), (Some(producer), None)),
        };
        let other = child(theirs, |_theirs| forever());
        let waiting = child(mine, |mine| {
            every_20_ms();
            line.send(0);
            match mine {
                (Some(producer), _) => assert!(producer.put(&2).unwrap_err().is_disconnected()),
                (_, Some(consumer)) => assert!(consumer.get().unwrap_err().is_disconnected()),
                _ => unreachable!(),
            }
            line.send(1);
        });
        line.receive();
        wait_until_asleep(waiting);
        assert!(kill(other));
        assert_eq!(line.receive(), 1);
        join(waiting);
    }
}

/// MQ-12: each wait is shorter than anybody takes to look who is left, and the last producer is killed,
/// or the last consumer: one of the next waits tells.
pub fn killed_while_waits_are_short() {
    const SHORT: Duration = Duration::from_millis(5);
    let (producer, consumer) = Queue::<i32>::bounded(1).unwrap().split();
    let other = child(producer, |_producer| forever());
    assert!(consumer.get_timeout(SHORT).unwrap_err().is_empty());
    assert!(kill(other));
    eventually("get tells that nobody is left", || {
        consumer.get_timeout(SHORT).unwrap_err().is_disconnected()
    });
    let (producer, consumer) = Queue::<i32>::bounded(1).unwrap().split();
    producer.put(&1).unwrap();
    let other = child(consumer, |_consumer| forever());
    assert!(producer.put_timeout(&2, SHORT).unwrap_err().is_full());
    assert!(kill(other));
    eventually("put tells that nobody is left", || {
        producer
            .put_timeout(&2, SHORT)
            .unwrap_err()
            .is_disconnected()
    });
}

/// MQ-12: the last handle of a process counts, not its life.
pub fn a_producer_that_drops_its_handle_and_goes_on() {
    let (producer, consumer) = Queue::bounded(2).unwrap().split();
    let other = child((producer.clone(), producer), |(one, two)| {
        one.put(&1).unwrap();
        drop(one);
        two.put(&2).unwrap();
        drop(two);
        forever();
    });
    assert_eq!([consumer.get().unwrap(), consumer.get().unwrap()], [1, 2]);
    assert!(consumer.get().unwrap_err().is_disconnected());
    assert!(is_running(other));
    kill(other);
}

/// MQ-12: the same, and it was so quick that its parent enters it as a member only afterwards.
pub fn a_producer_that_has_left_before_it_is_entered() {
    let (producer, consumer) = Queue::<i32>::bounded(2).unwrap().split();
    let line = Line::new();
    let ends = Ends::of(&producer);
    let mut load = Some(producer);
    let run = || {
        let producer = load.take();
        ends.keep_only_these();
        drop(producer);
        line.send(0);
        forever();
    };
    let quick = fork(run).unwrap();
    line.receive();
    ends.passed_to(quick);
    drop((load, ends));
    assert!(consumer.get().unwrap_err().is_disconnected());
    assert!(is_running(quick));
    kill(quick);
}

/// MQ-12: a child of a child counts, though the one in between is gone.
pub fn producers_of_producers() {
    let (producer, consumer) = Queue::bounded(2).unwrap().split();
    let go = Line::new();
    let middle = child(producer, |producer: Producer<i32>| {
        child(producer, |producer| {
            go.receive();
            producer.put(&1).unwrap();
        });
    });
    join(middle);
    let line = Line::new();
    let waiting = child(consumer, |consumer| {
        line.send(0);
        assert_eq!(consumer.get().unwrap(), 1);
        assert!(consumer.get().unwrap_err().is_disconnected());
    });
    line.receive();
    wait_until_asleep(waiting);
    go.send(0);
    join(waiting);
}

/// MQ-12: consumers do not keep each other waiting.
pub fn several_consumers_end() {
    let (producer, consumer) = Queue::bounded(2).unwrap().split();
    let others = [(); 4].map(|()| {
        child(consumer.clone(), |consumer| {
            while consumer.get().is_ok() {}
            assert!(consumer.get().unwrap_err().is_disconnected());
        })
    });
    (0..100).for_each(|i| producer.put(&i).unwrap());
    drop(producer);
    others.into_iter().for_each(join);
    assert!(consumer.get().unwrap_err().is_disconnected());
}

/// A put that waits for room ends when nobody is left who could make some. While there is room, nobody
/// needs to be left.
pub fn consumers_that_are_killed() {
    let (producer, consumer) = Queue::bounded(1).unwrap().split();
    let others = [(); 2].map(|()| child(consumer.clone(), |_consumer| forever()));
    drop(consumer);
    producer.put(&1).unwrap();
    let waiting = child(producer.clone(), |producer| {
        assert!(producer.put(&2).unwrap_err().is_disconnected());
    });
    wait_until_asleep(waiting);
    assert!(others.map(kill).iter().all(|&killed| killed));
    join(waiting);
    assert!(
        producer
            .put_timeout(&2, CEILING)
            .unwrap_err()
            .is_disconnected()
    );
    assert!(producer.try_put(&2).unwrap_err().is_full());
}

/// Whoever is the only one and has one thread waits in vain, whatever handles it has.
pub fn alone() {
    let queue = Queue::bounded(1).unwrap();
    let _another = queue.clone();
    assert!(queue.get().unwrap_err().is_disconnected());
    queue.put(&1).unwrap();
    assert!(queue.put(&2).unwrap_err().is_disconnected());
    assert_eq!(queue.get().unwrap(), 1);
}

/// Another thread may use the handle that this one waits with; but not one that can only get.
pub fn alone_with_threads() {
    let queue = Queue::bounded(1).unwrap();
    thread::scope(|scope| {
        scope.spawn(|| {
            assert_eq!(queue.get().unwrap(), 1);
        });
        // So long that the waiting thread has looked whether anybody is left.
        let (_, other) = Queue::<i32>::bounded(1).unwrap().split();
        assert!(other.get().unwrap_err().is_disconnected());
        assert!(other.get().unwrap_err().is_disconnected());
        queue.put(&1).unwrap();
    });
}

/// What was put is not lost to the news that nobody is left, however close the two are.
pub fn what_was_put_before_the_end_comes() {
    for round in 0..200 {
        let (producer, consumer) = Queue::bounded(1).unwrap().split();
        let other = child(producer, |producer| producer.put(&round).unwrap());
        assert_eq!(consumer.get().unwrap(), round);
        assert!(consumer.get().unwrap_err().is_disconnected());
        join(other);
    }
}

/// The table of processes has an end; who comes after it is told, and the dead make room.
pub fn one_process_too_many() {
    let queue = Queue::<i32>::unbounded().unwrap();
    let line = Line::new();
    let start = || {
        child(queue.clone(), |queue| {
            line.send(match queue.put(&1) {
                Ok(()) => 0,
                Err(multiprocess::queue::PutError::TooManyProcesses) => 1,
                Err(_) => 2,
            });
            forever();
        })
    };
    let others: Vec<_> = (0..1023).map(|_| start()).collect();
    assert!(others.iter().all(|_| line.receive() == 0));
    let late = start();
    assert_eq!(line.receive(), 1);
    assert!(kill(late));
    assert!(kill(others[500]));
    let next = start();
    assert_eq!(line.receive(), 0);
    assert!(kill(next));
    for &other in others.iter().filter(|&&other| other != others[500]) {
        assert!(kill(other));
    }
    assert_eq!(queue.len(), 1024);
}
