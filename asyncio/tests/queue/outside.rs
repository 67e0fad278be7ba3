//! What is the user's own, wakers and destructors, runs while the queue is unlocked: it may use the queue.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use asyncio::queue::{PutNowaitError, Queue};

use crate::{bounded, look, poll};

/// Looks at the queue whenever it is woken, and when it is dropped.
struct Curious(Queue<Looks>, Arc<AtomicUsize>);

impl Wake for Curious {
    fn wake(self: Arc<Self>) {} // dropped, and so looks
}

impl Drop for Curious {
    fn drop(&mut self) {
        self.0.len();
        self.1.fetch_add(1, Ordering::SeqCst);
    }
}

/// An item that looks at its queue when it is dropped.
struct Looks(Queue<Looks>, Arc<AtomicUsize>);

impl Drop for Looks {
    fn drop(&mut self) {
        self.0.len();
        self.1.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn wakers_and_destructors() {
    bounded(|| {
        let queue = Queue::<Looks>::bounded(1);
        let looks = Arc::new(AtomicUsize::new(0));
        let waker = || Waker::from(Arc::new(Curious(queue.clone(), looks.clone())));
        let item = || Looks(queue.clone(), looks.clone());
        let expect = |what: &str, n: usize| {
            assert_eq!(looks.swap(0, Ordering::SeqCst), n, "{what}");
        };

        let mut get = queue.get();
        assert!(poll(&mut get, &waker()).is_pending());
        expect("a waker that is in use", 0);
        assert!(poll(&mut get, &waker()).is_pending());
        expect("a replaced waker", 1);
        queue.put_nowait(item()).ok().unwrap();
        expect("a woken getter", 1);
        let Poll::Ready(Ok(got)) = look(&mut get) else {
            panic!("it was woken")
        };
        got.task_done();
        expect("an item that is done", 1);

        let mut get = queue.get();
        assert!(poll(&mut get, &waker()).is_pending());
        drop(get);
        expect("a dropped getter", 1);

        queue.put_nowait(item()).ok().unwrap();
        let mut put = queue.put(item());
        assert!(poll(&mut put, &waker()).is_pending());
        drop(put);
        expect("a dropped putter and its item", 2);

        let mut put = queue.put(item());
        assert!(poll(&mut put, &waker()).is_pending());
        drop(queue.get_nowait().unwrap());
        expect("an item that is done, and a woken putter", 2);
        assert!(look(&mut put).is_ready());
        let mut join = queue.join();
        assert!(poll(&mut join, &waker()).is_pending());
        drop(put);
        queue.shutdown_immediate();
        expect("a joiner and an item, by a shutdown", 2);
        drop(queue.put_nowait(item()));
        expect("an item that is refused", 1);
    });
}

/// A runtime of a few lines.
fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

/// Any runtime will do, and threads without one put and get too.
#[test]
fn without_tokio() {
    bounded(|| {
        let queue = Queue::bounded(2);
        thread::scope(|scope| {
            scope.spawn(|| {
                for i in 0..500 {
                    block_on(queue.put(i)).unwrap();
                }
            });
            scope.spawn(|| {
                for i in 500..1000 {
                    let mut item = i;
                    while let Err(PutNowaitError::Full(back)) = queue.put_nowait(item) {
                        item = back;
                        thread::yield_now();
                    }
                }
            });
            let sum: i32 = block_on(async {
                let mut sum = 0;
                for _ in 0..1000 {
                    sum += *queue.get().await.unwrap();
                }
                queue.join().await;
                sum
            });
            assert_eq!(sum, 499_500);
        });
    });
}
