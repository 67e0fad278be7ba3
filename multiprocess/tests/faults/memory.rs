//! F03, F11: what a queue only reserves.

use std::env::temp_dir;
use std::fs;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::abort;

use multiprocess::queue::Queue;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::unistd::getpid;

use crate::support::{again_with, needs_root, role, run_to_end};

/// So much is little: a program of this kind takes some.
const LITTLE: u64 = 64 << 20;

/// F03: a crash writes a small core file, and takes no memory for it.
pub fn what_is_reserved_is_in_no_core_file() {
    if role().is_some() {
        let (_, most) = getrlimit(Resource::RLIMIT_CORE).unwrap();
        setrlimit(Resource::RLIMIT_CORE, most, most).unwrap();
        let queue = Queue::bounded(1).unwrap();
        queue.put(&1_u8).unwrap();
        assert_eq!(kib("smaps_rollup", "Pss_Shmem:") >> 14, 0, "16 MiB of it");
        // All that is large is marked: `dd`, do not dump.
        let maps = fs::read_to_string("/proc/self/smaps").unwrap();
        let mut large = 0;
        let mut size = 0;
        for line in maps.lines() {
            if let Some(kib) = line.strip_prefix("Size:") {
                size = kib.trim_end_matches("kB").trim().parse().unwrap();
            }
            if let Some(flags) = line.strip_prefix("VmFlags:") {
                let shared = flags.split(' ').any(|flag| flag == "sh");
                if shared && size > LITTLE >> 10 {
                    large += 1;
                    assert!(flags.split(' ').any(|flag| flag == "dd"), "{flags}");
                }
            }
        }
        assert!(large > 0, "a queue reserves much:\n{maps}");
        abort();
    }
    let folder = temp_dir().join(format!("multiprocess-core-{}", getpid()));
    fs::create_dir(&folder).unwrap();
    let ended = run_to_end(again_with("crash").current_dir(&folder));
    assert_eq!(ended.status.signal(), Some(libc::SIGABRT), "{ended:?}");
    let core = fs::read_dir(&folder).unwrap().next();
    // Where core files go to a program, or may not be written, there is none here.
    if let Some(core) = core {
        let len = core.unwrap().metadata().unwrap().len();
        assert!(len < LITTLE, "a core file of {len} bytes");
    }
    fs::remove_dir_all(folder).unwrap();
}

/// F11: a process that locks its memory, what there is and what will be, does not get what a queue only
/// might use: neither when the queue is made, nor later.
pub fn what_is_reserved_is_not_locked() {
    needs_root(); // more than RLIMIT_MEMLOCK
    if role().is_some() {
        let lock = |flags| {
            // SAFETY: it takes a number.
            assert_eq!(unsafe { libc::mlockall(flags) }, 0);
        };
        lock(libc::MCL_CURRENT | libc::MCL_FUTURE);
        let queue = Queue::bounded(1000).unwrap();
        assert!(kib("status", "VmRSS:") < LITTLE >> 10);
        lock(libc::MCL_CURRENT | libc::MCL_FUTURE);
        let item = vec![7_u8; 1 << 20];
        for _ in 0..8 {
            queue.put(&item).unwrap();
        }
        for _ in 0..8 {
            assert_eq!(queue.get().unwrap(), item);
        }
        assert!(kib("status", "VmRSS:") < LITTLE >> 10);
        return;
    }
    let mut command = again_with("lock");
    command.process_group(0);
    let ended = run_to_end(&mut command);
    assert!(ended.status.success(), "{ended:?}");
}

/// A number of KiB that the system tells of this process.
#[track_caller]
fn kib(file: &str, name: &str) -> u64 {
    let text = fs::read_to_string(format!("/proc/self/{file}")).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let number = line.unwrap_or_else(|| panic!("no {name} in {text}"));
    number.trim_end_matches("kB").trim().parse().unwrap()
}
