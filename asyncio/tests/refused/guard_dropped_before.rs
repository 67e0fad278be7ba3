//! Accepted: the twin of `guard_across_await.rs`, with the lock taken after the `await`.

use std::sync::{Arc, Mutex};

use asyncio::task::{create_task, current_task_name};

async fn elsewhere() {}

pub fn count(counter: Arc<Mutex<u32>>) {
    create_task(async move {
        elsewhere().await;
        let mut count = counter.lock().unwrap();
        *count += 1;
        drop(count);
        current_task_name()
    });
}
