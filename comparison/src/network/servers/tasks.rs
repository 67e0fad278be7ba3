//! A task for each connection, all on one thread: with chapter 5's blocks, and with tokio alone.

use std::net::TcpListener;
use std::os::unix::net::UnixStream;

use asyncio::run::run;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::MESSAGE;

pub(super) fn serve(listener: TcpListener, control: UnixStream) -> anyhow::Result<()> {
    run(accept(listener, control, |stream| {
        asyncio::task::create_task(echo(stream)); // nobody waits for it, and it goes on
    }))?
}

pub(super) fn serve_bare(listener: TcpListener, control: UnixStream) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(accept(listener, control, |stream| {
        tokio::spawn(echo(stream));
    }))
}

async fn accept(
    listener: TcpListener,
    control: UnixStream,
    spawn: impl Fn(TcpStream),
) -> anyhow::Result<()> {
    listener.set_nonblocking(true)?;
    let listener = tokio::net::TcpListener::from_std(listener)?;
    control.set_nonblocking(true)?;
    let mut control = tokio::net::UnixStream::from_std(control)?;
    loop {
        tokio::select! {
            accepted = listener.accept() => spawn(accepted?.0),
            _ = control.read_u8() => return Ok(()), // closed
        }
    }
}

async fn echo(mut stream: TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut message = [0; MESSAGE];
    loop {
        match stream.read_exact(&mut message).await {
            Ok(_) => stream.write_all(&message).await?,
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(()),
            Err(error) => return Err(error),
        }
    }
}
