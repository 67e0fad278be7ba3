//! What the compiler refuses without an error code, so that no `compile_fail,E0nnn` can hold it: R36, the guard of a
//! `std::sync::Mutex` across an `await` in a task.
//!
//! A file of `tests/refused` that must fail has a twin in which one line has another place, and which must compile: against
//! the same library, by the same compiler. So a failure is due to that line. Of the message only the sentence is compared that states
//! the reason: the rest of the wording differs from one compiler to the next, which is why this compares no `.stderr`
//! files, as trybuild does.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::SystemTime;

/// R36: `future cannot be sent between threads safely`, and it is the guard's line that is named.
#[test]
fn guard_across_await() {
    let library = library_of("guard_dropped_before.rs");
    let refused = compile("guard_across_await.rs", &library);
    let message = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success(), "it compiles");
    for part in [
        "future cannot be sent between threads safely",
        "MutexGuard",
        "guard_across_await.rs:12", // the line with the `await`
    ] {
        assert!(message.contains(part), "no {part:?} in: {message}");
    }
    assert!(!message.contains("error[E"), "another reason: {message}");
}

/// The library that this test is linked with, or one built from the same sources. Cargo does not say which of those in
/// its folder it is, so it is the newest with which the twin compiles.
fn library_of(twin: &str) -> PathBuf {
    let test = env::current_exe().unwrap();
    let age = |path: &PathBuf| path.metadata().and_then(|data| data.modified());
    let built = test.parent().unwrap().read_dir().unwrap();
    let mut built: Vec<PathBuf> = built
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            let name = path.file_name().unwrap().to_string_lossy();
            name.starts_with("libasyncio-") && name.ends_with(".rlib")
        })
        .collect();
    built.sort_by_key(|path| age(path).unwrap_or(SystemTime::UNIX_EPOCH));
    let mut said = String::from("there is no libasyncio-*.rlib beside this test");
    for library in built.into_iter().rev() {
        let compiled = compile(twin, &library);
        if compiled.status.success() {
            return library;
        }
        said = String::from_utf8_lossy(&compiled.stderr).into_owned();
    }
    panic!("{twin} does not compile: {said}");
}

/// As far as to know whether it compiles. The compiler is the one that Cargo uses: `RUSTC`, or the first in the path
/// (rustup's picks the toolchain of this run by itself).
fn compile(file: &str, library: &Path) -> Output {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/refused");
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let mut command = Command::new(rustc);
    command.args(["--edition=2024", "--crate-type=lib", "--emit=metadata"]);
    command.arg("--out-dir").arg(env!("CARGO_TARGET_TMPDIR"));
    command
        .arg("-L")
        .arg(search_path("dependency=", library.parent().unwrap()));
    command
        .arg("--extern")
        .arg(search_path("asyncio=", library));
    command.arg(folder.join(file)).env_remove("RUSTC_BOOTSTRAP");
    command.output().expect("rustc can be started")
}

fn search_path(kind: &str, path: &Path) -> std::ffi::OsString {
    let mut argument = std::ffi::OsString::from(kind);
    argument.push(path);
    argument
}
