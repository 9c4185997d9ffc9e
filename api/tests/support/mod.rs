//! A router on a store in this process: commands are applied as they come, the other parts of the agent
//! are small stand-ins.
// Each test file uses what it needs; JSON's enum is not ours and will not grow.
#![allow(dead_code, clippy::unwrap_used, clippy::wildcard_enum_match_arm)]

pub(crate) mod like;
pub(crate) mod schema;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request};
use bytes::Bytes;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tower::ServiceExt as _;
use tracing::Level;
use uuid::Uuid;
use weft_api::Host;
use weft_api::archive::SealKey;
use weft_api::host::{
    AgentInfo, Authority, AuthorityError, AutopilotHealth, Cluster, ClusterError, Contact, HeartbeatError, IssuedLeaf,
    Knower, LocalChecks, Logs, Member, MemberStatus, NoLeader, PeerRef, ProxyLedger, RaftConfiguration, RaftServer,
    Reload, ServerHealth, TooManyFollowers,
};
use weft_model::ca::{CaConfig, CaRoot, CaState, Leaf, PrivateKeyPem};
use weft_model::catalog::{Node, Service};
use weft_model::health::{Check, CheckStatus, Definition};
use weft_model::intention::DefaultPolicy;
use weft_model::registration::{Registration, ServiceRegistration};
use weft_model::{CheckId, Command, Envelope, NodeName, RequestId, ServiceName, SessionId, Timestamp};
use weft_state::{Applied, Proposal, State, StateView, Store, apply};

pub(crate) const TRUST_DOMAIN: &str = "11111111-2222-3333-4444-555555555555.consul";

/// An agent `n1` without a network.
#[derive(Clone)]
pub(crate) struct Agent {
    pub(crate) router: Router,
    pub(crate) store: Arc<Store>,
    pub(crate) leads: Arc<AtomicBool>,
    /// How long ago the leader was heard, in milliseconds.
    pub(crate) last_contact: Arc<AtomicU64>,
    /// How many reads asked for a read index.
    pub(crate) read_indexes: Arc<AtomicU64>,
    pub(crate) leaf_index: Arc<AtomicU64>,
    pub(crate) healthy: Arc<AtomicBool>,
    pub(crate) seal_key: Arc<Mutex<Option<SealKey>>>,
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answered {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub(crate) fn index(&self) -> u64 {
        self.header("x-consul-index").parse().unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

impl Agent {
    pub(crate) async fn start() -> Self {
        Self::start_with(DefaultPolicy::Allow).await
    }

    pub(crate) async fn start_with(default_policy: DefaultPolicy) -> Self {
        let (store, proposals) = Store::new(State::default());
        tokio::spawn(order(Arc::clone(&store), proposals));
        let (leads, leaf_index) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicU64::new(7)));
        let (last_contact, read_indexes) = (Arc::<AtomicU64>::default(), Arc::<AtomicU64>::default());
        let (healthy, seal_key) = (Arc::new(AtomicBool::new(true)), Arc::default());
        let members = Members {
            store: Arc::clone(&store),
            healthy: Arc::clone(&healthy),
            seal_key: Arc::clone(&seal_key),
            leads: Arc::clone(&leads),
            last_contact: Arc::clone(&last_contact),
            read_indexes: Arc::clone(&read_indexes),
        };
        let host = Host {
            store: Arc::clone(&store),
            agent: Arc::new(info(default_policy)),
            checks: Arc::new(Checks(Arc::clone(&store))),
            authority: Arc::new(Ca { store: Arc::clone(&store), leaf_index: Arc::clone(&leaf_index) }),
            cluster: Arc::new(members),
            proxies: Arc::new(Ledger),
            access: Arc::new(weft_api::access::AccessOff),
            reload: Arc::new(NoFiles),
            logs: Arc::new(TwoLines),
            meter: Arc::default(),
        };
        store.propose(own_registration()).await.unwrap();
        store.propose(first_ca()).await.unwrap();
        Self { router: weft_api::router(host), store, leads, last_contact, read_indexes, healthy, seal_key, leaf_index }
    }

    pub(crate) async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answered {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body.to_owned())).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (head, content) = response.into_parts();
        let bytes = content.collect().await.unwrap().to_bytes();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Answered { status: head.status.as_u16(), headers: head.headers, text }
    }

    /// Asks for an answer that has no end: its status, and the body as it comes.
    pub(crate) async fn begin(&self, path: &str) -> (u16, Body) {
        let request = Request::builder().uri(path).body(Body::empty()).unwrap();
        let (head, body) = self.router.clone().oneshot(request).await.unwrap().into_parts();
        (head.status.as_u16(), body)
    }

    pub(crate) async fn get(&self, path: &str) -> Answered {
        self.send("GET", path, &[], "").await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Answered {
        self.send("PUT", path, &[], &body.to_string()).await
    }

    /// A write that has to succeed.
    pub(crate) async fn done(&self, path: &str, body: Value) {
        let answered = self.put(path, body).await;
        assert_eq!(answered.status, 200, "{path}: {}", answered.text);
    }
}

/// An agent that was started without files.
struct NoFiles;

impl Reload for NoFiles {
    fn reload(&self) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(async { Ok(()) })
    }
}

/// A log of two lines.
struct TwoLines;

impl Logs for TwoLines {
    fn follow(&self, level: Level, json: bool) -> Result<BoxStream<'static, Bytes>, TooManyFollowers> {
        let line = move |number: u32| Bytes::from(format!("{level} {json} {number}\n"));
        Ok(Box::pin(futures::stream::iter([line(1), line(2)])))
    }
}

fn info(default_policy: DefaultPolicy) -> AgentInfo {
    AgentInfo {
        node: own_node(),
        version: "1.8.7".into(),
        revision: String::new(),
        server_address: "127.0.0.1:28501".into(),
        http_port: 28500,
        https_port: 0,
        grpc_port: 28505,
        grpc_tls_port: 0,
        dns_port: 28504,
        dns_domain: "consul.".to_owned(),
        remote_scripts: false,
        check_output_max: 4096,
        dev_mode: true,
        sidecar_ports: (21000, 21255),
        default_policy,
        terms: weft_api::Terms::default(),
        telemetry: weft_api::Telemetry { prometheus: true, ..weft_api::Telemetry::default() },
        envoy_versions: vec!["1.40.0".into()],
    }
}

fn own_node() -> Node {
    let addresses = ["lan", "lan_ipv4", "wan", "wan_ipv4"].map(|tag| (tag.to_owned(), "127.0.0.1".to_owned()));
    Node {
        id: "84e34cd5-90ff-de04-43ed-5520a997731f".into(),
        name: "n1".into(),
        address: "127.0.0.1".into(),
        datacenter: "dc1".into(),
        tagged_addresses: addresses.into(),
        meta: [("consul-network-segment".to_owned(), String::new())].into(),
    }
}

fn own_registration() -> Command {
    let meta = [
        ("non_voter", "false"),
        ("raft_version", "3"),
        ("serf_protocol_current", "2"),
        ("serf_protocol_max", "5"),
        ("serf_protocol_min", "1"),
        ("version", "1.8.7"),
    ];
    let server = Service {
        id: "consul".into(),
        name: "consul".into(),
        port: 28501,
        meta: meta.map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
        ..Service::default()
    };
    let liveness = Check {
        node: "n1".into(),
        id: "serfHealth".into(),
        name: "Serf Health Status".into(),
        status: CheckStatus::Passing,
        notes: String::new(),
        output: "Agent alive and reachable".into(),
        service_id: "".into(),
        service_name: "".into(),
        service_tags: Vec::new(),
        kind: String::new(),
        definition: Definition::default(),
        definition_public: false,
    };
    Command::Register(Box::new(Registration {
        node: own_node(),
        services: vec![ServiceRegistration { service: server, ..ServiceRegistration::default() }],
        checks: vec![liveness],
        ..Registration::default()
    }))
}

fn first_ca() -> Command {
    let root = CaRoot {
        id: "3b:12:00".into(),
        name: "Consul CA Root Cert".into(),
        serial_number: 7,
        signing_key_id: "aa:bb".into(),
        external_trust_domain: TRUST_DOMAIN.trim_end_matches(".consul").into(),
        not_before: Timestamp(1_700_000_000_000_000_000),
        not_after: Timestamp(2_000_000_000_000_000_000),
        root_cert: pem("CERTIFICATE"),
        signing_key: PrivateKeyPem("root-secret".into()),
        active: true,
        private_key_type: "ec".into(),
        private_key_bits: 256,
        ..CaRoot::default()
    };
    let config = json!({"IntermediateCertTTL": "8760h", "LeafCertTTL": "72h", "RotationPeriod": "2160h"});
    let ca = CaState {
        trust_domain: TRUST_DOMAIN.into(),
        config: CaConfig {
            provider: "consul".into(),
            config: config.as_object().unwrap().clone(),
            ..CaConfig::default()
        },
        roots: vec![root],
    };
    Command::CaUpdate { expected_modify_index: 0, ca: Box::new(ca) }
}

fn pem(kind: &str) -> String {
    format!("-----BEGIN {kind}-----\nMIIB\n-----END {kind}-----\n")
}

/// Gives commands their index, applies and publishes them.
async fn order(store: Arc<Store>, mut proposals: mpsc::Receiver<Proposal>) {
    let mut index = 10;
    while let Some(Proposal { command, reply }) = proposals.recv().await {
        index += 1;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let at = Timestamp(i64::try_from(now.as_nanos()).unwrap());
        let id = RequestId { origin: 1, sequence: index };
        let envelope = Envelope { id, settled: index, at, command };
        let outcome = apply(&store.current(), index, &envelope);
        store.publish(Arc::new(outcome.state), &outcome.changed);
        let _ = reply.send(Ok(Applied { index, reply: outcome.reply }));
    }
}

struct Checks(Arc<Store>);

impl LocalChecks for Checks {
    fn heartbeat(
        &self,
        check: CheckId,
        status: CheckStatus,
        output: String,
    ) -> BoxFuture<'_, Result<(), HeartbeatError>> {
        async move {
            let state = self.0.current();
            let known = StateView::new(&state).check(&"n1".into(), &check);
            match known.map(|known| known.value.kind.clone()).as_deref() {
                None => return Err(HeartbeatError::Unknown(check.as_str().into())),
                Some("ttl") => {}
                Some(_) => return Err(HeartbeatError::NotTtl(check.as_str().into())),
            }
            let command = Command::UpdateCheck { node: "n1".into(), check, status, output };
            let outcome = self.0.propose(command).await;
            outcome.map(drop).map_err(|error| HeartbeatError::Unavailable(error.to_string()))
        }
        .boxed()
    }
}

struct Ca {
    store: Arc<Store>,
    leaf_index: Arc<AtomicU64>,
}

impl Ca {
    fn issued(&self, service: ServiceName) -> IssuedLeaf {
        let leaf = Leaf {
            serial_number: 8,
            cert_pem: pem("CERTIFICATE"),
            private_key_pem: PrivateKeyPem(pem("EC PRIVATE KEY")),
            service_uri: format!("spiffe://{TRUST_DOMAIN}/ns/default/dc/dc1/svc/{service}"),
            service,
            valid_after: Timestamp(1_700_000_000_000_000_000),
            valid_before: Timestamp(1_700_259_200_000_000_000),
            root_id: "3b:12:00".into(),
        };
        let index = self.leaf_index.load(Ordering::SeqCst);
        IssuedLeaf { leaf: Arc::new(leaf), index, create_index: index }
    }
}

impl Authority for Ca {
    fn leaf(&self, service: ServiceName) -> BoxFuture<'_, Result<IssuedLeaf, AuthorityError>> {
        async move { Ok(self.issued(service)) }.boxed()
    }

    fn leaf_after(&self, service: ServiceName, index: u64) -> BoxFuture<'_, Result<IssuedLeaf, AuthorityError>> {
        async move {
            while self.leaf_index.load(Ordering::SeqCst) <= index {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
            Ok(self.issued(service))
        }
        .boxed()
    }

    fn configure(&self, config: CaConfig) -> BoxFuture<'_, Result<(), AuthorityError>> {
        async move {
            let checked =
                weft_ca::config::check(&config).map_err(|error| AuthorityError::Invalid(error.to_string()))?;
            let state = self.store.current();
            let former = StateView::new(&state).ca().unwrap();
            let ca = CaState { config: checked.config, ..(*former.value).clone() };
            let command = Command::CaUpdate { expected_modify_index: former.modify_index, ca: Box::new(ca) };
            let outcome = self.store.propose(command).await;
            outcome.map(drop).map_err(|error| AuthorityError::Unavailable(error.to_string()))
        }
        .boxed()
    }
}

struct Members {
    store: Arc<Store>,
    healthy: Arc<AtomicBool>,
    seal_key: Arc<Mutex<Option<SealKey>>>,
    leads: Arc<AtomicBool>,
    last_contact: Arc<AtomicU64>,
    read_indexes: Arc<AtomicU64>,
}

impl Cluster for Members {
    fn leader(&self) -> Option<String> {
        self.leads.load(Ordering::SeqCst).then(|| "127.0.0.1:28501".into())
    }

    fn peers(&self) -> Vec<String> {
        vec!["127.0.0.1:28501".into()]
    }

    fn stats(&self) -> BTreeMap<String, BTreeMap<String, String>> {
        [("raft".to_owned(), [("state".to_owned(), "Leader".to_owned())].into())].into()
    }

    fn read_index(&self) -> BoxFuture<'_, Result<(), NoLeader>> {
        self.read_indexes.fetch_add(1, Ordering::SeqCst);
        let leads = self.leads.load(Ordering::SeqCst);
        async move { if leads { Ok(()) } else { Err(NoLeader) } }.boxed()
    }

    fn contact(&self) -> Contact {
        let last_contact = Duration::from_millis(self.last_contact.load(Ordering::SeqCst));
        Contact { known_leader: self.leads.load(Ordering::SeqCst), last_contact }
    }

    fn members(&self) -> Vec<Member> {
        let tags = [
            ("acls", "0"),
            ("build", "1.8.7:"),
            ("dc", "dc1"),
            ("id", "84e34cd5-90ff-de04-43ed-5520a997731f"),
            ("port", "28501"),
            ("role", "consul"),
            ("segment", ""),
            ("vsn", "2"),
        ];
        let tags = tags.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let (name, address) = ("n1".into(), "127.0.0.1".to_owned());
        vec![Member { name, address, port: 28501, tags, status: MemberStatus::Alive }]
    }

    fn raft_configuration(&self, knower: Knower) -> BoxFuture<'_, Result<RaftConfiguration, ClusterError>> {
        if knower == Knower::Leader && !self.leads.load(Ordering::SeqCst) {
            return async { Err(ClusterError::NoLeader) }.boxed();
        }
        let server = RaftServer {
            id: own_node().id,
            raft_id: 1,
            node: "n1".into(),
            address: "127.0.0.1:28501".into(),
            leader: true,
            voter: true,
            last_index: 10,
        };
        async move { Ok(RaftConfiguration { servers: vec![server], index: 1 }) }.boxed()
    }

    fn remove_peer(&self, peer: PeerRef) -> BoxFuture<'_, Result<(), ClusterError>> {
        let refusal = match peer {
            PeerRef::Id(id) => format!("id {id:?} was not found in the Raft configuration"),
            PeerRef::Address(address) => format!("address {address:?} was not found in the Raft configuration"),
        };
        async move { Err(ClusterError::NotFound(refusal)) }.boxed()
    }

    fn transfer_leader(&self, _: Option<String>) -> BoxFuture<'_, Result<(), ClusterError>> {
        async { Err(ClusterError::Refused("there is no other voter".to_owned())) }.boxed()
    }

    fn join(&self, _: String) -> BoxFuture<'_, Result<(), ClusterError>> {
        async { Ok(()) }.boxed()
    }

    fn leave(&self) -> BoxFuture<'_, Result<(), ClusterError>> {
        async { Ok(()) }.boxed()
    }

    fn force_leave(&self, node: NodeName, _: bool) -> BoxFuture<'_, Result<(), ClusterError>> {
        async move { Err(ClusterError::NotFound(format!("agent: No node found with name '{node}'"))) }.boxed()
    }

    fn autopilot_health(&self) -> BoxFuture<'_, Result<AutopilotHealth, ClusterError>> {
        let server = ServerHealth {
            id: own_node().id,
            name: "n1".into(),
            address: "127.0.0.1:28501".into(),
            status: MemberStatus::Alive,
            version: "1.8.7".into(),
            leader: true,
            last_contact: Some(Duration::ZERO),
            last_term: 2,
            last_index: 12,
            healthy: self.healthy.load(Ordering::SeqCst),
            voter: true,
            read_replica: false,
            stable_since: Timestamp(1_700_000_000_000_000_000),
        };
        async move { Ok(AutopilotHealth { healthy: server.healthy, failure_tolerance: 0, servers: vec![server] }) }
            .boxed()
    }

    fn renew_session(&self, session: Uuid) -> BoxFuture<'_, Result<bool, ClusterError>> {
        let state = self.store.current();
        let known = StateView::new(&state).session(SessionId(session)).is_some();
        async move { Ok(known) }.boxed()
    }

    fn seal_key(&self) -> Option<SealKey> {
        self.seal_key.lock().unwrap().clone()
    }

    fn debug(&self) -> Value {
        json!({})
    }
}

struct Ledger;

impl ProxyLedger for Ledger {
    fn proxies(&self) -> Value {
        json!([{"ID": "web-sidecar-proxy"}])
    }
}
