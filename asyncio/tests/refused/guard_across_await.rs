//! Refused: the guard is still there at the `await`, where the task may move to another thread.

use std::sync::{Arc, Mutex};

use asyncio::task::{create_task, current_task_name};

async fn elsewhere() {}

pub fn count(counter: Arc<Mutex<u32>>) {
    create_task(async move {
        let mut count = counter.lock().unwrap();
        elsewhere().await;
        *count += 1;
        drop(count);
        current_task_name()
    });
}
