//! Requests of a byte to a process that answers them under its lock, while a thread of its own
//! computes under the same lock: ours and CPython's, the same way.

use std::time::Duration;

/// Where the threads are, and the lock's switch interval.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) interval: Duration,
    pub(super) burn: usize,
    pub(super) answer: usize,
}

#[cfg(unix)]
pub(crate) use unix::answer_in_this_process;
#[cfg(unix)]
pub(super) use unix::measure;

/// Elsewhere there is no socket that can be a child's standard input.
#[cfg(not(unix))]
pub(super) fn measure(
    _: Place,
    _: usize,
    _: Option<&crate::python::Python>,
) -> Result<Vec<f64>, String> {
    Err("此系统没有 socketpair · not here: needs a socket pair".to_owned())
}

#[cfg(not(unix))]
pub(crate) fn answer_in_this_process(_: &str, _: &str, _: &str) -> i32 {
    eprintln!("error: there is no socket pair on this system");
    2
}

#[cfg(unix)]
mod unix {
    use std::io::{self, Read, Write};
    use std::os::fd::{AsFd, OwnedFd};
    use std::os::unix::net::UnixStream;
    use std::process::Command;
    use std::sync::Arc;
    use std::sync::mpsc::{self, Sender};
    use std::thread;
    use std::time::{Duration, Instant};

    use anyhow::{Context, ensure};
    use gil_demo::gil::Gil;
    use gil_demo::machine::{Code, run};
    use gil_demo::object::Heap;
    use gil_demo::program::{CPU_TASK, Program};
    use serde::{Deserialize, Serialize};

    use super::Place;
    use crate::child;
    use crate::cores;
    use crate::python::Python;

    /// For how long one process may take to answer everything.
    const DEADLINE: Duration = Duration::from_secs(30);

    /// Turns of the bytecode loop that the answering thread does with the lock after each call, about
    /// half a microsecond. CPython's thread interprets for as long between its calls (0.6–1.0 µs of user
    /// time for a `recv` and a `sendall`). It matters: a thread that is back at the next call at once
    /// lets go while the other one is still on its way from the last hand-over, and waits twice as often.
    const BETWEEN: i64 = 20;

    /// What the answering process says in the end.
    #[derive(Serialize, Deserialize, PartialEq, Debug)]
    struct Report {
        answered: usize,
        /// In microseconds, as its lock says.
        interval: u64,
    }

    /// Starts a process, ours or CPython's, and has it answer `trips` requests, one after the other;
    /// how long each took, in seconds.
    pub(in crate::blocks::gil) fn measure(
        place: Place,
        trips: usize,
        python: Option<&Python>,
    ) -> Result<Vec<f64>, String> {
        let text = |error: io::Error| error.to_string();
        let command = command(place, python).map_err(text)?;
        let (client, server) = UnixStream::pair().map_err(text)?;
        let ask = || ask(client, place.burn, trips);
        let (ended, times) =
            child::converse(command, OwnedFd::from(server), DEADLINE, ask).map_err(text)?;
        // How the process ended tells more than that it no longer answers.
        let output = ended.output(DEADLINE)?;
        let times = times.map_err(text)?;
        let report: Report = serde_json::from_str(&output).map_err(|error| error.to_string())?;
        let expected = Report {
            answered: trips + 1,
            interval: micros(place.interval),
        };
        if report != expected {
            return Err(format!("{report:?} where {expected:?} was asked for"));
        }
        Ok(times)
    }

    fn command(place: Place, python: Option<&Python>) -> io::Result<Command> {
        let interval = micros(place.interval);
        let Some(python) = python else {
            return child::convoy(interval, place.burn, place.answer);
        };
        let program = include_str!("../../../../scripts/python/gil_convoy.py");
        let mut command = python.command(program);
        command.args([
            interval.to_string(),
            place.burn.to_string(),
            place.answer.to_string(),
        ]);
        Ok(command)
    }

    fn micros(interval: Duration) -> u64 {
        u64::try_from(interval.as_micros()).unwrap_or(u64::MAX)
    }

    /// The client. It stays on the core of the thread that computes. From the answering thread's core
    /// the next request comes within ten microseconds, before the other core has woken: then the lock
    /// is never away for longer than a call, and there is no convoy but by chance.
    fn ask(mut client: UnixStream, core: usize, trips: usize) -> io::Result<Vec<f64>> {
        cores::pin(core)?;
        let mut trip = |index: usize| {
            let begin = Instant::now();
            let (request, mut answer) = ([index as u8], [0]);
            client.write_all(&request)?;
            client.read_exact(&mut answer)?;
            match answer == request {
                true => Ok(begin.elapsed().as_secs_f64()),
                false => Err(io::Error::other("another answer than was asked for")),
            }
        };
        trip(trips)?; // answered when both threads are at work
        (0..trips).map(trip).collect()
    }

    /// The hidden word: answers what comes on standard input, until it ends; the exit code.
    pub(crate) fn answer_in_this_process(interval: &str, burn: &str, answer: &str) -> i32 {
        let (Ok(interval), Ok(burn), Ok(answer)) = (interval.parse(), burn.parse(), answer.parse())
        else {
            eprintln!("error: there is no such interval, or no such core");
            return 2;
        };
        let place = Place {
            interval: Duration::from_micros(interval),
            burn,
            answer,
        };
        match serve(place).and_then(|report| Ok(serde_json::to_string(&report)?)) {
            Ok(json) => {
                println!("{json}");
                0
            }
            Err(error) => {
                eprintln!("error: {error:#}");
                1
            }
        }
    }

    fn serve(place: Place) -> anyhow::Result<Report> {
        let gil = Arc::new(Gil::new(Heap::new()));
        gil.set_switch_interval(place.interval);
        let (begun, beginning) = mpsc::channel();
        thread::Builder::new().spawn({
            let gil = Arc::clone(&gil);
            move || burn(&gil, place.burn, &begun)
        })?; // it ends with the process
        beginning
            .recv()
            .context("the computing thread has ended")??;
        cores::pin(place.answer).context("cannot stay on a core")?;

        let mut socket = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
        let mut answered = 0;
        let program = Program::parse(CPU_TASK)?;
        let mut guard = gil.acquire()?;
        let code = Code::load(&program, &mut guard);
        let mut byte = [0];
        while guard.allow_threads(|| socket.read(&mut byte))? == 1 {
            run(&code, "cpu_task", &[BETWEEN], &mut guard)?;
            guard.allow_threads(|| socket.write_all(&byte))?;
            run(&code, "cpu_task", &[BETWEEN], &mut guard)?;
            answered += 1;
        }
        Ok(Report {
            answered,
            interval: micros(gil.switch_interval()),
        })
    }

    /// Runs the chapter's loop under the lock, and says when it has begun, or why it has not.
    fn burn(gil: &Gil<Heap>, core: usize, begun: &Sender<anyhow::Result<()>>) {
        let burn = || -> anyhow::Result<()> {
            cores::pin(core).context("cannot stay on a core")?;
            let program = Program::parse(CPU_TASK)?;
            let mut guard = gil.acquire()?;
            let code = Code::load(&program, &mut guard);
            // Nobody waits for the answer to what is not asked any more.
            let _ = begun.send(Ok(()));
            let count = run(&code, "cpu_task", &[i64::MAX], &mut guard)?;
            code.unload(&mut guard);
            ensure!(count < 0, "it has counted to the end");
            Ok(())
        };
        let _ = begun.send(burn());
    }
}
