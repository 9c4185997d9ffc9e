//! Runs the small programs of the system (`ip`, `mount`, …) that set the stage.

use std::ffi::OsStr;
use std::process::Command;

use anyhow::{Context, Result, ensure};

/// Runs a program to its end and gives what it printed.
///
/// # Errors
/// When it is not there, or says that it failed.
pub fn run<S: AsRef<OsStr>>(program: &str, args: &[S]) -> Result<String> {
    let output = Command::new(program).args(args).output().with_context(|| program.to_owned())?;
    let shown: Vec<_> = args.iter().map(|arg| arg.as_ref().to_string_lossy().into_owned()).collect();
    ensure!(
        output.status.success(),
        "{program} {}: {}{}",
        shown.join(" "),
        String::from_utf8_lossy(&output.stderr).trim(),
        String::from_utf8_lossy(&output.stdout).trim()
    );
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Runs a line of words.
///
/// # Errors
/// As [`run`].
pub fn words(line: &str) -> Result<String> {
    let mut words = line.split_whitespace();
    let program = words.next().context("an empty line")?;
    run(program, &words.collect::<Vec<_>>())
}
