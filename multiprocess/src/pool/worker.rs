//! A worker: reads tasks from its socket, runs them, writes the results to its ring.

use std::io::Read;
use std::os::unix::net::UnixStream;
use std::rc::Rc;

use super::code::Code;
use super::shared::Shared;
use super::task;
use super::wire;
use crate::frame;
use crate::frame::Decoder;

/// A worker's side of what is between it and the broker.
pub struct Worker {
    pub socket: UnixStream,
    pub shared: Rc<Shared>,
}

impl Worker {
    /// Works until the broker has nothing more or `limit` tasks are done. The exit code.
    pub fn run(self, code: &Code, limit: Option<u64>) -> i32 {
        task::remember_panics();
        self.shared.set_ready();
        let mut tasks = Decoder::new();
        let (mut results, mut answer) = (Vec::new(), Vec::new());
        let mut done = 0;
        loop {
            while let Some(message) = tasks.next() {
                let Some((epoch, task)) = message.split_first_chunk() else {
                    return 1; // not from our broker
                };
                if !self.shared.begin(u32::from_le_bytes(*epoch)) {
                    continue;
                }
                let Some((head, arguments)) = task.split_first_chunk::<24>() else {
                    return 1;
                };
                let (ticket, function) = head.split_at(16);
                let function = function.try_into().expect("8 of 24 bytes");
                if !code.run(function, arguments, &mut results) {
                    task::refuse(arguments, &mut results);
                }
                frame::append_parts(&mut answer, &[ticket, &[wire::RESULTS], &results]);
                frame::clear(&mut results);
                self.write(&answer);
                frame::clear(&mut answer);
                done += 1;
                if Some(done) == limit {
                    return 0; // the broker sees the end, and reads what is in the ring
                }
            }
            wire::wake(&self.socket);
            match (&self.socket).read(tasks.space()) {
                Ok(0) => return 0,
                Ok(read) => tasks.advance(read),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(_) => return 0,
            }
        }
    }

    fn write(&self, mut bytes: &[u8]) {
        loop {
            bytes = &bytes[self.shared.write(bytes)..];
            if bytes.is_empty() {
                return;
            }
            self.shared.announce_full();
            let written = self.shared.write(bytes);
            bytes = &bytes[written..];
            if written == 0 {
                wire::wake(&self.socket);
                self.shared.wait_for_room();
            }
        }
    }
}
