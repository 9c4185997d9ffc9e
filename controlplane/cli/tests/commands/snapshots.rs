//! Snapshots from end to end: saved, checked, damaged, restored, kept.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::live::Live;

fn run(agent: &Live, folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_weft"));
    command.env("WEFT_HTTP_ADDR", &agent.address).args(args).current_dir(folder).stdin(Stdio::null());
    command.output().unwrap()
}

fn done(agent: &Live, folder: &Path, args: &[&str]) -> String {
    let output = run(agent, folder, args);
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_snapshot_is_saved_checked_and_restored() {
    let agent = Live::start();
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    done(&agent, home, &["kv", "put", "k", "saved"]);
    assert!(done(&agent, home, &["snapshot", "save", "good.snap"]).starts_with("Saved and verified snapshot to index"));
    assert!(done(&agent, home, &["snapshot", "inspect", "good.snap"]).contains("\nVersion      1\n"));
    done(&agent, home, &["kv", "put", "k", "newer"]);

    let mut damaged = fs::read(home.join("good.snap")).unwrap();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 0x40;
    fs::write(home.join("bad.snap"), damaged).unwrap();
    for command in ["inspect", "restore"] {
        assert_eq!(run(&agent, home, &["snapshot", command, "bad.snap"]).status.code(), Some(1), "{command}");
    }
    assert_eq!(done(&agent, home, &["kv", "get", "k"]), "newer\n", "a damaged one changes nothing");

    assert_eq!(done(&agent, home, &["snapshot", "restore", "good.snap"]), "Restored snapshot\n");
    assert_eq!(done(&agent, home, &["kv", "get", "k"]), "saved\n");
    let files: Vec<_> = fs::read_dir(home).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(files.len(), 2, "nothing unverified is left behind: {files:?}");
}

#[test]
fn the_snapshot_agent_keeps_the_newest() {
    let agent = Live::start();
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    fs::write(home.join("weft-other.snap"), "somebody else's").unwrap();
    let once = ["snapshot", "agent", "-interval", "0", "-retain", "2", "-local-path", "."];
    for _ in 0..4 {
        done(&agent, home, &once);
    }
    let mut files: Vec<_> =
        fs::read_dir(home).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    files.sort();
    assert_eq!(files.len(), 3, "{files:?}");
    assert!(files.contains(&"weft-other.snap".to_owned()));
    assert!(done(&agent, home, &["snapshot", "inspect", &files[1]]).contains("Index"));
}
