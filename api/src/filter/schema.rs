//! The types of the elements that can be filtered: which selectors exist, and what can be asked of each.

use weft_model::config_entry::Kind;

use super::expression::Operator;

/// The type of an element or of a part of it.
#[derive(Debug)]
pub(crate) enum Schema {
    Text,
    Int,
    Bool,
    /// A selector goes into each item: it holds when it holds for one of them.
    List(&'static Schema),
    /// Keys are data.
    Map(&'static Schema),
    Fields(&'static [(&'static str, Schema)]),
}

use Schema::{Bool, Fields, Int, List, Map, Text};

impl Schema {
    /// Whether this can be asked of a value of the type.
    pub(crate) fn allows(&self, operator: Operator) -> bool {
        match operator {
            Operator::Equal | Operator::NotEqual => matches!(self, Text | Int | Bool),
            Operator::Matches | Operator::NotMatches => matches!(self, Text),
            Operator::In | Operator::NotIn => matches!(self, Text | Map(_) | List(Text)),
            Operator::IsEmpty | Operator::IsNotEmpty => matches!(self, Map(_) | List(_)),
        }
    }
}

const TEXTS: Schema = List(&Text);
const PAIRS: Schema = Map(&Text);
const MESH_GATEWAY: Schema = Fields(&[("Mode", Text)]);
const ADDRESSES: Schema = Map(&Fields(&[("Address", Text), ("Port", Int)]));
const WEIGHTS: Schema = Fields(&[("Passing", Int), ("Warning", Int)]);
const CONNECT: Schema = Fields(&[("Native", Bool)]);

const UPSTREAM: Schema = Fields(&[
    ("DestinationType", Text),
    ("DestinationNamespace", Text),
    ("DestinationPartition", Text),
    ("DestinationPeer", Text),
    ("DestinationName", Text),
    ("Datacenter", Text),
    ("LocalBindAddress", Text),
    ("LocalBindPort", Int),
    ("LocalBindSocketPath", Text),
    ("MeshGateway", MESH_GATEWAY),
]);

const EXPOSE: Schema = Fields(&[
    ("Checks", Bool),
    (
        "Paths",
        List(&Fields(&[
            ("ListenerPort", Int),
            ("Path", Text),
            ("LocalPathPort", Int),
            ("Protocol", Text),
            ("ParsedFromCheck", Bool),
        ])),
    ),
]);

const PROXY: Schema = Fields(&[
    ("DestinationServiceName", Text),
    ("DestinationServiceID", Text),
    ("LocalServiceAddress", Text),
    ("LocalServicePort", Int),
    ("LocalServiceSocketPath", Text),
    ("Mode", Text),
    ("TransparentProxy", Fields(&[("OutboundListenerPort", Int), ("DialedDirectly", Bool)])),
    ("Upstreams", List(&UPSTREAM)),
    ("MeshGateway", MESH_GATEWAY),
    ("Expose", EXPOSE),
]);

/// Elements of `/catalog/nodes`.
pub(crate) static NODE: Schema = NODE_FIELDS;
const NODE_FIELDS: Schema = Fields(&[
    ("ID", Text),
    ("Node", Text),
    ("Address", Text),
    ("Datacenter", Text),
    ("TaggedAddresses", PAIRS),
    ("Meta", PAIRS),
]);

/// Instances: elements of `/agent/services`, `/catalog/node`, `/catalog/node-services`.
pub(crate) static SERVICE: Schema = SERVICE_FIELDS;
const SERVICE_FIELDS: Schema = Fields(&[
    ("Kind", Text),
    ("ID", Text),
    ("Service", Text),
    ("Tags", TEXTS),
    ("Address", Text),
    ("TaggedAddresses", ADDRESSES),
    ("Meta", PAIRS),
    ("Port", Int),
    ("SocketPath", Text),
    ("Weights", WEIGHTS),
    ("EnableTagOverride", Bool),
    ("Proxy", PROXY),
    ("Connect", CONNECT),
]);

/// Checks: elements of `/agent/checks` and of most of `/health`.
pub(crate) static CHECK: Schema = CHECK_FIELDS;
const CHECK_FIELDS: Schema = Fields(&[
    ("Node", Text),
    ("CheckID", Text),
    ("Name", Text),
    ("Status", Text),
    ("Notes", Text),
    ("Output", Text),
    ("ServiceID", Text),
    ("ServiceName", Text),
    ("ServiceTags", TEXTS),
    ("Type", Text),
]);

/// Elements of `/health/service` and `/health/connect`.
pub(crate) static HEALTH_ROW: Schema =
    Fields(&[("Node", NODE_FIELDS), ("Service", SERVICE_FIELDS), ("Checks", List(&CHECK_FIELDS))]);

/// Elements of `/catalog/service` and `/catalog/connect`.
pub(crate) static CATALOG_ROW: Schema = Fields(&[
    ("ID", Text),
    ("Node", Text),
    ("Address", Text),
    ("Datacenter", Text),
    ("TaggedAddresses", PAIRS),
    ("NodeMeta", PAIRS),
    ("ServiceKind", Text),
    ("ServiceID", Text),
    ("ServiceName", Text),
    ("ServiceTags", TEXTS),
    ("ServiceAddress", Text),
    ("ServiceTaggedAddresses", ADDRESSES),
    ("ServiceWeights", WEIGHTS),
    ("ServiceMeta", PAIRS),
    ("ServicePort", Int),
    ("ServiceSocketPath", Text),
    ("ServiceEnableTagOverride", Bool),
    ("ServiceProxy", PROXY),
    ("ServiceConnect", CONNECT),
]);

/// What an auth method says of somebody, for the selectors of binding rules.
pub(crate) static IDENTITY: Schema = Fields(&[
    ("value", PAIRS),
    ("list", Map(&TEXTS)),
    ("serviceaccount", Fields(&[("namespace", Text), ("name", Text), ("uid", Text)])),
]);

/// Elements of `/connect/intentions`.
pub(crate) static INTENTION: Schema = Fields(&[
    ("ID", Text),
    ("Description", Text),
    ("SourceNS", Text),
    ("SourceName", Text),
    ("DestinationNS", Text),
    ("DestinationName", Text),
    ("SourceType", Text),
    ("Action", Text),
    ("DefaultAddr", Text),
    ("DefaultPort", Int),
    ("Meta", PAIRS),
    ("Precedence", Int),
]);

/// Elements of `/internal/ui/nodes`.
pub(crate) static NODE_DUMP: Schema = Fields(&[
    ("ID", Text),
    ("Node", Text),
    ("Address", Text),
    ("TaggedAddresses", PAIRS),
    ("Meta", PAIRS),
    ("Services", List(&SERVICE_FIELDS)),
    ("Checks", List(&CHECK_FIELDS)),
]);

/// Elements of `/agent/members`.
pub(crate) static MEMBER: Schema = Fields(&[
    ("Name", Text),
    ("Addr", Text),
    ("Port", Int),
    ("Tags", PAIRS),
    ("Status", Int),
    ("ProtocolMin", Int),
    ("ProtocolMax", Int),
    ("ProtocolCur", Int),
    ("DelegateMin", Int),
    ("DelegateMax", Int),
    ("DelegateCur", Int),
]);

/// Elements of `/config/:kind` with what one kind has of its own.
macro_rules! entry {
    ($($own:expr),*) => {
        Fields(&[("Kind", Text), ("Name", Text), ("Meta", PAIRS), ("CreateIndex", Int), ("ModifyIndex", Int), $($own),*])
    };
}

static ENTRY: Schema = entry!();
static DEFAULTS: Schema = entry!(
    ("Protocol", Text),
    ("Mode", Text),
    ("MutualTLSMode", Text),
    ("TransparentProxy", Fields(&[("OutboundListenerPort", Int), ("DialedDirectly", Bool)])),
    ("MeshGateway", MESH_GATEWAY),
    ("Expose", EXPOSE),
    ("ExternalSNI", Text),
    ("MaxInboundConnections", Int),
    ("LocalConnectTimeoutMs", Int),
    ("LocalRequestTimeoutMs", Int),
    ("BalanceInboundConnections", Text)
);
static INTENTIONS: Schema = entry!((
    "Sources",
    List(&Fields(&[
        ("Name", Text),
        ("Action", Text),
        ("Precedence", Int),
        ("LegacyID", Text),
        ("Type", Text),
        ("Description", Text),
    ]))
));
static RESOLVER: Schema = entry!(
    ("DefaultSubset", Text),
    ("Redirect", Fields(&[("Service", Text), ("ServiceSubset", Text), ("Datacenter", Text), ("Peer", Text)]))
);

/// What can be asked of the entries of a kind.
pub(crate) fn entry(kind: Kind) -> &'static Schema {
    match kind {
        Kind::ServiceDefaults | Kind::ProxyDefaults => &DEFAULTS,
        Kind::ServiceIntentions => &INTENTIONS,
        Kind::ServiceResolver => &RESOLVER,
        Kind::ServiceRouter
        | Kind::ServiceSplitter
        | Kind::IngressGateway
        | Kind::TerminatingGateway
        | Kind::ApiGateway
        | Kind::HttpRoute
        | Kind::TcpRoute
        | Kind::InlineCertificate
        | Kind::FileSystemCertificate
        | Kind::ExportedServices
        | Kind::JwtProvider
        | Kind::Mesh => &ENTRY,
    }
}
