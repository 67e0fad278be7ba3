//! As many processes alive at once as the budget and the system allow.

use std::io::{self, Read, Write};
use std::thread;

use anyhow::Context;
use multiprocess::process::{Process, StartError};

use super::{Sample, Sizes, all_of_them};
use crate::models::ramp::{Places, Ramp};

/// Daemons: they end with this process, however that comes to its end.
pub(super) fn greatest(sizes: &Sizes) -> anyhow::Result<Sample> {
    let mut ramp = Ramp::begin(sizes, Places::Taken, all_of_them(&[])?)?;
    let (mut alive, ready) = io::pipe()?;
    let mut processes = Vec::new();
    while ramp.has_room(|| all_of_them(&processes))? {
        let wait = |()| -> io::Result<()> {
            (&ready).write_all(&[0])?;
            loop {
                thread::park();
            }
        };
        match Process::named("waits").daemon(true).start((), wait) {
            Ok(process) => processes.push(process),
            Err(StartError::System(error)) => {
                ramp.refused(&error);
                continue;
            }
            Err(error) => return Err(error).context("no process could be started"),
        }
        alive.read_exact(&mut [0])?;
        ramp.started();
    }
    for process in &processes {
        process.kill()?;
    }
    for process in processes {
        process.join()?;
    }
    Ok(ramp.sample())
}
