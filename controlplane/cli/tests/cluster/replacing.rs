//! Servers whose disks are lost or old, and others in their place.

use std::path::Path;
use std::time::Duration;

use crate::harness::{Cluster, Setup, until_ok};

fn copy(from: &Path, to: &Path) {
    let copied = std::process::Command::new("cp").arg("-a").arg(from).arg(to).status().unwrap();
    assert!(copied.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_its_disk_takes_its_own_place() {
    let mut cluster = Cluster::formed(16, 3).await;
    cluster.servers[0].put("/v1/kv/a", "1").await;
    let lost = (cluster.leader(0).await + 1) % 3;
    let asked = (lost + 1) % 3;
    cluster.servers[lost].kill();
    std::fs::remove_dir_all(&cluster.servers[lost].setup.data_dir).unwrap();
    cluster.servers[lost].restart();
    cluster.wait_formed().await;
    cluster.servers[asked].voters("three voters", |voters| voters == ["n1", "n2", "n3"]).await;
    assert_eq!(cluster.servers[lost].get("/v1/kv/a?raw").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_disk_does_not_vote_and_comes_back_as_a_new_server() {
    let mut cluster = Cluster::formed(17, 3).await;
    let old = (cluster.leader(0).await + 1) % 3;
    let asked = (old + 1) % 3;
    let dir = cluster.servers[old].setup.data_dir.clone();
    let image = dir.with_extension("image");
    cluster.servers[old].terminate().await;
    copy(&dir, &image);
    cluster.servers[old].restart();
    cluster.wait_formed().await;
    cluster.servers[old].put("/v1/kv/a", "1").await;
    cluster.servers[old].terminate().await;
    std::fs::remove_dir_all(&dir).unwrap();
    copy(&image, &dir);

    cluster.servers[old].restart();
    let (code, log) = cluster.servers[old].ended().await;
    let said = log.lines().last().unwrap_or_default();
    assert_eq!(code, Some(1), "{log}");
    assert!(said.contains("is an older copy") && said.contains("--rejoin-as-new"), "{said}");

    cluster.servers[old].setup.more.push("--rejoin-as-new".to_owned());
    cluster.servers[old].restart();
    cluster.servers[asked].voters("three voters", |voters| voters == ["n1", "n2", "n3"]).await;
    cluster.wait_formed().await;
    assert_eq!(cluster.servers[old].get("/v1/kv/a?raw").await, 1);
    // The flag may stay: it does nothing now.
    cluster.servers[old].terminate().await;
    cluster.servers[old].restart();
    cluster.wait_formed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_replaced_at_its_address_when_somebody_says_so() {
    let mut cluster = Cluster::formed(93, 3).await;
    cluster.servers[2].terminate().await;
    let address = cluster.servers[2].setup.address.clone();
    let mut fresh = Setup { address: address.clone(), retry_join: Vec::new(), ..cluster.setup(4) };
    fresh.more.extend(["--bootstrap-expect", "0"].map(str::to_owned));
    let fresh = cluster.add(fresh);
    let greeted = async || {
        let log = cluster.servers[fresh].log();
        if log.contains("joins it when told to") { Ok(()) } else { Err(log) }
    };
    until_ok("the others ask at its address", Duration::from_secs(30), greeted).await;
    // Whoever had the address would have been removed by now.
    tokio::time::sleep(Duration::from_secs(6)).await;
    cluster.servers[0].voters("as before", |voters| voters == ["n1", "n2", "n3"]).await;

    cluster.servers[0].put(&format!("/v1/agent/join/{address}"), "").await;
    cluster.servers[0].voters("it has taken the place", |voters| voters == ["n1", "n2", "n4"]).await;

    // The one that said that it restarts cannot any more.
    let failed = async || {
        let checks = cluster.servers[0].ask("/v1/health/node/n3").await?;
        if checks[0]["Status"] == "critical" { Ok(()) } else { Err(checks.to_string()) }
    };
    until_ok("the replaced one has failed", Duration::from_secs(30), failed).await;
}
