//! A process for each connection: chapter 3's `Process`.

use std::net::{TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;

use multiprocess::process::Process;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::echo;

pub(super) fn serve(listener: TcpListener, control: UnixStream) -> anyhow::Result<()> {
    let mut children = Vec::new();
    while wanted(&listener, &control)? {
        let (stream, _) = listener.accept()?;
        children.push(child(stream)?);
    }
    for child in children {
        child.join()?; // its connection was closed, too
    }
    Ok(())
}

/// Waits for a connection; whether it came before the end.
fn wanted(listener: &TcpListener, control: &UnixStream) -> nix::Result<bool> {
    let mut waits =
        [listener.as_fd(), control.as_fd()].map(|fd| PollFd::new(fd, PollFlags::POLLIN));
    poll(&mut waits, PollTimeout::NONE)?;
    let [_, control] = waits;
    Ok(!control.any().unwrap_or(true))
}

/// The connection is moved into the child: this process's copy is closed when the call comes back.
fn child(stream: TcpStream) -> anyhow::Result<Process> {
    Ok(Process::start((), move |()| echo(stream))?)
}
