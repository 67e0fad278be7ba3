//! How much a child does for one sample.

use crate::report::{Label, Language};

use super::{Effort, Measure};

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
        let sizes = match self {
            // CPython takes some fifty times as long for it.
            Self::CpuJob => {
                let terms = effort.pick(50_000, 500_000, 1_000_000);
                vec![8, terms, if rust { 50 } else { 1 }]
            }
            Self::Memory => vec![match model {
                "threads" | "gil-threads" => effort.pick(200, 1000, 1000),
                "processes" => effort.pick(20, 100, 100),
                _ => effort.pick(10_000, 100_000, 100_000),
            }],
            Self::Creation => vec![match model {
                "processes" => effort.pick(20, 100, 200),
                _ => effort.pick(200, 1000, 1000),
            }],
            Self::Message => vec![effort.pick(5_000, 20_000, 50_000)],
            Self::RoundTrip => vec![effort.pick(500, 2_000, 5_000)],
            Self::Counter => vec![4, effort.pick(1_000, 5_000, 10_000)],
            // One after the other they take as long each however many there are.
            Self::Waits if model == "sequential" => vec![effort.pick(1, 2, 4), 50, 1, 1],
            Self::Waits => vec![effort.pick(1_000, 10_000, 10_000), 50, 1_000, 100],
            Self::Network => vec![effort.pick(100, 1_000, 2_000), 2, 1_000, 100],
            Self::Mixed if model == "sequential" => vec![effort.pick(2, 5, 10), 20, 2_000, 1, 1],
            Self::Mixed => vec![effort.pick(20, 100, 200), 20, 2_000, 1_000, 100],
            Self::Greatest => match model {
                "processes" => vec![effort.pick(100, 300, 1_000), 512, 5_000],
                "tasks" => vec![effort.pick(20_000, 200_000, 1_000_000), 512, 5_000],
                _ => vec![effort.pick(500, 4_000, 20_000), 512, 5_000],
            },
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
            Self::Message => Label::new("经模型自己的通道", "through its own channel"),
            Self::RoundTrip => Label::new("请求与应答", "request and answer"),
            Self::Counter => Label::new(
                format!("{} 个单元，共享计数器", size[0]),
                format!("{} units, shared counter", size[0]),
            ),
            Self::Waits => {
                let what = format!("{} × {} ms", size[0], size[1]);
                Label::new(what.clone(), what)
            }
            Self::Network => Label::new(
                format!("{} 个本机连接", size[0]),
                format!("{} loopback connections", size[0]),
            ),
            Self::Mixed => {
                let (wait, compute) = (size[1], size[2] / 1000);
                Label::new(
                    format!("等待 {wait} ms，计算 {compute} ms"),
                    format!("waits {wait} ms, computes {compute} ms"),
                )
            }
            Self::Greatest => Label::new("在预算之内", "within a budget"),
        }
    }
}
