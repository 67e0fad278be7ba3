//! Sections that leave something behind in their process, or seem to.

use std::fs::{self, File};
use std::io;
use std::mem;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::process::{self, Command};
use std::ptr;
use std::{env, thread};

use comparison::chapters::Section;

use crate::{CONTRACT, say, section};

/// As [`CONTRACT`], of a section that leaves a descriptor open.
const KEEPS: &str = "descriptors left 1\nlane main\n | one\n | two";

/// Those that must be found, and then those that must not.
pub fn sections() -> Vec<Section> {
    vec![
        section("thread-left", CONTRACT, || {
            thread::spawn(thread::park);
            say(&["one", "two"])
        }),
        section("child-left", CONTRACT, || {
            Command::new("sleep").arg("0").spawn()?;
            say(&["one", "two"])
        }),
        section("descriptor-left", CONTRACT, keep_a_descriptor),
        section("no-descriptor-left", KEEPS, || say(&["one", "two"])),
        section("memory-left", CONTRACT, || {
            map_and_close(&Names::given().of("left"))?;
            say(&["one", "two"])
        }),
        section("descriptor-stated", KEEPS, keep_a_descriptor),
        section("memory-without-its-name", CONTRACT, || {
            let path = Names::given().of("gone");
            map_and_close(&path)?;
            fs::remove_file(path)?;
            say(&["one", "two"])
        }),
        section("memory-of-another", CONTRACT, || {
            let path = Names::given().of("another");
            Command::new("touch").arg(path).status()?;
            say(&["one", "two"])
        }),
    ]
}

fn keep_a_descriptor() -> anyhow::Result<()> {
    mem::forget(File::open("/dev/null")?);
    say(&["one", "two"])
}

/// Leaves memory mapped that has a name, and no descriptor.
fn map_and_close(path: &Path) -> anyhow::Result<()> {
    let mut options = File::options();
    let file = options.read(true).write(true).create_new(true).open(path)?;
    file.set_len(1)?;
    let (access, flags) = (libc::PROT_READ, libc::MAP_SHARED);
    // SAFETY: the system chooses where, and nobody reads there.
    let place = unsafe { libc::mmap(ptr::null_mut(), 1, access, flags, file.as_raw_fd(), 0) };
    anyhow::ensure!(place != libc::MAP_FAILED, io::Error::last_os_error());
    Ok(())
}

/// In the environment of the sections: what their names in `/dev/shm` begin with.
const VARIABLE: &str = "COMPARISON_FAULTS_NAMES";

/// The names that the sections leave in `/dev/shm`, which the test takes away.
pub struct Names(String);

impl Names {
    /// Of this process.
    pub fn new() -> Self {
        Self(format!("/dev/shm/comparison-faults-{}-", process::id()))
    }

    /// For a command that runs the sections.
    pub fn give_to(&self, command: &mut Command) {
        command.env(VARIABLE, &self.0);
    }

    /// In a section: those that it was given.
    fn given() -> Self {
        Self(env::var(VARIABLE).expect("the test gives them"))
    }

    /// One of them.
    pub fn of(&self, what: &str) -> PathBuf {
        format!("{}{what}", self.0).into()
    }

    /// Removes them: which there were.
    pub fn remove(self) -> Vec<&'static str> {
        let all = ["left", "gone", "another"];
        Vec::from_iter(
            all.into_iter()
                .filter(|what| fs::remove_file(self.of(what)).is_ok()),
        )
    }
}
