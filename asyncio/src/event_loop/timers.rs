//! [`sleep`], [`sleep_until`], [`yield_now`]: waiting for the loop's clock, and for a turn of the loop.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::{Future, pending, poll_fn};
use std::mem;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use super::{Inner, running};

/// Whom to wake when. The number keeps timers apart that are due at the same time, in their order.
///
/// Wakers may be anybody's: what they do when they are woken or dropped must not find the map borrowed.
#[derive(Debug, Default)]
pub(super) struct Timers {
    wakers: RefCell<BTreeMap<(Instant, u64), Waker>>,
    last: Cell<u64>,
}

impl Timers {
    /// When the next one is due.
    pub(super) fn next(&self) -> Option<Instant> {
        let wakers = self.wakers.borrow();
        wakers.first_key_value().map(|((due, _), _)| *due)
    }

    /// Wakes those that are due.
    pub(super) fn fire(&self, now: Instant) {
        while self.next().is_some_and(|due| due <= now) {
            let first = self.wakers.borrow_mut().pop_first();
            if let Some((_, waker)) = first {
                waker.wake();
            }
        }
    }

    /// Wakes nobody any more.
    pub(super) fn clear(&self) {
        drop(self.wakers.take());
    }

    fn number(&self) -> u64 {
        self.last.set(self.last.get() + 1);
        self.last.get()
    }
}

/// Waits for `duration` from the first poll on. No time at all is one [`yield_now`]; a time too long for the clock,
/// such as `Duration::MAX`, is for ever. Python: `asyncio.sleep`.
///
/// # Panics
///
/// As [`sleep_until`] does.
pub async fn sleep(duration: Duration) {
    if duration.is_zero() {
        return yield_now().await;
    }
    match running().clock.now().checked_add(duration) {
        Some(due) => sleep_until(due).await,
        None => pending().await,
    }
}

/// Waits until the loop's [clock](super::Handle::now) shows `due`. Python: `loop.call_at`.
///
/// # Panics
///
/// When it is polled outside of a running loop.
pub fn sleep_until(due: Instant) -> Sleep {
    Sleep { due, timer: None }
}

/// What [`sleep_until`] returns. Dropped, it leaves no timer behind. Polled again after its end, it is ready again.
#[derive(Debug)]
#[must_use = "it does nothing unless it is awaited"]
pub struct Sleep {
    due: Instant,
    timer: Option<Timer>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let inner = running();
        if inner.clock.now() >= self.due {
            self.timer = None;
            return Poll::Ready(());
        }
        // A new waker each time: since the last poll it may have come to another task, or to another loop.
        let timer = match self.timer.take() {
            Some(timer) if Rc::ptr_eq(&timer.inner, &inner) => timer,
            _ => Timer {
                key: (self.due, inner.timers.number()),
                inner,
            },
        };
        timer.wakes(context.waker().clone());
        self.timer = Some(timer);
        Poll::Pending
    }
}

/// A place among the timers.
#[derive(Debug)]
struct Timer {
    inner: Rc<Inner>,
    key: (Instant, u64),
}

impl Timer {
    fn wakes(&self, waker: Waker) {
        let earlier = self
            .inner
            .timers
            .wakers
            .borrow_mut()
            .insert(self.key, waker);
        drop(earlier); // when the map is no longer borrowed
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        let waker = self.inner.timers.wakers.borrow_mut().remove(&self.key);
        drop(waker); // as above
    }
}

/// Waits until everybody else who is ready has had a turn. Python: `asyncio.sleep(0)`.
pub async fn yield_now() {
    let mut yielded = false;
    poll_fn(|context| {
        if mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref(); // while it runs: so it goes to the end of the queue
        Poll::Pending
    })
    .await;
}
