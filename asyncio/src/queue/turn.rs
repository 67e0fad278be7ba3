//! How one future waits: when it looks, and when it leaves its waker.

use std::mem;
use std::task::{Context, Poll, Waker, ready};

use tokio::task::coop;

use super::Shared;
use super::line::{Line, Place};
use super::state::State;

/// Where a future is with its wait.
pub(super) enum Turn {
    /// It has no place in the line yet.
    New,
    /// It has a place in the line, or had it and has been called.
    Waits(Place),
    /// It was ready.
    Over,
}

impl Turn {
    /// Polls. `attempt` is made for one who has been called (`true`), where it must succeed, and for a newcomer
    /// (`false`), who waits in `line` if it does not.
    pub(super) fn poll<T, R>(
        &mut self,
        shared: &Shared<T>,
        line: fn(&mut State<T>) -> &mut Line,
        context: &mut Context<'_>,
        mut attempt: impl FnMut(&mut State<T>, bool) -> Option<R>,
    ) -> Poll<R> {
        if let Self::Over = self {
            panic!("polled after it was ready");
        }
        // A task whose futures are always ready uses up its budget here. tokio then lets the others run.
        let budget = ready!(coop::poll_proceed(context));
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
                budget.made_progress();
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
