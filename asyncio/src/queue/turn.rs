//! How one future waits: when it looks, when it leaves its waker, and when it lets others run first.

use std::cell::Cell;
use std::mem;
use std::task::{Context, Poll, Waker};

use super::Shared;
use super::line::{Line, Place};
use super::state::State;

/// Where a future is with its wait.
#[derive(Clone, Copy)]
pub(super) enum Turn {
    /// It waits for nothing yet: it has not been polled, or has only let others run.
    New { has_yielded: bool },
    /// It has a place in the line, or had it and has been called.
    Waits(Place),
    /// It was ready.
    Over,
}

impl Turn {
    pub(super) const START: Self = Self::New { has_yielded: false };

    /// Polls. `attempt` is made for one who has been called (`true`), where it must succeed, and for a newcomer
    /// (`false`), who waits in `line` if it does not.
    pub(super) fn poll<T, R>(
        &mut self,
        shared: &Shared<T>,
        line: fn(&mut State<T>) -> &mut Line,
        context: &mut Context<'_>,
        mut attempt: impl FnMut(&mut State<T>, bool) -> Option<R>,
    ) -> Poll<R> {
        match self {
            Self::New { has_yielded: false } if others_are_due() => {
                *self = Self::New { has_yielded: true };
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            Self::Over => panic!("polled after it was ready"),
            _ => {}
        }
        // The waker to leave in the line. It is cloned, and the one it replaces dropped, with the mutex unlocked:
        // both are code of the runtime, and with a waker may go a task that holds futures of this queue.
        let mut own: Option<Waker> = None;
        loop {
            let mut state = shared.lock();
            if let Self::Waits(place) = *self
                && let Some(left) = line(&mut state).find(place)
            {
                if left.will_wake(context.waker()) {
                    return Poll::Pending;
                }
                if let Some(own) = own.take() {
                    let replaced = mem::replace(left, own);
                    drop(state);
                    drop(replaced);
                    return Poll::Pending;
                }
            } else if let Some(ready) = attempt(&mut state, self.end_wait()) {
                drop(state);
                return Poll::Ready(ready);
            } else if let Some(own) = own.take() {
                *self = Self::Waits(line(&mut state).enter(own));
                return Poll::Pending;
            }
            drop(state);
            own = Some(context.waker().clone());
        }
    }

    /// Whether one who waited has been called. It comes now, once: it is over, also if the attempt panics.
    fn end_wait(&mut self) -> bool {
        matches!(mem::replace(self, Self::Over), Self::Waits(_))
    }

    /// The future is dropped. One who has been called already declines what it was called for.
    pub(super) fn give_up<T>(
        &mut self,
        shared: &Shared<T>,
        line: fn(&mut State<T>) -> &mut Line,
        decline: fn(&mut State<T>) -> Option<Waker>,
    ) {
        let Self::Waits(place) = mem::replace(self, Self::Over) else {
            return;
        };
        let mut state = shared.lock();
        let own = line(&mut state).leave(place);
        let next = match own {
            Some(_) => None,
            None => decline(&mut state),
        };
        drop(state);
        if let Some(next) = next {
            next.wake();
        }
    }
}

/// So many futures of queues may begin on a thread; the next one lets others run first. By thread and not by
/// queue: so whoever loops is the one to hit it, over however many queues.
const IN_A_ROW: u32 = 128;

std::thread_local! {
    static LEFT: Cell<u32> = const { Cell::new(IN_A_ROW) };
}

/// Whether this one is to let others run. Each is asked once: or else one could be hit time and again, while others
/// begin as many between its polls.
#[inline]
fn others_are_due() -> bool {
    LEFT.with(|left| {
        let due = left.get() == 0;
        left.set(if due { IN_A_ROW } else { left.get() - 1 });
        due
    })
}
