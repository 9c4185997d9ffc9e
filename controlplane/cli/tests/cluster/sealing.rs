//! The mesh authority's private keys and auth methods' secrets at rest: nothing that a server writes holds one in clear,
//! and what a missing sealing key means.

use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::read::MultiGzDecoder;
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject;
use serde_json::json;
use weft_ca::cert::Facts;
use weft_ca::seal::{Keyring, sealed_with};
use weft_ca::{CaKey, KeySpec};
use weft_model::ca::PrivateKeyPem;

use crate::harness::{Cluster, Server, Setup, run, until_ok};

const SOON: Duration = Duration::from_secs(30);
const BEGIN: &[u8] = b"-----BEGIN EC PRIVATE KEY-----";
const END: &[u8] = b"-----END EC PRIVATE KEY-----\n";
const SEALED: &[u8] = b"weft-sealed:v1:";

/// A line of a key file.
fn line(byte: u8) -> String {
    STANDARD.encode([byte; 32])
}

fn ring(byte: u8) -> Keyring {
    Keyring::read(&line(byte)).unwrap()
}

fn key_file(cluster: &Cluster, bytes: &[u8]) -> PathBuf {
    let path = cluster.path().join("seal.key");
    let lines: Vec<_> = bytes.iter().map(|byte| line(*byte)).collect();
    fs::write(&path, lines.join("\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    path
}

/// Raft snapshots are written all the time.
fn setup(cluster: &Cluster) -> Setup {
    let path = cluster.path().join("snapshots.hcl");
    fs::write(&path, "raft_snapshot_threshold = 20").unwrap();
    let mut setup = cluster.alone(1);
    setup.more.extend(["--config-file".to_owned(), path.to_str().unwrap().to_owned()]);
    setup
}

fn sealed_by(mut setup: Setup, file: &Path) -> Setup {
    setup.more.extend(["--ca-seal-key-file".to_owned(), file.to_str().unwrap().to_owned()]);
    setup
}

/// Every file below a directory.
fn files(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

/// What a key looks like where it lies in clear: the lines of its PEM, its DER, and the number itself.
fn forms(key: &PrivateKeyPem) -> Vec<Vec<u8>> {
    let mut forms: Vec<Vec<u8>> = key.0.lines().filter(|line| !line.starts_with("-----")).map(Into::into).collect();
    let der = PrivateKeyDer::from_pem_slice(key.0.as_bytes()).unwrap().secret_der().to_vec();
    // SEC1: a sequence of the version and 32 bytes.
    let at = find(&der, &[2, 1, 1, 4, 32]).unwrap() + 5;
    forms.push(der[at..at + 32].to_vec());
    forms.push(der);
    assert!(forms.len() >= 5 && forms.iter().all(|form| form.len() >= 16), "{}", forms.len());
    forms
}

/// An archive of the state, as it is and unpacked.
async fn archive(cluster: &Cluster, server: &Server, token: &str) -> Vec<Vec<u8>> {
    let path = cluster.path().join("backup.snap");
    let address = format!("{}:8500", server.setup.address);
    let output = run(&["snapshot", "save", "--http-addr", &address, "--token", token, path.to_str().unwrap()]).await;
    assert_eq!(output.code, 0, "{}", output.stderr);
    let packed = fs::read(&path).unwrap();
    let mut unpacked = Vec::new();
    MultiGzDecoder::new(&packed[..]).read_to_end(&mut unpacked).unwrap();
    vec![packed, unpacked]
}

/// The files of the data directory in which the key lies in clear.
fn holding(server: &Server, key: &PrivateKeyPem) -> Vec<PathBuf> {
    let forms = forms(key);
    let mut found = files(&server.setup.data_dir);
    assert!(found.len() > 5, "{found:?}");
    found.retain(|file| {
        let bytes = fs::read(file).unwrap();
        forms.iter().any(|form| find(&bytes, form).is_some())
    });
    found
}

async fn root(server: &Server) -> (String, String) {
    let roots = server.get("/v1/connect/ca/roots").await;
    let active = roots["Roots"].as_array().unwrap().iter().find(|root| root["Active"] == true).unwrap();
    (active["ID"].as_str().unwrap().to_owned(), active["RootCert"].as_str().unwrap().to_owned())
}

/// The sealed text in an unpacked archive.
fn sealed_text(unpacked: &[u8]) -> PrivateKeyPem {
    let start = find(unpacked, SEALED).expect("there is a sealed key");
    let is_text = |byte: &&u8| byte.is_ascii_alphanumeric() || b"-:+/=".contains(byte);
    let text = unpacked[start..].iter().take_while(is_text).copied().collect();
    PrivateKeyPem(String::from_utf8(text).unwrap())
}

/// The key of the root that signs, which the sealing key opens in an archive.
async fn true_key(cluster: &Cluster, server: &Server, seal: &Keyring) -> PrivateKeyPem {
    let (id, certificate) = root(server).await;
    let text = sealed_text(&archive(cluster, server, "").await[1]);
    let key = seal.open(&id, &text).unwrap();
    let public_key = CaKey::from_pem(&key).unwrap().public_key();
    assert_eq!(public_key, Facts::from_pem(&certificate).unwrap().public_key, "it is the root's key");
    key
}

async fn leaf(server: &Server, service: &str) -> Result<String, String> {
    let leaf = server.ask(&format!("/v1/agent/connect/ca/leaf/{service}")).await?;
    Ok(leaf["CertPEM"].as_str().unwrap().to_owned())
}

/// Enough writes for raft snapshots, and a restart that reads one.
async fn write_much(server: &mut Server) {
    for number in 0..60 {
        server.put("/v1/kv/much", &number.to_string()).await;
    }
    let snapshots = server.setup.data_dir.clone();
    until_ok("a raft snapshot", SOON, async || {
        let found = files(&snapshots);
        let is_one = |file: &PathBuf| file.to_string_lossy().contains("snapshot");
        if found.iter().any(is_one) { Ok(()) } else { Err(format!("{found:?}")) }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sealed_root_is_in_no_file_and_in_no_archive_and_signs_after_a_restart() {
    let mut cluster = Cluster::start(85, 0);
    let setup = sealed_by(setup(&cluster), &key_file(&cluster, &[1]));
    cluster.add(setup);
    cluster.wait_formed().await;
    leaf(&cluster.servers[0], "web").await.unwrap();
    write_much(&mut cluster.servers[0]).await;
    let key = true_key(&cluster, &cluster.servers[0], &ring(1)).await;
    let before = root(&cluster.servers[0]).await;
    for bytes in archive(&cluster, &cluster.servers[0], "").await {
        assert!(forms(&key).iter().all(|form| find(&bytes, form).is_none()), "the archive holds the key");
    }
    let config = cluster.servers[0].get("/v1/connect/ca/configuration").await.to_string();
    assert!(!config.contains("weft-sealed") && !config.contains("PRIVATE KEY"), "{config}");
    assert_eq!(holding(&cluster.servers[0], &key), Vec::<PathBuf>::new(), "while it runs");
    let server = &mut cluster.servers[0];
    server.terminate().await;
    assert_eq!(holding(server, &key), Vec::<PathBuf>::new(), "when it has ended");
    let log = fs::read_to_string(cluster.path().join("n1.log")).unwrap();
    assert!(!log.contains("weft-sealed:") && !log.contains("PRIVATE KEY"));

    let server = &mut cluster.servers[0];
    server.restart();
    server.wait_healthy(1).await;
    assert_eq!(root(server).await, before);
    leaf(server, "made-after-the-restart").await.unwrap();
}

/// The same search finds what lies open. Then the file comes, and the leader seals.
#[tokio::test(flavor = "multi_thread")]
async fn a_clear_root_is_found_by_the_same_search_and_is_sealed_once_there_is_a_file() {
    let mut cluster = Cluster::start(86, 0);
    let setup = setup(&cluster);
    cluster.add(setup.clone());
    cluster.wait_formed().await;
    write_much(&mut cluster.servers[0]).await;
    let unpacked = archive(&cluster, &cluster.servers[0], "").await.remove(1);
    let (start, end) = (find(&unpacked, BEGIN).unwrap(), find(&unpacked, END).unwrap() + END.len());
    let key = PrivateKeyPem(String::from_utf8(unpacked[start..end].to_vec()).unwrap());
    let found = holding(&cluster.servers[0], &key);
    let is_snapshot = |file: &PathBuf| file.to_string_lossy().contains("snapshot");
    assert!(
        found.iter().any(is_snapshot) && !found.iter().all(is_snapshot),
        "in raft snapshots and in the log: {found:?}"
    );
    let before = root(&cluster.servers[0]).await;
    cluster.servers[0].terminate().await;
    let log = fs::read_to_string(cluster.path().join("n1.log")).unwrap();
    assert!(log.contains("stored in clear") && log.contains("connect.ca_seal_key_file"), "{log}");

    cluster.servers[0].setup = sealed_by(setup, &key_file(&cluster, &[1]));
    cluster.servers[0].restart();
    cluster.servers[0].wait_healthy(1).await;
    until_ok("the key is sealed", SOON, async || {
        let unpacked = archive(&cluster, &cluster.servers[0], "").await.remove(1);
        if find(&unpacked, BEGIN).is_none() { Ok(()) } else { Err("still clear".to_owned()) }
    })
    .await;
    assert_eq!(true_key(&cluster, &cluster.servers[0], &ring(1)).await, key);
    assert_eq!(root(&cluster.servers[0]).await, before);
    leaf(&cluster.servers[0], "web").await.unwrap();
    cluster.servers[0].terminate().await;
    let log = fs::read_to_string(cluster.path().join("n1.log")).unwrap();
    assert!(log.contains("seal the CA's private keys"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_sealing_key_all_but_signing_goes_on_and_a_new_first_line_takes_over() {
    let mut cluster = Cluster::start(87, 0);
    let open = setup(&cluster);
    let setup = sealed_by(open.clone(), &key_file(&cluster, &[1]));
    cluster.add(setup.clone());
    cluster.wait_formed().await;
    let before = root(&cluster.servers[0]).await;
    leaf(&cluster.servers[0], "web").await.unwrap();

    // Without the file.
    cluster.servers[0].terminate().await;
    cluster.servers[0].setup = open;
    cluster.servers[0].restart();
    let server = &cluster.servers[0];
    server.wait_healthy(1).await;
    let reply = server.try_send("GET", "/v1/agent/connect/ca/leaf/new", "").await.unwrap();
    let id = ring(1).first_id().unwrap().to_owned();
    assert_eq!(reply.status, 500);
    assert!(reply.text().contains(&id) && reply.text().contains("connect.ca_seal_key_file"), "{}", reply.text());
    server.put("/v1/kv/a", "1").await;
    assert_eq!(root(server).await, before);
    leaf(server, "web").await.expect("a leaf that is there stays in use");

    // A new line above the old one, and then without the old one.
    for bytes in [&[2, 1][..], &[2]] {
        cluster.servers[0].terminate().await;
        cluster.servers[0].setup = setup.clone();
        key_file(&cluster, bytes);
        cluster.servers[0].restart();
        cluster.servers[0].wait_healthy(1).await;
        until_ok("the new line seals", SOON, async || {
            let text = sealed_text(&archive(&cluster, &cluster.servers[0], "").await[1]);
            if sealed_with(&text) == ring(2).first_id() { Ok(()) } else { Err(text.0) }
        })
        .await;
        leaf(&cluster.servers[0], &format!("after-{}", bytes.len())).await.unwrap();
        assert_eq!(root(&cluster.servers[0]).await, before);
    }
    cluster.servers[0].terminate().await;
    let log = fs::read_to_string(cluster.path().join("n1.log")).unwrap();
    let said = log.lines().filter(|line| line.contains("no certificate can be issued here") && line.contains(&id));
    assert_eq!(said.count(), 1, "{log}");
}

/// An operator's key, given to any of three servers, reaches the others sealed. The one that lacks the sealing
/// key says so and signs nothing.
#[tokio::test(flavor = "multi_thread")]
async fn an_operators_key_is_sealed_by_the_server_that_is_told() {
    let mut cluster = Cluster::start(89, 0);
    let file = key_file(&cluster, &[1]);
    for number in 1..=3 {
        let setup = Setup { expect: 3, ..cluster.setup(number) };
        cluster.add(if number == 3 { setup } else { sealed_by(setup, &file) });
    }
    cluster.wait_formed().await;
    // The lacking server may have founded the CA, in clear; this root is made when there is a sealed one.
    let told = usize::from(cluster.leader(0).await == 0);
    let key = CaKey::generate(KeySpec::EcP256).unwrap();
    let config = json!({ "Provider": "consul", "Config": { "PrivateKey": key.private_pem().0 } });
    let config = config.to_string();
    cluster.servers[told].put("/v1/connect/ca/configuration", &config).await;
    let certificate = root(&cluster.servers[told]).await.1;
    assert_eq!(Facts::from_pem(&certificate).unwrap().public_key, key.public_key());
    for server in &cluster.servers[..2] {
        leaf(server, "web").await.unwrap();
    }
    let said = until_ok("the third server has the root", SOON, async || match leaf(&cluster.servers[2], "web").await {
        Err(said) if said.contains(ring(1).first_id().unwrap()) => Ok(said),
        other => Err(format!("{other:?}")),
    });
    assert!(said.await.0.contains("connect.ca_seal_key_file"));
    for server in &mut cluster.servers {
        server.kill();
        assert_eq!(holding(server, key.private_pem()), Vec::<PathBuf>::new());
    }
    let log = fs::read_to_string(cluster.path().join("n3.log")).unwrap();
    assert!(log.contains("no certificate can be issued here"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_file_that_protects_nothing_is_refused() {
    let cluster = Cluster::start(88, 0);
    let file = key_file(&cluster, &[1]);
    let inside = cluster.setup(1).data_dir.join("seal.key");
    fs::create_dir_all(inside.parent().unwrap()).unwrap();
    fs::copy(&file, &inside).unwrap();
    let text = cluster.refusal(sealed_by(setup(&cluster), &inside)).await;
    assert!(text.contains("connect.ca_seal_key_file") && text.contains("data_dir"), "{text}");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let text = cluster.refusal(sealed_by(setup(&cluster), &file)).await;
    assert!(text.contains("connect.ca_seal_key_file") && text.contains("mode 644"), "{text}");
}

const MANAGEMENT: &str = "1b5d2c0e-53a4-4e7a-9f7e-0d6d5e5f6a01";

fn kubernetes(secret: &str) -> String {
    let ca = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap().cert.pem();
    let config = json!({ "Host": "https://127.0.0.1:1", "CACert": ca, "ServiceAccountJWT": secret });
    json!({ "Name": "k", "Type": "kubernetes", "Config": config }).to_string()
}

/// The same search finds a secret that lies open; once there is a sealing key, neither that secret nor a new one is
/// written in clear, and what is shown of a method can be sent back.
#[tokio::test(flavor = "multi_thread")]
async fn secrets_of_auth_methods_are_sealed_too() {
    let mut cluster = Cluster::start(90, 0);
    let mut setup = setup(&cluster);
    let path = cluster.path().join("acl.hcl");
    let tokens = format!("initial_management = \"{MANAGEMENT}\"\n default = \"{MANAGEMENT}\"");
    fs::write(&path, format!("acl {{ enabled = true\n default_policy = \"deny\"\n tokens {{ {tokens} }} }}")).unwrap();
    setup.more.extend(["--config-file".to_owned(), path.to_str().unwrap().to_owned()]);
    cluster.add(setup.clone());
    cluster.wait_formed().await;
    let (first, second) = ("head.c2VjcmV0IG51bWJlciBvbmU.tail", "head.c2VjcmV0IG51bWJlciB0d28.tail");
    cluster.servers[0].put("/v1/acl/auth-method", &kubernetes(first)).await;
    let unpacked = archive(&cluster, &cluster.servers[0], MANAGEMENT).await.remove(1);
    assert!(find(&unpacked, first.as_bytes()).is_some(), "without a sealing key it lies open");
    let before = cluster.servers[0].get("/v1/acl/auth-method/k").await;
    assert!(!before.to_string().contains("c2VjcmV0"), "{before}");

    cluster.servers[0].terminate().await;
    cluster.servers[0].setup = sealed_by(setup, &key_file(&cluster, &[1]));
    cluster.servers[0].restart();
    cluster.servers[0].wait_healthy(1).await;
    until_ok("the secret is sealed", SOON, async || {
        let unpacked = archive(&cluster, &cluster.servers[0], MANAGEMENT).await.remove(1);
        if find(&unpacked, b"c2VjcmV0").is_none() { Ok(()) } else { Err("still clear".to_owned()) }
    })
    .await;
    assert_eq!(cluster.servers[0].get("/v1/acl/auth-method/k").await, before);
    cluster.servers[0].put("/v1/acl/auth-method/k", &before.to_string()).await;
    assert_eq!(cluster.servers[0].get("/v1/acl/auth-method/k").await, before, "nothing has changed");

    // It is opened to be used: the refusal is that nobody listens there.
    let login = json!({ "AuthMethod": "k", "BearerToken": "a.b.c" }).to_string();
    let reply = cluster.servers[0].try_send("POST", "/v1/acl/login", &login).await.unwrap();
    assert!(reply.status == 500 && reply.text().contains("Connection refused"), "{}", reply.text());

    cluster.servers[0].put("/v1/acl/auth-method/k", &kubernetes(second)).await;
    write_much(&mut cluster.servers[0]).await;
    for bytes in archive(&cluster, &cluster.servers[0], MANAGEMENT).await {
        assert!(find(&bytes, second.as_bytes()).is_none(), "the archive holds it");
    }
    cluster.servers[0].kill();
    for file in files(&cluster.servers[0].setup.data_dir) {
        let bytes = fs::read(&file).unwrap();
        assert!(find(&bytes, &second.as_bytes()[5..]).is_none(), "{}", file.display());
    }
    let log = fs::read_to_string(cluster.path().join("n1.log")).unwrap();
    assert!(log.contains("seal the secrets of auth methods"), "{log}");
    assert!(!log.contains("c2VjcmV0") && !log.contains("weft-sealed:"), "{log}");
}
