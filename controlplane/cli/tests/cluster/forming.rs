//! Three servers become one cluster, and grow.

use std::time::Duration;

use crate::harness::{Cluster, until_ok};

#[tokio::test(flavor = "multi_thread")]
async fn three_servers_form_one_cluster_and_take_two_more() {
    let mut cluster = Cluster::formed(10, 3).await;
    let first = cluster.servers[0].get("/v1/status/leader").await;
    for (number, server) in cluster.servers.iter().enumerate() {
        assert_eq!(server.get("/v1/status/leader").await, first);
        assert_eq!(server.get("/v1/status/peers").await.as_array().unwrap().len(), 3);
        server.put(&format!("/v1/kv/by/{number}"), "x").await;
    }
    // What was acknowledged anywhere can be read anywhere at once.
    for server in &cluster.servers {
        assert_eq!(server.get("/v1/kv/by?keys").await.as_array().unwrap().len(), 3);
        assert_eq!(server.get("/v1/connect/ca/roots").await["Roots"].as_array().unwrap().len(), 1);
        assert_eq!(server.get("/v1/agent/members").await.as_array().unwrap().len(), 3);
    }
    // Two more at once.
    for number in [4, 5] {
        let setup = cluster.setup(number);
        cluster.add(setup);
    }
    cluster.servers[0].voters("five voters", |voters| voters.len() == 5).await;
    cluster.wait_formed().await;
    assert_eq!(cluster.servers[4].get("/v1/kv/by?keys").await.as_array().unwrap().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_expects_nobody_joins_when_it_is_told_to() {
    let mut cluster = Cluster::formed(71, 1).await;
    let mut setup = cluster.setup(2);
    setup.retry_join.clear();
    setup.more.extend(["--bootstrap-expect".to_owned(), "0".to_owned()]);
    let waiting = cluster.add(setup);
    let server = &cluster.servers[waiting];
    until_ok("it answers", Duration::from_secs(20), async || server.ask("/v1/status/leader").await).await;
    for (address, words) in [("a,b", "neither an address nor a name"), ("127.0.71.99", "refused")] {
        let reply = server.try_send("PUT", &format!("/v1/agent/join/{address}"), "").await.unwrap();
        assert!(reply.status == 500 && reply.text().contains(words), "{}", reply.text());
    }
    server.put("/v1/agent/join/127.0.71.1", "").await;
    cluster.servers[0].voters("two voters", |voters| voters == ["n1", "n2"]).await;
    cluster.wait_formed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_waits_for_others_says_that_there_is_no_leader() {
    let mut cluster = Cluster::start(11, 2);
    cluster.servers[1].kill();
    let waiting = &cluster.servers[0];
    let stale = waiting.get("/v1/catalog/services?stale").await;
    assert_eq!(stale, serde_json::json!({}));
    for (method, path) in [("GET", "/v1/catalog/services"), ("PUT", "/v1/kv/a")] {
        let reply = waiting.try_send(method, path, "x").await.unwrap();
        assert_eq!((reply.status, reply.text().as_str()), (500, "No cluster leader"), "{path}");
    }
    cluster.servers[1].restart();
    cluster.wait_formed().await;
}
