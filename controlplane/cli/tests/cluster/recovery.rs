//! Clusters that cannot agree any more are brought back by commands, without a file being edited.

use std::time::Duration;

use crate::harness::{Cluster, Server, run, until_ok};

/// Runs `weft operator raft recover` on a server's directory.
async fn recover(server: &Server, peers: &[&str]) -> (i32, String) {
    let dir = server.setup.data_dir.to_str().unwrap();
    let mut arguments = vec!["operator", "raft", "recover", "--data-dir", dir];
    arguments.extend(peers.iter().flat_map(|peer| ["--peer", *peer]));
    let output = run(&arguments).await;
    (output.code, output.stdout + &output.stderr)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_of_three_goes_on_alone_and_takes_new_ones() {
    let mut cluster = Cluster::formed(74, 3).await;
    cluster.servers[1].put("/v1/kv/a", "1").await;
    let left = (cluster.leader(0).await + 1) % 3;
    let (dead, lost) = ((left + 1) % 3, (left + 2) % 3);
    let (code, said) = recover(&cluster.servers[left], &[]).await;
    assert!(code == 1 && said.contains("in use by another process"), "{said}");
    for server in &mut cluster.servers {
        server.kill();
    }
    std::fs::remove_dir_all(&cluster.servers[lost].setup.data_dir).unwrap();

    // Alone it decides nothing.
    cluster.servers[left].restart();
    let survivor = &mut cluster.servers[left];
    until_ok("it answers", Duration::from_secs(20), async || survivor.ask("/v1/kv/?keys&stale").await).await;
    let reply = survivor.try_send("PUT", "/v1/kv/b", "2").await.unwrap();
    assert_eq!(reply.status, 500, "{}", reply.text());
    survivor.terminate().await;
    let (code, said) = recover(survivor, &["stranger"]).await;
    assert!(code == 1 && said.contains("\"stranger\" is not one of these servers"), "{said}");
    let (code, said) = recover(survivor, &[]).await;
    assert!(code == 0 && said.contains("These are the members now"), "{said}");
    survivor.restart();
    survivor.put("/v1/kv/b", "2").await;
    let name = survivor.setup.name.clone();
    assert_eq!(survivor.voters("one voter", |voters| voters.len() == 1).await, [name]);

    // Those that were left out have failed, and can be told to go.
    let gone = cluster.servers[lost].setup.name.clone();
    let (checks, survivor) = (format!("/v1/health/node/{gone}"), &cluster.servers[left]);
    let failed = async || {
        let checks = survivor.ask(&checks).await?;
        if checks[0]["Status"] == "critical" { Ok(()) } else { Err(checks.to_string()) }
    };
    until_ok("the server that was left out has failed", Duration::from_secs(30), failed).await;
    survivor.put(&format!("/v1/agent/force-leave/{gone}"), "").await;
    assert_eq!(survivor.get(&format!("/v1/catalog/node/{gone}")).await, serde_json::Value::Null);

    // One that was left out comes back on its old disk.
    cluster.servers[dead].restart();
    let (code, log) = cluster.servers[dead].ended().await;
    assert_eq!(code, Some(1));
    assert!(log.contains("was removed from its cluster") && log.contains("--rejoin-as-new"), "{log}");
    cluster.servers[dead].setup.more.push("--rejoin-as-new".to_owned());
    for server in [dead, lost] {
        cluster.servers[server].restart();
    }
    cluster.servers[left].voters("three voters", |voters| voters == ["n1", "n2", "n3"]).await;
    cluster.wait_formed().await;
    for server in &cluster.servers {
        assert_eq!(server.get("/v1/kv/?keys").await, serde_json::json!(["a", "b"]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_addresses_may_change_at_once() {
    let mut cluster = Cluster::formed(75, 3).await;
    cluster.servers[0].put("/v1/kv/a", "1").await;
    for server in &mut cluster.servers {
        server.terminate().await;
    }
    let addresses: Vec<_> = (11..=13).map(|number| format!("127.0.75.{number}")).collect();
    for (server, address) in cluster.servers.iter_mut().zip(&addresses) {
        server.setup.address.clone_from(address);
        server.setup.retry_join.clone_from(&addresses);
        server.restart();
    }
    cluster.wait_formed().await;
    cluster.servers[2].put("/v1/kv/b", "2").await;
    until_ok("the membership follows", Duration::from_secs(10), async || {
        let mut peers: Vec<_> = cluster.servers[0].get("/v1/status/peers").await.as_array().unwrap().clone();
        peers.sort_by_key(ToString::to_string);
        let moved =
            addresses.iter().map(|address| format!("{address}:8300")).eq(peers.iter().filter_map(|p| p.as_str()));
        if moved { Ok(()) } else { Err(format!("{peers:?}")) }
    })
    .await;
    assert_eq!(cluster.servers[1].get("/v1/kv/?keys").await, serde_json::json!(["a", "b"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_of_five_go_on_at_new_addresses() {
    let mut cluster = Cluster::formed(76, 5).await;
    cluster.servers[0].put("/v1/kv/a", "1").await;
    for server in &mut cluster.servers {
        server.terminate().await;
    }
    let peers = ["n1=127.0.76.11:8300", "n2=127.0.76.12:8300"];
    for server in &cluster.servers[..2] {
        let (code, said) = recover(server, &peers).await;
        assert_eq!(code, 0, "{said}");
    }
    for (number, server) in cluster.servers[..2].iter_mut().enumerate() {
        server.setup.address = format!("127.0.76.{}", 11 + number);
        server.setup.retry_join.clear();
        server.setup.expect = 5;
        server.setup.retry_join.push("127.0.76.11".to_owned());
        server.restart();
    }
    for server in &cluster.servers[..2] {
        server.voters("two voters", |voters| voters == ["n1", "n2"]).await;
        assert_eq!(server.get("/v1/kv/a?raw").await, 1);
    }
    cluster.servers[1].put("/v1/kv/b", "2").await;
}
