//! A `python3` to measure beside, where there is one.

use std::process::Command;
use std::time::Duration;

use crate::child;
use crate::measures::Sizes;
use crate::report::PythonReport;

/// A CPython that answers.
pub struct Python {
    path: String,
    /// What is started: for a name what it stands for, since a version manager's shim takes longer to start than Python.
    executable: String,
    version: String,
    build: String,
    /// Its version and how it was built, since that makes a difference of a third.
    pub description: String,
}

/// For how long one program may run.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// What the measured programs import as `common`, where they come without their folder.
const COMMON: &str = include_str!("../../scripts/python/common.py");

/// The oldest version that is taken.
const OLDEST: (u32, u32) = (3, 9);

impl Python {
    /// Asks the interpreter at `path` who it is.
    ///
    /// # Errors
    ///
    /// Why it cannot be measured beside: there is none, it fails, it is too old.
    pub fn find(path: &str) -> Result<Self, String> {
        Self::find_within(path, DEADLINE)
    }

    /// As [`Python::find`]; it has so long to answer.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn find_within(path: &str, deadline: Duration) -> Result<Self, String> {
        const WHO: &str = "
import platform, sys, sysconfig
built = sysconfig.get_config_var('CONFIG_ARGS') or ''
print(platform.python_implementation(), *sys.version_info[:2], platform.python_version())
flags = ['--enable-optimizations', '--with-lto', '--disable-gil', '--enable-experimental-jit', '--with-pydebug']
print(*[flag for flag in flags if flag in built])
print(sys.executable or '')
";
        let mut python = Self::at(path);
        let answer = python.run_within(WHO, &[], deadline)?;
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
        let flags = lines.next().unwrap_or_default();
        python.build = match flags.contains("--enable-optimizations") {
            true => format!("以 {flags} 构建 · built with {flags}"),
            // Debian's packages are optimised by other means, and do not show it here.
            false => "构建选项无 --enable-optimizations，发行版或另有优化 · no --enable-optimizations among its \
                      build options, though a distribution may optimise by other means"
                .to_owned(),
        };
        let is_name = !path.contains('/');
        if let Some(executable) = lines.next().filter(|path| is_name && !path.is_empty()) {
            python.executable = executable.to_owned();
        }
        python.version = format!("{name} {version}");
        python.description = format!("{} ({})", python.version, python.build);
        Ok(python)
    }

    /// The interpreter at `path`, which was asked before.
    pub fn at(path: &str) -> Self {
        Self {
            path: path.to_owned(),
            executable: path.to_owned(),
            version: String::new(),
            build: String::new(),
            description: String::new(),
        }
    }

    /// Where it is, as it was named.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What is started for it.
    pub fn executable(&self) -> &str {
        &self.executable
    }

    /// Runs a program and gives what it printed.
    ///
    /// # Errors
    ///
    /// Why there is nothing: it could not be started, failed, or was not done in time.
    pub fn run(&self, program: &str, args: &[&str]) -> Result<String, String> {
        self.run_within(program, args, DEADLINE)
    }

    fn run_within(
        &self,
        program: &str,
        args: &[&str],
        deadline: Duration,
    ) -> Result<String, String> {
        let mut command = Command::new(&self.executable);
        command.arg("-").args(args); // the program comes on standard input
        child::run(command, program, deadline)
            .map_err(|error| format!("cannot start {}: {error}", self.path))?
            .output(deadline)
    }

    /// A command that takes measurements with a program of the table.
    pub fn measurement(&self, program: &str, model: &str, sizes: &Sizes) -> Command {
        // The program may have been moved away from its folder: what it imports comes along.
        const PRELUDE: &str = "
import sys, types
sys.modules['common'] = types.ModuleType('common')
exec(compile(sys.argv.pop(1), 'common.py', 'exec'), sys.modules['common'].__dict__)
";
        let mut command = self.command(&format!("{PRELUDE}{program}"));
        command.args([COMMON, model]);
        command.args(sizes.0.iter().map(u64::to_string));
        command
    }

    /// A command that records who ran when under a model.
    pub fn recording(&self, program: &str, model: &str) -> Command {
        let mut command = self.command(program);
        command.arg(model);
        command
    }

    /// What takes the same measurement by hand.
    pub fn by_hand(&self, program: &str, model: &str, sizes: &Sizes) -> String {
        let words: String = sizes.0.iter().map(|size| format!(" {size}")).collect();
        format!("{} {program} {model}{words} </dev/null", self.path)
    }

    /// What a report says of it.
    pub fn report(&self) -> PythonReport {
        PythonReport::Found {
            path: self.path.clone(),
            version: self.version.clone(),
            build: self.build.clone(),
        }
    }

    /// A command that runs a program and leaves standard input to it.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(&self.executable);
        command.args(["-c", program]);
        command
    }
}
