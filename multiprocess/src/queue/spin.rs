//! Looking for a while before sleeping: to sleep and be woken takes far longer than an item.

use std::hint;
use std::mem::{self, MaybeUninit};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// For how long: about as long as it takes to be woken. If it were shorter, two who answer each other
/// would go on sleeping once they have begun to.
const SPIN: Duration = Duration::from_micros(20);

/// How long from one look to the next, for each item that came since the last wait. A look takes the cache
/// line from who is to change it, and that costs the other side more than an item. So a stream of items is
/// let run on for a while, and two who answer each other lose no time.
const GAP: Duration = Duration::from_nanos(100);

/// The most, in items.
const MOST: u32 = 64;

/// The number of the processor that runs this thread.
pub fn processor() -> u32 {
    // SAFETY: it takes nothing and returns a number.
    unsafe { libc::sched_getcpu() as u32 }
}

/// Whether `ready` becomes true before it is worth sleeping. The other side was last on processor
/// `theirs`; so many items came since the last wait.
pub fn comes_soon(theirs: &AtomicU32, items: u32, ready: impl Fn() -> bool) -> bool {
    let begin = Instant::now();
    // Asked each time, since it may change; it takes a part of the first gap.
    if must_stay() && theirs.load(Ordering::Relaxed) == processor() {
        return false; // they do nothing while we look
    }
    let gap = GAP * items.clamp(1, MOST);
    let mut next = gap;
    while next <= SPIN {
        hint::spin_loop();
        let now = begin.elapsed();
        if now >= next {
            if ready() {
                return true;
            }
            next = now + gap;
        }
    }
    false
}

/// Whether this thread may run on one processor only.
fn must_stay() -> bool {
    let mut set = MaybeUninit::<libc::cpu_set_t>::zeroed();
    // SAFETY: the system writes at most so many bytes; all zero is an empty set already.
    unsafe {
        libc::sched_getaffinity(0, mem::size_of_val(&set), set.as_mut_ptr());
        libc::CPU_COUNT(set.assume_init_ref()) == 1
    }
}
