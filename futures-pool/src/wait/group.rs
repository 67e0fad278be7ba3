//! Futures that one thread waits for together. Each has a waker of its own, which adds its number to a
//! list that they share and wakes the thread when the list is long enough: a completion costs the same,
//! however many there are.

use std::collections::VecDeque;
use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Wake, Waker};
use std::time::Instant;

use crate::future::Future;

pub(super) struct Group<T> {
    /// `None` once it is taken.
    futures: Vec<Option<Future<T>>>,
    left: usize,
    /// Which are done, the first one first, and were not given out.
    done: VecDeque<usize>,
    /// Which are done beyond those.
    news: Arc<News>,
}

struct News {
    list: Mutex<List>,
    long_enough: Condvar,
}

struct List {
    /// In the order of completion.
    done: VecDeque<usize>,
    /// How many the thread sleeps for; `None` if it does not, or somebody is waking it already.
    wanted: Option<usize>,
}

/// Tells the list of one future.
struct Entry {
    index: usize,
    news: Arc<News>,
}

impl<T> Group<T> {
    pub fn new(futures: impl IntoIterator<Item = Future<T>>) -> Self {
        let futures: Vec<_> = futures.into_iter().map(Some).collect();
        let list = List {
            done: VecDeque::new(),
            wanted: None,
        };
        let news = Arc::new(News {
            list: Mutex::new(list),
            long_enough: Condvar::new(),
        });
        let mut group = Self {
            left: futures.len(),
            futures,
            done: VecDeque::new(),
            news,
        };
        for (index, future) in group.futures.iter_mut().flatten().enumerate() {
            let news = Arc::clone(&group.news);
            let waker = Waker::from(Arc::new(Entry { index, news }));
            if future.watch(waker) {
                // Not to the shared list: what completes meanwhile comes after all of these.
                group.done.push_back(index);
            }
        }
        group
    }

    /// How many are not taken.
    pub fn left(&self) -> usize {
        self.left
    }

    /// The next one that is done and was not given out by this. When there is none, waits until there
    /// are `wanted`, which must come; `None` if they have not at the time `until`.
    pub fn next_done(&mut self, wanted: usize, until: Option<Instant>) -> Option<usize> {
        if self.done.is_empty() {
            let mut list = self.news.wait(wanted, until)?;
            mem::swap(&mut self.done, &mut list.done);
        }
        self.done.pop_front()
    }

    /// Whether it finished with an error.
    pub fn has_failed(&self, index: usize) -> bool {
        self.futures[index].as_ref().is_some_and(Future::has_failed)
    }

    pub fn take(&mut self, index: usize) -> Future<T> {
        self.left -= 1;
        self.futures[index].take().expect("done once")
    }

    /// Those that are not taken, in order, and whether they are done.
    pub fn into_rest(mut self) -> impl Iterator<Item = (Future<T>, bool)> {
        let rest = mem::take(&mut self.futures).into_iter().flatten();
        rest.map(|mut future| {
            let done = future.unwatch();
            (future, done)
        })
    }
}

/// What is left may be pending for long: nothing of the group stays in it.
impl<T> Drop for Group<T> {
    fn drop(&mut self) {
        for future in self.futures.iter_mut().flatten() {
            future.unwatch();
        }
    }
}

impl News {
    /// Waits until the list is long enough.
    fn wait(&self, wanted: usize, until: Option<Instant>) -> Option<MutexGuard<'_, List>> {
        let mut list = self.lock();
        while list.done.len() < wanted {
            list.wanted = Some(wanted);
            let Some(until) = until else {
                let waited = self.long_enough.wait(list);
                list = waited.unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            let waited = self.long_enough.wait_timeout(list, left);
            (list, _) = waited.unwrap_or_else(PoisonError::into_inner);
        }
        Some(list)
    }

    fn lock(&self) -> MutexGuard<'_, List> {
        // No user's code runs under the mutex, so it cannot be poisoned.
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wake for Entry {
    fn wake(self: Arc<Self>) {
        let mut list = self.news.lock();
        list.done.push_back(self.index);
        let long_enough = list.wanted.is_some_and(|wanted| list.done.len() >= wanted);
        if long_enough {
            list.wanted = None;
            drop(list); // the woken needs it
            self.news.long_enough.notify_one();
        }
    }
}
