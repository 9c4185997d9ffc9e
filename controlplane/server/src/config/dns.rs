//! `dns_config`, the domains and the recursors: from what was said to what DNS is told.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use serde_json::Value;
use weft_dns::{Name, Order, Settings, Soa, Staleness, Ttls};
use weft_model::{Datacenter, Faults, NodeName};

use super::read;

const DOMAIN: &str = "consul.";

/// Where recursors listen unless told otherwise.
const DNS_PORT: u16 = 53;

/// Every key about DNS; `None` is not said.
#[derive(Debug, Default)]
pub(super) struct DnsDraft {
    pub(super) domain: Option<Name>,
    pub(super) alt_domain: Option<Name>,
    pub(super) recursors: Vec<SocketAddr>,
    pub(super) allow_stale: Option<bool>,
    pub(super) max_stale: Option<Duration>,
    pub(super) only_passing: Option<bool>,
    pub(super) node_ttl: Option<u32>,
    pub(super) service_ttl: BTreeMap<String, u32>,
    pub(super) soa: Soa,
    pub(super) udp_answer_limit: Option<usize>,
    pub(super) a_record_limit: Option<usize>,
    pub(super) enable_truncate: Option<bool>,
    pub(super) disable_compression: Option<bool>,
    pub(super) node_meta_txt: Option<bool>,
    pub(super) recursor_timeout: Option<Duration>,
    pub(super) recursor_order: Option<Order>,
}

/// What DNS goes by.
pub(super) fn settings(draft: DnsDraft, datacenter: &Datacenter, node: &NodeName, faults: &mut Faults) -> Settings {
    let domain = draft.domain.or_else(|| name(&Value::from(DOMAIN)).ok()).unwrap_or_else(Name::root);
    if draft.alt_domain.as_ref() == Some(&domain) {
        faults.say(format!("alt_domain: {domain} is the domain already"));
    }
    let default = Settings::new(domain, datacenter.as_str().to_owned());
    let staleness = match (draft.allow_stale, draft.max_stale) {
        (Some(false), _) => Staleness::Refused,
        (_, Some(most)) => Staleness::Allowed(most),
        (_, None) => default.staleness,
    };
    Settings {
        alt_domain: draft.alt_domain,
        node: node.clone(),
        staleness,
        only_passing: draft.only_passing.unwrap_or(default.only_passing),
        node_ttl: draft.node_ttl.unwrap_or(default.node_ttl),
        service_ttl: Ttls(draft.service_ttl),
        soa: draft.soa,
        udp_answer_limit: draft.udp_answer_limit.unwrap_or(default.udp_answer_limit),
        a_record_limit: draft.a_record_limit.unwrap_or(default.a_record_limit),
        enable_truncate: draft.enable_truncate.unwrap_or(default.enable_truncate),
        disable_compression: draft.disable_compression.unwrap_or(default.disable_compression),
        node_meta_txt: draft.node_meta_txt.unwrap_or(default.node_meta_txt),
        recursors: draft.recursors,
        recursor_timeout: draft.recursor_timeout.unwrap_or(default.recursor_timeout),
        recursor_order: draft.recursor_order.unwrap_or(default.recursor_order),
        ..default
    }
}

/// A domain; the final dot may be left out.
pub(super) fn name(value: &Value) -> Result<Name, String> {
    let written = read::text(value)?;
    let mut name = Name::from_ascii(written.to_ascii_lowercase()).map_err(|error| format!("{written:?}: {error}"))?;
    name.set_fqdn(true);
    if name.is_root() { Err(format!("{written:?} is no domain: all names would be below it")) } else { Ok(name) }
}

/// A time to live. DNS counts whole seconds.
pub(super) fn ttl(value: &Value) -> Result<u32, String> {
    seconds(read::duration(value)?.as_secs())
}

pub(super) fn ttls(value: &Value) -> Result<BTreeMap<String, u32>, String> {
    let fault = |name: &str, fault: String| format!("{name}: {fault}");
    let rows = read::map(value)?.into_iter();
    rows.map(|(name, value)| Ok((name.to_ascii_lowercase(), ttl(&value).map_err(|found| fault(&name, found))?)))
        .collect()
}

fn seconds(seconds: u64) -> Result<u32, String> {
    u32::try_from(seconds).map_err(|_| format!("{seconds} s are more than DNS can count"))
}

/// `IP` or `IP:PORT`, one or a list.
pub(super) fn recursors(value: &Value) -> Result<Vec<SocketAddr>, String> {
    let address = |text: String| {
        let with_port = text.parse().ok();
        let alone = || text.parse::<IpAddr>().ok().map(|address| SocketAddr::new(address, DNS_PORT));
        with_port
            .or_else(alone)
            .ok_or_else(|| format!("{text:?} is no address: write it like 192.0.2.1 or 192.0.2.1:53"))
    };
    read::texts(value)?.into_iter().map(address).collect()
}

pub(super) fn order(value: &Value) -> Result<Order, String> {
    match read::text(value)?.as_str() {
        "sequential" => Ok(Order::Sequential),
        "random" => Ok(Order::Random),
        other => Err(format!("{other:?} is neither \"sequential\" nor \"random\"")),
    }
}

/// How many records; -1 and 0 both mean what the key says of none.
pub(super) fn limit(value: &Value) -> Result<usize, String> {
    let number = read::integer(value)?;
    usize::try_from(number.max(0)).map_err(|_| format!("{value} is out of range"))
}
