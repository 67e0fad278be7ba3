//! The document's table: its eight rows, and what is measured or said for each.

use crate::measures::Measure;
use crate::report::{Label, RowReport, Statement};

mod debugging; // which mistakes the compiler refuses
mod versions; //  since when there is which API

/// The document's three models, in its order.
pub const MODELS: [&str; 3] = ["threads", "processes", "tasks"];

/// A row of the document's table.
pub struct Row {
    /// Its name on the command line.
    pub name: &'static str,
    /// The document's 维度.
    pub zh: &'static str,
    /// In English.
    pub en: &'static str,
    /// What the document says of [`MODELS`].
    pub document: [&'static str; 3],
    /// What is measured for it.
    pub lines: &'static [Line],
    /// What cannot be measured.
    pub statements: fn() -> Vec<Statement>,
}

/// One measured thing in a row.
pub struct Line {
    /// Its name in the report.
    pub id: &'static str,
    /// Its label.
    pub zh: &'static str,
    /// Its label in English.
    pub en: &'static str,
    /// What is measured. Two lines may show the same one.
    pub measure: Measure,
    /// Whether the table shows the speed-up over the sequential one instead of the value.
    pub shows_speed_up: bool,
}

const fn line(id: &'static str, zh: &'static str, en: &'static str, measure: Measure) -> Line {
    Line {
        id,
        zh,
        en,
        measure,
        shows_speed_up: false,
    }
}

const fn nothing() -> Vec<Statement> {
    Vec::new()
}

/// Every row, in the document's order.
pub const ALL: &[Row] = &[
    Row {
        name: "parallelism",
        zh: "并行能力",
        en: "parallelism",
        document: ["受 GIL 限制，伪并行", "真正并行", "单线程并发，非并行"],
        lines: &[Line {
            shows_speed_up: true,
            ..line("parallelism", "加速比", "speed-up", Measure::CpuJob)
        }],
        statements: nothing,
    },
    Row {
        name: "memory",
        zh: "内存开销",
        en: "memory",
        document: ["低（共享内存）", "高（独立内存空间）", "极低"],
        lines: &[line(
            "memory",
            "每单元 PSS",
            "PSS per unit",
            Measure::Memory,
        )],
        statements: nothing,
    },
    Row {
        name: "creation",
        zh: "创建开销",
        en: "creation",
        document: ["中", "高", "极低"],
        lines: &[line("creation", "每单元", "per unit", Measure::Creation)],
        statements: nothing,
    },
    Row {
        name: "communication",
        zh: "通信方式",
        en: "communication",
        document: [
            "共享变量（需加锁）",
            "Queue/Pipe/共享内存",
            "直接传递（无需加锁）",
        ],
        lines: &[
            line("message", "单向消息", "one-way", Measure::Message),
            line("round-trip", "往返", "round trip", Measure::RoundTrip),
            line("counter", "加锁计数器", "locked counter", Measure::Counter),
        ],
        statements: nothing,
    },
    Row {
        name: "suited",
        zh: "适用任务",
        en: "suited to",
        document: ["IO 密集型", "CPU 密集型", "高并发 IO"],
        lines: &[
            line("cpu-job", "CPU 密集", "CPU-bound", Measure::CpuJob),
            line("waits", "IO 密集", "I/O-bound", Measure::Waits),
            line("network", "网络连接", "network", Measure::Network),
            line("mixed", "混合", "mixed", Measure::Mixed),
        ],
        statements: nothing,
    },
    Row {
        name: "debugging",
        zh: "调试难度",
        en: "debugging",
        document: ["中（竞态条件）", "中", "低（单线程）"],
        lines: &[],
        statements: debugging::statements,
    },
    Row {
        name: "greatest",
        zh: "最大并发数",
        en: "greatest number",
        document: ["数百", "受 CPU 核心数限制", "数万"],
        lines: &[line(
            "greatest",
            "同时存活",
            "alive at once",
            Measure::Greatest,
        )],
        statements: nothing,
    },
    Row {
        name: "version",
        zh: "版本",
        en: "version",
        document: ["全版本", "全版本", "3.4+（3.7+ 推荐）"],
        lines: &[],
        statements: versions::statements,
    },
];

impl Row {
    /// Without any figure yet.
    pub fn report(&self) -> RowReport {
        RowReport {
            id: self.name.to_owned(),
            title: Label::new(self.zh, self.en),
            document: self.document.map(str::to_owned),
            measures: Vec::new(),
            statements: (self.statements)(),
            sound: true,
        }
    }
}

/// The rows of these names, in the document's order; all where no name is given.
///
/// # Errors
///
/// What to say of a name that is not there.
pub fn choose(names: &[String]) -> Result<Vec<&'static Row>, String> {
    let known = || ALL.iter().map(|row| row.name).collect::<Vec<_>>().join(" ");
    for name in names {
        if !ALL.iter().any(|row| row.name == name) {
            return Err(format!("no row is named '{name}'; there are: {}", known()));
        }
    }
    let chosen = |row: &&Row| names.is_empty() || names.iter().any(|name| name == row.name);
    Ok(ALL.iter().filter(chosen).collect())
}
