//! The files that a report is written to. They are opened before anything is measured, so that one that
//! cannot be written is known at once.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::PathBuf;

use crate::report::{Report, html, json, markdown};

/// In which form a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The data.
    Json,
    /// For a README.
    Markdown,
    /// The page.
    Html,
}

/// Files to write, and how many could not be.
#[derive(Default)]
pub struct Outputs {
    files: Vec<(Form, PathBuf, File)>,
    failed: usize,
}

impl Outputs {
    /// Opens them; what is in them stays until there is something better. One that cannot be opened is named
    /// on standard error, and the others stand.
    pub fn open(paths: impl IntoIterator<Item = (Form, PathBuf)>) -> Self {
        let mut outputs = Self::default();
        for (form, path) in paths {
            let mut options = OpenOptions::new();
            match options.write(true).create(true).truncate(false).open(&path) {
                Ok(file) => outputs.files.push((form, path, file)),
                Err(error) => outputs.fail(&path, &error),
            }
        }
        outputs
    }

    fn fail(&mut self, path: &std::path::Path, error: &io::Error) {
        eprintln!("error: cannot write {}: {error}", path.display());
        self.failed += 1;
    }

    /// Writes the report to each; whether all were written.
    pub fn write(mut self, report: &Report) -> bool {
        for (form, path, file) in std::mem::take(&mut self.files) {
            if let Err(error) = write(report, form, file) {
                self.fail(&path, &error);
            }
        }
        self.failed == 0
    }
}

fn write(report: &Report, form: Form, mut file: File) -> io::Result<()> {
    let text = match form {
        Form::Json => json::written(report)?,
        Form::Markdown => markdown::written(report),
        Form::Html => html::written(report),
    };
    // A device or a pipe has no length.
    if file.metadata()?.is_file() {
        file.set_len(0)?;
    }
    file.write_all(text.as_bytes())?;
    file.flush()
}
