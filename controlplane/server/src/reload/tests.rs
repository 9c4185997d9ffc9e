//! Agents whose files change while they run.

use std::fs;
use std::net::SocketAddr;

use rcgen::{CertificateParams, KeyPair};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use weft_state::StateView;

use super::*;
use crate::app::Agent;

/// An agent, and the file that it reads.
struct Running {
    dir: TempDir,
    agent: Agent,
}

impl Running {
    async fn start(text: &str) -> Self {
        let dir = TempDir::new().unwrap();
        fs::write(dir.path().join("weft.hcl"), text.replace("DIR", dir.path().to_str().unwrap())).unwrap();
        let flags = Flags { node: Some("n1".into()), config: vec![dir.path().to_owned()], ..Flags::ephemeral() };
        let agent = Agent::start(config::load(&flags).unwrap()).await.unwrap();
        Self { dir, agent }
    }

    async fn reload(&self, text: &str) -> Result<(), String> {
        fs::write(self.dir.path().join("weft.hcl"), text.replace("DIR", self.dir.path().to_str().unwrap())).unwrap();
        self.agent.reloads().reload().await
    }

    /// The names of all instances but the server's, and of checks.
    fn registered(&self) -> Vec<String> {
        let state = self.agent.store().current();
        let view = StateView::new(&state);
        let services = view.node_services(&"n1".into()).into_iter().map(|service| service.value.id.to_string());
        let checks = view.node_checks(&"n1".into()).into_iter().map(|check| check.value.id.to_string());
        let own = ["consul", "serfHealth"];
        let mut all: Vec<_> = services.chain(checks).filter(|id| !own.contains(&id.as_str())).collect();
        all.sort();
        all
    }

    async fn ask(&self, request: &str) -> String {
        ask(self.agent.addresses().http.unwrap(), request).await
    }
}

async fn ask(at: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(at).await.unwrap();
    stream.write_all(format!("{request} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn services_and_checks_come_and_go_with_the_files() {
    let running = Running::start("service { name = \"web\" port = 1 }").await;
    assert_eq!(running.registered(), ["web"]);
    let put = ask(running.agent.addresses().http.unwrap(), "PUT /v1/agent/reload").await;
    assert!(put.starts_with("HTTP/1.1 200 OK"), "{put}");
    running.reload("service { name = \"api\" port = 2 } check { name = \"c\" ttl = \"1h\" }").await.unwrap();
    assert_eq!(running.registered(), ["api", "c"]);
    running.reload("").await.unwrap();
    assert!(running.registered().is_empty(), "{:?}", running.registered());
    running.agent.shutdown().await;
}

#[tokio::test]
async fn what_came_through_the_api_stays() {
    let running = Running::start("service { name = \"web\" port = 1 }").await;
    let body = r#"{"Name":"mine"}"#;
    let mut stream = TcpStream::connect(running.agent.addresses().http.unwrap()).await.unwrap();
    let head = "PUT /v1/agent/service/register HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: ";
    stream.write_all(format!("{head}{}\r\n\r\n{body}", body.len()).as_bytes()).await.unwrap();
    stream.read_to_end(&mut Vec::new()).await.unwrap();
    running.reload("").await.unwrap();
    assert_eq!(running.registered(), ["mine"]);
    running.agent.shutdown().await;
}

#[tokio::test]
async fn a_configuration_with_faults_changes_nothing_and_names_them_all() {
    let running = Running::start("service { name = \"web\" port = 1 }").await;
    let refused =
        running.reload("nodename = \"x\" ports { http = 70000 } service { name = \"api\" }").await.unwrap_err();
    for fault in ["did you mean \"node_name\"?", "70000 is not a port"] {
        assert!(refused.contains(fault), "{refused}");
    }
    assert_eq!(running.registered(), ["web"]);
    let answer = running.ask("PUT /v1/agent/reload").await;
    assert!(answer.starts_with("HTTP/1.1 500") && answer.contains("did you mean"), "{answer}");
    running.agent.shutdown().await;
}

#[tokio::test]
async fn tokens_of_the_file_are_exchanged() {
    let acl = |token: &str| {
        format!(
            "acl {{ enabled = true default_policy = \"deny\"
                    tokens {{ agent_recovery = \"{token}\" initial_management = \"11111111-1111-1111-1111-111111111111\" }} }}"
        )
    };
    let running = Running::start(&acl("first")).await;
    let itself = async |token: &str| running.ask(&format!("GET /v1/agent/self?token={token}")).await;
    assert!(itself("first").await.starts_with("HTTP/1.1 200") && itself("second").await.starts_with("HTTP/1.1 403"));
    running.reload(&acl("second")).await.unwrap();
    assert!(itself("first").await.starts_with("HTTP/1.1 403") && itself("second").await.starts_with("HTTP/1.1 200"));
    running.agent.shutdown().await;
}

fn issue(dir: &std::path::Path) {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
    fs::write(dir.join("agent.pem"), certificate.pem()).unwrap();
    fs::write(dir.join("agent-key.pem"), key.serialize_pem()).unwrap();
}

#[tokio::test]
async fn certificates_that_cannot_be_used_change_nothing_else() {
    let text = "ports { https = 0 } tls { https { cert_file = \"DIR/agent.pem\" key_file = \"DIR/agent-key.pem\" } }";
    let dir = TempDir::new().unwrap();
    issue(dir.path());
    let text = text.replace("DIR", dir.path().to_str().unwrap());
    let running = Running::start(&text).await;
    issue(dir.path());
    running.reload(&text).await.unwrap();
    fs::write(dir.path().join("agent-key.pem"), "no key").unwrap();
    let refused = running.reload(&format!("{text} service {{ name = \"web\" }}")).await.unwrap_err();
    assert!(refused.contains("the HTTPS port") && refused.contains("agent-key.pem"), "{refused}");
    assert!(running.registered().is_empty());
    running.agent.shutdown().await;
}

#[test]
fn what_needs_a_restart_is_named() {
    let load = |text: &str| {
        let dir = TempDir::new().unwrap();
        fs::write(dir.path().join("weft.hcl"), text).unwrap();
        config::load(&Flags { config: vec![dir.path().to_owned()], ..Flags::ephemeral() }).unwrap()
    };
    let started = Started::with(&load("node_name = \"a\" domain = \"x\""));
    assert!(started.need_restart(&load("node_name = \"a\" domain = \"x\" log_level = \"debug\"")).is_empty());
    let other = load(
        "node_name = \"b\" dns_config { only_passing = true } service { name = \"web\" } acl { tokens { default = \"t\" } }
         ca_file = \"a\" cert_file = \"b\" key_file = \"c\" limits { http_max_conns_per_client = 7 }",
    );
    let expected = ["domain", "node_name", "ports.grpc_tls", "the files of tls.internal_rpc"];
    assert_eq!(started.need_restart(&other), expected);
}

#[tokio::test]
async fn what_the_node_says_of_itself_and_how_names_and_checks_are_answered_is_taken_over() {
    let text = |zone: &str, ttl: &str| {
        let discard = zone == "b";
        format!(
            "node_meta {{ zone = \"{zone}\" }}\ndns_config {{ node_ttl = \"{ttl}\" }}\n\
             check {{ name = \"c\" ttl = \"1h\" }}\ndiscard_check_output = {discard}"
        )
    };
    let running = Running::start(&text("a", "10s")).await;
    let keeps_output = async || {
        running.ask("PUT /v1/agent/check/pass/c?note=spoken").await;
        running.ask("GET /v1/agent/checks").await.contains("spoken")
    };
    assert!(keeps_output().await);
    let answer = running.ask("GET /v1/agent/self").await;
    assert!(answer.contains("\"zone\": \"a\""), "{answer}");
    running.reload(&text("b", "20s")).await.unwrap();
    for path in ["/v1/agent/self", "/v1/catalog/nodes?node-meta=zone:b"] {
        let answer = running.ask(&format!("GET {path}")).await;
        let metas = ["\"zone\": \"b\"", "consul-network-segment"];
        assert!(metas.iter().all(|meta| answer.contains(meta)), "{path} {answer}");
    }
    assert_eq!(node_ttl(running.agent.addresses().dns.unwrap()).await, 20);
    assert!(!keeps_output().await);
    // What is registered later does not bring the former words back.
    running.reload(&format!("{}\nservice {{ name = \"web\" }}", text("b", "20s"))).await.unwrap();
    assert!(running.ask("GET /v1/catalog/nodes").await.contains("\"zone\": \"b\""));
    running.agent.shutdown().await;
}

/// The time to live that the address of the agent's node has.
async fn node_ttl(at: SocketAddr) -> u32 {
    use hickory_proto::op::{Message, Query};
    use hickory_proto::rr::{Name, RecordType};
    let mut request = Message::query();
    request.add_query(Query::query(Name::from_ascii("n1.node.consul.").unwrap(), RecordType::A));
    let socket = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.send_to(&request.to_vec().unwrap(), at).await.unwrap();
    let mut buffer = [0; 512];
    let length = socket.recv(&mut buffer).await.unwrap();
    Message::from_vec(&buffer[..length]).unwrap().answers[0].ttl
}
