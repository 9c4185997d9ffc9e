//! Servers that go in order.

use std::time::Duration;

use crate::harness::{Cluster, until_ok};

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_that_leaves_is_gone_from_voters_and_catalog_and_may_come_back() {
    let mut cluster = Cluster::formed(14, 3).await;
    let leader = cluster.leader(0).await;
    let other = (leader + 1) % 3;
    let name = cluster.servers[leader].setup.name.clone();
    let reply = cluster.servers[leader].try_send("PUT", "/v1/agent/leave", "").await.unwrap();
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(cluster.servers[leader].ended().await.0, Some(0));
    let survivor = &cluster.servers[other];
    let voters = survivor.voters("two voters", |voters| voters.len() == 2).await;
    assert!(!voters.contains(&name), "{voters:?}");
    until_ok("the node is gone", Duration::from_secs(5), async || {
        let nodes = survivor.get("/v1/catalog/nodes").await;
        if nodes.as_array().unwrap().len() == 2 { Ok(()) } else { Err(nodes.to_string()) }
    })
    .await;

    cluster.servers[leader].restart();
    cluster.servers[other].voters("three voters", |voters| voters.len() == 3).await;
    cluster.wait_formed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_that_is_told_to_end_lets_another_one_lead_first() {
    let mut cluster = Cluster::formed(15, 3).await;
    let leader = cluster.leader(0).await;
    let other = (leader + 1) % 3;
    cluster.servers[leader].terminate().await;
    let reply = cluster.servers[other].try_send("PUT", "/v1/kv/a", "1").await.unwrap();
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(cluster.servers[other].voters("all vote still", |voters| voters.len() == 3).await.len(), 3);
    cluster.servers[leader].restart();
    cluster.wait_formed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_was_forced_out_stays_out_until_it_comes_as_a_new_one() {
    let mut cluster = Cluster::formed(9, 3).await;
    let dead = (cluster.leader(0).await + 1) % 3;
    let asked = (dead + 1) % 3;
    let name = cluster.servers[dead].setup.name.clone();
    let survivor = &cluster.servers[asked];
    let reply = survivor.try_send("PUT", &format!("/v1/agent/force-leave/{name}"), "").await.unwrap();
    assert_ne!(reply.status, 200, "a live server was forced out");
    cluster.servers[dead].kill();
    cluster.servers[asked].put(&format!("/v1/agent/force-leave/{name}"), "").await;
    cluster.servers[asked].voters("two voters", |voters| voters.len() == 2).await;

    cluster.servers[dead].restart();
    let (code, log) = cluster.servers[dead].ended().await;
    assert_eq!(code, Some(1));
    assert!(log.contains("was removed from its cluster") && log.contains("--rejoin-as-new"), "{log}");
    cluster.servers[dead].setup.more.push("--rejoin-as-new".to_owned());
    cluster.servers[dead].restart();
    cluster.wait_formed().await;

    // One that is taken out while it runs, ends.
    cluster.servers[asked].voters("three voters", |voters| voters.len() == 3).await;
    let path = format!("/v1/operator/raft/peer?address={}:8300", cluster.servers[dead].setup.address);
    let reply = cluster.servers[asked].try_send("DELETE", &path, "").await.unwrap();
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(cluster.servers[dead].ended().await.0, Some(1));
}
