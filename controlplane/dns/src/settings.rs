//! What the configuration says of DNS: the fields are those of Consul's `dns_config`.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use hickory_proto::rr::Name;

/// How names are answered.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Names end with this: `consul.`.
    pub domain: Name,
    /// Names may end with this as well.
    pub alt_domain: Option<Name>,
    pub datacenter: String,
    /// Leaves out instances in warning state, too.
    pub only_passing: bool,
    /// Seconds for which an answer about a node holds.
    pub node_ttl: u32,
    pub service_ttl: Ttls,
    pub soa: Soa,
    /// How many addresses an answer over UDP without EDNS holds at most.
    pub udp_answer_limit: usize,
    /// How many addresses any answer holds at most; 0: as many as there are.
    pub a_record_limit: usize,
    /// Whether an answer that was cut says so, so that clients ask again over TCP.
    pub enable_truncate: bool,
    /// Whether node meta is added to answers that name a node.
    pub node_meta_txt: bool,
    /// Who answers names outside the domain, tried in order.
    pub recursors: Vec<SocketAddr>,
    pub recursor_timeout: Duration,
}

impl Settings {
    /// Consul's defaults.
    #[must_use]
    pub fn new(domain: Name, datacenter: String) -> Self {
        Self {
            domain,
            alt_domain: None,
            datacenter,
            only_passing: false,
            node_ttl: 0,
            service_ttl: Ttls::default(),
            soa: Soa::default(),
            udp_answer_limit: 3,
            a_record_limit: 0,
            enable_truncate: false,
            node_meta_txt: true,
            recursors: Vec::new(),
            recursor_timeout: Duration::from_secs(2),
        }
    }
}

/// `dns_config.soa`, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Soa {
    pub refresh: i32,
    pub retry: i32,
    pub expire: i32,
    pub min_ttl: u32,
}

impl Default for Soa {
    fn default() -> Self {
        Self { refresh: 3600, retry: 600, expire: 86400, min_ttl: 0 }
    }
}

/// `dns_config.service_ttl`: seconds by service name; `web*` is a prefix, `*` all others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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
