//! A thread for each connection: chapter 2's `thread` block.

use std::net::TcpListener;
use std::os::unix::net::UnixStream;

use anyhow::Context;
use threading::thread::spawn;

use super::{closed, echo};

pub(super) fn serve(listener: TcpListener, control: UnixStream) -> anyhow::Result<()> {
    spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.expect("the listener is not closed");
            spawn(move || echo(stream))
                .context("no thread for a connection")
                .unwrap();
        }
    })?;
    closed(&control);
    Ok(()) // the process ends, and all threads with it
}
