//! From all that was said to what holds: defaults, and what settings mean together.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use weft_api::{Sink, Telemetry};
use weft_ca::config as ca;
use weft_model::ca::CaConfig;
use weft_model::{Datacenter, Faults, NodeName};

use super::ca_seal;
use super::dns;
use super::draft::{Draft, Ports};
use super::http;
use super::join::{self, SERVER_PORT};
use super::log;
use super::node;
use super::tls;
use super::{
    AclConfig, ClientTls, ClusterConfig, Config, Definitions, Endpoint, Flags, Listen, NodeConfig, Port, ServerSecurity,
};

use crate::checks::{self, Certificates, Scripts};

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// More voters make every write slower and nothing safer.
const SERVERS_MAX: u32 = 9;

const RETRY_INTERVAL: Duration = Duration::from_secs(10);
const RETRY_MIN: Duration = Duration::from_millis(100);
const SNAPSHOT_AFTER: u64 = 16_384;

/// The configuration, or `None` when a fault leaves nothing to return.
pub(super) fn finish(mut draft: Draft, source: &Flags, faults: &mut Faults) -> Option<Config> {
    let dev = draft.dev == Some(true);
    judge_role(&draft, dev, faults);
    let any = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
    let bind = draft.bind.unwrap_or(if dev { LOOPBACK } else { any });
    let address = draft.advertise.or_else(|| draft.reach.lan(bind)).or_else(|| reachable(bind));
    draft.reach.judge(faults);
    if address.is_none() {
        faults.say("no address to give to others was found: set bind_addr or advertise_addr");
    }
    let listen = listen(&draft, faults);
    let client_tls = listen.map(|listen| client_tls(&draft, &listen, faults)).unwrap_or_default();
    let ca = ca_config(&draft, faults);
    let ca_seal_keys = ca_seal::keys(draft.ca_seal_key_file.as_deref(), draft.data_dir.as_deref(), faults);
    let certificates = tls::servers(&draft, faults);
    judge_definitions(&draft.definitions, faults);
    node::judge_meta(&draft.node_meta, faults);
    let log = log::settings(&draft, faults);
    let checks = checks(&draft);
    let cluster = cluster(&draft, dev, faults);
    let (name, datacenter) = (node_name(&draft, faults), datacenter(&draft, faults));
    judge_primary(&draft, &datacenter, faults);
    let http = http::settings(std::mem::take(&mut draft.http), faults);
    let dns = dns::settings(std::mem::take(&mut draft.dns), &datacenter, &name, faults);
    Some(Config {
        dev,
        server: dev || draft.server == Some(true),
        data_dir: draft.data_dir.clone().filter(|_| !dev),
        node: NodeConfig {
            name,
            id: node::id(draft.node_id.as_deref(), faults),
            datacenter,
            address: address?,
            tagged_addresses: draft.reach.tags(address?),
            meta: draft.node_meta,
        },
        bind,
        listen: listen?,
        client_tls,
        http,
        dns,
        acl: AclConfig {
            enabled: draft.acl_enabled.unwrap_or(draft.acl_datacenter.is_some_and(|name| !name.is_empty())),
            default_policy: draft.acl_default_policy.unwrap_or_default(),
            ..draft.acl
        },
        default_policy: draft.default_intention_policy.or(draft.acl_default_policy).unwrap_or_default(),
        ca: ca?,
        ca_seal_keys,
        entries: draft.entries,
        definitions: draft.definitions,
        watches: draft.watches,
        checks,
        log,
        pid_file: draft.pid_file,
        telemetry: Telemetry {
            sinks: sinks(draft.statsd, draft.statsite, draft.dogstatsd, draft.dogstatsd_tags),
            ..draft.telemetry
        },
        cluster,
        security: ServerSecurity { encrypt: draft.encrypt, certificates },
        source: source.clone(),
        tells_coordinates: !draft.disable_coordinates,
        written: draft.written,
        notes: draft.notes,
    })
}

/// Whether what is said of a server, or of a client agent, goes together.
fn judge_role(draft: &Draft, dev: bool, faults: &mut Faults) {
    if dev {
        return;
    }
    if draft.server == Some(true) {
        if expected(draft).is_none() && draft.retry_join.is_empty() {
            faults.say("a server needs --bootstrap-expect to found a cluster, or --retry-join to join one");
        }
    } else {
        if expected(draft).is_some() {
            faults.say("bootstrap_expect: only servers found a cluster: add --server, or leave --bootstrap-expect out");
        }
        if draft.retry_join.is_empty() {
            faults.say(
                "a client agent needs servers: name them with --retry-join; or be one with --server, or try weft with --dev",
            );
        }
    }
    match &draft.data_dir {
        None => faults.say("data_dir is missing: give --data-dir, or --dev to keep nothing"),
        Some(dir) => match std::fs::metadata(dir) {
            Ok(found) if !found.is_dir() => {
                faults.say(format!("data_dir {:?} is a file: give --data-dir a directory", dir.display()));
            }
            Err(error) if error.kind() != ErrorKind::NotFound => {
                faults.say(format!("data_dir cannot be looked at: {error}"));
            }
            // It is made at the start.
            Ok(_) | Err(_) => {}
        },
    }
}

fn checks(draft: &Draft) -> checks::Settings {
    let scripts = match (draft.remote_scripts, draft.local_scripts) {
        (true, _) => Scripts::FromAnyone,
        (false, true) => Scripts::FromFiles,
        (false, false) => Scripts::None,
    };
    let mut settings = checks::Settings { scripts, ..draft.checks.clone() };
    if draft.agent_tls_for_checks {
        let own = draft.tls.cert.clone().zip(draft.tls.key.clone());
        settings.certificates = Certificates { ca: draft.tls.ca.clone(), own };
    }
    settings
}

fn expected(draft: &Draft) -> Option<i64> {
    draft.bootstrap_expect.or((draft.bootstrap == Some(true)).then_some(1))
}

fn cluster(draft: &Draft, dev: bool, faults: &mut Faults) -> ClusterConfig {
    let is_client = !dev && draft.server != Some(true);
    let expected = expected(draft).unwrap_or(i64::from(dev));
    let expect = u32::try_from(expected).ok().filter(|expect| *expect <= SERVERS_MAX);
    if expect.is_none() {
        faults.say(format!("bootstrap_expect = {expected}: a cluster is founded by 1 to {SERVERS_MAX} servers"));
    }
    let expect = expect.unwrap_or(1);
    if draft.read_replica == Some(true) && expect > 0 {
        faults.say("read_replica: it does not vote, so it founds no cluster: leave --bootstrap-expect out");
    }
    if dev && expect > 1 {
        faults.say("--dev is a server that is alone: leave --bootstrap-expect out");
    } else if expect > 1 && draft.retry_join.is_empty() {
        faults.say(format!("bootstrap_expect = {expect}: name the other servers with --retry-join"));
    }
    let multiplier = draft.raft_multiplier.unwrap_or(1);
    let raft_multiplier = u32::try_from(multiplier).ok().filter(|multiplier| (1..=10).contains(multiplier));
    if raft_multiplier.is_none() {
        faults.say(format!("performance.raft_multiplier = {multiplier}: it goes from 1 to 10"));
    }
    let (retry_join, wrong): (Vec<_>, Vec<_>) =
        draft.retry_join.iter().map(|address| join::address(address)).partition(Result::is_ok);
    for fault in wrong.into_iter().filter_map(Result::err) {
        faults.say(format!("retry_join: {fault}"));
    }
    let snapshot_after = u64::try_from(draft.raft_snapshot_threshold.unwrap_or(0)).unwrap_or(0);
    ClusterConfig {
        expect,
        retry_join: retry_join.into_iter().filter_map(Result::ok).collect(),
        retry_interval: draft.retry_interval.unwrap_or(RETRY_INTERVAL).max(RETRY_MIN),
        raft_multiplier: raft_multiplier.unwrap_or(1),
        snapshot_after: if snapshot_after == 0 { SNAPSHOT_AFTER } else { snapshot_after },
        log_kept: draft.raft_trailing_logs.unwrap_or(0),
        // A client agent that is told to end is not meant to come back soon.
        leave_on_terminate: draft.leave_on_terminate.unwrap_or(is_client),
        leave_on_interrupt: !draft.skip_leave_on_interrupt.unwrap_or(!is_client),
        autopilot: draft.autopilot.clone(),
        read_replica: draft.read_replica == Some(true),
        rejoin_as_new: draft.rejoin_as_new == Some(true),
    }
}

fn node_name(draft: &Draft, faults: &mut Faults) -> NodeName {
    let name = draft.node_name.clone().or_else(hostname).unwrap_or_default();
    if name.is_empty() {
        faults.say("node_name is missing, and this machine has no host name");
    }
    name.into()
}

fn hostname() -> Option<String> {
    let name =
        std::fs::read_to_string("/proc/sys/kernel/hostname").or_else(|_| std::fs::read_to_string("/etc/hostname"));
    name.ok().map(|name| name.trim().to_owned())
}

/// With one datacenter, that is the first one.
fn judge_primary(draft: &Draft, datacenter: &Datacenter, faults: &mut Faults) {
    for (key, name) in [("primary_datacenter", &draft.primary_datacenter), ("acl_datacenter", &draft.acl_datacenter)] {
        let name = name.as_deref().unwrap_or_default();
        if !name.is_empty() && !name.eq_ignore_ascii_case(datacenter.as_str()) {
            faults.say(format!("{key}: {name:?}: there is no federation, {datacenter} is a cluster of its own"));
        }
    }
}

/// It becomes a label of DNS names and a segment of identities.
fn datacenter(draft: &Draft, faults: &mut Faults) -> Datacenter {
    let name = draft.datacenter.clone().unwrap_or_else(|| "dc1".to_owned()).to_ascii_lowercase();
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if name.is_empty() || !name.chars().all(plain) {
        faults.say(format!("datacenter: {name:?} may hold letters, digits, - and _ only"));
    }
    name.into()
}

/// The address under which others reach `bind`. For all addresses it is the one that packets to the
/// outside would carry; finding it sends nothing.
pub(super) fn reachable(bind: IpAddr) -> Option<IpAddr> {
    if !bind.is_unspecified() {
        return Some(bind);
    }
    let outside: SocketAddr =
        if bind.is_ipv4() { ([192, 0, 2, 1], 9).into() } else { ([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1], 9).into() };
    let socket = UdpSocket::bind((bind, 0)).ok()?;
    socket.connect(outside).ok()?;
    socket.local_addr().ok().map(|local| local.ip()).filter(|ip| !ip.is_unspecified())
}

fn listen(draft: &Draft, faults: &mut Faults) -> Option<Listen> {
    let client = draft.client.unwrap_or(LOOPBACK);
    let Ports { http, https, grpc, grpc_tls, dns, server, sidecar_min, sidecar_max } = &draft.ports;
    let (first, last) = (sidecar_min.unwrap_or(21000), sidecar_max.unwrap_or(21255));
    if first == 0 || first > last {
        faults.say(format!("ports: sidecar_min_port {first} and sidecar_max_port {last} make no range"));
    }
    let server_port = match server.unwrap_or(Port::At(SERVER_PORT)) {
        Port::At(port) => port,
        Port::Off => {
            faults.say("ports.server: a server needs its port");
            return None;
        }
    };
    // As servers of Consul do since 1.14; without a certificate there is nothing to open it with.
    let has_grpc_certificate = tls::has_certificate(&draft.grpc_tls, &draft.tls);
    Some(Listen {
        http: Endpoint {
            address: draft.http_address.unwrap_or(client),
            port: if draft.http_is_socket { Port::Off } else { http.unwrap_or(Port::At(8500)) },
        },
        https: Endpoint { address: draft.https_address.unwrap_or(client), port: https.unwrap_or(Port::Off) },
        http_connections_per_client: draft.http_connections_per_client.unwrap_or(200),
        grpc: Endpoint { address: draft.grpc_address.unwrap_or(client), port: grpc.unwrap_or(Port::At(8502)) },
        grpc_tls: Endpoint {
            address: draft.grpc_tls_address.unwrap_or(client),
            port: grpc_tls.unwrap_or(if has_grpc_certificate { Port::At(8503) } else { Port::Off }),
        },
        dns: Endpoint { address: draft.dns_address.unwrap_or(client), port: dns.unwrap_or(Port::At(8600)) },
        server_port,
        sidecar_ports: (first, last),
    })
}

/// How the ports for clients are secured.
fn client_tls(draft: &Draft, listen: &Listen, faults: &mut Faults) -> ClientTls {
    ClientTls {
        https: tls::port("https", &draft.https_tls, draft, listen.https, faults),
        grpc: tls::port("grpc_tls", &draft.grpc_tls, draft, listen.grpc_tls, faults),
    }
}

fn ca_config(draft: &Draft, faults: &mut Faults) -> Option<CaConfig> {
    let default = ca::default_config();
    let config = CaConfig {
        provider: draft.ca_provider.clone().unwrap_or(default.provider),
        config: draft.ca_config.clone().unwrap_or(default.config),
        force_without_cross_signing: false,
    };
    match ca::check(&config) {
        Ok(_) => Some(config),
        Err(error) => {
            faults.say(format!("connect: {error}"));
            None
        }
    }
}

fn sinks(statsd: Option<String>, statsite: Option<String>, dog: Option<String>, tags: Vec<String>) -> Vec<Sink> {
    let given = [statsd.map(Sink::Statsd), statsite.map(Sink::Statsite), dog.map(|address| Sink::Dog(address, tags))];
    let is_somewhere = |sink: &Sink| match sink {
        Sink::Statsd(address) | Sink::Statsite(address) | Sink::Dog(address, _) => !address.is_empty(),
    };
    given.into_iter().flatten().filter(is_somewhere).collect()
}

fn judge_definitions(definitions: &Definitions, faults: &mut Faults) {
    for check in &definitions.checks {
        let name = if check.name.is_empty() { "check" } else { check.name.as_str() };
        if check.name.is_empty() {
            faults.say("check: Missing check name");
        }
        if let Err(fault) = check.validate() {
            faults.say(format!("{name}: {fault}"));
        }
    }
    let node = weft_model::catalog::Node::default();
    for service in &definitions.services {
        if let Err(found) = service.clone().into_registration(&node, (1, 1), true) {
            for fault in found.0 {
                faults.say(format!("service {:?}: {fault}", service.name.as_str()));
            }
        }
    }
}
