//! What one would find on crates.io.

use ipc_channel::ipc;

use super::limit::{beside, joined};
use super::{MESSAGE, WORKERS, pin_here, timed};

pub(super) fn process(times: u64) -> f64 {
    timed(|| {
        for _ in 0..times {
            let started = procspawn::spawn((), |()| ());
            started.join().expect("it does not fail");
        }
    })
}

pub(super) fn channel(times: u64) -> f64 {
    let (sender, receiver) = ipc::channel::<u64>().expect("there are descriptors");
    let producer = beside(|| (0..=times).for_each(|i| sender.send(i).expect("somebody reads")));
    assert_eq!(receiver.recv().expect("it comes"), 0);
    let took = timed(|| {
        for i in 1..=times {
            assert_eq!(receiver.recv().expect("it comes"), i);
        }
    });
    joined(producer);
    took
}

pub(super) fn bytes_channel(times: u64) -> f64 {
    let (sender, receiver) = ipc::bytes_channel().expect("there are descriptors");
    let producer = beside(|| {
        let message = vec![7; MESSAGE];
        for _ in 0..=times {
            sender.send(&message).expect("somebody reads");
        }
    });
    let take = || assert_eq!(receiver.recv().expect("it comes").len(), MESSAGE);
    take();
    let took = timed(|| (0..times).for_each(|_| take()));
    joined(producer);
    took
}

pub(super) fn round_trip(times: u64) -> f64 {
    pin_here();
    let (request, requests) = ipc::channel::<u8>().expect("there are descriptors");
    let (answer, answers) = ipc::channel::<u8>().expect("there are descriptors");
    let echo = beside(|| {
        for _ in 0..=times {
            let message = requests.recv().expect("it comes");
            answer.send(message).expect("it is read");
        }
    });
    let trip = || {
        request.send(7).expect("it is read");
        assert_eq!(answers.recv().expect("it comes"), 7);
    };
    trip();
    let took = timed(|| (0..times).for_each(|_| trip()));
    joined(echo);
    took
}

/// Tasks that are on their way at once. Each has descriptors of its own.
const WINDOW: u64 = 64;

pub(super) fn pool(times: u64) -> f64 {
    let pool = procspawn::Pool::new(WORKERS).expect("the system has processes to give");
    let map = |times: u64| {
        for begin in (0..times).step_by(WINDOW as usize) {
            let tasks = begin..times.min(begin + WINDOW);
            let spawn = |x: u64| (x, procspawn::spawn!(in pool, (x) || x * x));
            for (x, handle) in tasks.map(spawn).collect::<Vec<_>>() {
                assert_eq!(handle.join().expect("it does not fail"), x * x);
            }
        }
    };
    map(1000);
    timed(|| map(times))
}
