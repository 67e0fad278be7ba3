//! Which cores there are, and to stay on one.

use std::io;

use crate::machine;

/// Two cores that this process may use.
///
/// # Errors
///
/// Why there are none.
pub(crate) fn two() -> Result<(usize, usize), String> {
    let cores = allowed().map_err(|error| error.to_string())?;
    match cores[..] {
        // A quota can leave less time than two cores have.
        [first, second, ..] if machine::cores() >= 2 => Ok((first, second)),
        _ => Err("只有一个核 · one core".to_owned()),
    }
}

/// The cores that this thread may use.
#[cfg(target_os = "linux")]
fn allowed() -> io::Result<Vec<usize>> {
    use nix::sched::{CpuSet, sched_getaffinity};
    use nix::unistd::Pid;

    let set = sched_getaffinity(Pid::from_raw(0))?;
    let is_in = |core: &usize| set.is_set(*core).unwrap_or(false);
    Ok((0..CpuSet::count()).filter(is_in).collect())
}

/// Keeps this thread, and those that it will start, on the core.
#[cfg(target_os = "linux")]
pub(crate) fn pin(core: usize) -> io::Result<()> {
    use nix::sched::{CpuSet, sched_setaffinity};
    use nix::unistd::Pid;

    let mut set = CpuSet::new();
    set.set(core)?;
    Ok(sched_setaffinity(Pid::from_raw(0), &set)?)
}

#[cfg(not(target_os = "linux"))]
fn allowed() -> io::Result<Vec<usize>> {
    Err(not_here())
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn pin(_core: usize) -> io::Result<()> {
    Err(not_here())
}

#[cfg(not(target_os = "linux"))]
fn not_here() -> io::Error {
    let reason = "此系统无法把线程固定在核上 · not here: needs Linux, to keep threads on cores";
    io::Error::new(io::ErrorKind::Unsupported, reason)
}
