//! 5.1 事件循环: what polls the futures.
//!
//! A future does nothing by itself: it is a value with a method `poll`, which goes on with the work until it
//! has to wait, and is told a [`Waker`] to call when it is worth polling again. Whoever
//! calls `poll`, sleeps while nothing is ready and keeps the timers is the event loop. [`run`](crate::run::run) has tokio's;
//! [`EventLoop`] is one that can be read in an hour. Both run the same `main`.

use std::future::poll_fn;
use std::sync::mpsc::{self, Receiver};
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

use crate::event_loop;
use crate::event_loop::EventLoop;
use crate::run::run as run_future;

async fn main() {
    println!("在事件循环中运行");
}

async fn get_loop() {
    if let Some(event_loop) = event_loop::current() {
        println!("事件循环: {event_loop:?}");
    }
}

pub fn run() -> anyhow::Result<()> {
    run_future(main())?; // asyncio.run: makes a loop, runs main, clears away

    let event_loop = EventLoop::new(); // the same in three steps, on the loop written here
    event_loop.run_until_complete(main())?;
    event_loop.close()?;

    let event_loop = EventLoop::new();
    event_loop.run_until_complete(get_loop())?;

    println!("—— Rust");
    timers(&event_loop)?;
    nested(&event_loop)?;
    woken_from_outside(&event_loop)
}

/// While nothing is ready the loop sleeps until the first timer is due.
fn timers(event_loop: &EventLoop) -> anyhow::Result<()> {
    let after = |millis| async move {
        event_loop::sleep(Duration::from_millis(millis)).await;
        println!("{millis} 毫秒的定时器到期");
    };
    event_loop.run_until_complete(async {
        let late = event_loop.spawn(after(40));
        let early = event_loop.spawn(after(20));
        late.await?;
        early.await
    })??;
    Ok(())
}

/// A loop blocks its thread. One that is started on a loop would stop that one, so it is refused.
fn nested(event_loop: &EventLoop) -> anyhow::Result<()> {
    let inner = async || EventLoop::new().run_until_complete(main());
    if let Err(error) = event_loop.run_until_complete(inner())? {
        println!("循环中再运行循环，被拒绝: {error}");
    }
    Ok(())
}

/// A waker may go to another thread. Its `wake` makes the task ready and unparks the loop's thread, which
/// has slept meanwhile: it is polled twice, and not all the time.
fn woken_from_outside(event_loop: &EventLoop) -> anyhow::Result<()> {
    let (to_outside, wakers) = mpsc::channel();
    let outside = thread::spawn(move || answer(&wakers));
    let mut polls = 0;
    let answered = poll_fn(|context| {
        polls += 1;
        if polls > 1 {
            return Poll::Ready(());
        }
        // Fails if the thread is gone; then joining it tells why.
        let _ = to_outside.send(context.waker().clone());
        Poll::Pending
    });
    event_loop.run_until_complete(answered)?;
    outside.join().expect("waking does not panic");
    println!("另一个线程唤醒了任务: 共轮询 {polls} 次");
    Ok(())
}

/// What an answer from elsewhere does when it comes.
fn answer(wakers: &Receiver<Waker>) {
    wakers.iter().take(1).for_each(Waker::wake);
}
