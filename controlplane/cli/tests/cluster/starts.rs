//! Starts that cannot succeed: one line says why and what to do, the exit code is 1, and what lies in the
//! directory is as it was.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::harness::{Cluster, Setup, run, until_ok};

/// All that lies in a directory, with what is in it.
fn contents(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(dir).unwrap().map(Result::unwrap) {
        let (path, name) = (entry.path(), entry.file_name().into_string().unwrap());
        if path.is_dir() {
            found.insert(format!("{name}/"), Vec::new());
            found.extend(contents(&path).into_iter().map(|(below, bytes)| (format!("{name}/{below}"), bytes)));
        } else {
            found.insert(name, fs::read(&path).unwrap());
        }
    }
    found
}

async fn says(cluster: &Cluster, setup: Setup, words: &[&str]) {
    let text = cluster.refusal(setup).await;
    assert!(words.iter().all(|word| text.contains(word)), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn directories_of_others_are_left_alone() {
    let cluster = Cluster::start(77, 0);
    let alone = |dir: &Path| Setup { data_dir: dir.to_owned(), ..cluster.alone(1) };
    let file = cluster.path().join("file");
    fs::write(&file, "not a directory").unwrap();
    says(&cluster, alone(&file), &["is a file", "--data-dir"]).await;
    assert_eq!(fs::read(&file).unwrap(), b"not a directory");

    for (name, files) in [
        ("consul", &["node-id", "checkpoint-signature", "serf/local.snapshot", "raft/raft.db"][..]),
        ("raft-alone", &["raft/raft.db", "raft/peers.json"]),
        ("etcd", &["member/wal/0.wal", "member/snap/db"]),
        ("home", &["letter.txt"]),
    ] {
        let dir = cluster.path().join(name);
        for file in files {
            fs::create_dir_all(dir.join(file).parent().unwrap()).unwrap();
            fs::write(dir.join(file), name).unwrap();
        }
        let before = contents(&dir);
        says(&cluster, alone(&dir), &[name, "give", "empty"]).await;
        assert_eq!(contents(&dir), before);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn directories_that_cannot_be_used_are_named() {
    let cluster = Cluster::start(78, 0);
    // What the superuser may do, nobody else may.
    let wrapper = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"].map(str::to_owned);
    let wrapper = if rustix::process::geteuid().is_root() { wrapper.to_vec() } else { Vec::new() };
    for (mode, below) in [(0o000, ""), (0o500, ""), (0o500, "data")] {
        let dir = cluster.path().join(format!("closed-{mode}-{below}"));
        fs::create_dir(&dir).unwrap();
        fs::set_permissions(&dir, fs::Permissions::from_mode(mode)).unwrap();
        let setup = Setup { data_dir: dir.join(below), wrapper: wrapper.clone(), ..cluster.alone(1) };
        says(&cluster, setup, &["cannot be used", "Permission denied", "another --data-dir"]).await;
        fs::set_permissions(&dir, fs::Permissions::from_mode(0o700)).unwrap();
        assert!(contents(&dir).is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn damaged_directories_are_refused_and_left_alone() {
    let mut cluster = Cluster::start(79, 0);
    let setup = cluster.alone(1);
    let dir = setup.data_dir.clone();
    let server = cluster.add(setup.clone());
    for number in 0..50 {
        cluster.servers[server].put(&format!("/v1/kv/{number}"), &"x".repeat(1000)).await;
    }
    cluster.servers[server].terminate().await;

    let mut elsewhere = setup.clone();
    elsewhere.more.extend(["--datacenter".into(), "dc2".into()]);
    let before = contents(&dir);
    says(&cluster, elsewhere, &["is of datacenter \"dc1\", not \"dc2\"", "--datacenter"]).await;
    assert_eq!(contents(&dir), before);

    let identity = fs::read(dir.join("server.json")).unwrap();
    fs::write(dir.join("server.json"), &identity[..identity.len() / 2]).unwrap();
    let before = contents(&dir);
    says(&cluster, setup.clone(), &["server.json is damaged", "backup"]).await;
    assert_eq!(contents(&dir), before);
    fs::write(dir.join("server.json"), &identity).unwrap();

    // The biggest file of the log is where the keys are.
    let log = fs::read_dir(dir.join("raft/log")).unwrap().map(|entry| entry.unwrap().path());
    let biggest = log.max_by_key(|path| path.metadata().unwrap().len()).unwrap();
    let sound = fs::read(&biggest).unwrap();
    let mut damaged = sound.clone();
    damaged[sound.len() / 2] ^= 0x40;
    fs::write(&biggest, &damaged).unwrap();
    says(&cluster, setup.clone(), &["is damaged", "backup"]).await;
    assert_eq!(fs::read(&biggest).unwrap(), damaged);
    fs::write(&biggest, &sound).unwrap();

    cluster.servers[server].restart();
    until_ok("it is whole again", std::time::Duration::from_secs(20), async || {
        let keys = cluster.servers[server].ask("/v1/kv/?keys").await?;
        if keys.as_array().unwrap().len() == 50 { Ok(()) } else { Err(keys.to_string()) }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_make_no_cluster_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let server = ["agent", "-server", "-bind", "127.0.79.50", "-client", "127.0.79.50", "-data-dir"];
    let server = [&server[..], &[data.to_str().unwrap()]].concat();
    for (flags, words) in [
        (&["-bootstrap-expect", "-1"][..], &["bootstrap_expect = -1", "1 to 9"][..]),
        (&["-bootstrap-expect", "10"], &["bootstrap_expect = 10", "1 to 9"]),
        (&["-bootstrap-expect", "3"], &["bootstrap_expect = 3", "--retry-join"]),
        (&["-bootstrap-expect", "x"], &["--bootstrap-expect", "invalid"]),
        (&[], &["--bootstrap-expect", "--retry-join"]),
        (&["-retry-join", ""], &["retry_join: \"\"", "HOST:PORT"]),
        (&["-retry-join", "http://127.0.79.51"], &["is a URL", "HOST:PORT"]),
        (&["-retry-join", "127.0.79.51:99999"], &["has no port that one can connect to"]),
        (&["-retry-join", "provider=aws tag_key=a"], &["cloud provider, which is not supported"]),
        (&["-retry-join", "a b", "-retry-join", "c d"], &["\"a b\"", "\"c d\""]),
        (&["-retry-join", "127.0.79.51", "-datacenter", "a b"], &["datacenter", "letters"]),
        (&["-retry-join", "127.0.79.51", "-encrypt", "abc"], &["--encrypt", "weft keygen"]),
        (&["-retry-join", "10.1.2.3"], &["join secret", "weft keygen"]),
    ] {
        let output = run(&[&server[..], flags].concat()).await;
        assert_eq!((output.code, output.stdout.as_str()), (1, ""), "{flags:?}: {}", output.stderr);
        assert!(words.iter().all(|word| output.stderr.contains(word)), "{flags:?}: {}", output.stderr);
    }
}
