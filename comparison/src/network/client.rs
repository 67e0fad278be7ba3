//! The client: one thread, all connections at once, on tokio.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::{MESSAGE, Report, allow};

/// How many connections are being opened at a time: fewer than a server's backlog holds.
const OPENING: usize = 64;

/// The hidden word: opens connections when it is told to on its standard input, a socket, asks when it is
/// told to again, reports there and holds the connections until its input ends; the exit code.
pub(crate) fn ask_in_this_process(port: &str, connections: &str, requests: &str) -> i32 {
    match ask(port, connections, requests) {
        Ok(()) => 0,
        Err(error) => {
            eprintln!("error: {error:#}");
            1
        }
    }
}

fn ask(port: &str, connections: &str, requests: &str) -> anyhow::Result<()> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port.parse()?));
    let (connections, requests): (usize, usize) = (connections.parse()?, requests.parse()?);
    allow(connections)?;
    let control = UnixStream::from(std::io::stdin().as_fd().try_clone_to_owned()?);
    let mut lines = BufReader::new(&control).lines();
    let mut told = || lines.next().transpose();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()?;

    told()?.context("nobody says go")?;
    let streams = runtime.block_on(open(address, connections))?;
    writeln!(&control, "connected")?;
    told()?.context("nobody says go")?;
    let begin = Instant::now();
    let (streams, answered) = runtime.block_on(exchange(streams, requests))?;
    let seconds = begin.elapsed().as_secs_f64();
    let report = serde_json::to_string(&Report { answered, seconds })?;
    writeln!(&control, "{report}")?;
    told()?; // nothing more: the server has been looked at
    drop(streams);
    Ok(())
}

async fn open(address: SocketAddr, connections: usize) -> anyhow::Result<Vec<TcpStream>> {
    let opening = Arc::new(Semaphore::new(OPENING));
    let mut tasks = JoinSet::new();
    for _ in 0..connections {
        let opening = Arc::clone(&opening);
        tasks.spawn(async move {
            let _turn = opening.acquire().await?;
            let mut stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            // One exchange that is not counted: the server has taken the connection, and not only the kernel.
            once(&mut stream, u64::MAX).await?;
            anyhow::Ok(stream)
        });
    }
    let mut streams = Vec::with_capacity(connections);
    while let Some(stream) = tasks.join_next().await {
        streams.push(stream?.context("cannot connect")?);
    }
    Ok(streams)
}

/// The connections, and how many answers were right.
async fn exchange(
    streams: Vec<TcpStream>,
    requests: usize,
) -> anyhow::Result<(Vec<TcpStream>, u64)> {
    let mut tasks = JoinSet::new();
    for (id, mut stream) in (0..).zip(streams) {
        tasks.spawn(async move {
            for request in 0..requests as u64 {
                once(&mut stream, id << 32 | request).await?;
            }
            anyhow::Ok((stream, requests as u64))
        });
    }
    let (mut streams, mut answered) = (Vec::new(), 0);
    while let Some(exchanged) = tasks.join_next().await {
        let (stream, right) = exchanged??;
        streams.push(stream);
        answered += right;
    }
    Ok((streams, answered))
}

/// Sends a message that no other connection sends, and has the same back.
async fn once(stream: &mut TcpStream, number: u64) -> anyhow::Result<()> {
    let mut message = [0; MESSAGE];
    message[..8].copy_from_slice(&number.to_le_bytes());
    stream.write_all(&message).await?;
    let mut answer = [0; MESSAGE];
    stream.read_exact(&mut answer).await?;
    ensure!(answer == message, "another answer than was asked for");
    Ok(())
}
