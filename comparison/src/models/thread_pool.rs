//! Chapter 4's `ThreadPoolExecutor`.

use futures_pool::thread_pool::ThreadPoolExecutor;

use super::{Measure, Model, pools};

pub(super) const MODEL: Model = Model {
    name: "thread-pool",
    zh: "线程池",
    en: "thread pool",
    python: Some("ThreadPoolExecutor"),
    measure: |measure| match measure {
        Measure::CpuJob => Ok(|sizes| pools::cpu_job(sizes, ThreadPoolExecutor::new)),
        Measure::Creation => Ok(|sizes| pools::creation(sizes, ThreadPoolExecutor::new)),
        Measure::Waits => Ok(|sizes| pools::waits(sizes, 2, ThreadPoolExecutor::new)),
        Measure::Mixed => Ok(|sizes| pools::mixed(sizes, 4, ThreadPoolExecutor::new)),
        other => Err(pools::why_not(other)),
    },
    in_python: |measure| match measure {
        Measure::CpuJob | Measure::Creation | Measure::Waits | Measure::Mixed => Ok(()),
        other => Err(pools::why_not(other)),
    },
};
