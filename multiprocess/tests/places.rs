//! `queue/place.rs` and `queue/chunks.rs` where their counters begin again at 0: after 2³⁰ items, after 32 GiB.
//! A queue takes minutes to get there. Compiled here, as they are, these files begin where one likes.

#![allow(dead_code)] // of what they have a part is used

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::AtomicU64;

#[path = "../src/queue/chunks.rs"]
mod chunks;
#[path = "../src/queue/place.rs"]
mod place;

use chunks::Chunks;
use place::{CHUNK, Place, Size};

const LAST_ITEM: u32 = (1 << 30) - 1;

/// The place after so many items and units.
fn place(items: u32, units: u32) -> Place {
    Place(u64::from(items) << 32 | u64::from(units))
}

fn size(items: u32, units: u32) -> Size {
    Size { items, units }
}

/// How long a queue is: as long as before, wherever the counters begin again in between.
#[test]
fn the_length_where_the_counters_begin_again() {
    for before in [0, 1, 2, 5, LAST_ITEM - 1, LAST_ITEM] {
        for units in [0, 7, u32::MAX - 1, u32::MAX] {
            let head = place(before, units);
            for (items, more) in [(0, 0), (1, 1), (3, 9), (1000, 1 << 20), (1 << 29, 1 << 31)] {
                let tail = head.after(size(items, more));
                assert_eq!(tail.items_since(head), items);
                assert_eq!(tail.unit(), units.wrapping_add(more));
                assert_eq!(tail.is_at(head), more == 0);
                assert!(
                    !tail.is_closed() && !tail.is_awaited(),
                    "the last item's bit is beside them"
                );
            }
        }
    }
}

/// Nobody is told of a queue of a thousand million items because one was taken between two looks.
#[test]
fn a_head_that_has_passed_is_an_empty_queue() {
    for tail in [place(5, 5), place(0, 0), place(LAST_ITEM, u32::MAX)] {
        for passed in [1, 2, 1000] {
            let head = tail.after(size(passed, passed));
            assert_eq!(tail.items_since(head), 0);
        }
    }
}

/// Full is full at each place: one item more, or one unit more, is not within the capacity.
#[test]
fn the_capacity_where_the_counters_begin_again() {
    for head in [
        place(0, 0),
        place(LAST_ITEM, u32::MAX),
        place(LAST_ITEM - 1, u32::MAX - 4),
    ] {
        for capacity in [
            size(1, 8),
            size(3, 8),
            size(Size::MOST.items - 1, 8), // each item is a unit at least: there are never so many
        ] {
            let within = |items, units| head.after(size(items, units)).is_within(capacity, head);
            assert!(within(0, 0) && within(1, 1) && within(capacity.items, capacity.units));
            assert!(!within(1, capacity.units + 1));
            assert!(!within(capacity.items + 1, 8));
        }
    }
}

/// A queue with flags is as long as one without, and what is put after the last number raises none.
#[test]
fn a_flag_is_no_number() {
    let (head, tail) = (place(LAST_ITEM, 3), place(2, 9));
    for (flag, raised) in [
        (Place::CLOSED, [true, false]),
        (Place::AWAITED, [false, true]),
    ] {
        let flagged = Place(tail.0 | flag);
        assert_eq!([flagged.is_closed(), flagged.is_awaited()], raised);
        assert_eq!([tail.is_closed(), tail.is_awaited()], [false; 2]);
        assert!(flagged.is_at(tail));
        assert_eq!(flagged.items_since(head), 3);
        let next = flagged.after(size(1, 1));
        assert_eq!([next.is_closed(), next.is_awaited()], [false; 2]);
    }
    assert_eq!(Place(head.0 | Place::AWAITED).after(size(1, 1)).0, 4);
}

/// Three times 32 GiB in 16 chunks of memory: no two places in use are ever in the same memory, each stays
/// where it is while it is in use, and no memory is touched that was not needed at once.
#[test]
fn memory_is_used_again_where_the_counters_begin_again() {
    const NUMBERS: u32 = u32::MAX / CHUNK + 1;
    let table: Vec<_> = (0..32).map(|_| AtomicU64::new(0)).collect();
    let table = Chunks(&table);
    let (mut head, mut tail) = (place(0, 0), place(0, 0));
    let mut items = VecDeque::new();
    // The memory of each chunk of places from that of `head` to that of `tail`.
    let mut used = BTreeMap::from([(0, table.memory(tail))]);
    let (mut most, mut touched, mut rounds, mut random) = (1, 0, 0, 1_u32);
    while rounds < 3 {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let item = size(1, 1 + (random >> 8) % (5 * CHUNK));
        let end = tail.after(item);
        if random >> 31 == 0 && end.is_within(size(1000, 15 * CHUNK), head) {
            table.extend(tail, end, head);
            let mut chunk = tail.chunk();
            while chunk != end.chunk() {
                chunk = (chunk + 1) % NUMBERS;
                let memory = table.memory(place(0, chunk * CHUNK));
                assert!(used.values().all(|&other| other != memory), "in use");
                assert!(used.insert(chunk, memory).is_none());
                touched = touched.max(memory);
            }
            items.push_back(item);
            rounds += u32::from(end.unit() < tail.unit());
            tail = end;
        } else if let Some(item) = items.pop_front() {
            let first = head.chunk();
            head = head.after(item);
            used.retain(|&chunk, _| {
                chunk.wrapping_sub(first) % NUMBERS >= head.chunk().wrapping_sub(first) % NUMBERS
            });
        }
        most = most.max(used.len());
        for (&chunk, &memory) in &used {
            assert_eq!(table.memory(place(0, chunk * CHUNK)), memory, "moved");
        }
    }
    assert_eq!((most, touched), (16, 15));
}

/// The memory that items of so many units begin in, one after the other, while there is never more than
/// one in the queue.
fn one_at_a_time(units: u32, items: usize) -> Vec<usize> {
    let table: Vec<_> = (0..1024).map(|_| AtomicU64::new(0)).collect();
    let table = Chunks(&table);
    let mut head = place(0, 0);
    let put_and_take = |_| {
        let memory = table.memory(head);
        let tail = head.after(size(1, units));
        table.extend(head, tail, head);
        head = tail;
        memory
    };
    (0..items).map(put_and_take).collect()
}

/// A queue of small items that is nearly empty is small.
#[test]
fn small_items_go_round_in_two_chunks() {
    for units in [1, 100, 511] {
        let memory = one_at_a_time(units, 100 * (CHUNK / units) as usize);
        assert_eq!(memory.iter().max(), Some(&1), "{units}");
    }
}

/// What was taken last rests: 64 chunks of it, and one more is what the item is in.
#[test]
fn large_items_leave_alone_what_was_taken_last() {
    for units in [512, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK] {
        let mut memory = one_at_a_time(units, 10_000);
        memory.dedup();
        let step = (units / CHUNK).max(1) as usize; // those in between have no item's beginning
        for window in memory.windows(64 / step) {
            let last = window[window.len() - 1];
            assert!(!window[..window.len() - 1].contains(&last), "{units}");
        }
        let touched = *memory.iter().max().unwrap();
        assert!((64..70).contains(&touched), "{units}: {touched}");
    }
}
