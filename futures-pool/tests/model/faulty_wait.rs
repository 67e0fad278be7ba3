//! The waits once more, as short as can be and with a mistake that is easily made.

use std::sync::{Arc, Condvar, Mutex};
use std::task::{Wake, Waker};
use std::time::{Duration, Instant};

use crate::several::{Future, Several};
use crate::wait::{ReturnWhen, Unfinished};

/// No mistake, to show that it is the mistake that a model catches.
pub const SOUND: u8 = 0;
/// A future that is done when it is to be watched tells nobody.
pub const FORGETS_THE_DONE: u8 = 1;
/// Who finds nothing done goes to sleep without looking again.
pub const SLEEPS_LATE: u8 = 2;
/// Who was woken does not look whether anything is done.
pub const WAITS_ONCE: u8 = 3;
/// Who was woken looks at the clock before it looks what is done.
pub const TIME_FIRST: u8 = 4;
/// Who is to sleep is woken, and then the list made longer.
pub const WAKES_FIRST: u8 = 5;
/// A sleeper is woken when two are done, however many it wants.
pub const WAKES_FOR_TWO: u8 = 6;
/// A cancelled future counts as one that failed.
pub const CANCELLED_FAILS: u8 = 7;
/// Futures are parted by what the sleeper was told of, and those it was not told of are thrown away.
pub const LOSES_THE_LATE: u8 = 8;

pub struct FaultyWaits<const MISTAKE: u8>;

pub struct Completed<const MISTAKE: u8> {
    futures: Vec<Option<Future>>,
    total: usize,
    until: Option<Instant>,
    over: bool,
    news: Arc<News>,
}

struct News {
    done: Mutex<Vec<usize>>,
    longer: Condvar,
}

struct Entry<const MISTAKE: u8> {
    index: usize,
    news: Arc<News>,
}

impl<const MISTAKE: u8> Wake for Entry<MISTAKE> {
    fn wake(self: Arc<Self>) {
        if MISTAKE == WAKES_FIRST {
            self.news.longer.notify_all();
        }
        let mut done = self.news.done.lock().unwrap();
        done.push(self.index);
        let enough = MISTAKE != WAKES_FOR_TWO || done.len() >= 2;
        drop(done);
        if enough && MISTAKE != WAKES_FIRST {
            self.news.longer.notify_all();
        }
    }
}

impl<const MISTAKE: u8> Completed<MISTAKE> {
    fn left(&self) -> usize {
        self.futures.iter().flatten().count()
    }

    fn next_done(&mut self) -> Option<usize> {
        let mut done = self.news.done.lock().unwrap();
        while done.is_empty() {
            if MISTAKE == SLEEPS_LATE {
                drop(done);
                done = self.news.done.lock().unwrap();
            }
            let late = || {
                self.until
                    .is_some_and(|until| until.saturating_duration_since(Instant::now()).is_zero())
            };
            if late() {
                return None;
            }
            if self.until.is_some() {
                let wait = self.news.longer.wait_timeout(done, Duration::MAX);
                (done, _) = wait.unwrap();
            } else {
                done = self.news.longer.wait(done).unwrap();
            }
            if MISTAKE == TIME_FIRST && late() {
                return None;
            }
            if MISTAKE == WAITS_ONCE {
                break;
            }
        }
        Some(done.remove(0))
    }
}

impl<const MISTAKE: u8> Iterator for Completed<MISTAKE> {
    type Item = Result<Future, Unfinished>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.over || self.left() == 0 {
            return None;
        }
        if let Some(index) = self.next_done() {
            return self.futures[index].take().map(Ok);
        }
        self.over = true;
        Some(Err(Unfinished {
            unfinished: self.left(),
            total: self.total,
        }))
    }
}

impl<const MISTAKE: u8> Several for FaultyWaits<MISTAKE> {
    type Completed = Completed<MISTAKE>;

    fn as_completed(futures: Vec<Future>, timeout: Option<Duration>) -> Self::Completed {
        let news = Arc::new(News {
            done: Mutex::new(Vec::new()),
            longer: Condvar::new(),
        });
        let until = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let mut futures: Vec<_> = futures.into_iter().map(Some).collect();
        for (index, future) in futures.iter_mut().flatten().enumerate() {
            let news = news.clone();
            let entry = Arc::new(Entry::<MISTAKE> { index, news });
            if future.watch(Waker::from(entry.clone())) && MISTAKE != FORGETS_THE_DONE {
                entry.wake();
            }
        }
        Completed {
            total: futures.len(),
            futures,
            until,
            over: false,
            news,
        }
    }

    fn into_rest(completed: Self::Completed) -> Vec<Future> {
        let mut rest: Vec<_> = completed.futures.into_iter().flatten().collect();
        for future in &mut rest {
            future.unwatch();
        }
        rest
    }

    fn wait(
        futures: Vec<Future>,
        timeout: Option<Duration>,
        return_when: ReturnWhen,
    ) -> (Vec<Future>, Vec<Future>) {
        let mut completed = Self::as_completed(futures, timeout);
        let mut told = Vec::new();
        for _ in 0..completed.total {
            let Some(index) = completed.next_done() else {
                break;
            };
            told.push(index);
            let future = completed.futures[index].as_ref().unwrap();
            let failed = future.has_failed() || MISTAKE == CANCELLED_FAILS && future.cancelled();
            if match return_when {
                ReturnWhen::FirstCompleted => true,
                ReturnWhen::FirstException => failed,
                ReturnWhen::AllCompleted => false,
            } {
                break;
            }
        }
        if MISTAKE == LOSES_THE_LATE {
            let slots = completed.futures.iter_mut().enumerate();
            slots
                .filter(|(index, slot)| !told.contains(index) && slot.as_ref().unwrap().done())
                .for_each(|(_, slot)| drop(slot.take()));
        }
        Self::into_rest(completed)
            .into_iter()
            .partition(Future::done)
    }
}
