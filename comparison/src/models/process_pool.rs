//! Chapter 4's `ProcessPoolExecutor`, whose workers are this executable.

use futures_pool::process_pool::ProcessPoolExecutor;

use super::{Measure, Model, pools};

pub(super) const MODEL: Model = Model {
    name: "process-pool",
    zh: "进程池",
    en: "process pool",
    python: Some("ProcessPoolExecutor"),
    measure: |measure| match measure {
        Measure::CpuJob => Ok(|sizes| pools::cpu_job(sizes, ProcessPoolExecutor::new)),
        Measure::Creation => Ok(|sizes| pools::creation(sizes, ProcessPoolExecutor::new)),
        Measure::Waits => Ok(|sizes| pools::waits(sizes, 3, ProcessPoolExecutor::new)),
        Measure::Mixed => Ok(|sizes| pools::mixed(sizes, 5, ProcessPoolExecutor::new)),
        other => Err(pools::why_not(other)),
    },
    in_python: |measure| match measure {
        Measure::CpuJob | Measure::Creation | Measure::Waits | Measure::Mixed => Ok(()),
        other => Err(pools::why_not(other)),
    },
};
