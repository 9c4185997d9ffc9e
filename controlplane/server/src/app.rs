//! The agent, put together. Read [`Agent::start`] from top to bottom: what is below depends on what
//! is above. [`Agent::shutdown`] goes the other way.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{anyhow, bail};
use parking_lot::RwLock;
use tokio::net::{TcpListener, UnixListener};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use weft_api::archive::SealKey;
use weft_api::host::{AgentInfo, Cluster};
use weft_api::{Handshake, Host, Limits, Meter, Plain};
use weft_dns::Sockets;
use weft_model::catalog::Node;
use weft_raft::peer::{self, GrpcTransport, Identity as Badge};
use weft_raft::{Raft, Server, Transport};
use weft_state::{State, Store};
use weft_xds::ads::{self, Ads};
use weft_xds::ledger::Ledger;

use crate::acl::{self, Acl};
use crate::authority::LocalAuthority;
use crate::autopilot::{Autopilot, Health};
use crate::checks::{Checks, Scripts};
use crate::clients::{self, Desk, Entrance, Inside, Roll};
use crate::cluster::{self, LocalCluster};
use crate::config::{Config, Endpoint, Port};
use crate::coordinates::{CatalogMap, Coordinates};
use crate::duties::timers::{Leads, Timers};
use crate::formation::{self, Opened, Outbound, Rejoin, Threshold};
use crate::front_tls::{Doors, Https};
use crate::log::Logging;
use crate::presence::{Departure, Presence};
use crate::proxies::{LedgerView, Proxies};
use crate::reload::{self, Reloader, Reloads};
use crate::unix_socket::SocketFile;
use crate::watches::Watches;
use crate::{REVISION, VERSION, authority, dns, duties, first_entries, grpc, listen, node, peer_tls, unix_socket};

/// How long running requests may take to end at shutdown. Longer than a write waits for its answer: nobody
/// is left without one, and so in doubt. Those who wait for news are answered at once.
const REQUEST_GRACE: Duration = Duration::from_millis(7500);

/// When a write that gets no answer is given up as one of unknown outcome: Consul's `rpc_hold_timeout`.
const ANSWER_MAX: Duration = Duration::from_secs(7);

/// How long all of it may take, streams included.
const DRAIN_MAX: Duration = Duration::from_secs(9);

/// Envoy's maintained versions, newest first.
const ENVOY_VERSIONS: [&str; 4] = ["1.40.0", "1.39.0", "1.38.0", "1.37.0"];

/// A running agent. Dropping it ends it as a crash would; see [`Agent::shutdown`].
pub struct Agent {
    addresses: Addresses,
    node: Arc<Node>,
    store: Arc<Store>,
    raft: Arc<Raft>,
    cluster: LocalCluster,
    ads: Ads<Proxies>,
    reloads: Reloads,
    stop: CancellationToken,
    /// Other servers are answered until Raft has ended.
    stop_peers: CancellationToken,
    _peers: Option<AbortOnDropHandle<()>>,
    /// The listeners.
    fronts: JoinSet<anyhow::Result<()>>,
    /// What runs for as long as the agent does.
    backs: Vec<AbortOnDropHandle<()>>,
}

/// Where an agent can be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addresses {
    /// `None`: off.
    pub http: Option<SocketAddr>,
    /// `None`: off.
    pub https: Option<SocketAddr>,
    /// `None`: off.
    pub grpc: Option<SocketAddr>,
    /// gRPC over TLS; `None`: off.
    pub grpc_tls: Option<SocketAddr>,
    /// UDP and TCP; `None`: off.
    pub dns: Option<SocketAddr>,
    /// What servers would call it by, `HOST:PORT`.
    pub server: String,
}

impl Agent {
    /// Starts an agent. When this returns, it answers. One that is alone also has a leader, a root
    /// certificate and its place in the catalog; one that has others to wait for gets them when they
    /// are there, and says until then that there is no leader.
    ///
    /// # Errors
    /// A port is taken, the data directory cannot be used, or the first writes fail.
    pub async fn start(config: Config) -> anyhow::Result<Self> {
        Self::start_logging(config, Logging::default()).await
    }

    /// The same in a process whose log is the agent's.
    ///
    /// # Errors
    /// As [`Agent::start`].
    pub(crate) async fn start_logging(config: Config, log: Logging) -> anyhow::Result<Self> {
        let http_listener = listen::bind("HTTP", config.listen.http).await?;
        let socket = config.http.socket.as_ref().map(unix_socket::bind).transpose()?;
        let https_listener = listen::bind("HTTPS", config.listen.https).await?;
        let grpc_listener = listen::bind("gRPC", config.listen.grpc).await?;
        let grpc_tls_listener = listen::bind("gRPC TLS", config.listen.grpc_tls).await?;
        let dns_sockets = dns::bind(config.listen.dns).await?;
        let is_alone = config.cluster.expect == 1 && config.cluster.retry_join.is_empty();
        let (server_listener, server_port) = servers_port(&config).await?;
        let addresses = Addresses {
            http: listen::address(http_listener.as_ref())?,
            https: listen::address(https_listener.as_ref())?,
            grpc: listen::address(grpc_listener.as_ref())?,
            grpc_tls: listen::address(grpc_tls_listener.as_ref())?,
            dns: dns_sockets.as_ref().map(Sockets::local_addr).transpose()?,
            server: SocketAddr::new(config.node.address, server_port).to_string(),
        };

        let doors = Doors::open(config.client_tls.clone()).await?;

        let opened = take_over(&config).await?;
        let raft_id = opened.identity.raft_id;
        let data_dir = config.data_dir.as_deref();
        let node = Arc::new(node::describe(&config.node, node::id(&config.node, data_dir)?));
        let badge = Arc::new(Badge::new(raft_id, config.node.datacenter.as_str()));
        let link = make_link(&config, raft_id, is_alone).await?;
        let transport: Arc<dyn Transport> = Arc::new(GrpcTransport::new(link.tls(), Arc::clone(&badge)));
        let threshold = Threshold::new(&opened.identity);
        let (stop, stop_peers) = (CancellationToken::new(), CancellationToken::new());
        let entrance = Arc::new(Entrance::default());
        let peers = server_listener.map(|listener| {
            let door = Arc::clone(&threshold.door);
            let clients: Arc<dyn peer::Clients> = entrance.clone();
            spawn(peer::serve(listener, link.tls(), door, Some(clients), Arc::clone(&badge), stop_peers.clone()))
        });
        let mut backs = vec![spawn(link.keep_fresh(stop.clone()))];

        let (store, proposals) = Store::new(State::default());
        let outbound = Arc::new(Outbound::new(Arc::clone(&transport), threshold.leave()));
        let raft_config = raft_config(&config, raft_id, &addresses, is_alone);
        let raft = Arc::new(Raft::start(raft_config, Arc::clone(&store), proposals, outbound).await?);
        let settings = formation_settings(&config, &node, &addresses);
        let (formation, driver) = threshold.start(Arc::clone(&raft), (transport, badge), opened, settings);
        backs.push(driver);

        let health = Health::default();
        let timers = Timers::new(Arc::clone(&store), leads(&raft));
        let roll = Roll::default();
        cluster::serve(&raft, formation.clone(), health.clone(), Arc::clone(&timers), roll.clone());
        let cluster = LocalCluster {
            raft: Arc::clone(&raft),
            raft_id,
            store: Arc::clone(&store),
            node: Arc::clone(&node),
            formation: formation.clone(),
            expect: config.cluster.expect,
            departure: Departure::default(),
            seal_key: seal_key(&config),
        };
        let ledger = Ledger::default();
        let datacenter = node.datacenter.clone();
        let (data_dir, seal_keys) = (config.data_dir.clone(), config.ca_seal_keys.clone());
        let authority =
            LocalAuthority::new(Arc::clone(&store), ledger.clone(), datacenter, data_dir, seal_keys.clone());
        let (checks, runner) = Checks::new(node.name.clone(), Arc::clone(&store), config.checks.clone());
        let acl = Acl::new(&config)?;
        let (default_policy, checks_of) = (config.default_policy, checks.clone());
        let proxies =
            Proxies::new(Arc::clone(&store), &node, default_policy, authority.clone(), checks_of, acl.clone());
        let ads = Ads::new(proxies, ledger.clone(), ads::Config::default());
        let limits = http_limits(&config);
        let definitions = Arc::new(RwLock::new(config.definitions.clone()));
        let monitors = log.monitors.clone();
        let watches = Watches::default();
        let own = node::Own::new(Arc::clone(&node));
        let meter = Arc::<Meter>::default();
        let names = dns::handler(config.dns.clone(), Arc::clone(&store), Arc::clone(&raft), acl.clone());
        let parts = reload::Parts {
            store: Arc::clone(&store),
            node: own.clone(),
            checks: checks.clone(),
            output_every: None,
            names: names.clone(),
            doors: doors.clone(),
            acl: acl.clone(),
            log,
            http_connections: limits.connections_per_address.clone(),
            definitions: Arc::clone(&definitions),
            watches: watches.clone(),
        };
        let (reloads, reloader) = Reloader::new(&config, parts);
        let host = Host {
            store: Arc::clone(&store),
            agent: Arc::new(describe(&config, &node, &addresses)),
            checks: Arc::new(checks),
            authority: Arc::new(authority),
            cluster: Arc::new(cluster.clone()),
            proxies: Arc::new(LedgerView(ledger)),
            access: Arc::new(acl.clone()),
            reload: Arc::new(reloads.clone()),
            logs: Arc::new(monitors),
            meter: Arc::clone(&meter),
        };

        let rest = weft_api::router(host.clone());
        let desk = Desk { store: Arc::clone(&store), raft: Arc::clone(&raft), acl: acl.clone(), roll: roll.clone() };
        entrance.open(Inside { rest: rest.clone(), ads: ads.clone(), names: names.clone(), desk, stop: stop.clone() });

        let presence = Presence {
            store: Arc::clone(&store),
            raft: Arc::clone(&raft),
            formation: formation.clone(),
            node: own,
            server_port,
            sidecar_ports: config.listen.sidecar_ports,
            definitions,
            ca: config.ca.clone(),
            ca_seal_keys: seal_keys.clone(),
            data_dir: config.data_dir.clone(),
            departure: cluster.departure.clone(),
        };
        if is_alone {
            tokio::select! {
                begun = presence.begin() => begun?,
                why = formation.refused() => bail!("{why}"),
            }
            if config.acl.enabled {
                acl::establish(&store, config.acl.initial_management.as_ref()).await?;
            }
            first_entries::write(&store, &config.entries).await?;
            backs.push(spawn(presence.keep()));
        } else {
            backs.push(spawn(presence.run()));
        }
        let autopilot = Autopilot {
            store: Arc::clone(&store),
            raft: Arc::clone(&raft),
            settings: config.cluster.autopilot.clone(),
            expect: config.cluster.expect,
            health,
        };
        backs.push(spawn(autopilot.run()));
        if !config.dev {
            backs.push(spawn(clients::run(Arc::clone(&store), Arc::clone(&raft), roll)));
        }
        if config.acl.enabled {
            let initial = config.acl.initial_management.clone();
            backs.push(spawn(acl::run(Arc::clone(&store), Arc::clone(&raft), initial)));
        }
        if !config.entries.is_empty() {
            backs.push(spawn(first_entries::run(Arc::clone(&store), Arc::clone(&raft), config.entries.clone())));
        }
        backs.push(spawn(timers.run()));
        let coordinates = Coordinates { map: CatalogMap { store: Arc::clone(&store) }, node: node.name.clone() };
        if config.tells_coordinates {
            backs.push(spawn(coordinates.run()));
        }
        backs.push(spawn(runner.run()));
        if !config.dev {
            backs.push(spawn(authority::watch(Arc::clone(&store), Arc::clone(&raft), seal_keys.clone())));
        }
        backs.push(spawn(duties::run(Arc::clone(&store), Arc::clone(&raft), seal_keys)));
        watches.start(rest.clone(), &config.watches);
        let mut fronts = JoinSet::new();
        backs.push(spawn(weft_api::push_metrics(host.clone())));
        let front = config.http.front.clone().before(rest);
        backs.push(spawn(reloader.run()));
        if let Some((listener, file)) = socket {
            fronts.spawn(at_socket(listener, file, front.clone(), limits.clone(), stop.clone()));
        }
        if let Some(listener) = http_listener {
            fronts.spawn(http(listener, Plain, front.clone(), limits.clone(), stop.clone()));
        }
        if let Some((listener, door)) = https_listener.zip(doors.https.clone()) {
            fronts.spawn(http(listener, Https(door), front, limits, stop.clone()));
        }
        if let Some(listener) = grpc_listener {
            fronts.spawn(grpc::serve(listener, None, ads.clone(), stop.clone()));
        }
        if let Some(listener) = grpc_tls_listener {
            fronts.spawn(grpc::serve(listener, doors.grpc.clone(), ads.clone(), stop.clone()));
        }
        backs.extend(doors.iter().map(|door| spawn(door.keep_fresh(stop.clone()))));
        if let Some(sockets) = dns_sockets {
            let names = names.timed(Arc::new(dns::ByMeter(meter)));
            fronts.spawn(dns::serve(sockets, names, stop.clone()));
        }
        Ok(Self { addresses, node, store, raft, cluster, ads, reloads, stop, stop_peers, _peers: peers, fronts, backs })
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

    /// Lets it read its files again.
    pub(crate) fn reloads(&self) -> &Reloads {
        &self.reloads
    }

    /// Waits until there is a reason to end: a listener has failed, the cluster refuses this server, or it
    /// has left.
    ///
    /// # Errors
    /// The reason, where it is a fault.
    pub async fn ended(&mut self) -> anyhow::Result<()> {
        let LocalCluster { formation, departure, .. } = &self.cluster;
        tokio::select! {
            error = failed(&mut self.fronts) => Err(error),
            why = formation.refused() => Err(anyhow!(why)),
            () = departure.finished() => Ok(()),
        }
    }

    /// Leaves the cluster.
    ///
    /// # Errors
    /// The cluster could not be told.
    pub async fn leave(&self) -> anyhow::Result<()> {
        Ok(self.cluster.leave().await?)
    }

    /// Ends in order: another server leads, no new connections, streams told to end, requests finished up to a deadline,
    /// then the tasks inside, Raft last.
    pub async fn shutdown(mut self) {
        self.cluster.announce_restart().await;
        self.cluster.hand_over().await;
        self.stop.cancel();
        self.store.end_waits();
        let drained = async {
            self.ads.close().await;
            while self.fronts.join_next().await.is_some() {}
        };
        if timeout(DRAIN_MAX, drained).await.is_err() {
            tracing::warn!("some requests were still under way and are cut off");
            self.fronts.abort_all();
        }
        tracing::debug!("nothing is served any more");
        drop(std::mem::take(&mut self.backs));
        self.raft.shutdown().await;
        self.stop_peers.cancel();
        tracing::debug!("raft has ended");
    }
}

/// Waits until a listener fails; for ever when none does.
pub(crate) async fn failed(fronts: &mut JoinSet<anyhow::Result<()>>) -> anyhow::Error {
    loop {
        match fronts.join_next().await {
            Some(Ok(Ok(()))) => {}
            Some(Ok(Err(error))) => return error,
            Some(Err(error)) => return error.into(),
            None => std::future::pending().await,
        }
    }
}

pub(crate) fn http_limits(config: &Config) -> Limits {
    let connections_per_address = config.listen.http_connections_per_client;
    let usual = Limits::default();
    Limits {
        head_max_bytes: config.http.head_max_bytes.unwrap_or(usual.head_max_bytes),
        connections_per_address: connections_per_address.into(),
        shutdown_grace: REQUEST_GRACE,
        ..usual
    }
}

async fn http(
    listener: TcpListener,
    handshake: impl Handshake,
    router: axum::Router,
    limits: Limits,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    weft_api::serve_with(listener, handshake, router, stop.cancelled(), limits).await;
    Ok(())
}

/// HTTP at a socket, whose file lives as long.
pub(crate) async fn at_socket(
    listener: UnixListener,
    _file: SocketFile,
    router: axum::Router,
    limits: Limits,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    weft_api::serve_unix(listener, router, stop.cancelled(), limits).await;
    Ok(())
}

fn spawn(task: impl Future<Output = ()> + Send + 'static) -> AbortOnDropHandle<()> {
    AbortOnDropHandle::new(tokio::spawn(task))
}

/// The term in which this server leads, if it does.
fn leads(raft: &Arc<Raft>) -> Leads {
    // The handler of calls to the leader holds the timers, and Raft the handler.
    let raft = Arc::downgrade(raft);
    Box::new(move || {
        let raft = raft.upgrade()?;
        raft.leads().then(|| raft.status().term)
    })
}

/// The servers' listener. A dev agent has none: nobody could join what keeps nothing.
async fn servers_port(config: &Config) -> anyhow::Result<(Option<TcpListener>, u16)> {
    let port = config.listen.server_port;
    if config.dev {
        return Ok((None, listen::server_port(config.bind, port)?));
    }
    let listener = listen::bind("server", Endpoint { address: config.bind, port: Port::At(port) }).await?;
    let port = listen::address(listener.as_ref())?.map_or(port, |address| address.port());
    Ok((listener, port))
}

async fn take_over(config: &Config) -> anyhow::Result<Opened> {
    let (data_dir, datacenter) = (config.data_dir.clone(), config.node.datacenter.as_str().to_owned());
    let rejoin = if config.cluster.rejoin_as_new { Rejoin::AsNew } else { Rejoin::No };
    tokio::task::spawn_blocking(move || formation::open(data_dir.as_deref(), &datacenter, rejoin)).await?
}

async fn make_link(config: &Config, raft_id: u64, is_alone: bool) -> anyhow::Result<peer_tls::Link> {
    let config = config.clone();
    tokio::task::spawn_blocking(move || peer_tls::link(&config, raft_id, is_alone)).await?
}

fn formation_settings(config: &Config, node: &Node, addresses: &Addresses) -> formation::Settings {
    formation::Settings {
        server: Server {
            name: node.name.as_str().to_owned(),
            server_id: node.id.clone(),
            address: addresses.server.clone(),
            read_replica: config.cluster.read_replica,
        },
        version: VERSION.to_owned(),
        expect: config.cluster.expect,
        retry_join: config.cluster.retry_join.iter().cloned().collect(),
        retry_interval: config.cluster.retry_interval,
    }
}

fn raft_config(config: &Config, raft_id: u64, addresses: &Addresses, is_alone: bool) -> weft_raft::Config {
    let default = weft_raft::Config::default();
    let config = weft_raft::Config {
        data_dir: config.data_dir.clone(),
        node_id: raft_id,
        address: addresses.server.clone(),
        snapshot_after: config.cluster.snapshot_after,
        log_kept: config.cluster.log_kept.max(default.log_kept),
        propose_timeout: ANSWER_MAX,
        ..default.with_multiplier(f64::from(config.cluster.raft_multiplier))
    };
    if !is_alone {
        return config;
    }
    // A server that is alone has nobody to wait for.
    weft_raft::Config {
        heartbeat: Duration::from_millis(50).min(config.heartbeat),
        election_timeout: Duration::from_millis(150).min(config.election_timeout),
        ..config
    }
}

/// What snapshots are sealed with: whoever has the join secret can open them.
fn seal_key(config: &Config) -> Option<SealKey> {
    SealKey::of_join_secret(config.security.encrypt.as_ref()?.reveal().trim().as_bytes())
}

pub(crate) fn describe(config: &Config, node: &Node, addresses: &Addresses) -> AgentInfo {
    let port = |address: Option<SocketAddr>| address.map_or(0, |address| address.port());
    AgentInfo {
        node: node.clone(),
        version: VERSION.to_owned(),
        revision: REVISION.to_owned(),
        server_address: addresses.server.clone(),
        http_port: port(addresses.http),
        https_port: port(addresses.https),
        grpc_port: port(addresses.grpc),
        grpc_tls_port: port(addresses.grpc_tls),
        dns_port: port(addresses.dns),
        dns_domain: config.dns.domain.to_string(),
        dev_mode: config.dev,
        remote_scripts: config.checks.scripts == Scripts::FromAnyone,
        check_output_max: config.checks.output_max,
        sidecar_ports: config.listen.sidecar_ports,
        default_policy: config.default_policy,
        terms: config.http.terms.clone(),
        telemetry: config.telemetry.clone(),
        envoy_versions: ENVOY_VERSIONS.map(str::to_owned).to_vec(),
    }
}
