//! 2.3 threading.Event 与 threading.Condition: waiting for a signal, and for a state.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex};
use std::thread::sleep;
use std::time::Duration;

use crossbeam::channel::{self, Receiver, Sender};

use crate::event::Event;
use crate::thread;

pub fn run() -> anyhow::Result<()> {
    event()?;
    condition()?;

    println!("—— Rust");
    channel()?;
    Ok(())
}

/// Event: one thread waits until another one says so.
fn event() -> anyhow::Result<()> {
    let event = Arc::new(Event::new());

    let waiter = {
        let event = Arc::clone(&event);
        move || {
            println!("等待事件触发...");
            event.wait();
            println!("事件已触发，继续执行");
        }
    };
    let setter = {
        let event = Arc::clone(&event);
        move || {
            sleep(Duration::from_secs(2));
            println!("触发事件");
            event.set();
        }
    };

    let t1 = thread::spawn(waiter)?;
    let t2 = thread::spawn(setter)?;
    t1.join()?;
    t2.join()?;

    event.clear();
    Ok(())
}

/// Condition: Python's holds the lock; here the mutex holds the items, and the condition variable
/// is told which mutex to give up while it waits.
#[derive(Default)]
struct Shared {
    items: Mutex<VecDeque<u32>>,
    not_empty: Condvar,
}

impl Shared {
    fn produce(&self) {
        for i in 0..5 {
            let mut items = self.items.lock().unwrap();
            items.push_back(i);
            println!("生产: {i}");
            self.not_empty.notify_one();
            drop(items); // not while asleep
            sleep(Duration::from_millis(500));
        }
    }

    fn consume(&self) {
        for _ in 0..5 {
            let mut items = self.items.lock().unwrap();
            let item = loop {
                match items.pop_front() {
                    Some(item) => break item,
                    // In a loop: a wait may end without a notification.
                    None => items = self.not_empty.wait(items).unwrap(),
                }
            };
            println!("消费: {item}");
        }
    }
}

fn condition() -> anyhow::Result<()> {
    let shared = Arc::new(Shared::default());

    let producer = Arc::clone(&shared);
    let consumer = Arc::clone(&shared);
    let t1 = thread::spawn(move || producer.produce())?;
    let t2 = thread::spawn(move || consumer.consume())?;
    t1.join()?;
    t2.join()?;
    Ok(())
}

/// The same over a channel: no lock, no condition, and its end is the end of the loop.
fn channel() -> anyhow::Result<()> {
    fn producer(items: Sender<u32>) {
        for i in 0..5 {
            println!("生产: {i}");
            if items.send(i).is_err() {
                return; // nobody is left to receive
            }
        }
    } // `items` is dropped here; it was the only sender, so the consumer's loop ends

    fn consumer(items: Receiver<u32>) {
        for item in items {
            println!("消费: {item}");
        }
        println!("通道已关闭");
    }

    let (sender, receiver) = channel::bounded(2);
    let t1 = thread::spawn(move || producer(sender))?;
    let t2 = thread::spawn(move || consumer(receiver))?;
    t1.join()?;
    t2.join()?;
    Ok(())
}
