//! A future that notes whether it came to its end. It is pinned in place: no allocation of its own.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::record::Record;

pin_project! {
    pub(super) struct Watched<F> {
        #[pin]
        future: F,
        record: Arc<Record>,
    }
}

pub(super) fn new<F>(record: Arc<Record>, future: F) -> Watched<F> {
    Watched { future, record }
}

impl<F: Future> Future for Watched<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        // Still false after the last poll, whether that returns or panics. Relaxed: it is read when
        // the task has been seen to be finished.
        this.record.cut_off.store(false, Relaxed);
        let polled = this.future.poll(context);
        this.record.cut_off.store(polled.is_pending(), Relaxed);
        polled
    }
}
