//! What a group is promised of those who add to it, with one or two of them in threads of their own.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::thread;

use crate::block_on::block_on;
use crate::kind::{Adds, Kind};

/// Sleeps until there is something to take.
fn next<K: Kind<u8>>(added: &mut K) -> Vec<u8> {
    block_on(poll_fn(|context| match added.take(context.waker()) {
        nothing if nothing.is_empty() => Poll::Pending,
        works => Poll::Ready(works),
    }))
}

/// The group sleeps, or is about to, when one is added.
pub fn wakes<K: Kind<u8>>() {
    let (adder, mut added) = K::channel();
    let adds = thread::spawn(move || adder.add(1).unwrap());
    assert_eq!(next(&mut added), [1]);
    adds.join().unwrap();
}

/// The same with two. The outcome is what the group took at first.
pub fn wakes_for_both<K: Kind<u8>>() -> Vec<u8> {
    let (adder, mut added) = K::channel();
    let adds = [1, 2].map(|work| {
        let adder = adder.clone();
        thread::spawn(move || adder.add(work).unwrap())
    });
    let first = next(&mut added);
    let mut all = first.clone();
    while all.len() < 2 {
        all.extend(next(&mut added));
    }
    all.sort_unstable();
    assert_eq!(all, [1, 2]);
    for add in adds {
        add.join().unwrap();
    }
    first
}

/// The group's last child adds another and ends. That one adds one more, and for that the group must still be open. The
/// outcome is whether the group would have closed while a child was waiting.
pub fn last_child_adds<K: Kind<u8>>() -> bool {
    let (adder, mut added) = K::channel();
    let last = thread::spawn({
        let adder = adder.clone();
        move || adder.add(2).unwrap()
    });
    // All that was there is begun. Then the last child is seen to end.
    let mut begun = added.take(Waker::noop());
    last.join().unwrap();
    let missed = begun.is_empty();
    loop {
        for child in begun.drain(..) {
            if child > 0 {
                assert_eq!(adder.add(child - 1), Ok(()), "a child that runs adds one");
            }
        }
        if added.close_if_empty() {
            break;
        }
        begun = added.take(Waker::noop());
    }
    assert!(adder.is_closed());
    assert_eq!(adder.add(9), Err(9));
    missed
}

/// A stranger adds while the group closes for want of children. The outcome is whether it was in time; if so, it is taken.
pub fn stranger_adds<K: Kind<u8>>() -> bool {
    let (adder, mut added) = K::channel();
    let stranger = thread::spawn(move || adder.add(1).is_ok());
    let mut taken = 0;
    while !added.close_if_empty() {
        taken += added.take(Waker::noop()).len();
    }
    let was_added = stranger.join().unwrap();
    assert_eq!(taken, usize::from(was_added));
    was_added
}

/// The same while it closes in any case: what was added is handed over.
pub fn stranger_adds_in_vain<K: Kind<u8>>() -> bool {
    let (adder, mut added) = K::channel();
    let stranger = thread::spawn(move || adder.add(1).is_ok());
    let left = added.close().len();
    let was_added = stranger.join().unwrap();
    assert_eq!(left, usize::from(was_added));
    was_added
}

/// The same while the group is dropped: what was added goes with it, and the adder keeps none of it.
pub fn the_group_is_dropped<K: Kind<Arc<()>>>() -> bool {
    let (adder, added) = K::channel();
    let work = Arc::new(());
    let stranger = thread::spawn({
        let (adder, work) = (adder.clone(), Arc::clone(&work));
        move || adder.add(work).is_ok()
    });
    drop(added);
    let was_added = stranger.join().unwrap();
    assert_eq!(Arc::strong_count(&work), 1, "who has it?");
    assert!(adder.is_closed());
    was_added
}
