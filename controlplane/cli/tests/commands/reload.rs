//! A running agent whose files change: by SIGHUP, and by `weft reload`.
#![allow(clippy::disallowed_methods)] // these tests have no runtime that a sleep could hold up

use std::fs;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use crate::live::Live;

fn weft(agent: &Live, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_weft")).env("WEFT_HTTP_ADDR", &agent.address).args(args).output().unwrap()
}

fn services(agent: &Live) -> String {
    String::from_utf8(weft(agent, &["catalog", "services"]).stdout).unwrap()
}

#[test]
fn files_are_read_again_by_signal_and_by_command() {
    let dir = tempfile::tempdir().unwrap();
    let write = |text: &str| fs::write(dir.path().join("weft.hcl"), text).unwrap();
    write("service { name = \"first\" }");
    let agent = Live::start_with(&["--config-dir", dir.path().to_str().unwrap()]);
    assert_eq!(services(&agent), "consul\nfirst\n");

    write("service { name = \"second\" }");
    let sent = Command::new("kill").args(["-HUP", &agent.id().to_string()]).status().unwrap();
    assert!(sent.success());
    let begun = Instant::now();
    while services(&agent) != "consul\nsecond\n" {
        assert!(begun.elapsed() < Duration::from_secs(60), "{}", services(&agent));
        std::thread::sleep(Duration::from_millis(50));
    }

    write("service { name = \"third\" }");
    let reloaded = weft(&agent, &["reload"]);
    assert_eq!(String::from_utf8_lossy(&reloaded.stdout), "Configuration reload triggered\n");
    assert_eq!(services(&agent), "consul\nthird\n");

    write("service { name = \"fourth\" } nodename = \"x\" ports { http = 70000 }");
    let refused = weft(&agent, &["reload"]);
    let said = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(1));
    for fault in
        ["Error reloading: Unexpected response code: 500", "did you mean \"node_name\"?", "70000 is not a port"]
    {
        assert!(said.contains(fault), "{said}");
    }
    assert_eq!(services(&agent), "consul\nthird\n", "it goes on as before");
}
