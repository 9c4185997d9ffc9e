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
