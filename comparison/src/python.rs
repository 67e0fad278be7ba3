//! A `python3` to measure beside, where there is one.

use std::process::Command;
use std::time::Duration;

use crate::child;

/// A CPython that answers.
pub struct Python {
    path: String,
    /// Its version and how it was built, since that makes a difference of a third.
    pub description: String,
}

/// For how long one program may run.
const DEADLINE: Duration = Duration::from_secs(60);

/// The oldest version that is taken.
const OLDEST: (u32, u32) = (3, 9);

impl Python {
    /// Asks the interpreter at `path` who it is.
    ///
    /// # Errors
    ///
    /// Why it cannot be measured beside: there is none, it fails, it is too old.
    pub fn find(path: &str) -> Result<Self, String> {
        const WHO: &str = "
import platform, sys, sysconfig
built = sysconfig.get_config_var('CONFIG_ARGS') or ''
print(platform.python_implementation(), *sys.version_info[:2], platform.python_version())
print('--enable-optimizations' in built)
";
        let mut python = Self {
            path: path.to_owned(),
            description: String::new(),
        };
        let answer = python.run(WHO, &[])?;
        let mut lines = answer.lines();
        let words: Vec<&str> = lines.next().unwrap_or_default().split(' ').collect();
        let [name, major, minor, version] = words[..] else {
            return Err(format!("{path} does not answer as Python does"));
        };
        let found = (major.parse().unwrap_or(0), minor.parse().unwrap_or(0));
        if found < OLDEST {
            return Err(format!(
                "{path} is Python {version}: {}.{} is needed",
                OLDEST.0, OLDEST.1
            ));
        }
        let build = match lines.next() {
            Some("True") => "以 --enable-optimizations 构建 · built with --enable-optimizations",
            // Debian's packages are optimised by other means, and do not show it here.
            _ => "构建选项无 --enable-optimizations · built without --enable-optimizations",
        };
        python.description = format!("{name} {version} ({build})");
        Ok(python)
    }

    /// Runs a program and gives what it printed.
    ///
    /// # Errors
    ///
    /// Why there is nothing: it could not be started, failed, or was not done in time.
    pub fn run(&self, program: &str, args: &[&str]) -> Result<String, String> {
        let mut command = Command::new(&self.path);
        command.arg("-").args(args); // the program comes on standard input
        child::run(command, program, DEADLINE)
            .map_err(|error| format!("cannot start {}: {error}", self.path))?
            .output(DEADLINE)
    }

    /// A command that runs a program and leaves standard input to it.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(&self.path);
        command.args(["-c", program]);
        command
    }
}
