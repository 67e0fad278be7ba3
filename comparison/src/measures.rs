//! What can be measured of a model, and how much of it at a time.
//!
//! A measurement runs in a process of its own, this executable or `python3`, started with the measure,
//! the model and the sizes below. Both languages get the same sizes in the same order; where one of them
//! is too quick to be timed with that, `over` says how often it does all of it.

mod sample; // what a child prints
mod sizes; //  how much it does

pub use sample::Sample;
pub use sizes::Sizes;

/// What is measured. The sizes are those on the command line of a child, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Seconds for a CPU-bound job. Sizes: tasks, terms of a task's sum of squares, over.
    CpuJob,
    /// Bytes that one idle unit adds to the memory of all. Sizes: units.
    Memory,
    /// Seconds to create and join one unit. Sizes: times.
    Creation,
    /// Messages a second from one unit to another. Sizes: messages, over.
    Message,
    /// Seconds for a message to another unit and its answer. Sizes: trips, over.
    RoundTrip,
    /// Seconds for one step of a counter under its lock. Sizes: units, steps of each, over.
    Counter,
    /// Waits a second. Sizes: waits, milliseconds of each, most at a time for threads, for processes.
    Waits,
    /// Requests a second over loopback connections. Sizes: connections, requests on each.
    Network,
    /// Requests a second that wait and compute. Sizes: requests, milliseconds of waiting, terms of a sum
    /// of squares, over, most at a time for threads, for processes.
    Mixed,
    /// Units alive at once. Sizes: most units, most mebibytes, most milliseconds.
    Greatest,
}

/// Every measure.
pub const ALL: &[Measure] = &[
    Measure::CpuJob,
    Measure::Memory,
    Measure::Creation,
    Measure::Message,
    Measure::RoundTrip,
    Measure::Counter,
    Measure::Waits,
    Measure::Network,
    Measure::Mixed,
    Measure::Greatest,
];

/// How much is measured, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    /// Smaller sizes: half a minute.
    Quick,
    /// A good minute.
    Default,
    /// Up to ten.
    Thorough,
}

impl Effort {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Quick => "quick",
            Self::Default => "default",
            Self::Thorough => "thorough",
        }
    }

    fn pick<T>(self, quick: T, default: T, thorough: T) -> T {
        match self {
            Self::Quick => quick,
            Self::Default => default,
            Self::Thorough => thorough,
        }
    }

    /// For how many seconds rounds are added, in all.
    pub fn budget(self) -> f64 {
        self.pick(18.0, 50.0, 360.0)
    }

    /// After how many seconds, in all, a machine that is slow gets fewer rounds than it should have.
    pub fn limit(self) -> f64 {
        self.pick(23.0, 105.0, 520.0)
    }

    /// How many rounds of a measure there should be at least, and at most. Below five an interval at 1 % is too wide to say
    /// much.
    pub fn rounds(self) -> (usize, usize) {
        self.pick((3, 8), (5, 15), (9, 45))
    }
}

impl Measure {
    /// Its name on the command line of a child.
    pub fn name(self) -> &'static str {
        match self {
            Self::CpuJob => "cpu-job",
            Self::Memory => "memory",
            Self::Creation => "creation",
            Self::Message => "message",
            Self::RoundTrip => "round-trip",
            Self::Counter => "counter",
            Self::Waits => "waits",
            Self::Network => "network",
            Self::Mixed => "mixed",
            Self::Greatest => "greatest",
        }
    }

    /// The measure of this name.
    pub fn named(name: &str) -> Option<Self> {
        ALL.iter().copied().find(|measure| measure.name() == name)
    }

    /// Of the numbers: `s`, `B`, `1/s` or `units`.
    pub fn unit(self) -> &'static str {
        match self {
            Self::CpuJob | Self::Creation | Self::RoundTrip | Self::Counter => "s",
            Self::Memory => "B",
            Self::Message | Self::Waits | Self::Network | Self::Mixed => "1/s",
            Self::Greatest => "units",
        }
    }

    /// Whether a greater number is the better one.
    pub fn more_is_better(self) -> bool {
        matches!(self.unit(), "1/s" | "units")
    }

    /// Whether each sample needs a process that has done nothing before, not even to warm up: what a
    /// first one leaves behind (cached stacks, a grown heap) would be missing from the next.
    pub fn is_fresh(self) -> bool {
        matches!(self, Self::Memory | Self::Greatest)
    }

    /// Whether the machine's other work changes it: not what is counted in bytes.
    pub fn is_timed(self) -> bool {
        !matches!(self, Self::Memory | Self::Greatest)
    }

    /// Whether a process takes it once before what is counted. A server is a process of its own each time.
    pub fn warms_up(self) -> bool {
        !self.is_fresh() && self != Self::Network
    }

    /// Whether a sample of it is short, and so the most disturbed by whatever else the machine does.
    fn is_short(self) -> bool {
        matches!(
            self,
            Self::Creation | Self::Message | Self::RoundTrip | Self::Counter
        )
    }

    /// Its share of the time, beside those of the others: about in proportion to what its fewest rounds take.
    pub fn share(self) -> f64 {
        match self {
            _ if self.is_short() => 1.2,
            Self::Mixed => 2.2,
            Self::Greatest => 3.0,
            Self::Waits => 4.5,
            _ => 2.7,
        }
    }

    /// How many rounds, at this effort, at least and at most. What is no matter of time needs no statistics.
    pub fn rounds(self, effort: Effort) -> (usize, usize) {
        match self {
            Self::Greatest => (1, 1),
            Self::Memory => effort.pick((2, 2), (3, 3), (3, 3)),
            _ if self.is_short() => effort.pick((3, 8), (7, 15), (9, 45)),
            _ => effort.rounds(),
        }
    }

    /// The Python program that takes it, and its path from the root of the repository.
    pub fn program(self) -> (&'static str, &'static str) {
        macro_rules! program {
            ($name:literal) => {
                (
                    concat!("scripts/python/", $name),
                    include_str!(concat!("../../scripts/python/", $name)),
                )
            };
        }
        match self {
            Self::CpuJob => program!("cpu_job.py"),
            Self::Memory => program!("memory.py"),
            Self::Creation => program!("creation.py"),
            Self::Waits => program!("waits.py"),
            Self::Message => program!("message.py"),
            Self::RoundTrip => program!("round_trip.py"),
            Self::Counter => program!("counter.py"),
            Self::Network => program!("network.py"),
            Self::Mixed => program!("mixed.py"),
            Self::Greatest => program!("greatest.py"),
        }
    }
}
