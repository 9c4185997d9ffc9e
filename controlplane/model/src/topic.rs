//! What a reader can depend on and a write can touch. A missing thing and a list are topics too.

use serde::{Deserialize, Serialize};

use crate::acl::AclTable;
use crate::config_entry::Kind;
use crate::kv::Key;
use crate::names::{NodeName, ServiceId, ServiceName};
use crate::session::SessionId;

/// One thing whose changes can be waited for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Topic {
    /// The list of nodes, any node's own fields included.
    Nodes,
    /// One node: its fields, its instances, its checks.
    Node(NodeName),
    /// One instance's own fields, as its proxy reads them; neither its node nor its checks.
    Instance(NodeName, ServiceId),
    /// The map of service names and tags: any instance added, changed or removed.
    Services,
    /// All instances of one service, with their nodes and checks.
    Service(ServiceName),
    /// The proxies and native instances of one mesh destination, with their nodes and checks.
    Connect(ServiceName),
    /// All checks.
    Checks,
    /// One config entry, present or not.
    ConfigEntry(Kind, String),
    /// All config entries of one kind.
    ConfigKind(Kind),
    /// The intentions that name this destination, those of `*` not included.
    Intentions(ServiceName),
    /// All intentions.
    AllIntentions,
    /// The CA's configuration and roots.
    Ca,
    /// One key, present or not. A write of a key names only this one.
    Kv(Key),
    /// All keys that begin so. No write names it: the waiters find it from the key.
    KvPrefix(Key),
    /// One session, present or not.
    Session(SessionId),
    /// The sessions of one node.
    NodeSessions(NodeName),
    /// All sessions.
    Sessions,
    /// The keys that cannot be locked for a while.
    LockDelays,
    /// Who keeps the time: it changes with the leader.
    Timekeeper,
    /// Autopilot's settings.
    Autopilot,
    /// The prepared queries. They change seldom, and a template may answer for any name.
    Queries,
    /// The network coordinates of all nodes.
    Coordinates,
    /// The user events.
    Events,
    /// A table of access control.
    Acl(AclTable),
    /// Everything at once: a snapshot was put in the place of what was there.
    Everything,
}
