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

/// Hot restart shares memory between all Envoys of a host, so it is off unless the user sets it up.
fn arguments(extra: &[String]) -> Vec<String> {
    let asked = |arg: &String| HOT_RESTART.iter().any(|flag| arg == flag || arg.starts_with(&format!("{flag}=")));
    let mut arguments = vec!["--config-path".to_owned(), "/dev/fd/0".to_owned()];
    if !extra.iter().any(|arg| asked(arg) || arg == "--disable-hot-restart") {
        arguments.push("--disable-hot-restart".to_owned());
    }
    arguments.extend_from_slice(extra);
    arguments
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hot_restart_is_off_unless_asked_for() {
        let given =
            |extra: &[&str]| arguments(&extra.iter().map(|&arg| arg.to_owned()).collect::<Vec<_>>())[2..].join(" ");
        assert_eq!(given(&["-l", "debug"]), "--disable-hot-restart -l debug");
        assert_eq!(given(&["--base-id=7"]), "--base-id=7");
        assert_eq!(given(&["--disable-hot-restart"]), "--disable-hot-restart");
    }
}
