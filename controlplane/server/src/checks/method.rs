//! How a check gets its results, read from its definition.

use std::collections::BTreeMap;
use std::time::Duration;

use weft_model::health::{Check, CheckDefinition};
use weft_model::{NodeName, ServiceId};

const TIMEOUT: Duration = Duration::from_secs(10);

/// The way a check of this agent is run.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Method {
    /// Somebody reports; silence for this long is critical.
    Ttl(Duration),
    /// The agent probes.
    Probe(Probe),
    /// The worst of another instance's checks; the node is empty for this one.
    Alias { node: NodeName, service: ServiceId },
    /// A kind that this version cannot run.
    Unsupported(String),
}

/// A probe and its rhythm.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Probe {
    pub(super) target: Target,
    pub(super) interval: Duration,
    pub(super) timeout: Duration,
}

/// What is probed.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Target {
    /// Passing when it accepts a connection.
    Tcp(String),
    /// Passing when it answers with a 2xx.
    Http(Request),
}

/// The request of an HTTP check.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Request {
    pub(super) url: String,
    pub(super) method: String,
    pub(super) header: BTreeMap<String, Vec<String>>,
    pub(super) body: String,
}

impl Method {
    /// `None` for results that come from elsewhere: maintenance, the catalog, the node's liveness.
    pub(super) fn of(check: &Check) -> Option<Self> {
        let definition = &check.definition;
        if check.definition_public {
            return None;
        }
        Some(match check.kind.as_str() {
            "" | "maintenance" => return None,
            "ttl" => Self::Ttl(definition.ttl.0),
            "tcp" => Self::probe(definition, Target::Tcp(definition.tcp.clone())),
            "http" if definition.http.starts_with("https:") => Self::Unsupported("https".to_owned()),
            "http" => Self::probe(definition, Target::Http(Request::of(definition))),
            "alias" => Self::Alias { node: definition.alias_node.clone(), service: definition.alias_service.clone() },
            other => Self::Unsupported(other.to_owned()),
        })
    }

    fn probe(definition: &CheckDefinition, target: Target) -> Self {
        let timeout = if definition.timeout.is_zero() { TIMEOUT } else { definition.timeout.0 };
        // A rhythm without a pause would leave the machine no time for anything else.
        let interval = definition.interval.0.max(Duration::from_millis(100));
        Self::Probe(Probe { target, interval, timeout })
    }
}

impl Request {
    fn of(definition: &CheckDefinition) -> Self {
        Self {
            url: definition.http.clone(),
            method: if definition.method.is_empty() { "GET".to_owned() } else { definition.method.clone() },
            header: definition.header.clone(),
            body: definition.body.clone(),
        }
    }
}
