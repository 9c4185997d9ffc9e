//! Consul's flags of an agent, as start scripts give them.
#![allow(clippy::disallowed_methods)] // these tests have no runtime that a sleep could hold up

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::live::Live;

#[test]
fn an_agent_starts_with_what_a_script_for_consul_gives_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).display().to_string();
    fs::write(dir.path().join("settings"), "node_meta { zone = \"file\" rack = \"r1\" }").unwrap();
    let id = "5f4e1c2d-0b6a-4d4e-9c55-1f0a3b9d7e21";
    let arguments = [
        "-pid-file",
        &path("pid"),
        "-log-file",
        &path("weft.log"),
        "-log-rotate-bytes=1000000",
        "-log-rotate-max-files=2",
        "-node-id",
        id,
        "-node-meta",
        "zone:flag",
        "-node-meta=url:http://x:1",
        "-config-file",
        &path("settings"),
        "-config-format=hcl",
        "-hcl",
        "service { name = \"web\" }",
        "-disable-host-node-id",
        "-enable-local-script-checks=true",
        "-protocol=3",
        "-raft-protocol=3",
        "-serf-lan-port=8301",
        "-retry-interval=5s",
        "-join",
        "127.0.0.1:1",
    ];
    let agent = Live::start_with(&arguments);
    assert_eq!(fs::read_to_string(path("pid")).unwrap(), agent.id().to_string());
    // It has asked the server that does not answer first.
    let nodes =
        until(|| weft(&agent, &["catalog", "nodes", "-node-meta", "zone=flag", "-detailed"]), |out| out.contains(id));
    for part in ["rack=r1", "url=http://x:1"] {
        assert!(nodes.contains(part), "{nodes}");
    }
    until(|| weft(&agent, &["catalog", "services"]), |out| out == "consul\nweb\n");
    let names = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let logs: Vec<_> = names.filter(|name| name.starts_with("weft-")).collect();
    assert_eq!(logs.len(), 1, "{logs:?}");
    let log = fs::read_to_string(dir.path().join(&logs[0])).unwrap();
    assert!(log.contains("INFO") && !log.contains('\u{1b}'), "{log}");
    let told = Command::new("kill").arg(agent.id().to_string()).status().unwrap();
    assert!(told.success());
    until(|| format!("{}", dir.path().join("pid").exists()), |there| there == "false");
}

fn weft(agent: &Live, args: &[&str]) -> String {
    let asked = Command::new(env!("CARGO_BIN_EXE_weft")).args(args).env("WEFT_HTTP_ADDR", &agent.address).output();
    String::from_utf8(asked.unwrap().stdout).unwrap()
}

/// Looks until it is as wished.
fn until(look: impl Fn() -> String, wish: impl Fn(&str) -> bool) -> String {
    let begun = Instant::now();
    loop {
        let seen = look();
        if wish(&seen) {
            return seen;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{seen}");
        std::thread::sleep(Duration::from_millis(50));
    }
}
