//! The client agent, put together. Read [`ClientAgent::start`] from top to bottom.

use std::fs::File;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow};
use parking_lot::RwLock;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use weft_api::host::Cluster as _;
use weft_api::{Handshake, Host, Limits, Meter, Plain};
use weft_dns::Sockets;
use weft_model::catalog::Node;
use weft_state::Store;

use super::checks::{ClientChecks, OtherNodes};
use super::cluster::{OfServers, Remote};
use super::keep::Folder;
use super::local::{Orderer, Tokens};
use super::map::ServersMap;
use super::names::Names;
use super::pass_on::PassOn;
use super::servers::{Servers, Standing};
use super::sync::Sync;
use super::{beat, place};
use crate::acl::Acl;
use crate::app::{self, Addresses};
use crate::checks::{self, Checks};
use crate::config::Config;
use crate::coordinates::Coordinates;
use crate::front_tls::{Doors, Https};
use crate::log::Logging;
use crate::node::{self, VERSION_META};
use crate::presence::Departure;
use crate::reload::{self, Reloader, Reloads};
use crate::watches::Watches;
use crate::{VERSION, definitions, dns, listen, peer_tls, unix_socket};

/// How long streams and requests may take to end at shutdown: another agent does not take their place.
const GRACE: Duration = Duration::from_millis(500);

/// For how long a name may be in use by another agent: one that was killed counts as alive for up to ten seconds.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running client agent. Dropping it ends it as a crash would.
pub(crate) struct ClientAgent {
    addresses: Addresses,
    node: Arc<Node>,
    cluster: Remote,
    reloads: Reloads,
    stop: CancellationToken,
    store: Arc<Store>,
    fronts: JoinSet<anyhow::Result<()>>,
    backs: Vec<AbortOnDropHandle<()>>,
    _lock: Option<File>,
}

impl ClientAgent {
    /// Starts a client agent. When this returns, it answers; servers may still have to be found.
    ///
    /// # Errors
    /// A port is taken, the data directory cannot be used, or certificates cannot.
    pub(crate) async fn start(config: Config, log: Logging) -> anyhow::Result<Self> {
        let http_listener = listen::bind("HTTP", config.listen.http).await?;
        let socket = config.http.socket.as_ref().map(unix_socket::bind).transpose()?;
        let https_listener = listen::bind("HTTPS", config.listen.https).await?;
        let grpc_listener = listen::bind("gRPC", config.listen.grpc).await?;
        let grpc_tls_listener = listen::bind("gRPC TLS", config.listen.grpc_tls).await?;
        let dns_sockets = dns::bind(config.listen.dns).await?;
        let addresses = Addresses {
            http: listen::address(http_listener.as_ref())?,
            https: listen::address(https_listener.as_ref())?,
            grpc: listen::address(grpc_listener.as_ref())?,
            grpc_tls: listen::address(grpc_tls_listener.as_ref())?,
            dns: dns_sockets.as_ref().map(Sockets::local_addr).transpose()?,
            server: config.node.address.to_string(),
        };
        let doors = Doors::open(config.client_tls.clone()).await?;

        let tokens = Tokens::default();
        let taken = Taken::take(&config, &tokens).await?;
        let Taken { lock, node, store, orderer, link } = taken;
        let mut backs = vec![spawn(orderer.run())];
        let stop = CancellationToken::new();
        let servers = Servers::new(link.tls(), Arc::clone(&node), config.cluster.retry_join.iter().cloned().collect());
        backs.push(spawn(link.keep_fresh(stop.clone())));

        // What is told to the servers, and when, is decided where the catalog is kept true.
        let local = checks::Settings { output_every: Duration::ZERO, ..config.checks.clone() };
        let (checks, runner) = Checks::new(node.name.clone(), Arc::clone(&store), local);
        let acl = Acl::new(&config)?;
        acl.ask(Arc::new(servers.clone()));
        let others = OtherNodes { servers: servers.clone(), tokens: tokens.clone(), acl: acl.clone() };
        let runner = runner.asking(Arc::new(others));
        let names = Arc::new(Names { servers: servers.clone(), acl: acl.clone() });
        let meter = Arc::<Meter>::default();
        let names = weft_dns::Handler::relaying(names, config.dns.clone());
        let limits = app::http_limits(&config);
        let output_every = Arc::new(RwLock::new(config.checks.output_every));
        let definitions = Arc::new(RwLock::new(config.definitions.clone()));
        let monitors = log.monitors.clone();
        let watches = Watches::default();
        let parts = reload::Parts {
            store: Arc::clone(&store),
            node: node::Own::new(Arc::clone(&node)),
            checks: checks.clone(),
            output_every: Some(Arc::clone(&output_every)),
            names: names.clone(),
            doors: doors.clone(),
            acl: acl.clone(),
            log,
            http_connections: limits.connections_per_address.clone(),
            definitions,
            watches: watches.clone(),
        };
        let (reloads, reloader) = Reloader::new(&config, parts);
        let departure = Departure::default();
        let cluster = Remote { servers: servers.clone(), acl: acl.clone(), departure: departure.clone() };
        let host = Host {
            store: Arc::clone(&store),
            agent: Arc::new(app::describe(&config, &node, &addresses)),
            checks: Arc::new(ClientChecks { checks, tokens: tokens.clone() }),
            authority: Arc::new(OfServers),
            cluster: Arc::new(cluster.clone()),
            proxies: Arc::new(OfServers),
            access: Arc::new(acl.clone()),
            reload: Arc::new(reloads.clone()),
            logs: Arc::new(monitors),
            meter: Arc::clone(&meter),
        };

        for definition in &config.definitions.services {
            let registration = definition.clone().into_registration(&node, config.listen.sidecar_ports, true)?;
            tokens.note(&registration, &definition.token);
        }
        let data_dir = config.data_dir.as_deref();
        definitions::register(&store, &node, config.listen.sidecar_ports, &config.definitions, &[], data_dir)
            .await
            .context("definitions")?;

        backs.push(spawn(runner.run()));
        backs.push(spawn(reloader.run()));
        backs.push(spawn(while_staying(departure.clone(), beat::run(servers.clone()))));
        if config.tells_coordinates {
            let map = ServersMap { servers: servers.clone(), acl: acl.clone() };
            let coordinates = Coordinates { map, node: node.name.clone() };
            backs.push(spawn(while_staying(departure.clone(), coordinates.run())));
        }
        let sync = Sync {
            store: Arc::clone(&store),
            node: Arc::clone(&node),
            servers: servers.clone(),
            tokens,
            acl: acl.clone(),
            output_every,
        };
        backs.push(spawn(while_staying(departure, sync.run())));

        backs.push(spawn(weft_api::push_metrics(host.clone())));
        let pass_on = Arc::new(PassOn { servers, acl });
        let rest = weft_api::client_router(host, pass_on.clone());
        watches.start(rest.clone(), &config.watches);
        let rest = config.http.front.clone().before(rest);
        let xds = weft_api::relay(pass_on);
        let mut fronts = JoinSet::new();
        let streams = Limits { shutdown_grace: GRACE, ..Limits::default() };
        if let Some((listener, file)) = socket {
            fronts.spawn(app::at_socket(listener, file, rest.clone(), limits.clone(), stop.clone()));
        }
        if let Some(listener) = http_listener {
            fronts.spawn(serve(listener, Plain, rest.clone(), limits.clone(), stop.clone()));
        }
        if let Some((listener, door)) = https_listener.zip(doors.https.clone()) {
            fronts.spawn(serve(listener, Https(door), rest, limits, stop.clone()));
        }
        if let Some(listener) = grpc_listener {
            fronts.spawn(serve(listener, Plain, xds.clone(), streams.clone(), stop.clone()));
        }
        if let Some((listener, door)) = grpc_tls_listener.zip(doors.grpc.clone()) {
            fronts.spawn(serve(listener, Https(door), xds, streams, stop.clone()));
        }
        if let Some(sockets) = dns_sockets {
            let stop = stop.clone();
            let names = names.timed(Arc::new(dns::ByMeter(meter)));
            fronts.spawn(dns::serve(sockets, names, stop));
        }
        backs.extend(doors.iter().map(|door| spawn(door.keep_fresh(stop.clone()))));
        Ok(Self { addresses, node, cluster, reloads, stop, store, fronts, backs, _lock: lock })
    }

    pub(crate) fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    pub(crate) fn node(&self) -> &Node {
        &self.node
    }

    pub(crate) fn reloads(&self) -> &Reloads {
        &self.reloads
    }

    /// Waits until there is a reason to end.
    ///
    /// # Errors
    /// The reason, where it is a fault.
    pub(crate) async fn ended(&mut self) -> anyhow::Result<()> {
        let departure = self.cluster.departure.clone();
        tokio::select! {
            error = app::failed(&mut self.fronts) => Err(error),
            why = refused(&self.cluster.servers) => Err(anyhow!(why)),
            () = departure.finished() => Ok(()),
        }
    }

    pub(crate) async fn leave(&self) -> anyhow::Result<()> {
        Ok(self.cluster.leave().await?)
    }

    pub(crate) async fn shutdown(mut self) {
        self.stop.cancel();
        self.store.end_waits();
        let drained = async { while self.fronts.join_next().await.is_some() {} };
        if timeout(GRACE * 2, drained).await.is_err() {
            self.fronts.abort_all();
        }
        drop(std::mem::take(&mut self.backs));
    }
}

/// What has to be read from the disk.
struct Taken {
    lock: Option<File>,
    node: Arc<Node>,
    store: Arc<Store>,
    orderer: Orderer,
    link: peer_tls::Link,
}

impl Taken {
    async fn take(config: &Config, tokens: &Tokens) -> anyhow::Result<Self> {
        let (config, tokens) = (config.clone(), tokens.clone());
        let taken = tokio::task::spawn_blocking(move || {
            let data_dir = config.data_dir.as_deref();
            let lock = data_dir.map(|dir| place::take(dir, config.node.datacenter.as_str())).transpose()?;
            let mut node = node::describe(&config.node, node::id(&config.node, data_dir)?);
            node.meta.insert(VERSION_META.to_owned(), VERSION.to_owned());
            let folder = Folder::open(data_dir)?;
            let (store, orderer) = Orderer::open(&node, folder, tokens)?;
            let link = peer_tls::client_link(&config)?;
            anyhow::Ok(Self { lock, node: Arc::new(node), store, orderer, link })
        });
        taken.await?
    }
}

/// Waits until the servers do not take this agent, for good or for longer than one that was killed counts as alive.
async fn refused(servers: &Servers) -> String {
    let mut standing = servers.standing();
    loop {
        let found = standing.wait_for(|standing| matches!(standing, Standing::Refused { .. })).await;
        let Ok(Standing::Refused { why, lasting }) = found.as_deref().cloned() else {
            return std::future::pending().await;
        };
        drop(found);
        let until = Instant::now() + if lasting { Duration::ZERO } else { PATIENCE };
        let connected = standing.wait_for(|standing| matches!(standing, Standing::Connected(_)));
        if timeout_at(until, connected).await.is_err() {
            return why;
        }
    }
}

/// Ends when the agent is about to leave.
async fn while_staying(departure: Departure, task: impl Future<Output = ()> + Send) {
    tokio::select! {
        () = task => {}
        () = departure.begun() => {}
    }
}

async fn serve(
    listener: TcpListener,
    handshake: impl Handshake,
    router: axum::Router,
    limits: Limits,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    weft_api::serve_with(listener, handshake, router, stop.cancelled(), limits).await;
    Ok(())
}

fn spawn(task: impl Future<Output = ()> + Send + 'static) -> AbortOnDropHandle<()> {
    AbortOnDropHandle::new(tokio::spawn(task))
}
