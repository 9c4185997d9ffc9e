//! Every recorded bootstrap is one that a real Envoy takes. `WEFT_ENVOY` names the Envoy to ask (`make
//! test` sets it); without it, `envoy` on PATH.
#![allow(clippy::unwrap_used)]

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

#[test]
fn envoy_takes_every_recorded_bootstrap() {
    let envoy = std::env::var_os("WEFT_ENVOY").unwrap_or_else(|| OsString::from("envoy"));
    let cases = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/bootstrap")).unwrap();
    let files = cases.map(|case| case.unwrap().path().join("bootstrap.json")).filter(|file| file.exists());
    let refused: Vec<_> = files.filter_map(|file| refusal(&envoy, &file)).collect();
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}

/// What Envoy says against a bootstrap, if it does.
fn refusal(envoy: &OsString, file: &Path) -> Option<String> {
    let mut command = Command::new(envoy);
    command.args(["--mode", "validate", "--disable-hot-restart", "--log-level", "error", "--config-path"]).arg(file);
    let output = command.output().expect("an Envoy: set WEFT_ENVOY, or put envoy on PATH");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (!output.status.success()).then(|| format!("{}: {said}", file.display()))
}
