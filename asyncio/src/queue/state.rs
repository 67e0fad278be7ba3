//! What a queue's mutex protects: the items, who waits, and what is promised to whom.
//!
//! An item for which somebody waits is *promised*: the first in the line is called, and the item stays where it
//! is until that one comes for it. The same with room for an item. So nothing is ever in between: who
//! is called and does not come (its future was dropped) has nothing to put back, and only gives up the promise,
//! which goes to the next.
//!
//! Between two calls of these functions:
//!
//! - somebody waits for an item only while every item is promised, and for room only while all of that is;
//! - no more is promised than there is;
//! - after a shutdown nobody waits for room, and once the last item is gone nobody waits for one.
//!
//! So who is not in the line any more needs no mark that says why: a getter has been called for an item if
//! there is one, a putter for room if the queue is not shut down.

use std::iter;
use std::task::Waker;

use super::error::{GetNowaitError, PutNowaitError};
use super::line::{Called, Line};
use super::store::Store;

pub(super) struct State<T> {
    pub(super) store: Store<T>,
    pub(super) capacity: usize,
    promised_items: usize,
    promised_room: usize,
    getters: Line,
    putters: Line,
    joiners: Line,
    /// Items that were put and are not done.
    pub(super) unfinished: usize,
    pub(super) shut_down: bool,
}

impl<T> State<T> {
    /// With `None` for no limit.
    pub(super) fn new(store: Store<T>, capacity: Option<usize>) -> Self {
        Self {
            store,
            capacity: capacity.unwrap_or(usize::MAX),
            promised_items: 0,
            promised_room: 0,
            getters: Line::default(),
            putters: Line::default(),
            joiners: Line::default(),
            unfinished: 0,
            shut_down: false,
        }
    }

    /// Puts, for one who has been `called` or for a newcomer, who must not take what is promised.
    pub(super) fn put(&mut self, item: T, called: bool) -> Result<Called, PutNowaitError<T>> {
        if self.shut_down {
            return Err(PutNowaitError::ShutDown(item));
        }
        if called {
            self.promised_room -= 1;
        } else if self.room() == 0 {
            return Err(PutNowaitError::Full(item));
        }
        self.unfinished += 1;
        self.store.push(item);
        Ok(self.promise_item().into())
    }

    /// Gets, for one who has been `called` or for a newcomer, who must not take what is promised.
    pub(super) fn get(&mut self, called: bool) -> Result<(T, Called), GetNowaitError> {
        if self.shut_down && self.store.is_empty() {
            return Err(GetNowaitError::ShutDown); // who waited has been called for that
        }
        if !called && self.unpromised() == 0 {
            return Err(GetNowaitError::Empty);
        }
        if called {
            self.promised_items -= 1;
        }
        let item = self
            .store
            .pop()
            .expect("somebody was promised it, or it is there for a newcomer");
        let next = match self.shut_down {
            false => self.promise_room().into(),
            true => Called::Many(self.call_if_over()),
        };
        Ok((item, next))
    }

    /// One who has been called does not come for its item.
    pub(super) fn decline_item(&mut self) -> Option<Waker> {
        if self.store.is_empty() {
            return None; // it was called because of the shutdown
        }
        self.promised_items -= 1;
        self.promise_item()
    }

    /// One who has been called does not come for its room.
    pub(super) fn decline_room(&mut self) -> Option<Waker> {
        if self.shut_down {
            return None; // whether it was called for room or not
        }
        self.promised_room -= 1;
        self.promise_room()
    }

    /// An item is done.
    pub(super) fn finish(&mut self) -> Called {
        self.unfinished -= 1;
        if self.unfinished > 0 || self.joiners.is_empty() {
            return Called::Nobody;
        }
        Called::Many(self.joiners.call_all())
    }

    /// Nothing can be put any more.
    pub(super) fn shut_down(&mut self) -> Called {
        self.shut_down = true;
        let mut called = self.putters.call_all();
        called.extend(self.call_if_over());
        Called::Many(called)
    }

    /// The same, and the items are given back, to be dropped when the mutex is unlocked. They count as done.
    pub(super) fn shut_down_immediate(&mut self) -> (Vec<T>, Called) {
        self.shut_down = true;
        let items: Vec<T> = iter::from_fn(|| self.store.pop()).collect();
        self.promised_items = 0;
        self.unfinished -= items.len();
        let mut called = self.putters.call_all();
        called.extend(self.getters.call_all());
        if self.unfinished == 0 {
            called.extend(self.joiners.call_all());
        }
        (items, Called::Many(called))
    }

    /// After a shutdown: nobody will get anything once the last item is gone.
    fn call_if_over(&mut self) -> Vec<Waker> {
        if self.store.is_empty() {
            self.getters.call_all()
        } else {
            Vec::new()
        }
    }

    /// How many wait for an item, and how many for room.
    pub(super) fn waiting(&self) -> (usize, usize) {
        (self.getters.len(), self.putters.len())
    }

    pub(super) fn getters(&mut self) -> &mut Line {
        &mut self.getters
    }

    pub(super) fn putters(&mut self) -> &mut Line {
        &mut self.putters
    }

    pub(super) fn joiners(&mut self) -> &mut Line {
        &mut self.joiners
    }

    fn promise_item(&mut self) -> Option<Waker> {
        if self.unpromised() == 0 {
            return None;
        }
        let first = self.getters.call_first()?;
        self.promised_items += 1;
        Some(first)
    }

    fn promise_room(&mut self) -> Option<Waker> {
        if self.room() == 0 {
            return None;
        }
        let first = self.putters.call_first()?;
        self.promised_room += 1;
        Some(first)
    }

    /// How many items are promised to nobody.
    fn unpromised(&self) -> usize {
        self.store.len() - self.promised_items
    }

    /// For how many items there is room that is promised to nobody.
    fn room(&self) -> usize {
        self.capacity - self.store.len() - self.promised_room
    }
}
