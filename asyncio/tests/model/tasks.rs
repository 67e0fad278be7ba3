//! What runs on the loop in the models, and the threads that wake it.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::mem;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

// These are outside of the model: they order nothing, and loom tries nothing at them.
use real_std::sync::atomic::AtomicUsize;

/// Counts the wake-ups that come through it.
struct Counted {
    waker: Waker,
    begun: AtomicUsize,
    ended: AtomicUsize,
}

impl Wake for Counted {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.begun.fetch_add(1, Ordering::Relaxed);
        self.waker.wake_by_ref();
        self.ended.fetch_add(1, Ordering::Relaxed);
    }
}

/// Fails when it is polled and nobody has woken it: each poll but the first is for a wake-up that had not ended when
/// the poll before began.
pub fn watched<T>(future: impl Future<Output = T>) -> impl Future<Output = T> {
    let mut future = Box::pin(future);
    let mut counted: Option<Arc<Counted>> = None;
    let mut ended = 0;
    poll_fn(move |context| {
        if let Some(counted) = &counted {
            let begun = counted.begun.load(Ordering::Relaxed);
            assert!(begun > ended, "was polled in vain");
        }
        let counted = counted.get_or_insert_with(|| {
            Arc::new(Counted {
                waker: context.waker().clone(),
                begun: AtomicUsize::new(0),
                ended: AtomicUsize::new(0),
            })
        });
        ended = counted.ended.load(Ordering::Relaxed);
        let waker = Waker::from(Arc::clone(counted));
        future.as_mut().poll(&mut Context::from_waker(&waker))
    })
}

/// What a thread has to tell. All is relaxed: nothing but the waker brings it to the task.
pub struct News(AtomicBool);

impl News {
    pub fn tell(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn is_known(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Waits for `N` pieces of news. Its first poll has `start` start the threads that tell them and wake it. How often it
/// was polled.
pub fn hears<const N: usize>(
    start: impl FnOnce(Waker, Arc<[News; N]>),
) -> impl Future<Output = usize> {
    let news = Arc::new([(); N].map(|()| News(AtomicBool::new(false))));
    let mut start = Some(start);
    let mut polls = 0;
    poll_fn(move |context| {
        if let Some(start) = start.take() {
            start(context.waker().clone(), Arc::clone(&news));
        }
        polls += 1;
        match news.iter().all(News::is_known) {
            true => Poll::Ready(polls),
            false => Poll::Pending,
        }
    })
}

/// A thread that tells all the news, each with a wake-up of its own.
pub fn tell_all<const N: usize>(waker: Waker, news: Arc<[News; N]>) {
    thread::spawn(move || {
        for one in &*news {
            one.tell();
            waker.wake_by_ref();
        }
    });
}

/// A thread that wakes twice, and has nothing to tell.
pub fn wake(waker: &Waker) {
    let waker = waker.clone();
    thread::spawn(move || {
        waker.wake_by_ref();
        waker.wake();
    });
}

// ---- on the loop's thread

/// Lets everybody else who is ready have a turn.
pub async fn yield_now() {
    let mut yielded = false;
    poll_fn(|context| {
        if mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// A gate that one task waits at.
#[derive(Clone, Default)]
pub struct Gate(Rc<(Cell<bool>, RefCell<Option<Waker>>)>);

impl Gate {
    pub fn open(&self) {
        self.0.0.set(true);
        self.0.1.take().into_iter().for_each(Waker::wake);
    }

    pub async fn wait(&self) {
        poll_fn(|context| {
            if self.0.0.get() {
                return Poll::Ready(());
            }
            *self.0.1.borrow_mut() = Some(context.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

/// Waits for both, with one waker.
pub async fn both<A, B>(a: impl Future<Output = A>, b: impl Future<Output = B>) -> (A, B) {
    let (mut a, mut b) = (Box::pin(a), Box::pin(b));
    let (mut first, mut second) = (None, None);
    poll_fn(move |context| {
        if first.is_none()
            && let Poll::Ready(value) = a.as_mut().poll(context)
        {
            first = Some(value);
        }
        if second.is_none()
            && let Poll::Ready(value) = b.as_mut().poll(context)
        {
            second = Some(value);
        }
        match (first.take(), second.take()) {
            (Some(first), Some(second)) => Poll::Ready((first, second)),
            halves => {
                (first, second) = halves;
                Poll::Pending
            }
        }
    })
    .await
}

/// Says when it is dropped.
pub struct Dropped(pub Rc<Cell<bool>>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.set(true);
    }
}
