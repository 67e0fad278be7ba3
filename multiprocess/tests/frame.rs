//! `frame.rs`: any bytes, cut anywhere.

#![cfg(target_os = "linux")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::time::{SystemTime, UNIX_EPOCH};

use multiprocess::frame::{Decoder, HEADER, append, append_bytes, header};
use serde::ser::Error;
use serde::{Serialize, Serializer};

/// The system's allocator, and how much this thread has from it.
struct Counting;

thread_local! {
    // Less than nothing, if it frees what another one took.
    static ALLOCATED: Cell<isize> = const { Cell::new(0) };
    static MOST: Cell<isize> = const { Cell::new(0) };
}

#[global_allocator]
static COUNTING: Counting = Counting;

// SAFETY: all is left to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let now = ALLOCATED.get() + layout.size().cast_signed();
        ALLOCATED.set(now);
        MOST.set(MOST.get().max(now));
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        ALLOCATED.set(ALLOCATED.get() - layout.size().cast_signed());
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(place, layout) }
    }
}

/// Random numbers, xorshift64*. With the same seed they are the same.
struct Random(u64);

impl Random {
    /// A new seed, or the one in `FRAME_SEED`; it is printed, and seen if the test fails.
    fn new() -> Self {
        let nanos = || {
            SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap()
                .as_nanos() as u64
        };
        let seed = std::env::var("FRAME_SEED").map(|seed| seed.parse().expect("a number"));
        let seed = seed.unwrap_or_else(|_| nanos()) | 1;
        println!("FRAME_SEED={seed}");
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// Up to `most`; small ones more often than large ones.
    fn up_to(&mut self, most: usize) -> usize {
        let bits = self.next() % (u64::from(most.ilog2()) + 2);
        self.next() as usize % (1 << bits).min(most + 1)
    }

    fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.next() as u8).collect()
    }
}

/// Lets the decoder read up to `most` of `bytes`, as a socket would; how much it did.
fn feed(decoder: &mut Decoder, bytes: &[u8], most: usize) -> usize {
    let space = decoder.space();
    assert!(!space.is_empty());
    let count = most.min(space.len()).min(bytes.len());
    space[..count].copy_from_slice(&bytes[..count]);
    decoder.advance(count);
    count
}

/// R06: whatever a read brings, the messages come out as they were put in, empty ones too.
#[test]
fn messages_come_out_as_they_went_in() {
    let mut random = Random::new();
    for round in 0..200 {
        let longest = if round % 20 == 0 { 300_000 } else { 3000 };
        let count = random.up_to(60);
        let messages: Vec<_> = (0..count)
            .map(|_| {
                let len = random.up_to(longest);
                random.bytes(len)
            })
            .collect();
        let mut stream = Vec::new();
        for message in &messages {
            append_bytes(&mut stream, message);
        }
        let (mut decoder, mut rest, mut taken) = (Decoder::new(), &stream[..], Vec::new());
        // Some read all that has come after each read, others now and then.
        let patience = random.up_to(20);
        while !rest.is_empty() {
            let most = 1 + random.up_to(100_000);
            rest = &rest[feed(&mut decoder, rest, most)..];
            if random.up_to(20) < patience {
                continue;
            }
            take(&mut decoder, &mut taken);
        }
        take(&mut decoder, &mut taken);
        assert!(taken == messages, "{count} messages differ");
        assert!(!decoder.is_in_message());
    }
}

fn take(decoder: &mut Decoder, taken: &mut Vec<Vec<u8>>) {
    while let Some(seen) = decoder.peek().map(<[u8]>::to_vec) {
        assert_eq!(decoder.next(), Some(&seen[..]));
        taken.push(seen);
    }
    assert_eq!(decoder.next(), None);
}

/// Q03: no bytes make it panic, or take memory that has not been fed to it.
#[test]
fn no_bytes_do_harm() {
    let mut random = Random::new();
    for _ in 0..300 {
        let len = random.up_to(400_000);
        let mut bytes = random.bytes(len);
        // Some headers that announce much, some that announce little: else each is about 2⁶³.
        for _ in 0..random.up_to(10) {
            let at = random.up_to(len.max(1));
            let announced = match random.next() % 4 {
                0 => usize::MAX,
                1 => usize::MAX - at,
                2 => random.up_to(1 << 40),
                _ => random.up_to(1000),
            };
            let field = header(announced);
            let end = bytes.len().min(at + HEADER);
            if at < end {
                bytes[at..end].copy_from_slice(&field[..end - at]);
            }
            if random.next().is_multiple_of(2) && end > HEADER {
                bytes[..HEADER].copy_from_slice(&field);
            }
        }
        let mut decoder = Decoder::new();
        let before = ALLOCATED.get();
        MOST.set(before);
        let (mut rest, mut out, mut most_unread) = (&bytes[..], 0, 0);
        while !rest.is_empty() {
            let most = 1 + random.up_to(100_000);
            rest = &rest[feed(&mut decoder, rest, most)..];
            most_unread = most_unread.max(bytes.len() - rest.len() - out);
            while let Some(message) = decoder.next() {
                out += HEADER + message.len();
            }
            assert_eq!(decoder.is_in_message(), out < bytes.len() - rest.len());
        }
        // While it grows, the old buffer is there as well.
        let limit = (4 * most_unread).max(1024 * 1024) * 3 / 2;
        let taken = (MOST.get() - before).cast_unsigned();
        assert!(taken <= limit, "{taken} bytes for {most_unread} unread");
    }
}

/// Q03: a header that announces all the memory there is costs a buffer of the least size.
#[test]
fn a_length_is_not_believed() {
    for announced in [usize::MAX, usize::MAX - HEADER, usize::MAX / 2, 1 << 40] {
        let mut decoder = Decoder::new();
        let before = ALLOCATED.get();
        MOST.set(before);
        for byte in header(announced) {
            assert_eq!(feed(&mut decoder, &[byte], 1), 1);
            assert_eq!(decoder.next(), None);
            assert!(decoder.is_in_message());
        }
        assert_eq!(MOST.get() - before, 8 * 1024);
    }
}

/// A stream in which there is always something unread: the buffer is given room again without being
/// emptied, and does not grow. After a large message it shrinks.
#[test]
fn memory_does_not_stay_with_the_decoder() {
    let mut frame = Vec::new();
    append_bytes(&mut frame, &[1; 1000]);
    let mut decoder = Decoder::new();
    let before = ALLOCATED.get();
    MOST.set(before);
    feed(&mut decoder, &frame, usize::MAX);
    feed(&mut decoder, &frame[..500], usize::MAX);
    for _ in 0..10_000 {
        assert_eq!(decoder.next().map(<[u8]>::len), Some(1000));
        feed(&mut decoder, &frame[500..], usize::MAX);
        feed(&mut decoder, &frame[..500], usize::MAX);
    }
    assert!(decoder.is_in_message());
    assert_eq!(MOST.get() - before, 8 * 1024);

    let mut decoder = Decoder::new();
    let large = vec![0; 20 << 20];
    let mut stream = header(large.len()).to_vec();
    stream.extend_from_slice(&large);
    let mut rest = &stream[..];
    while !rest.is_empty() {
        rest = &rest[feed(&mut decoder, rest, usize::MAX)..];
    }
    assert!(decoder.next().is_some());
    let with_large = ALLOCATED.get();
    feed(&mut decoder, &frame, usize::MAX);
    assert!(with_large - ALLOCATED.get() >= 20 << 20);
    assert_eq!(decoder.next().map(<[u8]>::len), Some(1000));
}

struct Failing;

impl Serialize for Failing {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(S::Error::custom("does not want to"))
    }
}

/// MQ-06: what was there before stays, and nothing comes to it.
#[test]
fn a_value_that_does_not_encode_leaves_no_trace() {
    let mut stream = Vec::new();
    append(&mut stream, "before").unwrap();
    let before = stream.clone();
    append(&mut stream, &("begun", Failing)).unwrap_err();
    assert_eq!(stream, before);
    append(&mut stream, &7).unwrap();
    let mut decoder = Decoder::new();
    feed(&mut decoder, &stream, usize::MAX);
    assert_eq!(decoder.next(), Some(&b"\x06before"[..]));
    assert_eq!(decoder.next(), Some(&[14][..]));
    assert_eq!(decoder.next(), None);
}
