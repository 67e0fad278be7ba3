//! Other threads: they wake, and are never waited for in vain.

use std::future::poll_fn;
use std::sync::{Arc, Barrier, Mutex};
use std::task::{Poll, Waker};
use std::thread;

use asyncio::event_loop::EventLoop;

/// A value from another thread: what a library would have as a channel of one.
struct Sent<T>(Mutex<(Option<T>, Option<Waker>)>);

impl<T> Sent<T> {
    fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new((None, None))))
    }

    fn send(&self, value: T) {
        let waker = {
            let mut shared = self.0.lock().unwrap();
            shared.0 = Some(value);
            shared.1.take()
        };
        waker.into_iter().for_each(Waker::wake);
    }

    async fn receive(&self) -> T {
        poll_fn(|context| {
            let mut shared = self.0.lock().unwrap();
            if let Some(value) = shared.0.take() {
                return Poll::Ready(value);
            }
            shared.1 = Some(context.waker().clone());
            Poll::Pending
        })
        .await
    }
}

/// AS-18: main and tasks wait for threads, many times, with nothing else to wake the loop.
#[test]
fn threads_wake_the_loop() {
    const THREADS: usize = 4;
    const TIMES: usize = 500;
    let event_loop = EventLoop::new();
    let barrier = Barrier::new(THREADS + 1);
    let sent: Vec<_> = (0..THREADS * TIMES).map(|_| Sent::new()).collect();
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (barrier, sent) = (&barrier, &sent);
            scope.spawn(move || {
                barrier.wait();
                for n in 0..TIMES {
                    let n = n * THREADS + thread;
                    sent[n].send(n);
                }
            });
        }
        let tasks: Vec<_> = sent
            .iter()
            .map(|one| {
                let one = Arc::clone(one);
                event_loop.spawn(async move { one.receive().await })
            })
            .collect();
        barrier.wait();
        let joined = event_loop.run_until_complete(async {
            for (n, task) in tasks.into_iter().enumerate() {
                assert_eq!(task.await, Ok(n));
            }
        });
        assert_eq!(joined, Ok(()));
    });
}

/// AS-18: there and back, so that the loop parks each time, or nearly does.
#[test]
fn a_thread_and_the_loop_take_turns() {
    const TIMES: usize = 2000;
    let event_loop = EventLoop::new();
    let there: Vec<_> = (0..TIMES).map(|_| Sent::new()).collect();
    let back: Vec<_> = (0..TIMES).map(|_| Sent::new()).collect();
    thread::scope(|scope| {
        let (there, back) = (&there, &back);
        scope.spawn(move || {
            let other = EventLoop::new();
            let all = other.run_until_complete(async {
                for (there, back) in there.iter().zip(back) {
                    back.send(there.receive().await + 1);
                }
            });
            assert_eq!(all, Ok(()));
        });
        let all = event_loop.run_until_complete(async {
            for (n, (there, back)) in there.iter().zip(back).enumerate() {
                there.send(n);
                assert_eq!(back.receive().await, n + 1);
            }
        });
        assert_eq!(all, Ok(()));
    });
}

/// Wakers that many threads have, of tasks that come to their ends meanwhile.
#[test]
fn wake_ups_may_come_at_any_time() {
    const THREADS: usize = 3;
    let event_loop = EventLoop::new();
    for _ in 0..200 {
        let barrier = Arc::new(Barrier::new(THREADS + 1));
        let task = event_loop.spawn({
            let barrier = Arc::clone(&barrier);
            let mut wakers = Some(Vec::new());
            poll_fn(move |context| {
                let Some(mut threads) = wakers.take() else {
                    return Poll::Ready(());
                };
                for _ in 0..THREADS {
                    let (barrier, waker) = (Arc::clone(&barrier), context.waker().clone());
                    threads.push(thread::spawn(move || {
                        barrier.wait();
                        waker.wake_by_ref();
                        waker.wake();
                    }));
                }
                barrier.wait();
                drop(threads); // they end by themselves, while the loop goes on or is gone
                Poll::Pending
            })
        });
        assert_eq!(event_loop.run_until_complete(task), Ok(Ok(())));
    }
}

/// Who unparks the loop's thread for no reason, or parks it in a task, does no harm.
#[test]
fn the_loop_bears_strange_parks() {
    let event_loop = EventLoop::new();
    let sent = Sent::new();
    let this = thread::current();
    let barrier = Barrier::new(2);
    thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..1000 {
                this.unpark();
            }
            barrier.wait();
            sent.send("value");
        });
        let value = event_loop.run_until_complete(async {
            thread::current().unpark();
            thread::park(); // takes away what may have been for the loop
            barrier.wait();
            sent.receive().await
        });
        assert_eq!(value, Ok("value"));
    });
}
