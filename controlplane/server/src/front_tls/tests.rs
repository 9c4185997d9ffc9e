//! Agents with HTTPS and gRPC over TLS, and clients that may come in or not.

mod support;

use std::fs;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use rcgen::ExtendedKeyUsagePurpose;
use rustls::version::{TLS12, TLS13};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use self::support::{BOTH, Operator, chain, get};
use super::incoming::HANDSHAKES_OF_ONE;
use super::*;
use crate::app::Agent;
use crate::config::{self, Config, Flags};

const INCOMING: &str = "verify_incoming = true ca_file = \"DIR/ca.pem\"";

fn ports(agent: &Agent) -> [SocketAddr; 2] {
    [agent.addresses().https.unwrap(), agent.addresses().grpc_tls.unwrap()]
}

#[tokio::test]
async fn the_rest_api_is_the_same_over_https() {
    let operator = Operator::new();
    let agent = operator.agent("").await;
    let [https, grpc] = ports(&agent);
    let stream = operator.dial(https, None, BOTH, b"http/1.1").await.unwrap();
    let answer = get(stream, "/v1/catalog/nodes").await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    for header in ["x-consul-index: ", "x-consul-knownleader: true", "content-type: application/json"] {
        assert!(answer.to_lowercase().contains(header), "{header} is not in {answer}");
    }
    let itself = get(operator.dial(https, None, BOTH, b"http/1.1").await.unwrap(), "/v1/agent/self").await;
    for said in [format!("\"HTTPSPort\": {}", https.port()), format!("\"TLS\": {}", grpc.port())] {
        assert!(itself.contains(&said), "{said} is not in {itself}");
    }
    for at in [https, grpc] {
        operator.greet(at, None, BOTH).await.unwrap();
    }
    agent.shutdown().await;
}

#[tokio::test]
async fn with_verify_incoming_only_clients_of_the_authority_come_in() {
    let (operator, other) = (Operator::new(), Operator::new());
    let agent = operator.agent(INCOMING).await;
    let ours = operator.client("client");
    let not_for_clients = operator.issue("server", ExtendedKeyUsagePurpose::ServerAuth, |_| {});
    for at in ports(&agent) {
        for version in [&TLS12, &TLS13] {
            operator.greet(at, Some(&ours), &[version]).await.unwrap();
            for (badge, why) in [
                (None, "CertificateRequired"),
                (Some(other.client("client")), "UnknownCA"),
                (Some(operator.expired_client()), "CertificateExpired"),
                (Some(not_for_clients.clone()), "UnsupportedCertificate"),
            ] {
                let refused = operator.greet(at, badge.as_ref(), &[version]).await.unwrap_err();
                // TLS 1.2 knows no alert for a certificate that is missing.
                let said =
                    refused.contains(why) || (why == "CertificateRequired" && refused.contains("HandshakeFailure"));
                assert!(said, "{at} {version:?} {why}: {refused}");
            }
        }
    }
    agent.shutdown().await;
}

#[tokio::test]
async fn the_authorities_may_lie_in_a_directory() {
    let operator = Operator::new();
    let dir = operator.path("authorities");
    fs::create_dir(&dir).unwrap();
    fs::copy(operator.path("ca.pem"), dir.join("one.pem")).unwrap();
    let agent = operator.agent("verify_incoming = true ca_path = \"DIR/authorities\"").await;
    for at in ports(&agent) {
        operator.greet(at, Some(&operator.client("client")), BOTH).await.unwrap();
        assert!(operator.greet(at, None, BOTH).await.is_err());
    }
    agent.shutdown().await;
}

#[tokio::test]
async fn an_older_version_than_the_least_is_not_spoken() {
    let operator = Operator::new();
    let [usual, strict] = [operator.agent("").await, operator.agent("tls_min_version = \"TLSv1_3\"").await];
    for at in ports(&usual) {
        operator.greet(at, None, &[&TLS12]).await.unwrap();
        assert_eq!(alert_for(at, &hello_of_tls11()).await, PROTOCOL_VERSION);
    }
    for at in ports(&strict) {
        operator.greet(at, None, &[&TLS13]).await.unwrap();
        let refused = operator.greet(at, None, &[&TLS12]).await.unwrap_err();
        assert!(refused.contains("ProtocolVersion"), "{refused}");
    }
    usual.shutdown().await;
    strict.shutdown().await;
}

#[tokio::test]
async fn plain_text_and_noise_are_hung_up_on() {
    let operator = Operator::new();
    let agent = operator.agent("").await;
    for at in ports(&agent) {
        for said in [&b"GET /v1/status/leader HTTP/1.1\r\nHost: x\r\n\r\n"[..], &[0x16, 3, 1, 0xff, 0xff], &[0; 4096]] {
            let mut stream = TcpStream::connect(at).await.unwrap();
            stream.write_all(said).await.unwrap();
            stream.shutdown().await.unwrap();
            let mut answer = Vec::new();
            // Some are cut off with a reset.
            drop(stream.read_to_end(&mut answer).await);
            assert!(!String::from_utf8_lossy(&answer).contains("HTTP"), "{answer:?}");
        }
        operator.greet(at, None, BOTH).await.unwrap();
    }
    agent.shutdown().await;
}

#[tokio::test]
async fn clients_that_say_nothing_are_let_go_and_hold_nobody_up() {
    let operator = Operator::new();
    let settings = operator.config("").client_tls.grpc.unwrap();
    let mut door = Door::open("test", GRPC, settings).unwrap();
    Arc::get_mut(&mut door).unwrap().patience = Duration::from_millis(500);
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let at = listener.local_addr().unwrap();
    let mut connections = Box::pin(incoming(listener, door));
    let begun = Instant::now();
    let mut silent = Vec::new();
    for _ in 0..20 {
        silent.push(TcpStream::connect(at).await.unwrap());
    }
    let (shaken, through) =
        tokio::join!(operator.dial(at, None, BOTH, b"h2"), futures::StreamExt::next(&mut connections));
    assert!(shaken.is_ok() && through.is_some());
    for mut stream in silent {
        // Let go of with an end, or with a reset.
        let ended = tokio::time::timeout(Duration::from_secs(30), stream.read_u8()).await;
        assert!(ended.unwrap().is_err());
    }
    assert!(begun.elapsed() >= Duration::from_millis(500));
}

#[tokio::test]
async fn one_address_takes_no_more_than_its_share_of_the_handshakes() {
    let operator = Operator::new();
    let settings = operator.config("").client_tls.grpc.unwrap();
    let mut door = Door::open("test", GRPC, settings).unwrap();
    Arc::get_mut(&mut door).unwrap().patience = Duration::from_secs(600);
    let listener = TcpListener::bind(("0.0.0.0", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut connections = Box::pin(incoming(listener, door));
    let at = SocketAddr::from(([127, 0, 0, 1], port));
    let mut silent = Vec::new();
    for _ in 0..HANDSHAKES_OF_ONE {
        silent.push(TcpStream::connect(at).await.unwrap());
    }
    let mut one_more = TcpStream::connect(at).await.unwrap();
    let ended = tokio::time::timeout(Duration::from_secs(30), one_more.read_u8()).await;
    assert!(ended.expect("it is cut off at once").is_err());

    // Others come in, and so does this one when a handshake of its own has ended.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::from(([127, 0, 0, 2], 0))).unwrap();
    let mut other = socket.connect(at).await.unwrap();
    other.write_all(b"no handshake").await.unwrap();
    let mut answer = Vec::new();
    drop(other.read_to_end(&mut answer).await);
    assert_eq!(answer.first(), Some(&21), "a TLS alert: it was listened to");
    silent.truncate(HANDSHAKES_OF_ONE / 2);
    let again = async {
        while operator.dial(at, None, BOTH, b"h2").await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let through = async { tokio::join!(again, futures::StreamExt::next(&mut connections)).1.is_some() };
    assert!(tokio::time::timeout(Duration::from_secs(30), through).await.unwrap());
}

#[test]
fn files_that_change_are_read_again_and_broken_ones_change_nothing() {
    let operator = Operator::new();
    let door = Door::open("test", HTTPS, operator.config(INCOMING).client_tls.https.unwrap()).unwrap();
    let server = || Arc::clone(&door.loaded.read().server);
    let first = server();
    door.refresh().unwrap();
    assert!(Arc::ptr_eq(&first, &server()), "nothing has changed");

    fs::write(operator.path("agent.pem"), "half a cert").unwrap();
    let refused = format!("{:#}", door.refresh().unwrap_err());
    assert!(refused.contains("cert_file") && refused.contains("agent.pem"), "{refused}");
    assert!(Arc::ptr_eq(&first, &server()), "what was good stays");

    operator.issue("agent", ExtendedKeyUsagePurpose::ServerAuth, |_| {});
    door.refresh().unwrap();
    let second = server();
    assert!(!Arc::ptr_eq(&first, &second));
    fs::write(operator.path("ca.pem"), "").unwrap();
    assert!(door.refresh().is_err());
    assert!(Arc::ptr_eq(&second, &server()));
}

#[tokio::test]
async fn a_new_certificate_is_shown_to_the_next_client() {
    let operator = Operator::new();
    let door = Door::open("test", HTTPS, operator.config("").client_tls.https.unwrap()).unwrap();
    for _ in 0..2 {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let at = listener.local_addr().unwrap();
        let (shaken, taken) = tokio::join!(operator.dial(at, None, BOTH, b"http/1.1"), async {
            door.take_in(listener.accept().await.unwrap().0).await
        });
        taken.unwrap();
        let shaken = shaken.unwrap();
        let shown = shaken.get_ref().1.peer_certificates().unwrap();
        assert_eq!(shown, chain(&operator.path("agent.pem")));
        operator.issue("agent", ExtendedKeyUsagePurpose::ServerAuth, |_| {});
        door.refresh().unwrap();
    }
}

#[tokio::test]
async fn an_agent_does_not_start_with_files_that_it_cannot_use() {
    for (file, text, why) in [
        ("agent.pem", "", "there is no certificate in it"),
        ("agent-key.pem", "no key", "there is no private key in it"),
        ("ca.pem", "", "ca_file"),
    ] {
        let operator = Operator::new();
        let config = operator.config(INCOMING);
        fs::write(operator.path(file), text).unwrap();
        let refused = format!("{:#}", Agent::start(config).await.err().unwrap());
        assert!(refused.contains("the HTTPS port") && refused.contains(file) && refused.contains(why), "{refused}");
    }
    let (operator, other) = (Operator::new(), Operator::new());
    let config = operator.config("");
    fs::copy(other.path("agent-key.pem"), operator.path("agent-key.pem")).unwrap();
    let refused = format!("{:#}", Agent::start(config).await.err().unwrap());
    assert!(refused.contains("does not belong to cert_file"), "{refused}");
}

fn load(text: &str) -> Result<Config, Vec<String>> {
    let dir = tempfile::TempDir::new().unwrap();
    fs::write(dir.path().join("a.hcl"), text).unwrap();
    let flags = Flags { config: vec![dir.path().to_owned()], ..Flags::ephemeral() };
    config::load(&flags).map_err(|faults| faults.0.iter().map(ToString::to_string).collect())
}

#[test]
fn consuls_keys_are_read_in_both_their_places() {
    use crate::config::{Endpoint, Port};
    let old = "ports { https = 8501 } ca_file = \"a\" cert_file = \"b\" key_file = \"c\" verify_incoming_https = true
               tls_min_version = \"tls13\" addresses { https = \"127.0.0.9\" }";
    let config = load(old).unwrap();
    assert_eq!(config.listen.https, Endpoint { address: [127, 0, 0, 9].into(), port: Port::At(8501) });
    assert_eq!(config.listen.grpc_tls.port, Port::At(8503), "there is a certificate for it");
    let settings = |clients_of: Option<&str>| TlsSettings {
        cert: "b".into(),
        key: "c".into(),
        clients_of: clients_of.map(Into::into),
        min_version: TlsVersion::V1_3,
    };
    assert_eq!(config.client_tls.https, Some(settings(Some("a"))));
    assert_eq!(config.client_tls.grpc, Some(settings(None)));

    let blocks = "ports { https = 8501 grpc_tls = -1 }
        tls { defaults { ca_file = \"a\" verify_incoming = true verify_outgoing = true tls_min_version = \"TLSv1_3\" }
              https { cert_file = \"b\" key_file = \"c\" ca_path = \"d\" verify_outgoing = false } }";
    let config = load(blocks).unwrap();
    assert_eq!(config.client_tls.https, Some(settings(Some("d"))));
    assert_eq!((config.client_tls.grpc, config.security.certificates), (None, None));

    let none = load("").unwrap();
    assert_eq!((none.listen.https.port, none.listen.grpc_tls.port), (Port::Off, Port::Off));
}

#[test]
fn what_cannot_be_held_is_a_fault() {
    let own = "cert_file = \"b\" key_file = \"c\"";
    for (text, why) in [
        ("ports { https = 8501 }".to_owned(), "ports.https is open and cert_file is missing"),
        ("ports { grpc_tls = 8503 }".to_owned(), "ports.grpc_tls is open and cert_file is missing"),
        (format!("ports {{ https = 1 }} tls {{ https {{ {own} verify_incoming = true }} }}"), "no ca_file or ca_path"),
        (format!("tls {{ grpc {{ {own} verify_incoming = true }} }}"), "no ca_file or ca_path"),
        ("tls { https { tls_min_version = \"TLSv1_1\" } }".to_owned(), "neither TLSv1_2 nor TLSv1_3"),
        ("tls { https { tls_cipher_suites = \"x\" } }".to_owned(), "tls_cipher_suites"),
        ("tls { grpc { use_auto_cert = true } }".to_owned(), "there are no certificates made for it"),
        ("tls { defaults { verify_incoming = false } }".to_owned(), "servers always verify each other"),
        ("tls { https { verify_incomming = true } }".to_owned(), "did you mean \"verify_incoming\"?"),
    ] {
        let faults = load(&text).unwrap_err();
        assert!(faults.iter().any(|fault| fault.contains(why)), "{text}: {faults:?}");
    }
    load("tls { defaults { verify_incoming = false } internal_rpc { verify_incoming = true } }").unwrap();
}

const PROTOCOL_VERSION: u8 = 70;

/// The greeting of a client that knows TLS 1.1 at most.
fn hello_of_tls11() -> Vec<u8> {
    let suites = [0xc0, 0x13, 0xc0, 0x14, 0x00, 0x2f];
    let mut body = vec![3, 2];
    body.extend([7; 32]);
    body.extend([0, 0, suites.len() as u8]);
    body.extend(suites);
    // No compression; and how it would sign, without which it is refused for that.
    body.extend([1, 0]);
    body.extend([0, 8, 0, 13, 0, 4, 0, 2, 4, 1]);
    let mut hello = vec![0x16, 3, 1, 0, body.len() as u8 + 4, 1, 0, 0, body.len() as u8];
    hello.extend(body);
    hello
}

/// With which alert a greeting is refused.
async fn alert_for(at: SocketAddr, hello: &[u8]) -> u8 {
    let mut stream = TcpStream::connect(at).await.unwrap();
    stream.write_all(hello).await.unwrap();
    let mut alert = [0; 7];
    stream.read_exact(&mut alert).await.unwrap();
    let [kind, _, _, _, _, _, why] = alert;
    assert_eq!(kind, 0x15, "{alert:?}");
    why
}
