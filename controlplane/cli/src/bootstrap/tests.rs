//! Every folder of `testdata/bootstrap` holds a proxy (`input.json`) and the bootstrap that it gets
//! (`bootstrap.json`), or the text with which it is refused (`error.txt`). `UPDATE_GOLDEN=1` rewrites them.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::*;
use crate::client::{GRPC, Security};
use crate::output::json_text;

#[test]
fn bootstraps_are_as_recorded() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/bootstrap");
    let mut cases: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    assert!(!cases.is_empty());
    for case in cases {
        check(&case);
    }
}

fn check(case: &Path) {
    let input: Value = serde_json::from_str(&fs::read_to_string(case.join("input.json")).unwrap()).unwrap();
    let env = Env::from([("HOST_IP", "10.1.2.3")]);
    let (file, text) = match build(&proxy(&input), &place(&input), &env) {
        Ok(bootstrap) => ("bootstrap.json", json_text(&bootstrap, "  ")),
        Err(error) => ("error.txt", error),
    };
    let golden = case.join(file);
    let text = format!("{text}\n");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&golden, &text).unwrap();
    }
    assert_eq!(fs::read_to_string(&golden).unwrap_or_default(), text, "{}", golden.display());
}

fn proxy(input: &Value) -> Proxy {
    Proxy {
        id: "web-sidecar-proxy".to_owned(),
        service: "web".to_owned(),
        node: "node-1".to_owned(),
        datacenter: "dc1".to_owned(),
        config: input["config"].as_object().cloned().unwrap_or_default(),
    }
}

fn place(input: &Value) -> Place {
    let text = |key: &str, fallback: &str| input[key].as_str().unwrap_or(fallback).to_owned();
    Place {
        admin: text("admin", "127.0.0.1:19000").parse().unwrap(),
        admin_access_log: text("admin_access_log", "/dev/null"),
        control_plane: text("control_plane", "127.0.0.1:8502")
            .split(',')
            .map(|one| Address::parse(one, "x", GRPC, Security::Plain).unwrap())
            .collect(),
        trust: Trust {
            authorities: text("authorities", ""),
            own: input["own"].as_array().map(|own| (own[0].as_str().unwrap().into(), own[1].as_str().unwrap().into())),
            server_name: input["server_name"].as_str().map(str::to_owned),
        },
        token: text("token", "").as_str().into(),
    }
}
