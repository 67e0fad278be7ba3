//! The block, with its system calls replaced.

#[path = "futex.rs"]
pub mod futex;
#[path = "../../src/queue/place.rs"]
#[allow(dead_code)] // a part of it is for chunks and for making an empty queue
pub mod place;
#[path = "../../src/queue/ring.rs"]
#[allow(dead_code)] // a part of it is for time
pub mod ring;
