//! Chapter 5's server and others, with thousands of connections at once.

use std::io::{self, Write};
use std::ops::RangeInclusive;

use comfy_table::Table;

use super::{Verdict, heading, progress, times};
use crate::cores;
use crate::network::{Load, Served, measure};
use crate::python::Python;
use crate::stats::{KIB, Spread, digits, time};

/// Its name on the command line.
pub(super) const NAME: &str = "connections";

/// How often each is measured, in turn.
const ROUNDS: usize = 21;

const LOAD: Load = Load {
    connections: 5_000,
    requests: 10,
    cores: None,
};

/// Once, held by one thread.
const MANY: Load = Load {
    connections: 10_000,
    requests: 10,
    cores: None,
};

/// A server, its name among the servers, and whether it is CPython's.
struct Server {
    label: &'static str,
    name: &'static str,
    python: bool,
}

const OURS: Server = Server {
    label: "第 5 章的任务 · chapter 5's tasks",
    name: "tasks",
    python: false,
};
const TOKIO: Server = Server {
    label: "tokio current_thread",
    name: "tokio",
    python: false,
};
const LIMIT: Server = Server {
    label: "只有 epoll · epoll alone",
    name: "epoll",
    python: false,
};
const THREADS: Server = Server {
    label: "每连接一线程 · a thread each",
    name: "threads",
    python: false,
};
const ASYNCIO: Server = Server {
    label: "CPython asyncio streams",
    name: "tasks",
    python: true,
};

type Measured = Result<Vec<Served>, String>;

/// Measures and prints the table.
pub(super) fn print(out: &mut dyn Write, python: Result<&Python, &str>) -> io::Result<()> {
    heading(out, "许多连接 · many connections", python)?;
    let servers = [&OURS, &TOKIO, &LIMIT, &THREADS, &ASYNCIO];
    let bar = progress(servers.len() * ROUNDS + 2);
    // The servers are compared where none of them can be in the client's way.
    let cores = cores::two();
    let load = Load {
        cores: cores.as_ref().ok().copied(),
        ..LOAD
    };
    let once = |server: &Server, load| {
        bar.set_message(server.name);
        let python = match server.python {
            true => Some(python.map_err(str::to_owned)?),
            false => None,
        };
        let served = measure(server.name, python, load);
        bar.inc(1);
        served
    };
    let mut measured: [Measured; 5] = [const { Ok(Vec::new()) }; 5];
    for _ in 0..ROUNDS {
        for (server, measured) in servers.iter().zip(&mut measured) {
            if let Ok(values) = measured {
                match once(server, load) {
                    Ok(served) => values.push(served),
                    Err(reason) => *measured = Err(reason),
                }
            }
        }
    }
    let many = [&OURS, &ASYNCIO].map(|server| (server, once(server, MANY)));
    bar.finish_and_clear();

    let [ours, rest @ ..] = &measured;
    let mut table = Table::new();
    table.load_style(comfy_table::presets::UTF8_FULL);
    table.set_content_arrangement(comfy_table::ContentArrangement::Dynamic);
    table.set_header([
        "服务端 · server",
        "请求/秒 · requests/s",
        "服务端 CPU/请求\nserver CPU/request",
        "内存/连接\nmemory/connection",
        "第 5 章之比 · chapter 5's ratio to it",
    ]);
    let goals = [Some(0.0..=1.05), None, None, Some(0.0..=1.0 / 3.0)];
    table.add_row(line(&OURS, ours, "—".to_owned()));
    for ((server, measured), goal) in servers[1..].iter().zip(rest).zip(goals) {
        table.add_row(line(server, measured, compared(ours, measured, goal)));
    }
    writeln!(out, "{table}")?;
    for (server, served) in many {
        writeln!(out, "{}", held(server.label, served))?;
    }
    let (zh, en) = match cores {
        Ok(_) => ("各占一核", "each on a core of its own"),
        Err(_) => ("不固定核", "not pinned to cores"),
    };
    let Load {
        connections,
        requests,
        ..
    } = LOAD;
    writeln!(
        out,
        "{connections} 个连接同时保持，各 {requests} 次请求；{ROUNDS} 轮的中位数，各方轮流；客户端与服务端各在一个进程中，{zh}。\n\
         比值为服务端每次请求的 CPU 时间之比，逐轮计算，方括号内为其中位数的 95% 置信区间。\n\
         {connections} connections held at once, {requests} requests each; medians of {ROUNDS} rounds, in turn; client and\n\
         server are processes of their own, {en}. The ratio is that of the server's CPU\n\
         time for a request, taken in each round, with the 95 % confidence interval of its median."
    )
}

fn line(server: &Server, measured: &Measured, ratio: String) -> Vec<String> {
    let served = match measured {
        Ok(served) => served,
        Err(reason) => return vec![server.label.to_owned(), format!("无 · none: {reason}")],
    };
    let median = |of: fn(&Served) -> f64| Spread::of(served.iter().map(of)).map(|s| s.median);
    let rate = median(|served| served.answered as f64 / served.seconds);
    let (unit, factor) = KIB;
    let figures = [
        rate.map(digits),
        median(|served| served.cpu).map(time),
        median(|served| served.memory).map(|bytes| digits(bytes * factor) + unit),
    ];
    let mut line = vec![server.label.to_owned()];
    line.extend(figures.map(|figure| figure.unwrap_or("—".to_owned())));
    line.push(ratio);
    line
}

fn compared(ours: &Measured, other: &Measured, goal: Option<RangeInclusive<f64>>) -> String {
    let (Ok(ours), Ok(other)) = (ours, other) else {
        return "—".to_owned();
    };
    let cpu = |served: &[Served]| served.iter().map(|s| s.cpu).collect::<Vec<_>>();
    let ratio = Spread::of_ratios(&cpu(ours), &cpu(other));
    let shown = times(ratio);
    match goal {
        None => shown,
        Some(goal) => {
            let verdict = Verdict::of(ratio, &goal);
            format!("{shown}\n≤ {}×: {verdict}", digits(*goal.end()))
        }
    }
}

fn held(label: &str, served: Result<Served, String>) -> String {
    let Load {
        connections,
        requests,
        ..
    } = MANY;
    match served {
        Err(reason) => format!("{label}, {connections}: 无 · none: {reason}"),
        Ok(served) => format!(
            "{label}: {connections} 个连接 · connections, {requests} × {connections} = {} 次全部应答 · all answered, {}",
            served.answered,
            time(served.seconds)
        ),
    }
}
