//! Tells the program which compiler built it, and with which crates: figures carry both.

use std::process::Command;
use std::{env, fs};

/// The crates that are measured.
const MEASURED: &[&str] = &["tokio", "rayon", "nix", "crossbeam-channel", "postcard"];

const LOCK: &str = "../Cargo.lock";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={LOCK}");
    let rustc = env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let output = Command::new(rustc).arg("--version").output();
    let version = output
        .ok()
        .and_then(|output| String::from_utf8(output.stdout).ok())
        .unwrap_or_else(|| "rustc (unknown version)".to_owned());
    println!("cargo::rustc-env=RUSTC_VERSION={}", version.trim());

    let lock = fs::read_to_string(LOCK).unwrap_or_default();
    let version = |name: &&&str| {
        let entry = lock
            .split_once(&format!("name = \"{name}\"\nversion = \""))?
            .1;
        Some(format!("{name} {}", entry.split('"').next()?))
    };
    let crates: Vec<String> = MEASURED.iter().filter_map(|name| version(&name)).collect();
    println!("cargo::rustc-env=MEASURED_CRATES={}", crates.join(","));
}
