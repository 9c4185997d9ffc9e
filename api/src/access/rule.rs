//! From a row of the table of routes to what a request needs.

use weft_model::acl::{Labelled, Need, Plain, Wanted};

use super::{key, node, of, service};
use crate::call::Call;
use crate::route::{Access, Route, Verb};

/// How a route decides who may use it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    Open,
    /// By this, which the path and the query alone tell.
    Need(Need),
    /// By what is in the body or in the state: its handler asks, or leaves out what may not be seen.
    Inside,
}

/// What a request to this route needs.
pub(crate) fn rule(route: &Route, call: &Call) -> Rule {
    use Wanted::{Read, Write};
    let own = call.own_node().as_str();
    match route.access {
        Access::Open => Rule::Open,
        Access::AgentRead => Rule::Need(of(Labelled::Agent, own, Read)),
        Access::AgentWrite => Rule::Need(of(Labelled::Agent, own, Write)),
        Access::AclRead => Rule::Need(Need::Plain(Plain::Acl, Read)),
        Access::AclWrite => Rule::Need(Need::Plain(Plain::Acl, Write)),
        Access::KeyRead => key_read(call),
        Access::KeyWrite if route.verb == Verb::Delete && call.query.has("recurse") => {
            Rule::Need(Need::Below(Labelled::Key, call.rest.clone(), Write))
        }
        Access::KeyWrite => Rule::Need(key(&call.rest, Write)),
        Access::Management => Rule::Need(Need::Snapshot),
        Access::OperatorRead => Rule::Need(Need::Plain(Plain::Operator, Read)),
        Access::OperatorWrite => Rule::Need(Need::Plain(Plain::Operator, Write)),
        Access::KeyringRead => Rule::Need(Need::Plain(Plain::Keyring, Read)),
        Access::KeyringWrite => Rule::Need(Need::Plain(Plain::Keyring, Write)),
        Access::MeshWrite => Rule::Need(Need::Plain(Plain::Mesh, Write)),
        Access::EventWrite => Rule::Need(of(Labelled::Event, &call.rest, Write)),
        Access::NodeWrite if route.path == "/v1/agent/maintenance" => Rule::Need(node(own, Write)),
        Access::ServiceWrite if route.path == "/v1/agent/connect/ca/leaf/{service}" => {
            Rule::Need(service(&call.rest, Write))
        }
        Access::Own
        | Access::NodeWrite
        | Access::ServiceWrite
        | Access::SessionRead
        | Access::SessionWrite
        | Access::Transaction
        | Access::NodeRead
        | Access::ServiceRead
        | Access::CheckWrite
        | Access::CatalogWrite
        | Access::IntentionRead
        | Access::IntentionWrite
        | Access::QueryRead
        | Access::QueryWrite
        | Access::EventRead
        | Access::ConfigRead
        | Access::ConfigWrite => Rule::Inside,
    }
}

/// One key is read or refused. Of a tree each sees their part, where listing is not a permission of its own.
fn key_read(call: &Call) -> Rule {
    let lists = call.query.has("recurse") || call.query.has("keys");
    match (lists, call.host.access.guards_key_lists()) {
        (false, _) => Rule::Need(key(&call.rest, Wanted::Read)),
        (true, true) => Rule::Need(key(&call.rest, Wanted::List)),
        (true, false) => Rule::Inside,
    }
}
