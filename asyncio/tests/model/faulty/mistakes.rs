//! The mistakes, each by its number.

/// No mistake, to show that it is the mistake that a model catches.
pub const NONE: u8 = 0;

// ---- a task's state

/// A wake-up looks first, and changes nothing when a poll is due anyway.
pub const SKIPS_WHEN_DUE: u8 = 1;
/// A wake-up looks, then changes.
pub const LOOKS_THEN_WAKES: u8 = 2;
/// A wake-up replaces what was there.
pub const WAKES_THE_ABORTED: u8 = 3;
/// A wake-up queues a task that is being polled; the loop does too, afterwards.
pub const QUEUES_WHILE_RUNNING: u8 = 4;
/// The beginning of a poll does not acquire what wakers have released.
pub const BEGINS_BLINDLY: u8 = 5;
/// A poll is due until it has ended.
pub const BEGINS_LATE: u8 = 6;
/// The end of a poll does not look whether it was woken.
pub const SUSPENDS_BLINDLY: u8 = 7;
/// The end of a poll clears everything.
pub const SUSPENDS_ALL: u8 = 8;
/// A task that is over is idle.
pub const NEVER_DONE: u8 = 9;
/// So is a main that has panicked.
pub const IDLE_AFTER_PANIC: u8 = 10;
/// An abort leaves an idle task where it is.
pub const ABORTS_LATER: u8 = 11;

// ---- the queue, and how the loop sleeps

/// Nobody is unparked.
pub const UNPARKS_NOBODY: u8 = 12;
/// Unparks, then queues.
pub const UNPARKS_FIRST: u8 = 13;
/// The loop looks, then says that it is asleep.
pub const ASLEEP_LATE: u8 = 14;
/// The loop takes it that a park ends for a task.
pub const TRUSTS_THE_PARK: u8 = 15;
/// The loop parks for the timers although it was given a task.
pub const PARKS_FOR_ALL: u8 = 16;
/// The loop parks without a look at the timers.
pub const FORGETS_TIMERS: u8 = 17;

// ---- ends

/// Who awaits a task is not woken.
pub const ENDS_SILENTLY: u8 = 18;
/// A close leaves the tasks that are woken, for a poll that does not come.
pub const LEAVES_THE_WOKEN: u8 = 19;
