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

/// The cores that this thread may use, by their numbers.
///
/// # Errors
///
/// What the system says; elsewhere than on Linux, that it cannot be told.
#[cfg(target_os = "linux")]
pub fn allowed() -> io::Result<Vec<usize>> {
    use nix::sched::{CpuSet, sched_getaffinity};
    use nix::unistd::Pid;

    let set = sched_getaffinity(Pid::from_raw(0))?;
    let is_in = |core: &usize| set.is_set(*core).unwrap_or(false);
    Ok((0..CpuSet::count()).filter(is_in).collect())
}

/// Keeps this thread, and the threads and processes that it will start, on the core.
///
/// # Errors
///
/// As [`allowed`]; and the core may be none of those.
#[cfg(target_os = "linux")]
pub fn pin(core: usize) -> io::Result<()> {
    use nix::sched::{CpuSet, sched_setaffinity};
    use nix::unistd::Pid;

    let mut set = CpuSet::new();
    set.set(core)?;
    Ok(sched_setaffinity(Pid::from_raw(0), &set)?)
}

/// As on Linux.
///
/// # Errors
///
/// That it cannot be told.
#[cfg(not(target_os = "linux"))]
pub fn allowed() -> io::Result<Vec<usize>> {
    Err(not_here())
}

/// As on Linux.
///
/// # Errors
///
/// That it cannot be done.
#[cfg(not(target_os = "linux"))]
pub fn pin(_core: usize) -> io::Result<()> {
    Err(not_here())
}

#[cfg(not(target_os = "linux"))]
fn not_here() -> io::Error {
    let reason = "此系统无法把线程固定在核上 · not here: needs Linux, to keep threads on cores";
    io::Error::new(io::ErrorKind::Unsupported, reason)
}
