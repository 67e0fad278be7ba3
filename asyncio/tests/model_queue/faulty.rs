//! The queue once more, as short as can be and with a mistake that is easily made. The models must catch it.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Poll, Waker};

use crate::tasks::Kind;

/// No mistake, to show that it is the mistake that a model catches.
pub const NONE: u8 = 0;
/// A dropped get that was called tells nobody.
pub const EATS_THE_CALL: u8 = 1;
/// A dropped put that was called tells nobody.
pub const KEEPS_THE_ROOM: u8 = 2;
/// Who is dropped stays in the line.
pub const STAYS_IN_LINE: u8 = 3;
/// Who has found nothing enters the line without another look.
pub const ENTERS_LATE: u8 = 4;
/// The waker of the first poll stays.
pub const KEEPS_WAKER: u8 = 5;
/// A newcomer takes what is promised.
pub const OVERTAKES: u8 = 6;
/// A shutdown wakes no getter.
pub const LEAVES_GETTERS: u8 = 7;
/// A shutdown wakes no putter.
pub const LEAVES_PUTTERS: u8 = 8;
/// Who was called for room puts, though the queue has been shut down since.
pub const PUTS_ANYWAY: u8 = 9;
/// The last item after a shutdown ends nobody's wait.
pub const ENDS_SILENTLY: u8 = 10;
/// An item is done when it is taken.
pub const DONE_WHEN_TAKEN: u8 = 11;
/// The last token wakes nobody.
pub const DONE_SILENTLY: u8 = 12;
/// What is thrown away does not count as done.
pub const NEVER_DONE: u8 = 13;

const GET: usize = 0;
const PUT: usize = 1;
const JOIN: usize = 2;

#[derive(Clone)]
pub struct Faulty<const MISTAKE: u8>(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    items: VecDeque<u8>,
    capacity: usize,
    unfinished: usize,
    shut_down: bool,
    promised: [usize; 2],
    lines: [VecDeque<(usize, Waker)>; 3],
    next: usize,
}

pub struct FaultyItem<const MISTAKE: u8>(u8, Faulty<MISTAKE>);

/// A get, a put or a join.
struct Wait<'q, const MISTAKE: u8> {
    queue: &'q Faulty<MISTAKE>,
    what: usize,
    item: u8,
    place: Option<usize>,
}

impl State {
    /// How much there is that is promised to nobody.
    fn free(&self, what: usize) -> usize {
        match what {
            GET => self.items.len() - self.promised[GET],
            PUT => self.capacity - self.items.len() - self.promised[PUT],
            _ => usize::from(self.unfinished == 0),
        }
    }

    fn call(&mut self, what: usize) -> Vec<Waker> {
        let first = match self.free(what) {
            0 => None,
            _ => self.lines[what].pop_front(),
        };
        self.promised[what] += usize::from(first.is_some());
        first.into_iter().map(|(_, waker)| waker).collect()
    }

    fn call_all(&mut self, what: usize) -> Vec<Waker> {
        self.lines[what].drain(..).map(|(_, waker)| waker).collect()
    }
}

impl<const MISTAKE: u8> Faulty<MISTAKE> {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    fn wait(&self, what: usize, item: u8) -> Wait<'_, MISTAKE> {
        let (queue, place) = (self, None);
        Wait {
            queue,
            what,
            item,
            place,
        }
    }

    fn finish(&self) {
        let mut state = self.lock();
        state.unfinished -= 1;
        let woken = match state.unfinished {
            0 if MISTAKE != DONE_SILENTLY => state.call_all(JOIN),
            _ => Vec::new(),
        };
        drop(state);
        woken.into_iter().for_each(Waker::wake);
    }
}

impl<const MISTAKE: u8> Wait<'_, MISTAKE> {
    /// What it comes to, and whom it calls.
    fn attempt(&self, state: &mut State, called: bool) -> Option<(Option<u8>, Vec<Waker>)> {
        let is_over = state.shut_down && (self.what == PUT || state.items.is_empty());
        if is_over && self.what != JOIN && !(called && MISTAKE == PUTS_ANYWAY && self.what == PUT) {
            return Some((None, Vec::new()));
        }
        if !called && state.free(self.what) == 0 {
            let overtakes = MISTAKE == OVERTAKES && self.what == GET && !state.items.is_empty();
            if !overtakes {
                return None;
            }
        }
        if called && self.what != JOIN {
            state.promised[self.what] -= 1;
        }
        match self.what {
            GET => {
                let item = state.items.pop_front().expect("it was promised");
                state.promised[GET] = state.promised[GET].min(state.items.len());
                if MISTAKE == DONE_WHEN_TAKEN {
                    state.unfinished -= 1;
                }
                let end = state.shut_down && state.items.is_empty() && MISTAKE != ENDS_SILENTLY;
                let mut next = match end {
                    true => state.call_all(GET),
                    false => state.call(PUT),
                };
                if state.unfinished == 0 {
                    next.extend(state.call_all(JOIN)); // with that mistake only
                }
                Some((Some(item), next))
            }
            PUT => {
                state.unfinished += 1;
                state.items.push_back(self.item);
                Some((Some(0), state.call(GET)))
            }
            _ => Some((Some(0), Vec::new())),
        }
    }

    fn poll(&mut self, waker: &Waker) -> Poll<Option<u8>> {
        let mut state = self.queue.lock();
        let line = &mut state.lines[self.what];
        if let Some((_, left)) = line.iter_mut().find(|left| Some(left.0) == self.place) {
            if MISTAKE != KEEPS_WAKER {
                *left = waker.clone();
            }
            return Poll::Pending;
        }
        if let Some((outcome, next)) = self.attempt(&mut state, self.place.is_some()) {
            self.place = None;
            drop(state);
            next.into_iter().for_each(Waker::wake);
            return Poll::Ready(outcome);
        }
        if MISTAKE == ENTERS_LATE {
            drop(state);
            state = self.queue.lock();
        }
        let place = state.next;
        state.next += 1;
        self.place = Some(place);
        state.lines[self.what].push_back((place, waker.clone()));
        Poll::Pending
    }
}

impl<const MISTAKE: u8> Drop for Wait<'_, MISTAKE> {
    fn drop(&mut self) {
        let what = self.what;
        let Some(place) = self.place.filter(|_| what != JOIN) else {
            return;
        };
        if MISTAKE == STAYS_IN_LINE {
            return;
        }
        let mut state = self.queue.lock();
        let before = state.lines[what].len();
        state.lines[what].retain(|left| left.0 != place);
        let was_called = state.lines[what].len() == before;
        let mistaken = MISTAKE == [EATS_THE_CALL, KEEPS_THE_ROOM][what];
        if !was_called || mistaken || state.promised[what] == 0 {
            return;
        }
        state.promised[what] -= 1;
        let next = state.call(what);
        drop(state);
        next.into_iter().for_each(Waker::wake);
    }
}

impl<const MISTAKE: u8> Drop for FaultyItem<MISTAKE> {
    fn drop(&mut self) {
        if MISTAKE != DONE_WHEN_TAKEN {
            self.1.finish();
        }
    }
}

impl<const MISTAKE: u8> Kind for Faulty<MISTAKE> {
    type Item = FaultyItem<MISTAKE>;

    fn bounded(capacity: usize) -> Self {
        let state = State {
            capacity,
            ..State::default()
        };
        Self(Arc::new(Mutex::new(state)))
    }

    fn put(&self, item: u8) -> impl Future<Output = bool> + Unpin {
        let mut put = self.wait(PUT, item);
        poll_fn(move |context| put.poll(context.waker()).map(|put| put.is_some()))
    }

    fn get(&self) -> impl Future<Output = Option<Self::Item>> + Unpin {
        let mut get = self.wait(GET, 0);
        poll_fn(move |context| {
            let got = get.poll(context.waker());
            got.map(|item| item.map(|item| FaultyItem(item, get.queue.clone())))
        })
    }

    fn join(&self) -> impl Future<Output = ()> + Unpin {
        let mut join = self.wait(JOIN, 0);
        poll_fn(move |context| join.poll(context.waker()).map(|_| ()))
    }

    fn shutdown(&self, immediate: bool) {
        let mut state = self.lock();
        state.shut_down = true;
        let mut called = Vec::new();
        if immediate {
            let items = state.items.drain(..).len();
            state.promised[GET] = 0;
            if MISTAKE != NEVER_DONE {
                state.unfinished -= items;
            }
            if state.unfinished == 0 {
                called.extend(state.call_all(JOIN));
            }
        }
        if MISTAKE != LEAVES_PUTTERS {
            called.extend(state.call_all(PUT));
        }
        if MISTAKE != LEAVES_GETTERS && state.items.is_empty() {
            called.extend(state.call_all(GET));
        }
        drop(state);
        called.into_iter().for_each(Waker::wake);
    }

    fn value(item: &Self::Item) -> u8 {
        item.0
    }
}
