//! [`round_trips`]: the convoy effect. A thread that only answers requests has to take the lock back
//! after each call that may block, and a thread that only computes gives it up no sooner than it is
//! asked to: so each answer waits for up to two switch intervals.
//!
//! CPython has this since the lock's present protocol (bpo-7946); only without the lock it is gone.
//!
//! To copy: this file and `gil.rs`. Needs: std only.

use std::io::{self, Read, Write};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::gil::Gil;

#[cfg(unix)]
type Socket = std::os::unix::net::UnixStream;
#[cfg(not(unix))]
type Socket = std::net::TcpStream;

/// Sends `trips` requests of a byte, one after the other, to a thread that answers under `gil` while
/// another thread burns the processor under it; how long each took to be answered.
///
/// The asking thread is the calling one, and does without the lock, as a client elsewhere would: with a
/// guard of its own it would wait for ever. It asks when the other thread is at work: right after an
/// answer, the next request may come before that one has woken, and would be answered at once.
///
/// # Errors
///
/// When there are no sockets or threads to be had.
pub fn round_trips(gil: &Gil<u64>, trips: usize) -> io::Result<Vec<Duration>> {
    let (mut client, server) = pair()?;
    let (stop, turns) = (AtomicBool::new(false), AtomicU64::new(0));
    thread::scope(|scope| {
        let burner = thread::Builder::new().spawn_scoped(scope, || burn(gil, &stop, &turns))?;
        let answerer = thread::Builder::new().spawn_scoped(scope, || answer(gil, server));
        let trip = |_| {
            let seen = turns.load(Ordering::Relaxed);
            while turns.load(Ordering::Relaxed) == seen {
                thread::yield_now();
            }
            let begin = Instant::now();
            client.write_all(&[1])?;
            client.read_exact(&mut [0])?;
            Ok(begin.elapsed())
        };
        let times = (0..trips).map(trip).collect();
        drop(client); // the end of the requests
        let answered = answerer.map(|answerer| answerer.join());
        stop.store(true, Ordering::Relaxed);
        burner.join().expect("counting does not panic");
        answered?.expect("answering does not panic")?;
        times
    })
}

/// Counts in the value for as long as it may, and looks for a request at each turn. Others see in `turns`
/// that it does.
fn burn(gil: &Gil<u64>, stop: &AtomicBool, turns: &AtomicU64) {
    let mut count = gil.acquire().expect("a fresh thread has not got the lock");
    while !stop.load(Ordering::Relaxed) {
        *count = count.wrapping_add(1);
        turns.store(*count, Ordering::Relaxed);
        count.check();
    }
}

/// Answers each byte with a byte, as a Python thread does: without the lock while it receives and
/// while it sends, with the lock in between.
fn answer(gil: &Gil<u64>, mut server: Socket) -> io::Result<()> {
    let mut guard = gil.acquire().expect("a fresh thread has not got the lock");
    let mut byte = [0];
    while guard.allow_threads(|| server.read(&mut byte))? == 1 {
        guard.allow_threads(|| server.write_all(&byte))?;
    }
    Ok(())
}

#[cfg(unix)]
fn pair() -> io::Result<(Socket, Socket)> {
    Socket::pair()
}

/// Two ends over the loopback interface, where there is no socket pair.
#[cfg(not(unix))]
fn pair() -> io::Result<(Socket, Socket)> {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0))?;
    let client = Socket::connect(listener.local_addr()?)?;
    let (server, _) = listener.accept()?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    Ok((client, server))
}
