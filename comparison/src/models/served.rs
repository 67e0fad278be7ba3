//! Many connections against a server of a model: see [`network`](crate::network).
//!
//! The process that measures starts the server and the client, for CPython's servers as for ours.

use super::{Sample, Sizes};
use crate::network::{Load, measure};
use crate::python::Python;

/// Against a server of ours.
pub(super) fn ours(server: &str, sizes: &Sizes) -> anyhow::Result<Sample> {
    against(server, None, sizes)
}

/// Against ours, or that of a CPython: requests a second, and the server's CPU time for all of them.
pub(super) fn against(
    server: &str,
    python: Option<&Python>,
    sizes: &Sizes,
) -> anyhow::Result<Sample> {
    let load = Load {
        connections: usize::try_from(sizes.at(0)?)?,
        requests: usize::try_from(sizes.at(1)?)?,
        cores: None,
    };
    let served = measure(server, python, load).map_err(anyhow::Error::msg)?;
    let answered = served.answered as f64;
    Ok(Sample {
        value: answered / served.seconds,
        wall: Some(served.seconds),
        cpu: Some(served.cpu * answered),
        answer: served.answered,
        ..Sample::default()
    })
}
