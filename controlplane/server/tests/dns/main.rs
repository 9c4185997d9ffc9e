//! DNS as clients see it: an agent's answers, and those of a real Consul to the same questions about the
//! same catalog.

#![allow(clippy::unwrap_used)]

#[path = "../support/mod.rs"]
mod support;

mod answer;
mod consul;
mod corpus;

use answer::{ask, request};
use corpus::Corpus;
use serde_json::json;
use support::Client;
use tokio::net::UdpSocket;
use weft_server::Agent;
use weft_server::config::{self, Flags};

/// A server with the corpus's settings and catalog.
async fn agent(corpus: &Corpus) -> Agent {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("dns.json");
    std::fs::write(&file, corpus.config.to_string()).unwrap();
    let flags = Flags {
        node: Some("n1".into()),
        bind: Some(corpus::ADDRESS.into()),
        server_port: Some(8300),
        config: vec![file],
        ..Flags::ephemeral()
    };
    let agent = Agent::start(config::load(&flags).unwrap()).await.unwrap();
    corpus.write_to(&Client::of(&agent)).await;
    agent
}

/// With `UPDATE_GOLDEN=1` what differs is written down, to be given a reason or mended.
#[tokio::test(flavor = "multi_thread")]
async fn answers_are_consuls_or_differ_for_a_reason() {
    let mut cases = 0;
    for file in corpus::FILES {
        cases += answers_of(Corpus::load(file)).await;
    }
    assert!(cases >= 200);
}

/// How many there are.
async fn answers_of(mut corpus: Corpus) -> usize {
    let agent = agent(&corpus).await;
    let at = agent.addresses().dns.unwrap();
    let mut wrong = Vec::new();
    for case in &mut corpus.cases {
        let said = ask(at, &case.ask, case.by_count).await;
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            case.weft = (said != case.consul).then(|| said.clone());
        }
        let is_known = case.weft.is_none() || case.why.is_some();
        if !is_known || said != *case.weft.as_ref().unwrap_or(&case.consul) {
            wrong.push(format!(
                "{}\n  {said:#?}\n  instead of {:#?}",
                case.ask,
                case.weft.as_ref().unwrap_or(&case.consul)
            ));
        }
        assert!(case.why.is_none() || case.weft.is_some(), "{}: a reason without a difference", case.ask);
    }
    corpus.save_if_asked();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    agent.shutdown().await;
    corpus.cases.len()
}

/// The recorded answers are those of a Consul that runs now. With `UPDATE_GOLDEN=1` they are recorded.
#[tokio::test]
#[ignore = "needs WEFT_CONSUL, the path of a Consul 1.8 binary"]
async fn recorded_answers_are_those_of_a_running_consul() {
    for file in corpus::FILES {
        record(Corpus::load(file)).await;
    }
}

async fn record(mut corpus: Corpus) {
    let consul = consul::Consul::start(&corpus.config).await;
    corpus.write_to(&Client(consul.http)).await;
    let mut wrong = Vec::new();
    for case in &mut corpus.cases {
        let said = ask(consul.dns, &case.ask, case.by_count).await;
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            case.consul = said;
        } else if said != case.consul {
            wrong.push(format!("{}\n  {said:#?}", case.ask));
        }
    }
    corpus.save_if_asked();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_port_is_said_and_dns_can_be_off() {
    let taken = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let port = i64::from(taken.local_addr().unwrap().port());
    let start = async |dns_port| {
        let flags = Flags { dns_port: Some(dns_port), node: Some("n1".into()), ..Flags::ephemeral() };
        Agent::start(config::load(&flags).unwrap()).await
    };
    let error = start(port).await.err().unwrap();
    let expected = format!("the DNS port cannot be opened on 127.0.0.1:{port}");
    assert!(error.to_string().starts_with(&expected), "{error:#}");
    let off = start(-1).await.unwrap();
    assert_eq!(off.addresses().dns, None);
    let described = Client::of(&off).get("/v1/agent/self").await.json();
    assert_eq!(described["DebugConfig"]["DNSPort"], -1);
    off.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dns_ends_with_its_agent_and_follows_health() {
    let agent = Agent::start(support::dev()).await.unwrap();
    let at = agent.addresses().dns.unwrap();
    let client = Client::of(&agent);
    assert_eq!(client.get("/v1/agent/self").await.json()["DebugConfig"]["DNSPort"], at.port());
    let service = json!({"Name": "web", "Port": 80, "Check": {"TTL": "60s", "Status": "critical"}});
    client.put("/v1/agent/service/register", &service).await;
    assert_eq!(ask(at, "web.service.consul. A", false).await.code, "NXDomain");
    client.put("/v1/agent/check/pass/service:web", &serde_json::Value::Null).await;
    assert_eq!(ask(at, "web.service.consul. A", false).await.answers, ["web.service.consul. 0 A 127.0.0.1"]);
    agent.shutdown().await;
    let gone = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    gone.connect(at).await.unwrap();
    gone.send(&request("web.service.consul. A")).await.unwrap();
    let refused = gone.recv(&mut [0; 512]).await.unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
    assert!(tokio::net::TcpStream::connect(at).await.is_err());
}
