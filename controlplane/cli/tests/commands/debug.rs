//! `weft debug` and `weft completion`: what they leave behind.
#![allow(clippy::disallowed_methods)] // these tests have no runtime that a sleep could hold up

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use flate2::read::GzDecoder;
use serde_json::Value;

use crate::live::Live;

fn weft(agent: &Live, dir: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_weft"));
    command.env("WEFT_HTTP_ADDR", &agent.address).args(args).current_dir(dir).stdin(Stdio::null());
    command
}

fn run(agent: &Live, dir: &Path, args: &[&str]) -> Output {
    weft(agent, dir, args).output().unwrap()
}

/// The files of an archive by name; the seconds of a folder's name are `AT`.
fn files(archive: &Path) -> BTreeMap<String, Vec<String>> {
    let mut files = BTreeMap::<String, Vec<String>>::new();
    for entry in tar::Archive::new(GzDecoder::new(File::open(archive).unwrap())).entries().unwrap() {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().display().to_string();
        let at = name.split('/').map(|part| if part.parse::<u64>().is_ok() { "AT" } else { part });
        let name = at.collect::<Vec<_>>().join("/");
        if entry.header().entry_type().is_file() {
            let mut text = String::new();
            entry.read_to_string(&mut text).unwrap();
            files.entry(name).or_default().push(text);
        }
    }
    files
}

#[test]
fn an_archive_holds_what_was_asked_for_and_nobody_else_can_read_it() {
    let (agent, dir) = (Live::start(), tempfile::tempdir().unwrap());
    let done = run(&agent, dir.path(), &["debug", "-interval=1s", "-duration=2s", "-output", "one"]);
    assert!(done.status.success(), "{done:?}");
    assert!(String::from_utf8_lossy(&done.stdout).ends_with("Saved debug archive: one.tar.gz\n"), "{done:?}");
    let archive = dir.path().join("one.tar.gz");
    assert_eq!(archive.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!dir.path().join("one").exists());
    let files = files(&archive);
    let names: Vec<_> = files.keys().map(String::as_str).collect();
    let expected = ["agent.json", "AT/metrics.json", "cluster.json", "host.json", "index.json", "weft.log"];
    let mut expected = expected.map(|name| format!("one/{name}"));
    expected.sort();
    assert_eq!(names, expected);
    let json = |name: &str| serde_json::from_str::<Value>(&files[&format!("one/{name}")][0]).unwrap();
    assert_eq!(json("agent.json")["Config"]["NodeName"], "n1");
    assert_eq!(json("cluster.json")[0]["Name"], "n1");
    assert!(json("AT/metrics.json")["Gauges"].is_array() && json("host.json")["Memory"].is_object());
    assert_eq!(json("index.json")["Interval"], "1s");
    // One look a second; on a machine that stands still for a while it is one less.
    assert!((1..=2).contains(&files["one/AT/metrics.json"].len()));
}

#[test]
fn an_interrupt_keeps_what_there_is_and_a_directory_is_not_written_over() {
    let (agent, dir) = (Live::start(), tempfile::tempdir().unwrap());
    let args = ["debug", "-capture", "agent", "-archive=false", "-output", "two"];
    let mut running = weft(&agent, dir.path(), &args).stdout(Stdio::null()).spawn().unwrap();
    let (begun, kept) = (Instant::now(), dir.path().join("two/agent.json"));
    while !kept.exists() {
        assert!(begun.elapsed() < Duration::from_secs(60));
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(Command::new("kill").args(["-INT", &running.id().to_string()]).status().unwrap().success());
    assert!(running.wait().unwrap().success());
    assert!(dir.path().join("two/index.json").exists() && !dir.path().join("two/host.json").exists());
    let again = run(&agent, dir.path(), &args);
    assert_eq!(
        String::from_utf8_lossy(&again.stderr),
        "Capture validation failed: output directory already exists: two\n"
    );
    assert_eq!(again.status.code(), Some(1));
}

#[test]
fn shells_take_their_completion() {
    let script = Command::new(env!("CARGO_BIN_EXE_weft")).args(["completion", "bash"]).output().unwrap().stdout;
    let script = String::from_utf8(script).unwrap();
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("weft.bash"), &script).unwrap();
    // bash itself says what it would offer.
    let ask = "source weft.bash; COMP_WORDS=(weft kv ex); COMP_CWORD=2; _weft weft ex kv; echo ${COMPREPLY[@]}";
    let offered = Command::new("bash").args(["-c", ask]).current_dir(dir.path()).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&offered.stdout), "export\n", "{offered:?}");
    for shell in ["zsh", "fish"] {
        let made = Command::new(env!("CARGO_BIN_EXE_weft")).args(["completion", shell]).output().unwrap();
        assert!(made.status.success() && String::from_utf8_lossy(&made.stdout).contains("keygen"), "{shell}");
    }
}
