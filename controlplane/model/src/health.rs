//! Health checks: their last result, and what an agent needs to run them.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::LazyLock;

use serde::{Deserialize, Serialize, Serializer};

use crate::names::{CheckId, NodeName, ServiceId, ServiceName};
use crate::time::GoDuration;

/// Id of the synthetic check that puts a node into maintenance.
pub const NODE_MAINTENANCE: &str = "_node_maintenance";
/// Prefix of the synthetic check ids that put one service instance into maintenance.
pub const SERVICE_MAINTENANCE_PREFIX: &str = "_service_maintenance:";
/// Id of the liveness check of a node that runs an agent.
pub const SERF_HEALTH: &str = "serfHealth";

/// The result of a check. The order is the order of severity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CheckStatus {
    Passing,
    Warning,
    Critical,
}

impl CheckStatus {
    /// The status as Consul writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passing => "passing",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }

    /// Reads one of `passing`, `warning`, `critical`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Passing, Self::Warning, Self::Critical].into_iter().find(|status| status.as_str() == text)
    }
}

impl fmt::Display for CheckStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A health check of a node (no service) or of one service instance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Check {
    pub node: NodeName,
    pub id: CheckId,
    pub name: String,
    pub status: CheckStatus,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub notes: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub output: String,
    /// Empty for a check of the node itself.
    pub service_id: ServiceId,
    /// Filled from the instance when the check is stored.
    pub service_name: ServiceName,
    /// Filled from the instance when the check is stored.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub service_tags: Vec<String>,
    /// `ttl`, `http`, `tcp`, `alias`, `maintenance` …; empty for results written from outside.
    pub kind: String,
    /// How the owning agent runs the check.
    #[serde(default, skip_serializing_if = "Definition::is_default")]
    pub definition: Definition,
    /// Whether the definition belongs to the answer (checks written through the catalog) or only to
    /// the agent that runs the check.
    pub definition_public: bool,
}

/// A [`CheckDefinition`] that takes no room when it is the default one, as it is for all checks that
/// nobody runs here.
#[derive(Clone, Default, Deserialize)]
#[serde(from = "CheckDefinition")]
pub struct Definition(Option<Box<CheckDefinition>>);

impl Definition {
    /// Whether nothing is set.
    #[must_use]
    pub fn is_default(&self) -> bool {
        **self == CheckDefinition::default()
    }
}

impl Deref for Definition {
    type Target = CheckDefinition;

    fn deref(&self) -> &CheckDefinition {
        static NONE: LazyLock<CheckDefinition> = LazyLock::new(CheckDefinition::default);
        self.0.as_deref().unwrap_or(&NONE)
    }
}

impl DerefMut for Definition {
    fn deref_mut(&mut self) -> &mut CheckDefinition {
        self.0.get_or_insert_default()
    }
}

impl From<CheckDefinition> for Definition {
    fn from(definition: CheckDefinition) -> Self {
        Self((definition != CheckDefinition::default()).then(|| Box::new(definition)))
    }
}

impl Serialize for Definition {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (**self).serialize(serializer)
    }
}

impl PartialEq for Definition {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl fmt::Debug for Definition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

/// How a check is run. All fields are optional; which ones are set decides the kind.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct CheckDefinition {
    #[serde(rename = "HTTP", skip_serializing_if = "String::is_empty")]
    pub http: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub header: BTreeMap<String, Vec<String>>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub method: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub body: String,
    #[serde(rename = "TCP", skip_serializing_if = "String::is_empty")]
    pub tcp: String,
    #[serde(rename = "UDP", skip_serializing_if = "String::is_empty")]
    pub udp: String,
    #[serde(rename = "GRPC", skip_serializing_if = "String::is_empty")]
    pub grpc: String,
    #[serde(rename = "TTL", skip_serializing_if = "GoDuration::is_zero")]
    pub ttl: GoDuration,
    #[serde(skip_serializing_if = "GoDuration::is_zero")]
    pub interval: GoDuration,
    #[serde(skip_serializing_if = "GoDuration::is_zero")]
    pub timeout: GoDuration,
    #[serde(skip_serializing_if = "GoDuration::is_zero")]
    pub deregister_critical_service_after: GoDuration,
    #[serde(skip_serializing_if = "ServiceId::is_empty")]
    pub alias_service: ServiceId,
    #[serde(skip_serializing_if = "NodeName::is_empty")]
    pub alias_node: NodeName,
    #[serde(rename = "H2PING", skip_serializing_if = "String::is_empty")]
    pub h2ping: String,
    /// Unsaid: yes.
    #[serde(rename = "H2PingUseTLS", skip_serializing_if = "Option::is_none")]
    pub h2ping_use_tls: Option<bool>,
    #[serde(rename = "GRPCUseTLS", skip_serializing_if = "is_false")]
    pub grpc_use_tls: bool,
    #[serde(rename = "TCPUseTLS", skip_serializing_if = "is_false")]
    pub tcp_use_tls: bool,
    #[serde(rename = "TLSServerName", skip_serializing_if = "String::is_empty")]
    pub tls_server_name: String,
    #[serde(rename = "TLSSkipVerify", skip_serializing_if = "is_false")]
    pub tls_skip_verify: bool,
    #[serde(skip_serializing_if = "is_false")]
    pub disable_redirects: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub script_args: Vec<String>,
    #[serde(skip_serializing_if = "is_zero")]
    pub success_before_passing: u32,
    #[serde(skip_serializing_if = "is_zero")]
    pub failures_before_warning: u32,
    #[serde(skip_serializing_if = "is_zero")]
    pub failures_before_critical: u32,
    /// 0: as the agent says.
    #[serde(skip_serializing_if = "is_zero")]
    pub output_max_size: u32,
    /// A file of the agent that runs the check defines it, and nobody from outside.
    #[serde(skip_serializing_if = "is_false")]
    pub from_file: bool,
}

// Given to serde, which passes references.
#[allow(clippy::trivially_copy_pass_by_ref)]
const fn is_false(value: &bool) -> bool {
    !*value
}

#[allow(clippy::trivially_copy_pass_by_ref)]
const fn is_zero(value: &u32) -> bool {
    *value == 0
}

/// The worst status of a set of checks; no checks at all is passing.
pub fn aggregate<'a>(checks: impl IntoIterator<Item = &'a Check>) -> CheckStatus {
    checks.into_iter().map(|check| check.status).max().unwrap_or(CheckStatus::Passing)
}
