//! Servers are restarted one after the other: neither clients that try another server nor proxies notice.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::task::JoinHandle;

use crate::harness::{Answer, Backend, Client, Cluster, Sidecar, Steady, call_once, free_port, until_ok};

const WRITERS: usize = 6;
/// How long each round lasts at least.
const LOAD: Duration = Duration::from_millis(2500);
/// Who has waited for so long has been heard by the server, however busy the machine is.
const HEARD: Duration = Duration::from_secs(2);

fn client(cluster: &Cluster, first: usize) -> Client {
    Client::new(cluster.servers.iter().map(|server| server.api()).collect(), first % cluster.servers.len())
}

/// Counts a key of its own up, each time only if it is what it was: a write that was refused and yet applied
/// is noticed at the next try. Reads each value back. The number of writes.
async fn count_up(mut client: Client, key: String, stop: Arc<AtomicBool>) -> Result<u64, String> {
    let (mut count, mut index) = (0_u64, 0_u64);
    while !stop.load(Ordering::SeqCst) {
        count += 1;
        let wrote = client.ask("PUT", &format!("/v1/kv/{key}?cas={index}"), &count.to_string()).await?;
        if wrote.text() != "true" {
            return Err(format!("{key} = {count}: a write was applied that had been refused: {}", wrote.text()));
        }
        // Another server has it too.
        if count % 3 == 0 {
            client.go_on();
        }
        let read = client.ask("GET", &format!("/v1/kv/{key}"), "").await?.json();
        if read[0]["Value"] != json!(base64(&count.to_string())) {
            return Err(format!("{key} = {count}: read {read}"));
        }
        index = read[0]["ModifyIndex"].as_u64().unwrap_or(0);
    }
    Ok(count)
}

/// Enough for numbers.
fn base64(text: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let groups = text.as_bytes().chunks(3).map(|group| {
        let bits = (0..3).fold(0_usize, |bits, at| bits << 8 | usize::from(group.get(at).copied().unwrap_or(0)));
        let digit = |at: usize| if at <= group.len() { char::from(DIGITS[bits >> (18 - 6 * at) & 63]) } else { '=' };
        (0..4).map(digit).collect::<String>()
    });
    groups.collect()
}

/// Waits for news of a key that never changes. A server that ends may answer early or refuse, but it leaves nobody
/// who has been waiting without a word. The number of answers.
async fn watch(mut client: Client, stop: Arc<AtomicBool>) -> Result<u64, String> {
    let mut answers = 0;
    let mut index = "1".to_owned();
    while !stop.load(Ordering::SeqCst) {
        let asked = Instant::now();
        match client.try_once("GET", &format!("/v1/kv/quiet?index={index}&wait=5s"), "").await {
            Answer::Said(reply) if reply.status == 200 => {
                answers += 1;
                index = reply.header("x-consul-index").unwrap_or("1").to_owned();
                continue;
            }
            Answer::Broken(error) if asked.elapsed() > HEARD => {
                return Err(format!("no answer after {:?}: {error}", asked.elapsed()));
            }
            Answer::Said(_) | Answer::Nobody | Answer::Broken(_) => client.go_on(),
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Ok(answers)
}

async fn sum(tasks: Vec<JoinHandle<Result<u64, String>>>) -> u64 {
    let mut sum = 0;
    for task in tasks {
        sum += task.await.unwrap().unwrap_or_else(|failure| panic!("{failure}"));
    }
    sum
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_that_try_another_server_notice_no_restart() {
    let mut cluster = Cluster::formed(72, 3).await;
    cluster.servers[0].put("/v1/kv/quiet", "x").await;
    let stop = Arc::new(AtomicBool::new(false));
    let writers = (0..WRITERS)
        .map(|writer| tokio::spawn(count_up(client(&cluster, writer), format!("count/{writer}"), Arc::clone(&stop))));
    let writers: Vec<_> = writers.collect();
    let watchers: Vec<_> =
        (0..3).map(|first| tokio::spawn(watch(client(&cluster, first), Arc::clone(&stop)))).collect();
    for server in 0..3 {
        tokio::time::sleep(LOAD).await;
        let began = Instant::now();
        cluster.servers[server].terminate().await;
        eprintln!("server {server} took {:?} to end", began.elapsed());
        cluster.servers[server].restart();
        cluster.servers[server].wait_healthy(3).await;
    }
    tokio::time::sleep(LOAD).await;
    stop.store(true, Ordering::SeqCst);
    let (writes, answers) = (sum(writers).await, sum(watchers).await);
    eprintln!("{writes} writes, {answers} answers to those who wait");
    assert!(writes > 60 && answers >= 6, "{writes} writes, {answers} answers");
}

#[tokio::test(flavor = "multi_thread")]
async fn proxies_notice_no_restart_and_no_death() {
    let mut cluster = Cluster::formed(73, 3).await;
    let backend = Backend::http("api-1").await;
    let upstream = free_port();
    let register = async |service: serde_json::Value| {
        cluster.servers[0].put("/v1/agent/service/register", &service.to_string()).await;
    };
    cluster.servers[0]
        .put("/v1/config", &json!({ "Kind": "service-defaults", "Name": "api", "Protocol": "http" }).to_string())
        .await;
    register(json!({
        "Name": "api", "ID": "api-1", "Address": "127.0.0.1", "Port": backend.port,
        "Connect": { "SidecarService": { "Port": free_port() } },
    }))
    .await;
    let upstreams = json!([{ "DestinationName": "api", "LocalBindPort": upstream }]);
    register(json!({
        "Name": "web", "Address": "127.0.0.1", "Port": 9,
        "Connect": { "SidecarService": { "Port": free_port(), "Proxy": { "Upstreams": upstreams } } },
    }))
    .await;
    let addresses: Vec<_> = cluster.servers.iter().map(|server| server.setup.address.clone()).collect();
    let api = Sidecar::start(cluster.path(), "api-1", &addresses).await;
    let web = Sidecar::start(cluster.path(), "web", &addresses).await;
    until_ok("the first call passes", Duration::from_secs(20), async || {
        let reply = call_once(upstream).await?;
        if reply.status == 200 { Ok(()) } else { Err(reply.text()) }
    })
    .await;

    let steady = Steady::http(upstream);
    // The services stand on the first server's node, which may be away for long when it is told to end. When it
    // dies, they count as gone with it five seconds later.
    for (round, ended) in [0, 1, 2, 1, 2].into_iter().enumerate() {
        let other = (ended + 1) % 3;
        tokio::time::sleep(LOAD).await;
        if round < 3 {
            cluster.servers[ended].terminate().await;
        } else {
            cluster.servers[ended].kill();
        }
        // What is written while it is away arrives, at proxies that were served by it too.
        let word = format!("nobody-{round}");
        let path = format!("/v1/connect/intentions/exact?source={word}&destination=api");
        cluster.servers[other].put(&path, r#"{ "Action": "deny" }"#).await;
        let took = api.wait_for(&word).await;
        if round == 0 {
            tokio::time::sleep(Duration::from_secs(8)).await;
        }
        eprintln!("round {round}: a change reached its proxy after {took:?}");
        cluster.servers[ended].restart();
        cluster.servers[ended].wait_healthy(3).await;
    }
    web.wait_for("api").await;
    steady.end().await.assert_none_failed(500);
}
