//! A token whose delete was acknowledged opens nothing any more, on no server (I11).

use serde_json::json;

use crate::harness::{Cluster, Server, until_ok};

/// Without a token everything is allowed, so that the harness can ask; a token must be one nevertheless.
const ACCESS: &str = r#"acl { enabled = true, default_policy = "allow", tokens { initial_management = "8f6a1c52-4a3e-4c0b-9d55-6f1f0a7b3c21" } }"#;
const MANAGEMENT: &str = "8f6a1c52-4a3e-4c0b-9d55-6f1f0a7b3c21";

/// How often a server is asked that has slept through the delete.
const ROUNDS: u32 = 8;

/// A new token: its accessor and its secret.
async fn token(server: &Server) -> (String, String) {
    let path = format!("/v1/acl/token?token={MANAGEMENT}");
    let body = json!({"Policies": [{"Name": "global-management"}]}).to_string();
    let created = async || {
        let reply = server.try_send("PUT", &path, &body).await?;
        if reply.status == 200 { Ok(reply.json()) } else { Err(reply.text()) }
    };
    let (created, _) = until_ok("a token", std::time::Duration::from_secs(20), created).await;
    (created["AccessorID"].as_str().unwrap().to_owned(), created["SecretID"].as_str().unwrap().to_owned())
}

/// What a server says to requests that it finds when it wakes up, and that were sent after the token's delete was
/// acknowledged elsewhere.
async fn asks_a_sleeper(asleep: &Server, awake: &Server) -> Vec<String> {
    let (accessor, secret) = token(awake).await;
    let known = async || {
        let reply = asleep.try_send("GET", &format!("/v1/kv/?keys&token={secret}"), "").await?;
        if reply.status == 404 || reply.status == 200 { Ok(()) } else { Err(reply.text()) }
    };
    until_ok("the token works", std::time::Duration::from_secs(20), known).await;

    asleep.signal("STOP");
    let delete = format!("/v1/acl/token/{accessor}?token={MANAGEMENT}");
    let deleted = awake.try_send("DELETE", &delete, "").await;
    let requests = [
        ("PUT", format!("/v1/kv/late?token={secret}")),
        ("GET", format!("/v1/kv/late?token={secret}")),
        ("GET", format!("/v1/catalog/services?consistent&token={secret}")),
        ("GET", format!("/v1/acl/tokens?token={secret}")),
        ("PUT", format!("/v1/agent/service/deregister/none?token={secret}")),
    ];
    let sent: Vec<_> = requests
        .map(|(method, path)| {
            let api = asleep.api();
            tokio::spawn(async move {
                let reply = api.send(method, &path, "1".to_owned()).await;
                (path, reply.map(|reply| (reply.status, reply.text())))
            })
        })
        .into();
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    asleep.signal("CONT");
    assert_eq!(deleted.map(|reply| reply.status), Ok(200));
    let mut passed = Vec::new();
    for request in sent {
        let (path, reply) = request.await.unwrap();
        match reply {
            Ok((403, _)) | Err(_) => {}
            // No leader in time is no passing either.
            Ok((500, text)) if text.contains("No cluster leader") => {}
            Ok((status, text)) => passed.push(format!("{path}: {status} {text}")),
        }
    }
    passed
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_token_opens_nothing_on_a_server_that_slept_through_the_delete() {
    let cluster = Cluster::configured(80, 3, ACCESS);
    cluster.wait_formed().await;
    for round in 0..ROUNDS {
        let leader = cluster.leader(0).await;
        let passed = asks_a_sleeper(&cluster.servers[(leader + 1) % 3], &cluster.servers[leader]).await;
        assert!(passed.is_empty(), "round {round}: {passed:#?}");
    }
}
