//! How a check gets its results, read from its definition.

use std::collections::BTreeMap;
use std::time::Duration;

use weft_model::health::{Check, CheckDefinition};
use weft_model::{NodeName, ServiceId};

use super::settings::{Scripts, Settings};
use super::threshold::Thresholds;
use super::tls::Wish;

const TIMEOUT: Duration = Duration::from_secs(10);
const SCRIPT_TIMEOUT: Duration = Duration::from_secs(30);

/// The way a check of this agent is run.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Method {
    /// Somebody reports; silence for this long is critical.
    Ttl(Duration),
    /// The agent probes.
    Probe(Box<Probe>),
    /// The worst of another instance's checks; the node is empty for this one.
    Alias { node: NodeName, service: ServiceId },
    /// It is not run, for this reason.
    Refused(String),
}

/// A probe and its rhythm.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Probe {
    pub(super) target: Target,
    pub(super) interval: Duration,
    pub(super) timeout: Duration,
    pub(super) thresholds: Thresholds,
    /// Of a longer output this many bytes are kept.
    pub(super) output_max: usize,
}

/// What is probed.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Target {
    /// Passing when it accepts a connection.
    Tcp(String, Option<Wish>),
    /// Passing unless its port is closed.
    Udp(String),
    /// Passing when it answers with a 2xx.
    Http(Box<Request>),
    /// Passing when it says that it serves; `HOST:PORT[/SERVICE]`.
    Grpc(String, Option<Wish>),
    /// Passing when it answers a ping of HTTP/2.
    H2Ping(String, Option<Wish>),
    /// Passing when it exits with 0.
    Script(Vec<String>),
}

/// The request of an HTTP check.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Request {
    pub(super) url: String,
    pub(super) method: String,
    pub(super) header: BTreeMap<String, Vec<String>>,
    pub(super) body: String,
    pub(super) follows_redirects: bool,
    pub(super) tls: Wish,
}

impl Method {
    /// `None` for results that come from elsewhere: maintenance, the catalog, the node's liveness.
    pub(super) fn of(check: &Check, settings: &Settings) -> Option<Self> {
        let definition = &*check.definition;
        if check.definition_public {
            return None;
        }
        let wish = |wanted: bool| wanted.then(|| wish(definition));
        let target = match check.kind.as_str() {
            "" | "maintenance" => return None,
            "ttl" => return Some(Self::Ttl(definition.ttl.0)),
            "alias" => {
                let (node, service) = (definition.alias_node.clone(), definition.alias_service.clone());
                return Some(Self::Alias { node, service });
            }
            "tcp" => Target::Tcp(definition.tcp.clone(), wish(definition.tcp_use_tls)),
            "udp" => Target::Udp(definition.udp.clone()),
            "http" => Target::Http(Box::new(Request::of(definition))),
            "grpc" => Target::Grpc(definition.grpc.clone(), wish(definition.grpc_use_tls)),
            "h2ping" => Target::H2Ping(definition.h2ping.clone(), wish(definition.h2ping_use_tls != Some(false))),
            "script" => match refusal(settings.scripts, definition) {
                None => Target::Script(definition.script_args.clone()),
                Some(why) => return Some(Self::Refused(why.to_owned())),
            },
            other => return Some(Self::Refused(format!("check type {other} is not supported"))),
        };
        Some(Self::Probe(Box::new(Probe::of(definition, target, settings))))
    }
}

/// Why a command is not run, if it is not.
fn refusal(scripts: Scripts, definition: &CheckDefinition) -> Option<&'static str> {
    match (scripts, definition.from_file) {
        (Scripts::FromAnyone, _) | (Scripts::FromFiles, true) => None,
        (Scripts::None, true) => Some(
            "Scripts are disabled on this agent; to enable, configure 'enable_script_checks' or \
             'enable_local_script_checks' to true",
        ),
        (Scripts::None | Scripts::FromFiles, false) => Some(
            "Scripts are disabled on this agent from remote calls; to enable, configure 'enable_script_checks' to true",
        ),
    }
}

fn wish(definition: &CheckDefinition) -> Wish {
    Wish { server_name: definition.tls_server_name.clone(), skip_verify: definition.tls_skip_verify }
}

impl Probe {
    fn of(definition: &CheckDefinition, target: Target, settings: &Settings) -> Self {
        let usual = if matches!(target, Target::Script(_)) { SCRIPT_TIMEOUT } else { TIMEOUT };
        Self {
            target,
            // A rhythm without a pause would leave the machine no time for anything else.
            interval: definition.interval.0.max(Duration::from_millis(100)),
            timeout: if definition.timeout.is_zero() { usual } else { definition.timeout.0 },
            thresholds: Thresholds::of(definition),
            output_max: output_max(definition, settings),
        }
    }
}

/// The smaller of what the check and what the agent says.
pub(super) fn output_max(definition: &CheckDefinition, settings: &Settings) -> usize {
    match usize::try_from(definition.output_max_size) {
        Ok(own @ 1..) => own.min(settings.output_max),
        Ok(0) | Err(_) => settings.output_max,
    }
}

impl Request {
    fn of(definition: &CheckDefinition) -> Self {
        Self {
            url: definition.http.clone(),
            method: if definition.method.is_empty() { "GET".to_owned() } else { definition.method.clone() },
            header: definition.header.clone(),
            body: definition.body.clone(),
            follows_redirects: !definition.disable_redirects,
            tls: wish(definition),
        }
    }
}
