//! 3.2 进程间通信（Queue、Pipe）: a queue for many, a pipe for two.

use std::collections::BTreeMap;

use nix::sys::signal::{Signal, raise};
use serde::{Deserialize, Serialize};

use crate::connection::Connection;
use crate::connection::RecvError;
use crate::connection::pipe;
use crate::process::Process;
use crate::queue::Queue;

fn producer(queue: Queue<Option<i32>>) -> anyhow::Result<()> {
    for i in 0..5 {
        queue.put(&Some(i))?;
        println!("生产: {i}");
    }
    queue.put(&None)?; // the end
    Ok(())
}

fn consumer(queue: Queue<Option<i32>>) -> anyhow::Result<()> {
    while let Some(item) = queue.get()? {
        println!("消费: {item}");
    }
    Ok(())
}

fn sender(mut conn: Connection) -> anyhow::Result<()> {
    conn.send(&BTreeMap::from([("msg", "hello from sender")]))?;
    Ok(()) // which drops `conn`, and so closes it
}

fn receiver(mut conn: Connection) -> anyhow::Result<()> {
    let data: BTreeMap<String, String> = conn.recv()?;
    println!("收到: {data:?}");
    Ok(())
}

pub fn run() -> anyhow::Result<()> {
    let q = Queue::bounded(16)?;
    let p1 = Process::start(q.clone(), producer)?;
    let p2 = Process::start(q, consumer)?; // from here on nobody else can put
    p1.join()?;
    p2.join()?;

    let (parent_conn, child_conn) = pipe()?;
    let p1 = Process::start(child_conn, sender)?;
    let p2 = Process::start(parent_conn, receiver)?;
    p1.join()?;
    p2.join()?;

    println!("—— Rust");
    no_end_marker()?;
    typed_messages()
}

/// A queue knows who can still put something in: when nobody can, it is at its end. Also when the
/// producer was killed before it could say so.
fn no_end_marker() -> anyhow::Result<()> {
    let queue = Queue::bounded(16)?;
    let producer = Process::start(queue.clone(), |queue: Queue<i32>| {
        (0..3).try_for_each(|i| queue.put(&i))?;
        raise(Signal::SIGKILL)?; // and no word of farewell
        anyhow::Ok(())
    })?;
    let mut received = Vec::new();
    while let Ok(item) = queue.get() {
        received.push(item);
    }
    producer.join()?;
    println!("生产者已死，队列到尾: {received:?}");
    Ok(())
}

#[derive(Debug, Serialize, Deserialize)]
enum Request {
    Add(i32, i32),
    Stop,
}

/// What may come is a type, and a peer that is gone is an end, never a wait.
fn typed_messages() -> anyhow::Result<()> {
    let (mut ours, theirs) = pipe()?;
    let adder = Process::start(theirs, |mut conn: Connection| {
        while let Request::Add(a, b) = conn.recv()? {
            conn.send(&(a + b))?;
        }
        anyhow::Ok(())
    })?;
    ours.send(&Request::Add(1, 2))?;
    let sum: i32 = ours.recv()?;
    ours.send(&Request::Stop)?;
    let end = ours.recv::<i32>();
    println!(
        "应答: {sum}，对方结束: {}",
        matches!(end, Err(RecvError::Eof))
    );
    adder.join()?;
    Ok(())
}
