//! The tasks that wait for one thing, in the order in which they came.

use std::collections::VecDeque;
use std::mem;
use std::task::Waker;

use super::store::shrink;

/// Who waits. Who is not in it any more has been called, or has left.
#[derive(Default)]
pub(super) struct Line {
    waiting: VecDeque<(Place, Waker)>, // by place
    next: Place,
}

/// Each is given once: 64 bits are not used up.
pub(super) type Place = u64;

impl Line {
    /// At the end of it.
    pub(super) fn enter(&mut self, waker: Waker) -> Place {
        let place = self.next;
        self.next += 1;
        self.waiting.push_back((place, waker));
        place
    }

    /// The waker that `place` has left here, if it is still waiting.
    pub(super) fn find(&mut self, place: Place) -> Option<&mut Waker> {
        let index = self.index(place)?;
        Some(&mut self.waiting[index].1)
    }

    /// Gives `place` up. `None` if it is not waiting any more: it has been called.
    pub(super) fn leave(&mut self, place: Place) -> Option<Waker> {
        let index = self.index(place)?;
        let left = self.waiting.remove(index);
        shrink(&mut self.waiting);
        left.map(|(_, waker)| waker)
    }

    fn index(&self, place: Place) -> Option<usize> {
        self.waiting.binary_search_by_key(&place, |w| w.0).ok()
    }

    /// Takes the first one out. It must be woken.
    #[inline]
    pub(super) fn call_first(&mut self) -> Option<Waker> {
        let first = self.waiting.pop_front()?;
        shrink(&mut self.waiting);
        Some(first.1)
    }

    /// Takes all out. They must be woken.
    #[cold]
    pub(super) fn call_all(&mut self) -> Vec<Waker> {
        let all = mem::take(&mut self.waiting).into_iter();
        all.map(|(_, waker)| waker).collect()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }
}

/// Who has been called, to be woken when the mutex is unlocked: a waker is code of the runtime.
#[must_use]
pub(super) enum Called {
    Nobody,
    One(Waker),
    Many(Vec<Waker>),
}

impl Called {
    #[inline] // nearly always it is nobody
    pub(super) fn wake(self) {
        match self {
            Self::Nobody => {}
            Self::One(waker) => waker.wake(),
            Self::Many(wakers) => wakers.into_iter().for_each(Waker::wake),
        }
    }
}

impl From<Option<Waker>> for Called {
    #[inline]
    fn from(first: Option<Waker>) -> Self {
        first.map_or(Self::Nobody, Self::One)
    }
}
