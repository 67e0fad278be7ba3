//! What goes through.

use std::collections::BTreeMap;

use multiprocess::connection::{RecvError, SendError, pipe, pipe_one_way};
use serde::ser::Error;
use serde::{Deserialize, Serialize, Serializer};

use crate::children::spawn;

/// Bytes of which no two neighbouring runs are alike.
pub fn pattern(len: usize, seed: u8) -> Vec<u8> {
    let byte =
        |at: usize| (at as u8) ^ ((at >> 8) as u8).wrapping_mul(31) ^ ((at >> 16) as u8) ^ seed;
    (0..len).map(byte).collect()
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Letter {
    Empty,
    Text(String),
    Map(BTreeMap<String, Vec<Option<f64>>>),
}

/// PI-01: values of several types and bytes come back as they went, also 16 MiB.
pub fn an_echo_of_values_and_bytes() {
    let (mut ours, theirs) = pipe().unwrap();
    let child = spawn(theirs, |mut theirs| {
        for _ in 0..3 {
            let letter: Letter = theirs.recv().unwrap();
            theirs.send(&letter).unwrap();
        }
        for _ in 0..4 {
            let bytes = theirs.recv_bytes().unwrap();
            theirs.send_bytes(&bytes).unwrap();
        }
    });
    let map = BTreeMap::from([("你好".to_owned(), vec![Some(1.5), None])]);
    for letter in [
        Letter::Empty,
        Letter::Text("a".repeat(100_000)),
        Letter::Map(map),
    ] {
        ours.send(&letter).unwrap();
        assert_eq!(ours.recv::<Letter>().unwrap(), letter);
    }
    // On both sides of the length from which a message is sent in two calls.
    for len in [0, 64 * 1024, 64 * 1024 + 1, 16 * 1024 * 1024] {
        let bytes = pattern(len, 7);
        ours.send_bytes(&bytes).unwrap();
        assert!(ours.recv_bytes().unwrap() == bytes, "{len} bytes differ");
    }
    child.join();
}

/// PI-01: as a value it is encoded first, as bytes it is sent from where it is.
pub fn a_message_of_100_mib() {
    const LEN: usize = 100 * 1024 * 1024;
    let (mut ours, theirs) = pipe().unwrap();
    let child = spawn(theirs, |mut theirs| {
        theirs.send_bytes(&vec![3; LEN]).unwrap();
        let text: String = theirs.recv().unwrap();
        assert!(text.len() == LEN && text.bytes().all(|byte| byte == b'x'));
    });
    let bytes = ours.recv_bytes().unwrap();
    assert!(bytes.len() == LEN && bytes.iter().all(|&byte| byte == 3));
    ours.send(&"x".repeat(LEN)).unwrap();
    child.join();
}

/// PI-07: a message is received as it was sent, whatever its neighbours are, also an empty one, also by
/// a reader that polls before each.
pub fn messages_are_neither_merged_nor_cut() {
    let (mut ours, theirs) = pipe().unwrap();
    let lens = (0..2000).map(|n: usize| n * n * 37 % 5000 * usize::from(!n.is_multiple_of(7)));
    let lens: Vec<usize> = lens.chain([300_000, 0, 1]).collect();
    let sent = lens.clone();
    let child = spawn(theirs, move |mut theirs| {
        for (n, &len) in sent.iter().enumerate() {
            theirs.send_bytes(&pattern(len, n as u8)).unwrap();
        }
    });
    for (n, &len) in lens.iter().enumerate() {
        if n % 3 == 0 {
            assert!(ours.poll(std::time::Duration::MAX).unwrap());
        }
        let received = ours.recv_bytes().unwrap();
        assert!(
            received == pattern(len, n as u8),
            "message {n} of {len} bytes"
        );
    }
    assert!(matches!(ours.recv_bytes(), Err(RecvError::Eof)));
    child.join();
}

/// PI-08: and nothing is lost. PI-09: a part of a buffer is a slice.
pub fn a_message_that_is_too_long_for_the_buffer_stays() {
    let (mut ours, theirs) = pipe().unwrap();
    let child = spawn(theirs, |mut theirs| {
        theirs.send_bytes(&b"not these, hello"[11..]).unwrap();
        theirs.send_bytes(b"").unwrap();
    });
    let mut buffer = [b'-'; 8];
    for _ in 0..2 {
        let error = ours.recv_bytes_into(&mut buffer[..4]).unwrap_err();
        assert!(matches!(error, RecvError::TooShort { len: 5 }), "{error:?}");
    }
    assert_eq!(ours.recv_bytes_into(&mut buffer).unwrap(), 5);
    assert_eq!(&buffer, b"hello---");
    assert_eq!(ours.recv_bytes_into(&mut []).unwrap(), 0);
    assert!(matches!(ours.recv_bytes_into(&mut []), Err(RecvError::Eof)));
    child.join();
}

/// PI-01: what is not of the type asked for, is too short or too long for it, is an error, and the
/// next message is whole.
pub fn a_message_that_does_not_decode_costs_itself_only() {
    let (mut ours, theirs) = pipe().unwrap();
    let child = spawn(theirs, |mut theirs| {
        for message in [&b"\x7f"[..], b"", b"\x03ab", b"\x01ab"] {
            theirs.send_bytes(message).unwrap();
            theirs.send("good").unwrap();
        }
    });
    for _ in 0..4 {
        let error = ours.recv::<String>().unwrap_err();
        assert!(matches!(error, RecvError::Decode(_)), "{error:?}");
        assert_eq!(ours.recv::<String>().unwrap(), "good");
    }
    child.join();
}

/// Writes a part of itself, then fails.
struct Failing;

impl Serialize for Failing {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(S::Error::custom("does not want to"))
    }
}

/// PI-01: the error comes to the sender, and the peer sees nothing of it.
pub fn a_value_that_does_not_encode_sends_nothing() {
    let (mut ours, theirs) = pipe().unwrap();
    let child = spawn(theirs, |mut theirs| {
        let error = theirs.send(&("begun", Failing)).unwrap_err();
        assert!(matches!(error, SendError::Encode(_)), "{error:?}");
        theirs.send("good").unwrap();
    });
    assert_eq!(ours.recv::<String>().unwrap(), "good");
    assert!(matches!(ours.recv::<String>(), Err(RecvError::Eof)));
    child.join();
}

/// PI-13: in Python both wait for ever: neither reads before it has sent.
pub fn both_sides_may_send_at_once() {
    let (mut ours, theirs) = pipe().unwrap();
    let lens = [1024 * 1024, 10, 8 * 1024 * 1024, 0, 300_000];
    let child = spawn(theirs, |mut theirs| {
        for len in lens {
            theirs.send_bytes(&pattern(len, 1)).unwrap();
        }
        for len in lens {
            assert!(theirs.recv_bytes().unwrap() == pattern(len, 2));
        }
    });
    for len in lens {
        ours.send_bytes(&pattern(len, 2)).unwrap();
    }
    for len in lens {
        assert!(ours.recv_bytes().unwrap() == pattern(len, 1));
    }
    child.join();
}

/// PI-02: the types allow one direction only, and that one works; the end of either side is seen.
pub fn one_way() {
    let (mut receiver, sender) = pipe_one_way().unwrap();
    let child = spawn(sender, |mut sender| {
        sender.send(&(1, "one")).unwrap();
        sender.send_bytes(&pattern(1024 * 1024, 3)).unwrap();
    });
    assert_eq!(
        receiver.recv::<(i32, String)>().unwrap(),
        (1, "one".to_owned())
    );
    assert!(receiver.recv_bytes().unwrap() == pattern(1024 * 1024, 3));
    assert!(matches!(receiver.recv_bytes(), Err(RecvError::Eof)));
    child.join();

    let (receiver, mut sender) = pipe_one_way().unwrap();
    let child = spawn(receiver, |mut receiver| {
        assert_eq!(receiver.recv::<i32>().unwrap(), 1);
    });
    sender.send(&1).unwrap();
    child.join();
    assert!(matches!(sender.send(&2), Err(SendError::BrokenPipe)));
}
