//! The agent, put together. Read [`Agent::start`] from top to bottom: what is below depends on what
//! is above. [`Agent::shutdown`] goes the other way.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use weft_api::host::AgentInfo;
use weft_api::{Host, Limits};
use weft_model::catalog::Node;
use weft_raft::{NoTransport, Raft, Server};
use weft_state::{State, Store};
use weft_xds::ads::{self, Ads};
use weft_xds::ledger::Ledger;

use crate::authority::{self, LocalAuthority};
use crate::checks::Checks;
use crate::cluster::{LocalCluster, SERVER_ID};
use crate::config::Config;
use crate::proxies::{LedgerView, Proxies};
use crate::{REVISION, VERSION, definitions, duties, grpc, listen, node};

/// How long running requests may take to end at shutdown. Writes take milliseconds; what takes longer
/// waits for news that will not come any more.
const REQUEST_GRACE: Duration = Duration::from_secs(2);

/// How long all of it may take, streams included.
const DRAIN_MAX: Duration = Duration::from_secs(4);

/// Envoy's maintained versions, newest first.
const ENVOY_VERSIONS: [&str; 4] = ["1.40.0", "1.39.0", "1.38.0", "1.37.0"];

/// A running agent. Dropping it ends it as a crash would; see [`Agent::shutdown`].
pub struct Agent {
    addresses: Addresses,
    node: Node,
    store: Arc<Store>,
    raft: Arc<Raft>,
    ads: Ads<Proxies>,
    stop: CancellationToken,
    /// The listeners.
    fronts: JoinSet<anyhow::Result<()>>,
    /// What runs for as long as the agent does.
    _backs: [AbortOnDropHandle<()>; 2],
}

/// Where an agent can be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addresses {
    /// `None`: off.
    pub http: Option<SocketAddr>,
    /// `None`: off.
    pub grpc: Option<SocketAddr>,
    /// What servers would call it by, `HOST:PORT`.
    pub server: String,
}

impl Agent {
    /// Starts an agent. When this returns, it has a leader, a root certificate and its place in the
    /// catalog, and answers.
    ///
    /// # Errors
    /// A port is taken, the data directory cannot be used, or the first writes fail.
    pub async fn start(config: Config) -> anyhow::Result<Self> {
        let http_listener = listen::bind("HTTP", config.listen.http).await?;
        let grpc_listener = listen::bind("gRPC", config.listen.grpc).await?;
        let server_port = listen::server_port(config.bind, config.listen.server_port)?;
        let addresses = Addresses {
            http: listen::address(http_listener.as_ref())?,
            grpc: listen::address(grpc_listener.as_ref())?,
            server: SocketAddr::new(config.node.address, server_port).to_string(),
        };

        let (store, proposals) = Store::new(State::default());
        let raft = Raft::start(raft_config(&config, &addresses), Arc::clone(&store), proposals, Arc::new(NoTransport)).await?;
        if !raft.cluster_state().initialized {
            let this = Server { address: addresses.server.clone(), ..Server::default() };
            raft.found([(SERVER_ID, this)].into()).await?;
        }
        let raft = Arc::new(raft);
        authority::found(&store, &config.ca).await?;

        let data_dir = config.data_dir.as_deref();
        let node = node::describe(&config.node, node::id(&config.node, data_dir)?);
        node::register(&store, &node, server_port).await?;
        let ports = config.listen.sidecar_ports;
        definitions::register(&store, &node, ports, &config.definitions, data_dir).await.context("definitions")?;

        let ledger = Ledger::default();
        let datacenter = node.datacenter.clone();
        let authority = LocalAuthority::new(Arc::clone(&store), ledger.clone(), datacenter, config.data_dir.clone());
        let (checks, runner) = Checks::new(node.name.clone(), Arc::clone(&store));
        let cluster = LocalCluster {
            raft: Arc::clone(&raft),
            store: Arc::clone(&store),
            node: node.name.clone(),
            id: node.id.clone(),
            address: addresses.server.clone(),
        };
        let proxies = Proxies::new(Arc::clone(&store), &node, config.default_policy, authority.clone(), checks.clone());
        let ads = Ads::new(proxies, ledger.clone(), ads::Config::default());
        let host = Host {
            store: Arc::clone(&store),
            agent: Arc::new(describe(&config, &node, &addresses)),
            checks: Arc::new(checks),
            authority: Arc::new(authority),
            cluster: Arc::new(cluster),
            proxies: Arc::new(LedgerView(ledger)),
        };

        let stop = CancellationToken::new();
        let duties = duties::run(Arc::clone(&store), Arc::clone(&raft));
        let backs = [spawn(runner.run()), spawn(duties)];
        let mut fronts = JoinSet::new();
        if let Some(listener) = http_listener {
            fronts.spawn(http(listener, host, config.listen.http_connections_per_client, stop.clone()));
        }
        if let Some(listener) = grpc_listener {
            fronts.spawn(grpc::serve(listener, ads.clone(), stop.clone()));
        }
        Ok(Self { addresses, node, store, raft, ads, stop, fronts, _backs: backs })
    }

    /// Where it listens.
    #[must_use]
    pub fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// Its node, as registered.
    #[must_use]
    pub fn node(&self) -> &Node {
        &self.node
    }

    /// Its store.
    #[must_use]
    pub fn store(&self) -> &Arc<Store> {
        &self.store
    }

    /// Waits until a listener fails; for ever when none does.
    pub async fn failed(&mut self) -> anyhow::Error {
        loop {
            match self.fronts.join_next().await {
                Some(Ok(Ok(()))) => {}
                Some(Ok(Err(error))) => return error,
                Some(Err(error)) => return error.into(),
                None => std::future::pending().await,
            }
        }
    }

    /// Ends in order: no new connections, streams told to end, requests finished up to a deadline,
    /// then the tasks inside, Raft last.
    pub async fn shutdown(mut self) {
        self.stop.cancel();
        let drained = async {
            self.ads.close().await;
            while self.fronts.join_next().await.is_some() {}
        };
        if timeout(DRAIN_MAX, drained).await.is_err() {
            tracing::warn!("some requests were still under way and are cut off");
            self.fronts.abort_all();
        }
        tracing::debug!("nothing is served any more");
        let Self { raft, _backs: backs, .. } = self;
        drop(backs);
        raft.shutdown().await;
        tracing::debug!("raft has ended");
    }
}

async fn http(
    listener: TcpListener,
    host: Host,
    connections_per_address: usize,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let limits = Limits { connections_per_address, shutdown_grace: REQUEST_GRACE, ..Limits::default() };
    weft_api::serve_with(listener, weft_api::router(host), stop.cancelled(), limits).await;
    Ok(())
}

fn spawn(task: impl Future<Output = ()> + Send + 'static) -> AbortOnDropHandle<()> {
    AbortOnDropHandle::new(tokio::spawn(task))
}

fn raft_config(config: &Config, addresses: &Addresses) -> weft_raft::Config {
    weft_raft::Config {
        data_dir: config.data_dir.clone(),
        node_id: SERVER_ID,
        address: addresses.server.clone(),
        // A server that is alone has nobody to wait for.
        heartbeat: Duration::from_millis(50),
        election_timeout: Duration::from_millis(150),
        ..weft_raft::Config::default()
    }
}

fn describe(config: &Config, node: &Node, addresses: &Addresses) -> AgentInfo {
    let port = |address: Option<SocketAddr>| address.map_or(0, |address| address.port());
    AgentInfo {
        node: node.clone(),
        version: VERSION.to_owned(),
        revision: REVISION.to_owned(),
        server_address: addresses.server.clone(),
        http_port: port(addresses.http),
        grpc_port: port(addresses.grpc),
        grpc_tls_port: 0,
        dns_port: 0,
        dev_mode: config.dev,
        sidecar_ports: config.listen.sidecar_ports,
        default_policy: config.default_policy,
        envoy_versions: ENVOY_VERSIONS.map(str::to_owned).to_vec(),
    }
}
