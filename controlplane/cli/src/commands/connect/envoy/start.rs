//! Starts Envoy in this process's place.
//!
//! The bootstrap holds the token, so it never gets a name in the file system: it is a deleted
//! temporary file that Envoy inherits as standard input and opens as `/dev/fd/0`.

use std::fs::File;
use std::io::{self, ErrorKind, Seek, Write};
use std::os::unix::process::CommandExt;
use std::process::Command;

use crate::failure::{Failure, plain_io};

/// Arguments that only make sense with Envoy's hot restart.
const HOT_RESTART: &[&str] =
    &["--restart-epoch", "--hot-restart-version", "--parent-shutdown-time-s", "--base-id", "--use-dynamic-base-id"];

const DRAIN_TIME: &str = "--drain-time-s";
/// How long connections live on after the rules that let them in were replaced. Envoy's own ten minutes
/// would let a denied TCP caller go on for as long.
const DRAIN_SECONDS: &str = "1";

/// Becomes Envoy; returns only if that does not work.
pub(super) fn replace_process(binary: &str, bootstrap: &str, extra: &[String]) -> Failure {
    let file = match inheritable(bootstrap) {
        Ok(file) => file,
        Err(error) => return Failure::new(format!("==> cannot hand the bootstrap to Envoy: {}", plain_io(&error))),
    };
    let error = Command::new(binary).args(arguments(extra)).stdin(file).exec();
    if error.kind() == ErrorKind::NotFound && !binary.contains('/') {
        return Failure::new(format!(
            "==> Couldn't find {binary} on PATH: install Envoy, or name it with --envoy-binary"
        ));
    }
    Failure::new(format!("==> Failed to exec {binary}: {}", plain_io(&error)))
}

fn inheritable(bootstrap: &str) -> io::Result<File> {
    let mut file = tempfile::tempfile()?;
    file.write_all(bootstrap.as_bytes())?;
    file.rewind()?;
    Ok(file)
}

/// Envoy's arguments: what the user gave, and our defaults where that says nothing.
fn arguments(extra: &[String]) -> Vec<String> {
    let mut arguments = vec!["--config-path".to_owned(), "/dev/fd/0".to_owned()];
    // Hot restart shares memory between all Envoys of a host, so it is off unless the user sets it up.
    if !names(extra, HOT_RESTART) && !names(extra, &["--disable-hot-restart"]) {
        arguments.push("--disable-hot-restart".to_owned());
    }
    if !names(extra, &[DRAIN_TIME]) {
        arguments.extend([DRAIN_TIME.to_owned(), DRAIN_SECONDS.to_owned()]);
    }
    arguments.extend_from_slice(extra);
    arguments
}

/// Whether one of these flags is among the arguments.
fn names(arguments: &[String], flags: &[&str]) -> bool {
    let is = |argument: &str, flag: &str| {
        argument.strip_prefix(flag).is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
    };
    arguments.iter().any(|argument| flags.iter().any(|flag| is(argument, flag)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(extra: &[&str]) -> String {
        arguments(&extra.iter().map(|&arg| arg.to_owned()).collect::<Vec<_>>())[2..].join(" ")
    }

    #[test]
    fn hot_restart_is_off_unless_asked_for() {
        assert_eq!(given(&["-l", "debug"]), "--disable-hot-restart --drain-time-s 1 -l debug");
        assert_eq!(given(&["--base-id=7"]), "--drain-time-s 1 --base-id=7");
        assert_eq!(given(&["--disable-hot-restart"]), "--drain-time-s 1 --disable-hot-restart");
    }

    #[test]
    fn the_drain_time_is_short_unless_another_is_given() {
        assert_eq!(given(&["--drain-time-s", "60"]), "--disable-hot-restart --drain-time-s 60");
        assert_eq!(given(&["--drain-time-s=60"]), "--disable-hot-restart --drain-time-s=60");
    }
}
