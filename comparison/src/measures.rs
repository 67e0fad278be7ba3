//! What can be measured of a model, and how much of it at a time.
//!
//! A measurement runs in a process of its own, this executable or `python3`, started with the measure,
//! the model and the sizes below. Both languages get the same sizes in the same order; where one of them
//! is too quick to be timed with that, `over` says how often it does all of it.

use serde::{Deserialize, Serialize};

use crate::report::{Label, Language};

/// The terms of a sum of squares that takes CPython some 2 ms, and how often over it takes Rust as long. The
/// work is fixed and not the time, so that it is the same under every model.
const TERMS: u64 = 36_000;
const OVER: u64 = 35;

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
        self.pick(18.0, 50.0, 480.0)
    }

    /// The fewest and the most rounds of a measure. Below five an interval at 1 % is too wide to say much.
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

    /// How many rounds, at this effort, at least and at most. What is no matter of time needs no statistics.
    pub fn rounds(self, effort: Effort) -> (usize, usize) {
        match self {
            Self::Greatest => (1, 1),
            Self::Memory => (3, 3),
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

    /// How much a child does for one sample.
    pub fn sizes(self, effort: Effort, model: &str, language: Language) -> Sizes {
        let rust = language == Language::Rust;
        let of_processes = matches!(model, "processes" | "process-pool");
        let sizes = match self {
            // CPython takes some thirty times as long for it.
            Self::CpuJob => {
                let terms = effort.pick(50_000, 500_000, 1_000_000);
                vec![8, terms, if rust { effort.pick(20, 10, 10) } else { 1 }]
            }
            Self::Memory => vec![match model {
                "threads" | "gil-threads" => effort.pick(200, 1000, 1000),
                "processes" => effort.pick(20, 100, 100),
                _ => effort.pick(10_000, 100_000, 100_000),
            }],
            Self::Creation => vec![match model {
                "processes" => effort.pick(20, 100, 200),
                "threads" => effort.pick(200, 1000, 1000),
                "process-pool" => effort.pick(500, 1_000, 2_000),
                _ if rust => effort.pick(5_000, 20_000, 50_000),
                _ => effort.pick(1_000, 5_000, 10_000),
            }],
            Self::Message => vec![
                effort.pick(5_000, 20_000, 50_000),
                if rust { 20 } else { 1 },
            ],
            // Between tasks of ours a trip takes less than a microsecond.
            Self::RoundTrip => {
                let over = if rust && model == "tasks" { 50 } else { 1 };
                vec![effort.pick(500, 2_000, 5_000), over]
            }
            // Each unit counts for longer than it takes to start the next, so that they do meet.
            Self::Counter => {
                let over = match model {
                    _ if !rust => 1,
                    "threads" => 40,
                    "processes" => 15,
                    _ => 7,
                };
                vec![4, effort.pick(5_000, 30_000, 50_000), over]
            }
            // One after the other they take as long each however many there are.
            Self::Waits if model == "sequential" => vec![effort.pick(1, 1, 4), 50, 1, 1],
            // So do those of which only some are done at a time.
            Self::Waits if of_processes => vec![effort.pick(200, 500, 2_000), 50, 1_000, 100],
            Self::Waits => vec![effort.pick(1_000, 10_000, 10_000), 50, 1_000, 100],
            // As many requests, over fewer connections: CPython's processes have more than a mebibyte each.
            Self::Network if of_processes => {
                let connections = effort.pick(50, 100, 500);
                vec![connections, effort.pick(200, 500, 5_000) * 10 / connections]
            }
            Self::Network => vec![effort.pick(200, 500, 5_000), 10],
            Self::Mixed => {
                let (terms, over) = (TERMS, if rust { OVER } else { 1 });
                match model {
                    "sequential" => vec![effort.pick(2, 3, 10), 20, terms, over, 1, 1],
                    _ => vec![effort.pick(20, 60, 200), 20, terms, over, 1_000, 100],
                }
            }
            Self::Greatest => {
                let units = match model {
                    "processes" => effort.pick(100, 500, 1_000),
                    "tasks" => effort.pick(20_000, 100_000, 1_000_000),
                    _ => effort.pick(500, 4_000, 20_000),
                };
                vec![units, 512, effort.pick(1_000, 3_000, 10_000)]
            }
        };
        Sizes(sizes)
    }

    /// What is done, in words, with the sizes that most models get.
    pub fn what(self, effort: Effort) -> Label {
        let of = |model: &str| self.sizes(effort, model, Language::Cpython).0;
        let size = of("threads");
        match self {
            Self::CpuJob => {
                let what = format!("{} × Σ i², i < {}", size[0], size[1]);
                Label::new(what.clone(), what)
            }
            Self::Memory => Label::new("每个空闲单元", "per idle unit"),
            Self::Creation => Label::new("创建并等待结束", "create + join"),
            Self::Message => Label::new("有界队列，容量 1024", "bounded queue, 1024"),
            Self::RoundTrip => Label::new("两个单元，不固定核", "two units, not pinned"),
            Self::Counter => Label::new(
                format!("{} 个单元，共享计数器", size[0]),
                format!("{} units, shared counter", size[0]),
            ),
            Self::Waits => {
                let what = format!("{} × {} ms", size[0], size[1]);
                Label::new(what.clone(), what)
            }
            Self::Network => {
                let fewer = of("processes")[0];
                Label::new(
                    format!("{} 个本机连接（多进程 {fewer} 个）", size[0]),
                    format!("{} loopback connections (processes: {fewer})", size[0]),
                )
            }
            Self::Mixed => Label::new(
                format!("{} 次请求，各等待 {} ms，计算约 2 ms", size[0], size[1]),
                format!(
                    "{} requests, each waits {} ms, computes some 2 ms",
                    size[0], size[1]
                ),
            ),
            Self::Greatest => {
                let (mib, ms) = (size[1], size[2]);
                Label::new(
                    format!("预算 {mib} MiB、{ms} ms"),
                    format!("within {mib} MiB and {ms} ms"),
                )
            }
        }
    }
}

/// How much a child does for one sample: see [`Measure`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sizes(pub Vec<u64>);

impl Sizes {
    /// From a child's command line.
    ///
    /// # Errors
    ///
    /// Which word is no number.
    pub fn parse<'a>(words: impl IntoIterator<Item = &'a str>) -> Result<Self, String> {
        let parse = |word: &str| word.parse().map_err(|_| format!("'{word}' is no size"));
        words
            .into_iter()
            .map(parse)
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// The size at this place.
    ///
    /// # Errors
    ///
    /// When the command line has fewer.
    pub fn at(&self, index: usize) -> anyhow::Result<u64> {
        let size = self.0.get(index).copied();
        size.ok_or_else(|| anyhow::anyhow!("size {} is missing", index + 1))
    }
}

/// One measurement, as a child prints it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// In the measure's unit.
    pub value: f64,
    /// Seconds that the measured part took.
    #[serde(default)]
    pub wall: Option<f64>,
    /// Seconds of CPU time meanwhile, of this process and the children that it has waited for.
    #[serde(default)]
    pub cpu: Option<f64>,
    /// Context switches meanwhile because one of them had to wait.
    #[serde(default)]
    pub voluntary: Option<u64>,
    /// Context switches meanwhile because somebody else's turn had come.
    #[serde(default)]
    pub involuntary: Option<u64>,
    /// What the work came to: the same under every model, or the row is wrong.
    pub answer: u64,
    /// What ended the ramp of [`Measure::Greatest`], in both languages.
    #[serde(default)]
    pub stopped_by: Option<String>,
}
