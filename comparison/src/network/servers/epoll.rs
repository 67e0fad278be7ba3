//! The limit: the system calls that one thread cannot do without, and nothing else.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::net::UnixStream;

use anyhow::Context;
use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};

use super::MESSAGE;

/// How many events one call may tell of.
const EVENTS: usize = 1024;

pub(super) fn serve(listener: TcpListener, control: UnixStream) -> anyhow::Result<()> {
    let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
    let watch = |source: &dyn AsFd| {
        let source = source.as_fd();
        let number = u64::try_from(source.as_raw_fd()).unwrap_or_default();
        let readable = EpollEvent::new(EpollFlags::EPOLLIN, number);
        epoll.add(source, readable).map(|()| number)
    };
    let (accepts, ends) = (watch(&listener)?, watch(&control)?);
    let mut connections: HashMap<u64, TcpStream> = HashMap::new();
    let mut events = [EpollEvent::empty(); EVENTS];
    loop {
        let count = match epoll.wait(&mut events, EpollTimeout::NONE) {
            Err(Errno::EINTR) => continue,
            count => count?,
        };
        for event in &events[..count] {
            let number = event.data();
            if number == ends {
                return Ok(());
            }
            if number == accepts {
                let (stream, _) = listener.accept()?; // one came: it does not wait
                stream.set_nodelay(true)?;
                connections.insert(watch(&stream)?, stream);
                continue;
            }
            let stream = connections.get_mut(&number).context("nobody has it")?;
            if !echo(stream)? {
                connections.remove(&number); // closed, so no longer watched
            }
        }
    }
}

/// Sends back what has come; `false` at the end. A part of a message is as good here: the rest comes back after it.
fn echo(stream: &mut TcpStream) -> std::io::Result<bool> {
    let mut message = [0; MESSAGE];
    let length = stream.read(&mut message)?;
    stream.write_all(&message[..length])?;
    Ok(length > 0)
}
