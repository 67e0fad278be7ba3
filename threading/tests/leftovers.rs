//! Each section in a process of its own: the threads it leaves behind. `comparison` and the next
//! section must find the process as this one found it.

mod support;

use std::thread::{scope, sleep};
use std::time::Duration;

use support::{again, role};
use threading::registry::{active_count, enumerate};
use threading::sections::{ALL, Section};

/// TH-18, TH-15: a section leaves no thread behind, in the kernel or on the list, but for the daemon's:
/// its one thread stays, off the list, and nobody waits for it.
#[test]
fn no_section_leaves_threads_behind() {
    if let Some(role) = role() {
        let section = ALL.iter().find(|section| section.name == role);
        return run_and_count(section.expect("one of ours"));
    }
    // All at once: they sleep most of the time.
    scope(|scope| {
        for section in ALL {
            scope.spawn(|| {
                let ended = again("no_section_leaves_threads_behind", section.name);
                assert!(
                    ended.status.success() && ended.stderr.is_empty(),
                    "{ended:#?}"
                );
            });
        }
    });
}

fn run_and_count(section: &Section) {
    let before = kernel_tasks();
    (section.run)().unwrap();
    assert_eq!(active_count(), 1, "{:?}", enumerate());
    let daemons = usize::from(section.name == "daemon");
    // why a sleep: the daemon looks up once a second, and is to stay after that, too.
    sleep(Duration::from_millis(1500) * daemons as u32);
    expect_kernel_tasks(before + daemons);
    assert_eq!(active_count(), 1, "{:?}", enumerate());
}

#[cfg(target_os = "linux")]
use support::kernel_tasks;

/// A thread that was joined may be in the kernel's list for a moment yet, hence the second look.
#[cfg(target_os = "linux")]
fn expect_kernel_tasks(count: usize) {
    support::eventually("the threads are gone", || kernel_tasks() == count);
}

#[cfg(not(target_os = "linux"))]
fn kernel_tasks() -> usize {
    0
}

#[cfg(not(target_os = "linux"))]
fn expect_kernel_tasks(_count: usize) {}
