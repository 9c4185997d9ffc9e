//! Rules about the tree that a test can hold: who may import whom, and that nothing is left half done.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

/// Each crate with the crates of ours that it may import.
const IMPORTS: &[(&str, &[&str])] = &[
    ("weft-proto", &[]),
    ("base2histogram", &[]),
    ("weft-model", &[]),
    ("weft-state", &["weft-model"]),
    ("weft-raft", &["weft-model", "weft-state", "weft-proto"]),
    ("weft-mesh", &["weft-model", "weft-state"]),
    ("weft-ca", &["weft-model", "weft-state"]),
    ("weft-xds", &["weft-model", "weft-state", "weft-mesh", "weft-ca", "weft-proto"]),
    ("weft-dns", &["weft-model", "weft-state"]),
    ("weft-federation", &["weft-model", "weft-state", "weft-proto"]),
    ("weft-api", &["weft-model", "weft-state", "weft-mesh", "weft-ca"]),
    (
        "weft-server",
        &[
            "weft-model",
            "weft-state",
            "weft-raft",
            "weft-mesh",
            "weft-ca",
            "weft-xds",
            "weft-dns",
            "weft-federation",
            "weft-api",
            "weft-proto",
        ],
    ),
    ("weft-proxy-lite", &["weft-proto"]),
];

/// Crates that only run: they may import everything.
const ENDS: &[&str] = &["weft", "weft-bench", "weft-sim", "weft-jepsen"];

/// What the pure crates must do without: clocks, sockets, disks. `weft-state` may use tokio's
/// channels.
const IMPURE: &[&str] = &["tokio", "tokio-util", "axum", "hyper", "tonic", "rocksdb", "openraft", "rand", "uuid"];

#[test]
fn crates_import_only_what_the_table_allows() {
    for (name, manifest) in manifests() {
        if ENDS.contains(&name.as_str()) {
            continue;
        }
        let (_, allowed) = IMPORTS.iter().find(|(known, _)| *known == name).unwrap_or_else(|| {
            panic!("{name} has no row in the table of imports");
        });
        let ours =
            dependencies(&manifest, "dependencies").into_iter().filter(|dependency| dependency.starts_with("weft-"));
        for import in ours {
            assert!(allowed.contains(&import.as_str()), "{name} must not import {import}");
        }
    }
}

#[test]
fn pure_crates_know_no_runtime_no_network_and_no_disk() {
    let manifests = manifests();
    for name in ["weft-model", "weft-state", "weft-mesh"] {
        let found = dependencies(&manifests[name], "dependencies");
        let mut impure: Vec<_> = found.iter().filter(|dependency| IMPURE.contains(&dependency.as_str())).collect();
        if name == "weft-state" {
            impure.retain(|dependency| *dependency != "tokio");
        }
        // A newtype around an id needs the id's type, not its source of randomness.
        if name != "weft-mesh" {
            impure.retain(|dependency| *dependency != "uuid");
        }
        assert!(impure.is_empty(), "{name} must do without {impure:?}");
    }
}

#[test]
fn the_state_uses_only_channels_of_tokio() {
    for file in sources(&root().join("controlplane/state/src")) {
        let text = fs::read_to_string(&file).unwrap();
        for (number, line) in text.lines().enumerate().filter(|(_, line)| line.contains("tokio::")) {
            let place = format!("{}:{}: {line}", file.display(), number + 1);
            assert!(line.contains("tokio::sync") || line.contains("#[tokio::test"), "{place}");
        }
    }
}

#[test]
fn every_crate_inherits_the_lints_and_the_versions_of_the_workspace() {
    for (name, manifest) in manifests() {
        let lints = manifest.get("lints").and_then(|lints| lints.get("workspace"));
        assert_eq!(lints, Some(&Value::Boolean(true)), "{name}: [lints] workspace = true");
        for kind in ["dependencies", "dev-dependencies", "build-dependencies"] {
            for (dependency, how) in manifest.get(kind).and_then(Value::as_table).into_iter().flatten() {
                let inherited = how.get("workspace") == Some(&Value::Boolean(true));
                assert!(inherited, "{name}: {dependency} has its version at the root");
            }
        }
    }
}

#[test]
fn every_dependency_is_used() {
    let mut named = BTreeSet::new();
    for (directory, manifest) in members() {
        let code: String = sources(&directory).iter().map(|file| fs::read_to_string(file).unwrap()).collect();
        for kind in ["dependencies", "dev-dependencies", "build-dependencies"] {
            for dependency in dependencies(&manifest, kind) {
                let used = code
                    .split(|c: char| !c.is_alphanumeric() && c != '_')
                    .any(|word| word == dependency.replace('-', "_"));
                assert!(used, "{} names {dependency} and does not use it", directory.display());
                named.insert(dependency);
            }
        }
    }
    let workspace = read(&root().join("Cargo.toml"));
    for dependency in dependencies(workspace["workspace"].as_table().unwrap(), "dependencies") {
        assert!(named.contains(&dependency), "no member uses {dependency}");
    }
}

#[test]
fn nothing_is_left_half_done() {
    // Written apart, so that this file does not find itself.
    let markers =
        [("TO", "DO"), ("FIX", "ME"), ("todo", "!("), ("unimplemented", "!(")].map(|(a, b)| format!("{a}{b}"));
    let mut found = Vec::new();
    for (directory, _) in members() {
        for file in sources(&directory) {
            let text = fs::read_to_string(&file).unwrap();
            for (number, line) in text.lines().enumerate() {
                if markers.iter().any(|marker| line.contains(marker.as_str())) {
                    found.push(format!("{}:{}: {}", file.display(), number + 1, line.trim()));
                }
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_owned()
}

fn read(path: &Path) -> Table {
    fs::read_to_string(path).unwrap().parse().unwrap()
}

/// The workspace's members: directory and manifest.
fn members() -> Vec<(PathBuf, Table)> {
    let workspace = read(&root().join("Cargo.toml"));
    let members = workspace["workspace"]["members"].as_array().unwrap();
    let directories = members.iter().map(|member| root().join(member.as_str().unwrap()));
    directories.map(|directory| (directory.clone(), read(&directory.join("Cargo.toml")))).collect()
}

fn manifests() -> BTreeMap<String, Table> {
    let name = |manifest: &Table| manifest["package"]["name"].as_str().unwrap().to_owned();
    members().into_iter().map(|(_, manifest)| (name(&manifest), manifest)).collect()
}

fn dependencies(manifest: &Table, kind: &str) -> BTreeSet<String> {
    manifest.get(kind).and_then(Value::as_table).into_iter().flatten().map(|(name, _)| name.clone()).collect()
}

fn sources(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}
