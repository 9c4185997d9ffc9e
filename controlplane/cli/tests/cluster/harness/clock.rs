//! A wrong clock, by the library that the fault tests preload.

use std::path::Path;
use std::process::Command;

/// The environment of a process whose wall clock is so many seconds off.
pub(crate) fn far_off(dir: &Path, seconds: i64) -> Vec<(String, String)> {
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/../../jepsen/native/shim.c");
    let library = dir.join("clock.so");
    let mut compiler = Command::new("cc");
    compiler.args(["-O1", "-fPIC", "-shared", "-pthread", "-o"]).arg(&library).arg(source).arg("-ldl");
    assert!(compiler.status().unwrap().success());
    // The second word is what is added to the wall clock, in nanoseconds; a whole page is mapped.
    let mut control = vec![0; 4096];
    control[8..16].copy_from_slice(&(seconds * 1_000_000_000).to_ne_bytes());
    let file = dir.join("clock");
    std::fs::write(&file, control).unwrap();
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    vec![("LD_PRELOAD".to_owned(), text(&library)), ("WEFTJ_SHIM".to_owned(), text(&file))]
}
