//! A gate that tasks wait at until they are let through, in whichever process they run: a listening
//! socket of this machine, with a connection for each that waits.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

/// What a task needs to know to wait at a [`Gate`]: where it is, and who comes.
pub type Ticket = (u16, u64);

/// Who [passes](pass) it waits until it is let through.
pub struct Gate(TcpListener);

/// A task that waits at the gate. Dropped, it is let through.
pub struct Visitor {
    pub number: u64,
    _connection: TcpStream,
}

impl Gate {
    pub fn new() -> Self {
        Self(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("some port is free"))
    }

    /// For the one of this number.
    pub fn ticket(&self, number: u64) -> Ticket {
        (self.0.local_addr().expect("it is bound").port(), number)
    }

    /// Waits for the next one to come.
    pub fn next(&self) -> Visitor {
        let (mut connection, _) = self.0.accept().expect("nothing is wrong with the socket");
        let mut number = [0; 8];
        connection.read_exact(&mut number).expect("its number");
        Visitor {
            number: u64::from_be_bytes(number),
            _connection: connection,
        }
    }

    /// The two that come next, in the order of their numbers.
    pub fn two(&self) -> [Visitor; 2] {
        let mut two = [self.next(), self.next()];
        two.sort_by_key(|visitor| visitor.number);
        two
    }

    /// Whether nobody waits who was not seen by [`next`](Self::next).
    pub fn nobody(&self) -> bool {
        self.0.set_nonblocking(true).expect("a socket");
        let next = self.0.accept();
        self.0.set_nonblocking(false).expect("a socket");
        next.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock)
    }
}

impl Visitor {
    /// Lets it through when its task has taken so long that a process pool sends that worker one task at a
    /// time from then on.
    pub fn later(self) {
        // why a sleep: it makes the task long. Nothing is expected to happen meanwhile.
        thread::sleep(Duration::from_millis(50));
    }
}

/// Waits at the gate; then its number. In a test that failed, the gate is gone, and the task fails.
pub fn pass((port, number): Ticket) -> u64 {
    let mut connection =
        TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("the gate is there");
    let sent = connection.write_all(&number.to_be_bytes());
    sent.expect("the gate is there");
    let end = connection.read(&mut [0]).expect("the gate is there");
    assert_eq!(end, 0, "nothing is said to who is let through");
    number
}
