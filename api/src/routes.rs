//! The table of routes: every endpoint, in the order of the documentation.

use crate::route::{Access, Form, Param, Route, Verb};
use crate::terms::Most;
use crate::v1::{
    acl, agent, catalog, config_entry, connect, coordinate, discovery_chain, event, exported, federation, health, kv,
    operator, peering, query, session, snapshot, status, txn, ui, virtual_ip, weft,
};

use Verb::{Delete, Get, Post, Put};

/// Most registrations fit a hundred times; a list of all checks of a busy node still does.
const REGISTRATION_MAX_BYTES: usize = 512 * 1024;
/// An entry may list thousands of intentions.
const ENTRY_MAX_BYTES: usize = 1024 * 1024;

/// A task from an async function.
macro_rules! task {
    ($function:path) => {
        |call| Box::pin($function(call))
    };
}

/// The same for one that takes its body itself.
macro_rules! upload {
    ($function:path) => {
        |call, body| Box::pin($function(call, body))
    };
}

const fn param(name: &'static str, form: Form, about: &'static str) -> Param {
    Param { name, form, about }
}

const FILTER: Param = param("filter", Form::Text, "Expression over the elements of the answer.");
const NEAR: Param = param("near", Form::Text, "Nearest first, seen from this node; `_agent`: from this agent.");
const NODE_META: Param = param("node-meta", Form::Texts, "`key:value` that the node has; all must fit.");
const PEER: Param = param("peer", Form::Text, "What this peer has imported here; there are no peers, so nothing.");
const MERGE: Param =
    param("merge-central-config", Form::Flag, "Proxies with what proxy-defaults and service-defaults say put in.");
const TAG: Param = param("tag", Form::Texts, "Tag that the instance has, in any case; all must fit.");
const CAS: Param = param("cas", Form::Number, "Only if the entry's ModifyIndex is this; 0: only if it does not exist.");
const NOTE: Param = param("note", Form::Text, "Becomes the check's output.");
const PEM: Param = param("pem", Form::Bool, "Answer the certificates alone.");
const SOURCE: Param = param("source", Form::Required, "The calling service; `*` is all.");
const DESTINATION: Param = param("destination", Form::Required, "The called service; `*` is all.");
const ENABLE: Param = param("enable", Form::RequiredBool, "On or off.");
const REASON: Param = param("reason", Form::Text, "Why; becomes the check's notes.");
const WAN: Param = param("wan", Form::Bool, "There is no federation of datacenters yet.");
const INDEX: Param = param("cas", Form::Number, "Only if the key's ModifyIndex is this; 0: only if it does not exist.");
const COMPILE_DC: Param = param("compile-dc", Form::Text, "The datacenter that the calls come from.");
const KEYRING: &str = "There is no gossip, so no keys of it: refused";
const PEERING: &str = "Peering of clusters is off: refused";
const SEGMENT: Param =
    param("segment", Form::Text, "Only nodes of this network segment; there is one, without a name.");
const TEXT: Param = param("format", Form::OneOf(&["text"]), "Answer the verdict as plain text.");

/// Every endpoint.
pub(crate) static ROUTES: &[Route] = &[
    // --- agent
    Route::look("/v1/agent/self", agent::itself)
        .access(Access::AgentRead)
        .answers("AgentSelf")
        .about("What this agent is, how it is configured, how it does"),
    Route::look("/v1/agent/version", agent::version).answers("AgentVersion").about("The version of this agent"),
    Route::act(Get, "/v1/agent/host", task!(agent::host))
        .access(Access::OperatorRead)
        .answers("AgentHost")
        .about("The machine that this agent runs on"),
    Route::look("/v1/agent/members", agent::members)
        .access(Access::NodeRead)
        .params(&[
            param("wan", Form::Text, "Any value: the servers under their federation names."),
            param("segment", Form::OneOf(&["", "_all"]), "There is one segment."),
            FILTER,
        ])
        .answers("Members")
        .about("The agents of the cluster"),
    Route::act(Put, "/v1/agent/join/{address}", task!(agent::join))
        .access(Access::AgentWrite)
        .params(&[WAN])
        .about("Let this agent join the cluster of the one at an address"),
    Route::act(Put, "/v1/agent/leave", task!(agent::leave))
        .access(Access::AgentWrite)
        .about("Leave the cluster; the agent ends"),
    Route::act(Put, "/v1/agent/reload", task!(agent::reload))
        .access(Access::AgentWrite)
        .about("Read the configuration files again"),
    Route::act(Put, "/v1/agent/force-leave/{node}", task!(agent::force_leave))
        .access(Access::OperatorWrite)
        .params(&[WAN, param("prune", Form::Flag, "Forget the member.")])
        .about("Make a failed member one that has left"),
    Route::act(Get, "/v1/agent/metrics", task!(agent::metrics))
        .access(Access::AgentRead)
        .params(&[param("format", Form::Text, "`prometheus`: as Prometheus reads it.")])
        .answers_or("Metrics", "text/plain; version=0.0.4; charset=utf-8")
        .statuses(&[415])
        .about("What this agent has counted and timed"),
    Route::act(Get, "/v1/agent/metrics/stream", task!(agent::metrics_stream))
        .access(Access::AgentRead)
        .answers_bytes("text/plain; charset=utf-8")
        .about("The same each ten seconds, as lines of JSON, for as long as the client listens"),
    Route::act(Get, "/v1/agent/monitor", task!(agent::monitor))
        .access(Access::AgentRead)
        .params(&[
            param("loglevel", Form::Text, "The least level: trace, debug, info (if none is named), warn or error."),
            param("logjson", Form::Bool, "Each line is a JSON object."),
        ])
        .answers_bytes("text/plain; charset=utf-8")
        .statuses(&[429])
        .about("The agent's log from now on, while it is written"),
    Route::look("/v1/agent/services", agent::services)
        .access(Access::ServiceRead)
        .params(&[FILTER])
        .answers("AgentServices")
        .about("The instances registered with this agent"),
    Route::act(Get, "/v1/agent/service/{service_id}", task!(agent::service))
        .access(Access::ServiceRead)
        .params(&[
            param("hash", Form::Text, "The ContentHash that is known; waits for another one."),
            param("wait", Form::Duration, "How long to wait."),
        ])
        .answers("AgentServiceWithHash")
        .statuses(&[404])
        .about("One instance registered with this agent"),
    Route::act(Put, "/v1/agent/service/register", task!(agent::register_service))
        .access(Access::ServiceWrite)
        .params(&[param("replace-existing-checks", Form::Bool, "Remove checks that are not listed any more.")])
        .body("ServiceDefinition")
        .body_max(Most::Bytes(REGISTRATION_MAX_BYTES))
        .about("Add or replace an instance, its checks and its sidecar"),
    Route::act(Put, "/v1/agent/service/deregister/{service_id}", task!(agent::deregister_service))
        .access(Access::ServiceWrite)
        .statuses(&[404])
        .about("Remove an instance, its checks and its sidecar"),
    Route::act(Put, "/v1/agent/service/maintenance/{service_id}", task!(agent::service_maintenance))
        .access(Access::ServiceWrite)
        .params(&[ENABLE, REASON])
        .statuses(&[404])
        .about("Take an instance out of rotation, or back in"),
    Route::act(Put, "/v1/agent/maintenance", task!(agent::node_maintenance))
        .access(Access::NodeWrite)
        .params(&[ENABLE, REASON])
        .about("Take this node out of rotation, or back in"),
    Route::look("/v1/agent/health/service/id/{service_id}", agent::health_by_id)
        .access(Access::ServiceRead)
        .params(&[TEXT])
        .answers_or("ServiceHealth", "text/plain")
        .statuses(&[404, 429, 503])
        .about("The verdict over one instance"),
    Route::look("/v1/agent/health/service/name/{service}", agent::health_by_name)
        .access(Access::ServiceRead)
        .params(&[TEXT])
        .answers_or("ServiceHealths", "text/plain")
        .statuses(&[404, 429, 503])
        .about("The verdict over all instances of a service"),
    Route::look("/v1/agent/checks", agent::checks)
        .access(Access::ServiceRead)
        .params(&[FILTER])
        .answers("AgentChecks")
        .about("The checks registered with this agent"),
    Route::act(Put, "/v1/agent/check/register", task!(agent::register_check))
        .access(Access::CheckWrite)
        .body("CheckDefinition")
        .body_max(Most::Bytes(REGISTRATION_MAX_BYTES))
        .about("Add or replace a check"),
    Route::act(Put, "/v1/agent/check/deregister/{check_id}", task!(agent::deregister_check))
        .access(Access::CheckWrite)
        .statuses(&[404])
        .about("Remove a check"),
    Route::act(Put, "/v1/agent/check/pass/{check_id}", task!(agent::pass))
        .access(Access::CheckWrite)
        .params(&[NOTE])
        .statuses(&[404])
        .about("Heartbeat of a TTL check: passing"),
    Route::act(Put, "/v1/agent/check/warn/{check_id}", task!(agent::warn))
        .access(Access::CheckWrite)
        .params(&[NOTE])
        .statuses(&[404])
        .about("Heartbeat of a TTL check: warning"),
    Route::act(Put, "/v1/agent/check/fail/{check_id}", task!(agent::fail))
        .access(Access::CheckWrite)
        .params(&[NOTE])
        .statuses(&[404])
        .about("Heartbeat of a TTL check: critical"),
    Route::act(Put, "/v1/agent/check/update/{check_id}", task!(agent::update))
        .access(Access::CheckWrite)
        .body("CheckUpdate")
        .statuses(&[404])
        .about("Heartbeat of a TTL check"),
    Route::read("/v1/agent/connect/ca/roots", agent::roots)
        .params(&[PEM])
        .answers_or("Roots", "application/pem-certificate-chain")
        .about("The roots of trust, as this agent has them"),
    Route::act(Get, "/v1/agent/connect/ca/leaf/{service}", task!(agent::leaf))
        .blocking()
        .access(Access::ServiceWrite)
        .answers("Leaf")
        .about("A certificate with its key for a service"),
    Route::act(Post, "/v1/agent/connect/authorize", task!(agent::authorize))
        .access(Access::ServiceWrite)
        .body("AuthorizeRequest")
        .answers("Authorization")
        .about("Whether the bearer of a certificate may call a service"),
    // --- catalog
    Route::act(Put, "/v1/catalog/register", task!(catalog::register))
        .access(Access::CatalogWrite)
        .body("CatalogRegistration")
        .body_max(Most::Bytes(REGISTRATION_MAX_BYTES))
        .answers("True")
        .about("Add or replace a node, an instance and checks"),
    Route::act(Put, "/v1/catalog/deregister", task!(catalog::deregister))
        .access(Access::CatalogWrite)
        .body("CatalogDeregistration")
        .answers("True")
        .about("Remove a node, an instance or a check"),
    Route::look("/v1/catalog/datacenters", status::datacenters)
        .answers("Texts")
        .cacheable()
        .about("The datacenters that can be asked"),
    Route::read("/v1/catalog/nodes", catalog::nodes)
        .access(Access::NodeRead)
        .params(&[NEAR, NODE_META, FILTER, PEER])
        .answers("Nodes")
        .about("All nodes"),
    Route::read("/v1/catalog/services", catalog::services)
        .access(Access::ServiceRead)
        .params(&[NODE_META, FILTER, PEER])
        .answers("ServiceTags")
        .cacheable()
        .shared()
        .about("All services with their tags"),
    Route::read("/v1/catalog/service/{service}", catalog::service)
        .access(Access::ServiceRead)
        .params(&[TAG, NEAR, NODE_META, FILTER, PEER, MERGE])
        .answers("CatalogServices")
        .cacheable()
        .shared()
        .about("The instances of a service"),
    Route::read("/v1/catalog/connect/{service}", catalog::connect)
        .access(Access::ServiceRead)
        .params(&[TAG, NEAR, NODE_META, FILTER, PEER, MERGE])
        .answers("CatalogServices")
        .cacheable()
        .shared()
        .about("The mesh endpoints of a service"),
    Route::read("/v1/catalog/node/{node}", catalog::node)
        .access(Access::NodeRead)
        .params(&[FILTER, PEER])
        .answers("CatalogNode")
        .about("A node and its instances by their id; null when there is no such node"),
    Route::read("/v1/catalog/node-services/{node}", catalog::node_services)
        .access(Access::NodeRead)
        .params(&[FILTER, PEER, MERGE])
        .answers("CatalogNodeServices")
        .cacheable()
        .shared()
        .about("A node and the list of its instances"),
    Route::read("/v1/catalog/gateway-services/{gateway}", catalog::gateway_services)
        .access(Access::ServiceRead)
        .answers("GatewayServices")
        .about("The services behind a gateway"),
    // --- health
    Route::read("/v1/health/node/{node}", health::node)
        .access(Access::NodeRead)
        .params(&[FILTER, PEER])
        .answers("Checks")
        .about("The checks on a node"),
    Route::read("/v1/health/checks/{service}", health::checks)
        .access(Access::ServiceRead)
        .params(&[NEAR, NODE_META, FILTER, PEER])
        .answers("Checks")
        .about("The checks of a service's instances"),
    Route::read("/v1/health/service/{service}", health::service)
        .access(Access::ServiceRead)
        .params(&[
            TAG,
            NEAR,
            NODE_META,
            FILTER,
            PEER,
            MERGE,
            param("passing", Form::Bool, "Only instances whose checks all pass."),
        ])
        .answers("HealthServices")
        .cacheable()
        .shared()
        .about("The instances of a service with their node and checks"),
    Route::read("/v1/health/connect/{service}", health::connect)
        .access(Access::ServiceRead)
        .params(&[
            TAG,
            NEAR,
            NODE_META,
            FILTER,
            PEER,
            MERGE,
            param("passing", Form::Bool, "Only endpoints whose checks all pass."),
        ])
        .answers("HealthServices")
        .cacheable()
        .shared()
        .about("The mesh endpoints of a service with their node and checks"),
    Route::read("/v1/health/ingress/{service}", health::ingress)
        .access(Access::ServiceRead)
        .params(&[
            TAG,
            NEAR,
            NODE_META,
            FILTER,
            PEER,
            MERGE,
            param("passing", Form::Bool, "Only gateways whose checks all pass."),
        ])
        .answers("HealthServices")
        .cacheable()
        .shared()
        .about("The gateways that let a service be called from outside, with their node and checks"),
    Route::read("/v1/health/state/{state}", health::state)
        .access(Access::NodeRead)
        .params(&[NEAR, NODE_META, FILTER, PEER])
        .answers("Checks")
        .about("All checks in a state: any, passing, warning, critical"),
    // --- connect
    Route::read("/v1/connect/ca/roots", connect::ca::roots)
        .params(&[PEM])
        .answers_or("Roots", "application/pem-certificate-chain")
        .about("The roots of trust"),
    Route::look("/v1/connect/ca/configuration", connect::ca::configuration)
        .of_datacenter()
        .access(Access::OperatorWrite)
        .answers("CaConfiguration")
        .about("The configuration of the certificate authority, without secrets"),
    Route::act(Put, "/v1/connect/ca/configuration", task!(connect::ca::configure))
        .of_datacenter()
        .access(Access::OperatorWrite)
        .body("CaConfigurationRequest")
        .body_max(Most::Bytes(REGISTRATION_MAX_BYTES))
        .about("Change the certificate authority; rotate its root"),
    Route::read("/v1/connect/intentions", connect::intention::list)
        .access(Access::IntentionRead)
        .params(&[FILTER])
        .answers("Intentions")
        .about("All intentions, in the order in which they are tried"),
    Route::act(Post, "/v1/connect/intentions", task!(connect::intention_by_id::create))
        .of_datacenter()
        .access(Access::IntentionWrite)
        .body("IntentionRequest")
        .answers("Identified")
        .about("Create an intention"),
    Route::look("/v1/connect/intentions/exact", connect::intention_exact::get)
        .of_datacenter()
        .access(Access::IntentionRead)
        .params(&[SOURCE, DESTINATION])
        .answers("Intention")
        .statuses(&[404])
        .about("The intention of a pair of names"),
    Route::act(Put, "/v1/connect/intentions/exact", task!(connect::intention_exact::put))
        .of_datacenter()
        .access(Access::IntentionWrite)
        .params(&[SOURCE, DESTINATION])
        .body("ExactIntentionRequest")
        .body_max(Most::Bytes(REGISTRATION_MAX_BYTES))
        .answers("True")
        .about("Create or replace the intention of a pair of names"),
    Route::act(Delete, "/v1/connect/intentions/exact", task!(connect::intention_exact::delete))
        .of_datacenter()
        .access(Access::IntentionWrite)
        .params(&[SOURCE, DESTINATION])
        .answers("True")
        .about("Remove the intention of a pair of names"),
    Route::read("/v1/connect/intentions/match", connect::intention::matching)
        .access(Access::IntentionRead)
        .params(&[
            param("by", Form::RequiredOneOf(&["source", "destination"]), "Which side the names are on."),
            param("name", Form::RequiredTexts, "A service."),
        ])
        .answers("IntentionMatches")
        .about("The intentions that concern services, in the order in which they are tried"),
    Route::look("/v1/connect/intentions/check", connect::intention::check)
        .of_datacenter()
        .access(Access::IntentionRead)
        .params(&[SOURCE, DESTINATION, param("source-type", Form::OneOf(&["consul"]), "There is one type.")])
        .answers("IntentionVerdict")
        .about("Whether a service may call another"),
    Route::look("/v1/connect/intentions/{intention_id}", connect::intention_by_id::get)
        .of_datacenter()
        .access(Access::IntentionRead)
        .answers("Intention")
        .statuses(&[404])
        .about("One intention"),
    Route::act(Put, "/v1/connect/intentions/{intention_id}", task!(connect::intention_by_id::update))
        .of_datacenter()
        .access(Access::IntentionWrite)
        .body("IntentionRequest")
        .answers("Identified")
        .about("Replace an intention"),
    Route::act(Delete, "/v1/connect/intentions/{intention_id}", task!(connect::intention_by_id::delete))
        .of_datacenter()
        .access(Access::IntentionWrite)
        .answers("True")
        .about("Remove an intention"),
    // --- config entries
    Route::act(Put, "/v1/config", task!(config_entry::put))
        .of_datacenter()
        .access(Access::ConfigWrite)
        .params(&[CAS])
        .body("ConfigEntry")
        .body_max(Most::Bytes(ENTRY_MAX_BYTES))
        .answers("Bool")
        .about("Add or replace a config entry"),
    Route::read("/v1/config/{kind}", config_entry::list)
        .access(Access::ConfigRead)
        .params(&[FILTER])
        .answers("ConfigEntries")
        .about("The config entries of a kind"),
    Route::read("/v1/config/{kind}/{name}", config_entry::get)
        .access(Access::ConfigRead)
        .answers("ConfigEntryShown")
        .statuses(&[404])
        .about("One config entry"),
    Route::act(Delete, "/v1/config/{kind}/{name}", task!(config_entry::delete))
        .of_datacenter()
        .access(Access::ConfigWrite)
        .params(&[CAS])
        .answers("ConfigDeleted")
        .statuses(&[404])
        .about("Remove a config entry"),
    Route::read("/v1/discovery-chain/{service}", discovery_chain::chain)
        .access(Access::ServiceRead)
        .params(&[COMPILE_DC])
        .answers("DiscoveryChain")
        .about("Where the requests to a service go"),
    Route::ask("/v1/discovery-chain/{service}", discovery_chain::customized)
        .access(Access::ServiceRead)
        .params(&[COMPILE_DC])
        .body("ChainOverrides")
        .answers("DiscoveryChain")
        .about("The same, as an upstream with settings of its own has it"),
    Route::read("/v1/exported-services", exported::list)
        .access(Access::OperatorRead)
        .answers("ResolvedExports")
        .about("What is exported, and to whom"),
    Route::read("/v1/imported-services", exported::imported)
        .access(Access::OperatorRead)
        .answers("Anything")
        .about("What is imported from peers; there are none, so nothing"),
    // --- peering
    Route::act(Post, "/v1/peering/token", task!(peering::off)).access(Access::OperatorWrite).about(PEERING),
    Route::act(Post, "/v1/peering/establish", task!(peering::off)).access(Access::OperatorWrite).about(PEERING),
    Route::act(Get, "/v1/peering/{peer}", task!(peering::off)).access(Access::OperatorRead).about(PEERING),
    Route::act(Delete, "/v1/peering/{peer}", task!(peering::off)).access(Access::OperatorWrite).about(PEERING),
    Route::act(Get, "/v1/peerings", task!(peering::off)).access(Access::OperatorRead).about(PEERING),
    // --- kv
    Route::read("/v1/kv/{key}", kv::get)
        .access(Access::KeyRead)
        .params(&[
            param("raw", Form::Flag, "Answer the value alone."),
            param("recurse", Form::Flag, "Answer all keys that begin so."),
            param("keys", Form::Flag, "Answer the names of all keys that begin so."),
            param("separator", Form::Text, "With `keys`: cut names behind its first place past the prefix."),
        ])
        .answers_or("KeysOrNames", "text/plain")
        .statuses(&[404])
        .about("A key, a tree, or the names in a tree"),
    Route::act(Put, "/v1/kv/{key}", task!(kv::put))
        .of_datacenter()
        .access(Access::KeyWrite)
        .params(&[
            param("flags", Form::Number, "A number of the client's own."),
            INDEX,
            param("acquire", Form::Uuid, "Take the lock for this session."),
            param("release", Form::Uuid, "Give the lock of this session back."),
        ])
        .bytes("application/octet-stream")
        .body_max(Most::Value)
        .answers("Bool")
        .about("Write a value; on a condition, or with its lock"),
    Route::act(Delete, "/v1/kv/{key}", task!(kv::delete))
        .of_datacenter()
        .access(Access::KeyWrite)
        .params(&[INDEX, param("recurse", Form::Flag, "Remove all keys that begin so.")])
        .answers("Bool")
        .about("Remove a key or a tree"),
    // --- sessions
    Route::act(Put, "/v1/session/create", task!(session::create))
        .of_datacenter()
        .access(Access::SessionWrite)
        .optional_body("SessionRequest")
        .answers("Identified")
        .about("Begin a session"),
    Route::act(Put, "/v1/session/destroy/{session_id}", task!(session::destroy))
        .of_datacenter()
        .access(Access::SessionWrite)
        .answers("True")
        .about("End a session; its locks are released"),
    Route::act(Put, "/v1/session/renew/{session_id}", task!(session::renew))
        .of_datacenter()
        .access(Access::SessionWrite)
        .answers("Sessions")
        .statuses(&[404])
        .about("Restart a session's time to live"),
    Route::read("/v1/session/info/{session_id}", session::info)
        .access(Access::SessionRead)
        .answers("Sessions")
        .about("One session, or none"),
    Route::read("/v1/session/node/{node}", session::of_node)
        .access(Access::SessionRead)
        .answers("Sessions")
        .about("The sessions of a node"),
    Route::read("/v1/session/list", session::list)
        .access(Access::SessionRead)
        .answers("Sessions")
        .about("All sessions"),
    // --- prepared queries
    Route::read("/v1/query", query::list)
        .access(Access::QueryRead)
        .answers("PreparedQueries")
        .about("All prepared queries"),
    Route::act(Post, "/v1/query", task!(query::create))
        .of_datacenter()
        .access(Access::QueryWrite)
        .body("PreparedQueryRequest")
        .answers("Identified")
        .about("Store a query under a name"),
    Route::read("/v1/query/{query_id}", query::get)
        .access(Access::QueryRead)
        .answers("PreparedQueries")
        .statuses(&[404])
        .about("One prepared query"),
    Route::act(Put, "/v1/query/{query_id}", task!(query::update))
        .of_datacenter()
        .access(Access::QueryWrite)
        .body("PreparedQueryRequest")
        .about("Replace a prepared query"),
    Route::act(Delete, "/v1/query/{query_id}", task!(query::delete))
        .of_datacenter()
        .access(Access::QueryWrite)
        .about("Remove a prepared query"),
    Route::read("/v1/query/{query}/execute", query::execute)
        .access(Access::ServiceRead)
        .params(&[
            param("near", Form::Text, "Nearest first, seen from this node; `_agent`: this agent, `_ip`: the caller."),
            param("limit", Form::Integer, "At most this many instances."),
            param("connect", Form::Bool, "Answer mesh endpoints."),
        ])
        .answers("QueryResult")
        .statuses(&[404])
        .cacheable()
        .about("What a prepared query, by its id or name, finds"),
    Route::read("/v1/query/{query}/explain", query::explain)
        .access(Access::QueryRead)
        .answers("QueryExplained")
        .statuses(&[404])
        .about("A prepared query as it would run; templates are filled in"),
    // --- events
    Route::act(Put, "/v1/event/fire/{event}", task!(event::fire))
        .of_datacenter()
        .access(Access::EventWrite)
        .params(&[
            param("node", Form::Text, "Expression that an agent's node must fit."),
            param("service", Form::Text, "Expression that a service of an agent must fit."),
            param("tag", Form::Text, "Expression that a tag of that service must fit."),
        ])
        .bytes("application/octet-stream")
        .answers("Event")
        .about("Tell all agents of an event"),
    Route::act(Get, "/v1/event/list", task!(event::list))
        .blocking()
        .access(Access::EventRead)
        .params(&[param("name", Form::Text, "Only events of this name.")])
        .answers("Events")
        .about("The newest events that concern this agent, oldest first"),
    // --- coordinates
    Route::look("/v1/coordinate/datacenters", coordinate::datacenters)
        .answers("DatacenterCoordinates")
        .about("Where the servers of each datacenter are"),
    Route::read("/v1/coordinate/nodes", coordinate::nodes)
        .access(Access::NodeRead)
        .params(&[SEGMENT])
        .answers("NodeCoordinates")
        .about("Where the nodes are"),
    Route::read("/v1/coordinate/node/{node}", coordinate::node)
        .access(Access::NodeRead)
        .params(&[SEGMENT])
        .answers("NodeCoordinates")
        .statuses(&[404])
        .about("Where a node is"),
    Route::act(Put, "/v1/coordinate/update", task!(coordinate::update))
        .of_datacenter()
        .access(Access::NodeWrite)
        .body("NodeCoordinate")
        .about("Put a node to a new place"),
    // --- transactions
    Route::act(Put, "/v1/txn", task!(txn::run))
        .of_datacenter()
        .access(Access::Transaction)
        .body("Transaction")
        .body_max(Most::Transaction)
        .answers("TransactionOutcome")
        .statuses(&[409])
        .about("Several operations at one index, or none of them"),
    // --- access control
    Route::act(Put, "/v1/acl/bootstrap", task!(acl::bootstrap))
        .of_datacenter()
        .optional_body("AclBootstrapRequest")
        .answers("AclToken")
        .statuses(&[401])
        .about("Make the first token; once"),
    Route::act(Post, "/v1/acl/login", task!(acl::login))
        .of_datacenter()
        .body("AclLoginRequest")
        .answers("AclToken")
        .statuses(&[401])
        .about("Get a token by an auth method"),
    Route::act(Post, "/v1/acl/logout", task!(acl::logout))
        .of_datacenter()
        .access(Access::Own)
        .statuses(&[401])
        .about("Give back a token that came by a login"),
    Route::look("/v1/acl/replication", acl::replication)
        .of_datacenter()
        .answers("Anything")
        .statuses(&[401])
        .about("How tokens come from another datacenter: there is none"),
    Route::act(Post, "/v1/acl/rules/translate", task!(acl::translate))
        .access(Access::AclRead)
        .bytes("text/plain")
        .answers_bytes("text/plain")
        .statuses(&[401])
        .about("Rules of Consul before 1.4 in today's form"),
    Route::read("/v1/acl/tokens", acl::tokens)
        .access(Access::AclRead)
        .params(&[
            param("policy", Form::Text, "Only those with this policy, by its id."),
            param("role", Form::Text, "Only those with this role, by its id."),
            param("servicename", Form::Text, "Only those with an identity of this service."),
            param("authmethod", Form::Text, "Only those that came by this auth method."),
        ])
        .answers("AclTokens")
        .statuses(&[401])
        .about("All tokens, without their secrets"),
    Route::read("/v1/acl/token/self", acl::itself)
        .access(Access::Own)
        .answers("AclToken")
        .statuses(&[401])
        .about("The token of the request"),
    Route::act(Put, "/v1/acl/token", task!(acl::put_token))
        .of_datacenter()
        .access(Access::AclWrite)
        .body("AclTokenRequest")
        .answers("AclToken")
        .statuses(&[401])
        .about("Make a token"),
    Route::read("/v1/acl/token/{accessor_id}", acl::token)
        .access(Access::AclRead)
        .params(&[param("expanded", Form::Bool, "Answer its policies and roles as well.")])
        .answers("AclToken")
        .statuses(&[401])
        .about("One token"),
    Route::act(Put, "/v1/acl/token/{accessor_id}", task!(acl::put_token))
        .of_datacenter()
        .access(Access::AclWrite)
        .body("AclTokenRequest")
        .answers("AclToken")
        .statuses(&[401])
        .about("Replace what a token stands for"),
    Route::act(Put, "/v1/acl/token/{accessor_id}/clone", task!(acl::clone_token))
        .of_datacenter()
        .access(Access::AclWrite)
        .body("AclCloneRequest")
        .answers("AclToken")
        .statuses(&[401])
        .about("Make a token that may do what another may"),
    Route::act(Delete, "/v1/acl/token/{accessor_id}", task!(acl::delete_token))
        .of_datacenter()
        .access(Access::AclWrite)
        .answers("True")
        .statuses(&[401])
        .about("End a token"),
    Route::read("/v1/acl/policies", acl::policies)
        .access(Access::AclRead)
        .answers("AclPolicies")
        .statuses(&[401])
        .about("All policies, without their rules"),
    Route::act(Put, "/v1/acl/policy", task!(acl::put_policy))
        .of_datacenter()
        .access(Access::AclWrite)
        .body("AclPolicyRequest")
        .body_max(Most::Bytes(REGISTRATION_MAX_BYTES))
        .answers("AclPolicy")
        .statuses(&[401])
        .about("Make a policy"),
    Route::read("/v1/acl/policy/{policy_id}", acl::policy)
        .access(Access::AclRead)
        .answers("AclPolicy")
        .statuses(&[401])
        .about("One policy"),
    Route::act(Put, "/v1/acl/policy/{policy_id}", task!(acl::put_policy))
        .of_datacenter()
        .access(Access::AclWrite)
        .body("AclPolicyRequest")
        .body_max(Most::Bytes(REGISTRATION_MAX_BYTES))
        .answers("AclPolicy")
        .statuses(&[401])
        .about("Replace a policy"),
    Route::act(Delete, "/v1/acl/policy/{policy_id}", task!(acl::delete_policy))
        .of_datacenter()
        .access(Access::AclWrite)
        .answers("True")
        .statuses(&[401])
        .about("Remove a policy"),
    Route::read("/v1/acl/policy/name/{name}", acl::policy_by_name)
        .access(Access::AclRead)
        .answers("AclPolicy")
        .statuses(&[401])
        .about("One policy, by its name"),
    Route::read("/v1/acl/roles", acl::roles)
        .access(Access::AclRead)
        .params(&[param("policy", Form::Text, "Only those with this policy, by its id.")])
        .answers("AclRoles")
        .statuses(&[401])
        .about("All roles"),
    Route::act(Put, "/v1/acl/role", task!(acl::put_role))
        .of_datacenter()
        .access(Access::AclWrite)
        .body("AclRoleRequest")
        .answers("AclRole")
        .statuses(&[401])
        .about("Make a role"),
    Route::read("/v1/acl/role/{role_id}", acl::role)
        .access(Access::AclRead)
        .answers("AclRole")
        .statuses(&[401, 404])
        .about("One role"),
    Route::act(Put, "/v1/acl/role/{role_id}", task!(acl::put_role))
        .of_datacenter()
        .access(Access::AclWrite)
        .body("AclRoleRequest")
        .answers("AclRole")
        .statuses(&[401])
        .about("Replace a role"),
    Route::act(Delete, "/v1/acl/role/{role_id}", task!(acl::delete_role))
        .of_datacenter()
        .access(Access::AclWrite)
        .answers("True")
        .statuses(&[401])
        .about("Remove a role"),
    Route::read("/v1/acl/role/name/{name}", acl::role_by_name)
        .access(Access::AclRead)
        .answers("AclRole")
        .statuses(&[401, 404])
        .about("One role, by its name"),
    Route::read("/v1/acl/auth-methods", acl::methods)
        .access(Access::AclRead)
        .answers("AclAuthMethods")
        .statuses(&[401])
        .about("All auth methods, without their configuration"),
    Route::act(Put, "/v1/acl/auth-method", task!(acl::put_method))
        .of_datacenter()
        .access(Access::AclWrite)
        .body("AclAuthMethodRequest")
        .answers("AclAuthMethod")
        .statuses(&[401])
        .about("Make an auth method"),
    Route::read("/v1/acl/auth-method/{name}", acl::method)
        .access(Access::AclRead)
        .answers("AclAuthMethod")
        .statuses(&[401, 404])
        .about("One auth method, without its secrets"),
    Route::act(Put, "/v1/acl/auth-method/{name}", task!(acl::put_method))
        .of_datacenter()
        .access(Access::AclWrite)
        .body("AclAuthMethodRequest")
        .answers("AclAuthMethod")
        .statuses(&[401])
        .about("Replace an auth method"),
    Route::act(Delete, "/v1/acl/auth-method/{name}", task!(acl::delete_method))
        .of_datacenter()
        .access(Access::AclWrite)
        .answers("True")
        .statuses(&[401])
        .about("Remove an auth method, its binding rules and its tokens"),
    Route::read("/v1/acl/binding-rules", acl::rules)
        .access(Access::AclRead)
        .params(&[param("authmethod", Form::Text, "Only those of this auth method.")])
        .answers("AclBindingRules")
        .statuses(&[401])
        .about("All binding rules"),
    Route::act(Put, "/v1/acl/binding-rule", task!(acl::put_rule))
        .of_datacenter()
        .access(Access::AclWrite)
        .body("AclBindingRuleRequest")
        .answers("AclBindingRule")
        .statuses(&[401])
        .about("Make a binding rule"),
    Route::read("/v1/acl/binding-rule/{rule_id}", acl::rule)
        .access(Access::AclRead)
        .answers("AclBindingRule")
        .statuses(&[401, 404])
        .about("One binding rule"),
    Route::act(Put, "/v1/acl/binding-rule/{rule_id}", task!(acl::put_rule))
        .of_datacenter()
        .access(Access::AclWrite)
        .body("AclBindingRuleRequest")
        .answers("AclBindingRule")
        .statuses(&[401])
        .about("Replace a binding rule"),
    Route::act(Delete, "/v1/acl/binding-rule/{rule_id}", task!(acl::delete_rule))
        .of_datacenter()
        .access(Access::AclWrite)
        .answers("True")
        .statuses(&[401])
        .about("Remove a binding rule"),
    Route::look("/v1/acl/templated-policies", acl::templates)
        .of_datacenter()
        .access(Access::AclRead)
        .answers("Anything")
        .statuses(&[401])
        .about("The templated policies by their name"),
    Route::look("/v1/acl/templated-policy/name/{template}", acl::template)
        .of_datacenter()
        .access(Access::AclRead)
        .answers("Anything")
        .statuses(&[401])
        .about("One templated policy"),
    Route::act(Post, "/v1/acl/templated-policy/preview/{template}", task!(acl::preview_template))
        .of_datacenter()
        .access(Access::AclRead)
        .optional_body("AclVariables")
        .answers("AclPolicy")
        .statuses(&[401])
        .about("The policy that a template gives"),
    Route::act(Post, "/v1/internal/acl/authorize", task!(acl::authorize))
        .access(Access::Own)
        .body("AclQuestions")
        .answers("Anything")
        .about("Whether the caller may do each of several things"),
    Route::act(Put, "/v1/agent/token/{kind}", task!(agent::set_token))
        .access(Access::AgentWrite)
        .body("AgentTokenRequest")
        .statuses(&[401, 404])
        .about("Give this agent another token of its own"),
    // --- datacenters
    Route::read("/v1/internal/federation-states", federation::states)
        .access(Access::OperatorRead)
        .answers("FederationStates")
        .about("The datacenters and their mesh gateways; there is one"),
    Route::read("/v1/internal/federation-states/mesh-gateways", federation::gateways)
        .access(Access::ServiceRead)
        .answers("FederationGateways")
        .about("The mesh gateways by datacenter"),
    Route::read("/v1/internal/federation-state/{datacenter}", federation::state)
        .access(Access::OperatorRead)
        .answers("FederationStateAnswer")
        .statuses(&[404])
        .about("One datacenter and its mesh gateways"),
    // --- virtual addresses
    Route::act(Put, "/v1/internal/service-virtual-ip", task!(virtual_ip::assign))
        .of_datacenter()
        .access(Access::MeshWrite)
        .body("VirtualIpRequest")
        .answers("VirtualIpAnswer")
        .about("Choose addresses of a service, beside its virtual one; they are taken from whoever had them"),
    // --- user interfaces
    Route::read("/v1/internal/ui/nodes", ui::nodes)
        .access(Access::NodeRead)
        .params(&[FILTER])
        .answers("Anything")
        .about("All nodes with their instances and checks"),
    Route::read("/v1/internal/ui/node/{node}", ui::node)
        .access(Access::NodeRead)
        .answers("Anything")
        .statuses(&[404])
        .about("One node with its instances and checks"),
    Route::read("/v1/internal/ui/services", ui::services)
        .access(Access::ServiceRead)
        .params(&[FILTER, PEER])
        .answers("Anything")
        .about("All services in short: instances, checks, gateways, what registered them"),
    Route::read("/v1/internal/ui/exported-services", ui::exported)
        .access(Access::OperatorRead)
        .params(&[FILTER, param("peer", Form::Text, "The peer that they are exported to.")])
        .answers("Anything")
        .about("The services that are exported to a peer, in short"),
    Route::read("/v1/internal/ui/catalog-overview", ui::overview)
        .access(Access::OperatorRead)
        .answers("Anything")
        .about("How many nodes, services and checks do how well"),
    Route::read("/v1/internal/ui/gateway-services-nodes/{gateway}", ui::behind)
        .access(Access::ServiceRead)
        .answers("Anything")
        .about("The services behind a gateway, in short"),
    Route::read("/v1/internal/ui/gateway-intentions/{gateway}", ui::intentions)
        .access(Access::ServiceRead)
        .answers("Anything")
        .about("The intentions towards the services behind a gateway"),
    Route::read("/v1/internal/ui/service-topology/{service}", ui::topology)
        .access(Access::ServiceRead)
        .params(&[param("kind", Form::RequiredOneOf(ui::KINDS), "What the name is of; empty: of a service.")])
        .answers("Anything")
        .about("Whom a service calls and who calls it, as far as registrations and intentions tell"),
    Route::act(Get, "/v1/internal/ui/metrics-proxy/{path}", task!(ui::metrics))
        .access(Access::OperatorRead)
        .statuses(&[404])
        .about("Another server's metrics; none can be named: refused"),
    // --- snapshots
    Route::act(Get, "/v1/snapshot", task!(snapshot::save))
        .of_datacenter()
        .access(Access::Management)
        .answers_bytes("application/x-gzip")
        .about("All that the cluster knows, as an archive"),
    Route::upload(Put, "/v1/snapshot", upload!(snapshot::restore))
        .of_datacenter()
        .access(Access::Management)
        .bytes("application/x-gzip")
        .about("Put an archive's state in the place of what there is"),
    // --- operator
    Route::act(Get, "/v1/operator/keyring", task!(operator::keyring::list)).access(Access::KeyringRead).about(KEYRING),
    Route::act(Post, "/v1/operator/keyring", task!(operator::keyring::change))
        .access(Access::KeyringWrite)
        .about(KEYRING),
    Route::act(Put, "/v1/operator/keyring", task!(operator::keyring::change))
        .access(Access::KeyringWrite)
        .about(KEYRING),
    Route::act(Delete, "/v1/operator/keyring", task!(operator::keyring::change))
        .access(Access::KeyringWrite)
        .about(KEYRING),
    Route::act(Get, "/v1/operator/raft/configuration", task!(operator::raft_configuration))
        .of_datacenter()
        .access(Access::OperatorRead)
        .answers("RaftConfiguration")
        .about("The servers of the cluster"),
    Route::act(Delete, "/v1/operator/raft/peer", task!(operator::remove_peer))
        .of_datacenter()
        .access(Access::OperatorWrite)
        .params(&[
            param("id", Form::Text, "The server's node id."),
            param("address", Form::Text, "The server's address, instead of the id."),
        ])
        .about("Take a server out, whether it answers or not"),
    Route::act(Post, "/v1/operator/raft/transfer-leader", task!(operator::transfer_leader))
        .of_datacenter()
        .access(Access::OperatorWrite)
        .params(&[param("id", Form::Text, "The node id of the server that is to lead; any where it is not given.")])
        .answers("Success")
        .about("Let another server lead"),
    Route::look("/v1/operator/autopilot/configuration", operator::configuration)
        .of_datacenter()
        .access(Access::OperatorRead)
        .answers("Autopilot")
        .about("How the servers look after each other"),
    Route::act(Put, "/v1/operator/autopilot/configuration", task!(operator::configure))
        .of_datacenter()
        .access(Access::OperatorWrite)
        .params(&[CAS])
        .body("Autopilot")
        .answers("Bool")
        .about("Change how the servers look after each other"),
    Route::act(Get, "/v1/operator/autopilot/health", task!(operator::health))
        .of_datacenter()
        .access(Access::OperatorRead)
        .answers("AutopilotHealth")
        .statuses(&[429])
        .about("How each server does; 429 when one does badly"),
    Route::act(Get, "/v1/operator/autopilot/state", task!(operator::state))
        .of_datacenter()
        .access(Access::OperatorRead)
        .answers("AutopilotState")
        .about("How each server does, by server"),
    Route::look("/v1/operator/usage", operator::usage)
        .of_datacenter()
        .access(Access::OperatorRead)
        .params(&[param("global", Form::Flag, "There is one datacenter.")])
        .answers("UsageAnswer")
        .about("How much is registered"),
    // --- status
    Route::act(Get, "/v1/status/leader", task!(status::leader))
        .of_datacenter()
        .answers("Text")
        .about("The leader's address; empty when there is none"),
    Route::act(Get, "/v1/status/peers", task!(status::peers))
        .of_datacenter()
        .answers("Texts")
        .about("The addresses of the voters"),
    // --- our own
    Route::look("/v1/weft/proxies", weft::proxies)
        .access(Access::OperatorRead)
        .answers("Anything")
        .about("What each connected proxy was sent, and has acknowledged or refused"),
    Route::look("/v1/weft/debug/raft", weft::debug_raft)
        .access(Access::OperatorRead)
        .answers("Anything")
        .statuses(&[403])
        .about("The inside of this server, for tests; only for callers on this machine"),
    Route::look("/v1/weft/openapi.json", weft::description).answers("Anything").about("This document"),
    Route::look("/v1/openapi.json", weft::description).answers("Anything").about("This document"),
];
