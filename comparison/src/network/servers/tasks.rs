//! A task for each connection, all on one thread: with chapter 5's blocks, and with tokio alone.

use std::net::TcpListener;
use std::os::unix::net::UnixStream;

use asyncio::run::run;
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
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
    let (reader, mut writer) = stream.split();
    // With room for more than a message: a read that leaves room tells tokio that nothing more is there, which
    // it would else ask the system.
    let mut reader = BufReader::with_capacity(2 * MESSAGE, reader);
    let mut message = [0; MESSAGE];
    loop {
        match reader.read_exact(&mut message).await {
            Ok(_) => writer.write_all(&message).await?,
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(()),
            Err(error) => return Err(error),
        }
    }
}
