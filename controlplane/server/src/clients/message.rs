//! What client agents and servers say to each other beside the requests that are passed on: JSON over the link.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use uuid::Uuid;
use weft_model::acl::Rules;
use weft_model::catalog::{Node, Service};
use weft_model::health::{Check, CheckStatus};
use weft_model::{Command, NodeName, ServiceId};

/// The version of these messages.
pub(crate) const PROTOCOL: u32 = 1;

/// The header of a request that is passed on: the agent's node.
pub(crate) const NODE: &str = "x-weft-node";

/// The header with the token that a request is made with.
pub(crate) const TOKEN: &str = "x-consul-token";

/// The header of a DNS request: `udp` or `tcp`.
pub(crate) const WAY: &str = "x-weft-way";

/// The header of a DNS request: the address that asks.
pub(crate) const FROM: &str = "x-weft-from";

/// The header of a DNS request: the settings of the agent that was asked.
pub(crate) const SETTINGS: &str = "x-weft-dns";

/// Its size is that of the table of times to live, which may name many services.
pub(crate) const HEADERS_MAX: u32 = 256 << 10;

/// The paths of these messages.
pub(crate) const HELLO: &str = "/weft/client/hello";
pub(crate) const BEAT: &str = "/weft/client/beat";
pub(crate) const NODE_ROWS: &str = "/weft/client/node";
pub(crate) const APPLY: &str = "/weft/client/apply";
/// The body is a DNS request as it came over the wire, the answer its response.
pub(crate) const DNS: &str = "/weft/client/dns";
/// Who bears the token of the header; no token: the anonymous one.
pub(crate) const WHO: &str = "/weft/client/who";
pub(crate) const LEAVE: &str = "/weft/client/leave";
/// A [`Beat`]; the answer is the servers' [`Places`](crate::coordinates::Places).
pub(crate) const PLACES: &str = "/weft/client/places";
pub(crate) const ALIASED: &str = "/weft/client/aliased";

/// An agent introduces itself, with each connection.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Hello {
    pub(crate) protocol: u32,
    pub(crate) node: Node,
    pub(crate) version: String,
}

/// It is there.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Beat {
    pub(crate) node: NodeName,
}

/// The answer to both.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Welcome {
    /// Where servers can be reached, `HOST:PORT`.
    pub(crate) servers: BTreeSet<String>,
    /// Whether the leader hears from this server.
    pub(crate) in_touch: bool,
}

/// Asks for what the catalog says of a node. With an index, once that has changed.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Ask {
    pub(crate) node: NodeName,
    /// 0: at once, and as new as can be.
    pub(crate) index: u64,
}

/// What the catalog says of a node.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Rows {
    pub(crate) index: u64,
    pub(crate) node: Option<Node>,
    pub(crate) services: Vec<Service>,
    pub(crate) checks: Vec<Check>,
}

/// Writes of an agent about its own node, made with one token.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Apply {
    pub(crate) node: NodeName,
    pub(crate) commands: Vec<Command>,
}

/// How each of them went, and what the catalog says since.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Written {
    /// `None`: done; else why not.
    pub(crate) outcomes: Vec<Option<String>>,
    /// For a token that may ask for them, which that of a service may not.
    pub(crate) rows: Option<Rows>,
}

/// Who bears a token.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Known {
    pub(crate) accessor: Uuid,
    /// `None`: something of it cannot be read, and so it grants nothing.
    pub(crate) rules: Option<Rules>,
}

/// Asks for the health of an instance, or with the empty id of a node. With an index, once it may have changed.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct AskAliased {
    pub(crate) node: NodeName,
    pub(crate) service: ServiceId,
    pub(crate) index: u64,
}

/// What an alias check shows of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Aliased {
    pub(crate) index: u64,
    pub(crate) status: CheckStatus,
    pub(crate) output: String,
}
