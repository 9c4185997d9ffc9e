//! Kills of one, of a majority, of all.

use std::time::{Duration, Instant};

use crate::harness::{Cluster, until_ok};

#[tokio::test(flavor = "multi_thread")]
async fn kills_lose_nothing() {
    let mut cluster = Cluster::formed(12, 3).await;
    cluster.servers[0].put("/v1/kv/a", "1").await;
    let leader = cluster.leader(0).await;
    let (other, third) = ((leader + 1) % 3, (leader + 2) % 3);
    cluster.servers[leader].kill();
    let took = cluster.servers[other].put("/v1/kv/b", "2").await;
    eprintln!("from the leader's death to a write: {took:?}");

    // Within ten seconds everybody sees that it has failed.
    let name = cluster.servers[leader].setup.name.clone();
    let survivor = &cluster.servers[third];
    until_ok("the dead leader is seen to have failed", Duration::from_secs(10), async || {
        let members = survivor.get("/v1/agent/members").await;
        let member = members.as_array().unwrap().iter().find(|member| member["Name"] == *name).cloned();
        if member.as_ref().is_some_and(|member| member["Status"] == 4) { Ok(()) } else { Err(format!("{member:?}")) }
    })
    .await;

    // A minority acknowledges nothing, says so in seconds, and still serves stale reads.
    cluster.servers[third].kill();
    let alone = &cluster.servers[other];
    let start = Instant::now();
    let reply = alone.try_send("PUT", "/v1/kv/c", "3").await.unwrap();
    assert_eq!(reply.status, 500, "{}", reply.text());
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
    assert_eq!(alone.get("/v1/kv/?keys&stale").await.as_array().unwrap().len(), 2);
    let servers = alone.get("/v1/operator/raft/configuration?stale").await;
    assert_eq!(servers["Servers"].as_array().map_or(0, Vec::len), 3, "{servers}");
    assert!(alone.ask("/v1/operator/raft/configuration").await.is_err());

    // All come back, and everything is there.
    cluster.servers[other].kill();
    for server in &mut cluster.servers {
        server.restart();
    }
    cluster.wait_formed().await;
    for server in &cluster.servers {
        let keys = server.get("/v1/kv/?keys").await;
        assert!(keys.as_array().unwrap().iter().any(|key| key == "a"), "{keys}");
        assert!(keys.as_array().unwrap().iter().any(|key| key == "b"), "{keys}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_comes_back_elsewhere_is_found() {
    let mut cluster = Cluster::formed(13, 3).await;
    let moved = (cluster.leader(0).await + 1) % 3;
    let asked = (moved + 1) % 3;
    cluster.servers[moved].terminate().await;
    cluster.servers[moved].setup.address = "127.0.13.77".to_owned();
    cluster.servers[moved].restart();
    cluster.wait_formed().await;
    let asked = &cluster.servers[asked];
    until_ok("the membership follows", Duration::from_secs(10), async || {
        let peers = asked.get("/v1/status/peers").await;
        let peers = peers.as_array().unwrap().clone();
        if peers.contains(&"127.0.13.77:8300".into()) { Ok(()) } else { Err(format!("{peers:?}")) }
    })
    .await;
}

/// What a server does not know yet may well be there.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_slept_does_not_say_that_what_it_missed_is_missing() {
    let cluster = Cluster::formed(82, 3).await;
    for round in 0..8 {
        let leader = cluster.leader(0).await;
        let (awake, asleep) = (&cluster.servers[leader], &cluster.servers[(leader + 1) % 3]);
        asleep.signal("STOP");
        let created = awake.try_send("PUT", "/v1/session/create", r#"{"TTL": "60s"}"#).await;
        let id = created.as_ref().map(|reply| reply.json()["ID"].as_str().unwrap_or_default().to_owned());
        let renewal = format!("/v1/session/renew/{}", id.as_deref().unwrap_or_default());
        let api = asleep.api();
        let renewed = tokio::spawn(async move { api.send("PUT", &renewal, String::new()).await });
        tokio::time::sleep(Duration::from_millis(100)).await;
        asleep.signal("CONT");
        assert!(id.is_ok_and(|id| !id.is_empty()), "{created:?}");
        let renewed = renewed.await.unwrap().unwrap();
        assert_eq!(renewed.status, 200, "round {round}: {}", renewed.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_cannot_write_ends_and_is_taken_for_failed() {
    let mut cluster = Cluster::formed(81, 3).await;
    let leader = cluster.leader(0).await;
    let (moved, broken) = ((leader + 1) % 3, (leader + 2) % 3);
    // What replaces the file in which it keeps where the others are.
    let setup = &cluster.servers[broken].setup;
    std::fs::create_dir(setup.data_dir.join("server.tmp")).unwrap();
    let name = setup.name.clone();

    cluster.servers[moved].terminate().await;
    cluster.servers[moved].setup.address = "127.0.81.77".to_owned();
    cluster.servers[moved].restart();
    let (code, log) = cluster.servers[broken].ended().await;
    assert_eq!(code, Some(1), "{log}");
    assert!(log.lines().last().unwrap().contains("server.json"), "{log}");

    let leader = &cluster.servers[leader];
    until_ok("it is seen to have failed", Duration::from_secs(20), async || {
        let checks = leader.get(&format!("/v1/health/node/{name}")).await;
        if checks[0]["Status"] == "critical" { Ok(()) } else { Err(checks.to_string()) }
    })
    .await;
    std::fs::remove_dir(cluster.servers[broken].setup.data_dir.join("server.tmp")).unwrap();
    cluster.servers[broken].restart();
    cluster.wait_formed().await;
}
