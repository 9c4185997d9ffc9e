//! What the configuration says of DNS: the fields are those of Consul's `dns_config`.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use hickory_proto::rr::Name;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use weft_model::NodeName;

/// How names are answered. What is written of it is what somebody else needs to answer so: the recursors are not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Names end with this: `consul.`.
    #[serde(serialize_with = "write_name", deserialize_with = "read_name")]
    pub domain: Name,
    /// Names may end with this as well.
    #[serde(serialize_with = "write_other_name", deserialize_with = "read_other_name")]
    pub alt_domain: Option<Name>,
    pub datacenter: String,
    /// The agent's own node.
    pub node: NodeName,
    pub staleness: Staleness,
    /// Leaves out instances in warning state, too.
    pub only_passing: bool,
    /// Seconds for which an answer about a node holds.
    pub node_ttl: u32,
    pub service_ttl: Ttls,
    pub soa: Soa,
    /// How many records an answer over UDP without EDNS holds at most.
    pub udp_answer_limit: usize,
    /// How many addresses any answer holds at most; 0: as many as there are.
    pub a_record_limit: usize,
    /// Whether an answer that was cut says so, so that clients ask again over TCP.
    pub enable_truncate: bool,
    /// Whether names in an answer are written out each time.
    pub disable_compression: bool,
    /// Whether node meta is added to answers that name a node.
    pub node_meta_txt: bool,
    /// Who answers names outside the domain.
    #[serde(skip)]
    pub recursors: Vec<SocketAddr>,
    #[serde(skip)]
    pub recursor_timeout: Duration,
    #[serde(skip)]
    pub recursor_order: Order,
}

impl Default for Settings {
    fn default() -> Self {
        Self::new(Name::root(), String::new())
    }
}

impl Settings {
    /// Consul's defaults.
    #[must_use]
    pub fn new(domain: Name, datacenter: String) -> Self {
        Self {
            domain,
            alt_domain: None,
            datacenter,
            node: NodeName::default(),
            staleness: Staleness::default(),
            only_passing: false,
            node_ttl: 0,
            service_ttl: Ttls::default(),
            soa: Soa::default(),
            udp_answer_limit: 3,
            a_record_limit: 0,
            enable_truncate: false,
            disable_compression: false,
            node_meta_txt: true,
            recursors: Vec::new(),
            recursor_timeout: Duration::from_secs(2),
            recursor_order: Order::default(),
        }
    }
}

/// From how old a state answers may come: `allow_stale` and `max_stale`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Staleness {
    /// From any, for as long as a leader was heard of within this time.
    Allowed(Duration),
    /// Each answer waits until the state is as new as its question.
    Refused,
}

impl Default for Staleness {
    /// Ten years: whatever happens to the leader, names go on being answered.
    fn default() -> Self {
        Self::Allowed(Duration::from_secs(10 * 365 * 24 * 3600))
    }
}

/// In which order recursors are asked: `recursor_strategy`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    #[default]
    Sequential,
    Random,
}

/// `dns_config.soa`, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Soa {
    pub refresh: u32,
    pub retry: u32,
    pub expire: u32,
    pub min_ttl: u32,
}

impl Default for Soa {
    fn default() -> Self {
        Self { refresh: 3600, retry: 600, expire: 86400, min_ttl: 0 }
    }
}

/// `dns_config.service_ttl`: seconds by service name; `web*` is a prefix, `*` all others.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ttls(pub BTreeMap<String, u32>);

impl Ttls {
    /// The exact name beats the longest prefix.
    #[must_use]
    pub fn of(&self, service: &str) -> u32 {
        if let Some(seconds) = self.0.get(service) {
            return *seconds;
        }
        let prefixes = self.0.iter().filter_map(|(name, seconds)| Some((name.strip_suffix('*')?, *seconds)));
        let fitting = prefixes.filter(|(prefix, _)| service.starts_with(prefix));
        fitting.max_by_key(|(prefix, _)| prefix.len()).map_or(0, |(_, seconds)| seconds)
    }
}

fn write_name<S: Serializer>(name: &Name, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(name)
}

fn read_name<'a, D: Deserializer<'a>>(from: D) -> Result<Name, D::Error> {
    Name::from_ascii(String::deserialize(from)?).map_err(serde::de::Error::custom)
}

#[allow(clippy::ref_option, reason = "serde hands over a reference to the field")]
fn write_other_name<S: Serializer>(name: &Option<Name>, to: S) -> Result<S::Ok, S::Error> {
    name.as_ref().map(Name::to_string).serialize(to)
}

fn read_other_name<'a, D: Deserializer<'a>>(from: D) -> Result<Option<Name>, D::Error> {
    let name = Option::<String>::deserialize(from)?;
    name.map(Name::from_ascii).transpose().map_err(serde::de::Error::custom)
}
