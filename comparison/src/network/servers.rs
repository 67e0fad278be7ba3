//! A server of each model, and of none: it sends back what it receives.
//!
//! Each has the listener and a socket that is closed when it is to end.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;

use super::{MESSAGE, allow};

mod epoll;
mod processes;
mod tasks;
mod threads;

/// How many connections a server is prepared for.
const MOST: usize = 10_000;

type Serve = fn(TcpListener, UnixStream) -> anyhow::Result<()>;

/// The servers, by the name of their model.
const SERVERS: &[(&str, Serve)] = &[
    ("threads", threads::serve),
    ("processes", processes::serve),
    ("tasks", tasks::serve),
    ("tokio", tasks::serve_bare),
    ("epoll", epoll::serve),
];

/// The hidden word: serves until its standard input, a socket, is closed; the exit code.
pub(crate) fn serve_in_this_process(name: &str) -> i32 {
    let Some((_, serve)) = SERVERS.iter().find(|(server, _)| *server == name) else {
        eprintln!("error: there is no server of {name}");
        return 2;
    };
    let served = begin().and_then(|(listener, control)| serve(listener, control));
    match served {
        Ok(()) => 0,
        Err(error) => {
            eprintln!("error: {error:#}");
            1
        }
    }
}

fn begin() -> anyhow::Result<(TcpListener, UnixStream)> {
    allow(MOST)?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let control = UnixStream::from(std::io::stdin().as_fd().try_clone_to_owned()?);
    let port = listener.local_addr()?.port();
    writeln!(&control, "{} {port}", std::process::id())?;
    Ok((listener, control))
}

/// What a thread or a process does with its connection, until the other side closes it.
fn echo(mut stream: TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut message = [0; MESSAGE];
    loop {
        match stream.read_exact(&mut message) {
            Ok(()) => stream.write_all(&message)?,
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(()),
            Err(error) => return Err(error),
        }
    }
}

/// Comes back when the other end of `control` is closed.
fn closed(mut control: &UnixStream) {
    // An error is an end, too.
    let _ = control.read(&mut [0]);
}
