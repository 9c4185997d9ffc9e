//! `make demo ONCE=1` in short: the same script, with the binary that is there.

use std::path::Path;

use crate::harness::{Load, Scratch};

#[tokio::test]
async fn the_demo_holds_at_every_step_and_cleans_up() {
    let scratch = Scratch::new(Load::Shared).await;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/demo/demo.sh");
    let envoy = std::env::var_os("WEFT_ENVOY").unwrap_or_else(|| "envoy".into());
    let run = tokio::process::Command::new(script)
        .arg("--once")
        .env("WEFT_BIN", env!("CARGO_BIN_EXE_weft"))
        .env("WEFT_ENVOY", envoy)
        .env("TMPDIR", scratch.path())
        .output()
        .await
        .unwrap();
    let [stdout, stderr] = [run.stdout, run.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    assert!(run.status.success(), "{}\n{stdout}\n{stderr}", run.status);
    let left: Vec<_> = std::fs::read_dir(scratch.path()).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}
