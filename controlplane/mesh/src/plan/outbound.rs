//! The outbound side of a sidecar: a listener for each upstream, and the clusters behind it.

use std::sync::Arc;

use weft_model::catalog::{DestinationType, Proxy, Upstream};
use weft_model::config_entry::{self, Protocol, UpstreamConfig, UpstreamDefaults};
use weft_state::StateView;

use super::{Part, Plan};
use crate::address::Bind;
use crate::chain::{Chain, Target};
use crate::opaque::Opaque;
use crate::{Mesh, Notice, names};

const CONNECT_TIMEOUT_MS: u64 = 5000;

/// The listener of an upstream.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Outbound {
    /// `api`, `api?dc=dc2`.
    pub name: String,
    pub protocol: Protocol,
    pub bind: Bind,
    /// Where all calls go.
    pub target: Target,
    /// Spread connections evenly over the proxy's threads.
    pub balance: bool,
}

/// The cluster of a target, with this caller's settings.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cluster {
    pub target: Target,
    pub protocol: Protocol,
    pub connect_timeout_ms: u64,
    pub limits: Limits,
    pub outliers: Outliers,
}

/// How much may be under way at once; `None` is the proxy's default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Limits {
    pub max_connections: Option<u32>,
    pub max_pending_requests: Option<u32>,
    pub max_concurrent_requests: Option<u32>,
}

/// When an instance that fails is left alone for a while; `None` is the proxy's default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Outliers {
    pub interval_ms: Option<u64>,
    pub max_failures: Option<u32>,
    pub enforcing_percent: Option<u32>,
    pub max_ejection_percent: Option<u32>,
    pub base_ejection_ms: Option<u64>,
}

/// Adds the parts of all upstreams. One that cannot be made is left out alone.
pub(super) fn add(plan: &mut Plan, mesh: &Mesh, view: &StateView<'_>, proxy: &Proxy) {
    let own = view.service_defaults(plan.service.as_str()).and_then(|defaults| defaults.upstream_config);
    let own = own.unwrap_or_default();
    for upstream in &proxy.upstreams {
        let about = format!("upstream {}", names::upstream(upstream));
        let chain = mesh.chain(view, &upstream.destination_name);
        let mut notices = Vec::new();
        let parts = reachable(upstream, mesh)
            .and_then(|()| bind(upstream))
            .map(|bind| parts(upstream, bind, &chain.value, &own, &mut notices));
        plan.notices.append(&mut notices);
        let added = parts.and_then(|parts| check_clashes(plan, &parts).map(|()| parts));
        match added {
            Ok(parts) => plan.parts.extend(parts),
            Err(reason) => plan.notice(about, format!("{reason}; it has no listener")),
        }
    }
}

fn reachable(upstream: &Upstream, mesh: &Mesh) -> Result<(), String> {
    let local = &mesh.scope().datacenter;
    if upstream.destination_name.is_empty() {
        return Err("it has no name".into());
    }
    if upstream.destination_type == DestinationType::PreparedQuery {
        return Err("prepared queries are not supported yet".into());
    }
    if !upstream.destination_peer.is_empty() {
        return Err(format!("peer {:?} is not known", upstream.destination_peer));
    }
    if !upstream.datacenter.is_empty() && upstream.datacenter != *local {
        return Err(format!("datacenter {:?} is not known", upstream.datacenter.as_str()));
    }
    Ok(())
}

fn bind(upstream: &Upstream) -> Result<Bind, String> {
    if !upstream.local_bind_socket_path.is_empty() {
        let mode = upstream.local_bind_socket_mode.trim();
        let mode = if mode.is_empty() { Ok(0) } else { u32::from_str_radix(mode, 8) };
        let mode = mode.ok().filter(|mode| *mode <= 0o777);
        let mode = mode.ok_or_else(|| format!("{:?} is not a file mode", upstream.local_bind_socket_mode))?;
        return Ok(Bind::Pipe { path: upstream.local_bind_socket_path.clone(), mode });
    }
    Bind::tcp(upstream.bind_address(), upstream.local_bind_port)
}

/// The upstream's own settings come first, then what `service-defaults` of the caller says about this
/// upstream, then about all.
fn parts(upstream: &Upstream, bind: Bind, chain: &Chain, own: &UpstreamConfig, notices: &mut Vec<Notice>) -> Vec<Part> {
    let name = names::upstream(upstream);
    let about = format!("upstream {name}");
    let config = Opaque::new(&about, [&upstream.config]);
    config.refuse(&["envoy_listener_json", "envoy_cluster_json"], notices);
    let specific = own.overrides.iter().find(|one| upstream.destination_name == one.name.as_str());
    let layers: Vec<&UpstreamDefaults> = specific.into_iter().chain(&own.defaults).collect();
    let protocol = layer_text(&layers, |layer| &layer.protocol);
    let protocol = config.text("protocol", notices).or(protocol).map_or(chain.protocol, Protocol::parse);
    let balance = layer_text(&layers, |layer| &layer.balance_outbound_connections);
    let balance = config.text("balance_outbound_connections", notices).or(balance) == Some("exact_balance");
    let timeout = layers.iter().map(|layer| layer.connect_timeout_ms).find(|ms| *ms > 0);
    let timeout = config.number("connect_timeout_ms", notices).filter(|ms| *ms > 0).or(timeout);
    let limits = Limits::read(&config, layers.iter().find_map(|layer| layer.limits.as_ref()), notices);
    let checks = layers.iter().find_map(|layer| layer.passive_health_check.as_ref());
    let outliers = Outliers::read(&config, checks, notices);

    let mut parts = Vec::new();
    for target in &chain.targets {
        let cluster = Cluster {
            target: target.clone(),
            protocol,
            connect_timeout_ms: timeout.unwrap_or(CONNECT_TIMEOUT_MS),
            limits,
            outliers,
        };
        parts.push(Part::Cluster(Arc::new(cluster)));
        parts.push(Part::Endpoints(target.clone()));
    }
    if let Some(target) = chain.targets.first() {
        let outbound = Outbound { name, protocol, bind, target: target.clone(), balance };
        parts.push(Part::Outbound(Arc::new(outbound)));
    }
    parts
}

fn layer_text<'a>(
    layers: &[&'a UpstreamDefaults],
    field: impl Fn(&'a UpstreamDefaults) -> &'a String,
) -> Option<&'a str> {
    layers.iter().map(|layer| field(layer).as_str()).find(|text| !text.is_empty())
}

/// A proxy refuses a whole update when two listeners share an address, or two clusters a name.
fn check_clashes(plan: &Plan, parts: &[Part]) -> Result<(), String> {
    for part in parts {
        for known in &plan.parts {
            match (known, part) {
                (Part::Outbound(known), Part::Outbound(part)) if known.bind == part.bind => {
                    return Err(format!("upstream {} listens on {} already", known.name, part.bind));
                }
                (Part::Outbound(known), Part::Outbound(part)) if known.name == part.name => {
                    return Err("there is another upstream of the same name".into());
                }
                (Part::Inbound(known), Part::Outbound(part)) if known.bind == part.bind => {
                    return Err(format!("the public listener is on {} already", part.bind));
                }
                (Part::Cluster(known), Part::Cluster(part)) if known.target == part.target && known != part => {
                    return Err("another upstream goes to the same place with other settings".into());
                }
                _ => {}
            }
        }
    }
    Ok(())
}

impl Limits {
    fn read(config: &Opaque<'_>, layer: Option<&config_entry::Limits>, notices: &mut Vec<Notice>) -> Self {
        let own = config.section("limits");
        let mut read = |key: &str, layer: Option<u32>| own.small(key, notices).or(layer);
        Self {
            max_connections: read("max_connections", layer.and_then(|limits| limits.max_connections)),
            max_pending_requests: read("max_pending_requests", layer.and_then(|limits| limits.max_pending_requests)),
            max_concurrent_requests: read(
                "max_concurrent_requests",
                layer.and_then(|limits| limits.max_concurrent_requests),
            ),
        }
    }
}

impl Outliers {
    fn read(config: &Opaque<'_>, layer: Option<&config_entry::PassiveHealthCheck>, notices: &mut Vec<Notice>) -> Self {
        let own = config.section("passive_health_check");
        let millis = |duration: weft_model::GoDuration| u64::try_from(duration.0.as_millis()).ok();
        let layer = layer.map(|check| Self {
            interval_ms: millis(check.interval),
            max_failures: Some(check.max_failures),
            enforcing_percent: check.enforcing_consecutive_5xx,
            max_ejection_percent: check.max_ejection_percent,
            base_ejection_ms: check.base_ejection_time.and_then(millis),
        });
        let layer = layer.unwrap_or_default();
        // Envoy refuses a duration of 0 and a share of more than 100.
        let set = |value: &u64| *value > 0;
        let percent = |value: &u32| *value <= 100;
        Self {
            interval_ms: own.duration_ms("interval", notices).or(layer.interval_ms).filter(set),
            max_failures: own.small("max_failures", notices).or(layer.max_failures).filter(|count| *count > 0),
            enforcing_percent: own
                .small("enforcing_consecutive_5xx", notices)
                .or(layer.enforcing_percent)
                .filter(percent),
            max_ejection_percent: own
                .small("max_ejection_percent", notices)
                .or(layer.max_ejection_percent)
                .filter(percent),
            base_ejection_ms: own.duration_ms("base_ejection_time", notices).or(layer.base_ejection_ms).filter(set),
        }
    }
}
