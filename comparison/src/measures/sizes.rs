//! How much a child does for one sample.

use crate::report::{Label, Language};

use super::{Effort, Measure};

/// The terms of a sum of squares that takes CPython some 2 ms, and how often over it takes Rust as long. The
/// work is fixed and not the time, so that it is the same under every model.
const TERMS: u64 = 36_000;
const OVER: u64 = 35;

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

impl Measure {
    /// How much a child does for one sample.
    pub fn sizes(self, effort: Effort, model: &str, language: Language) -> Sizes {
        let rust = language == Language::Rust;
        let of_processes = matches!(model, "processes" | "process-pool");
        let sizes = match self {
            // CPython takes some thirty times as long for it.
            Self::CpuJob => {
                let terms = effort.pick(50_000, 300_000, 1_000_000);
                vec![8, terms, if rust { effort.pick(20, 10, 10) } else { 1 }]
            }
            Self::Memory => vec![match model {
                "threads" | "gil-threads" => effort.pick(200, 1000, 1000),
                "processes" => effort.pick(20, 100, 100),
                _ => effort.pick(10_000, 100_000, 100_000),
            }],
            Self::Creation => vec![match model {
                "processes" => effort.pick(20, 50, 200),
                "threads" => effort.pick(200, 500, 1000),
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
                vec![effort.pick(500, 1_000, 5_000), over]
            }
            // Each unit counts for longer than it takes to start the next, so that they do meet.
            Self::Counter => {
                let over = match model {
                    _ if !rust => 1,
                    "threads" => 40,
                    "processes" => 15,
                    _ => 7,
                };
                vec![4, effort.pick(5_000, 15_000, 50_000), over]
            }
            // One after the other they take as long each however many there are.
            Self::Waits if model == "sequential" => vec![effort.pick(1, 1, 4), 50, 1, 1],
            // So do those of which only some are done at a time.
            Self::Waits if of_processes => {
                vec![
                    effort.pick(100, 500, 1_000),
                    50,
                    1_000,
                    effort.pick(50, 100, 100),
                ]
            }
            Self::Waits => vec![
                effort.pick(500, 10_000, 10_000),
                50,
                effort.pick(500, 1_000, 1_000),
                100,
            ],
            // As many requests, over fewer connections: CPython's processes have more than a mebibyte each.
            Self::Network if of_processes => {
                let connections = effort.pick(25, 100, 250);
                vec![connections, effort.pick(100, 500, 2_000) * 10 / connections]
            }
            Self::Network => vec![effort.pick(100, 500, 2_000), 10],
            Self::Mixed => {
                let (terms, over) = (TERMS, if rust { OVER } else { 1 });
                match model {
                    "sequential" => vec![effort.pick(2, 3, 6), 20, terms, over, 1, 1],
                    _ => vec![effort.pick(20, 60, 120), 20, terms, over, 1_000, 100],
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
