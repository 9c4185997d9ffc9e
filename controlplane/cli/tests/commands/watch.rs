//! `weft watch` with a command, against a real agent.
#![allow(clippy::disallowed_methods)] // these tests have no runtime that a sleep could hold up

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::live::Live;

#[test]
fn a_command_runs_with_every_change_until_it_fails() {
    let agent = Live::start();
    let home = tempfile::tempdir().unwrap();
    let seen = home.path().join("seen");
    let put = |value: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_weft"));
        command.env("WEFT_HTTP_ADDR", &agent.address).args(["kv", "put", "k", value]).stdout(Stdio::null());
        assert!(command.status().unwrap().success());
    };
    // It keeps what it is given, and fails at the value `two`.
    let handler = format!("tee -a {} | grep -qv dHdv", seen.display());
    let mut watching = Command::new(env!("CARGO_BIN_EXE_weft"))
        .env("WEFT_HTTP_ADDR", &agent.address)
        .args(["watch", "-type", "key", "-key", "k", &handler])
        .spawn()
        .unwrap();
    let wait_for = |lines: usize| {
        let begun = Instant::now();
        while fs::read_to_string(&seen).unwrap_or_default().lines().count() < lines {
            assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", fs::read_to_string(&seen));
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    // There is no key yet, and that is told too.
    wait_for(1);
    put("one");
    wait_for(2);
    put("two");
    let ended = watching.wait().unwrap();
    assert_eq!(ended.code(), Some(1));
    let seen = fs::read_to_string(&seen).unwrap();
    let lines: Vec<_> = seen.lines().collect();
    assert_eq!((lines.len(), lines[0]), (3, "null"), "{lines:?}");
    assert!(lines[1].contains("\"Value\":\"b25l\"") && lines[2].contains("\"Value\":\"dHdv\""), "{lines:?}");
}
