//! Sets of instances that requests can be sent to.

use serde::Serialize;

use crate::Datacenter;
use crate::catalog::MeshGateway;
use crate::config_entry::Subset;
use crate::time::GoDuration;

/// A set of instances that requests can be sent to.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Target {
    #[serde(rename = "ID")]
    pub id: String,
    pub service: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub service_subset: String,
    pub namespace: &'static str,
    pub partition: &'static str,
    /// Empty when it is a peer's.
    #[serde(skip_serializing_if = "is_nowhere")]
    pub datacenter: Datacenter,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub peer: String,
    /// How another datacenter is reached.
    pub mesh_gateway: MeshGateway,
    pub subset: Subset,
    pub connect_timeout: GoDuration,
    /// It is outside of the mesh, under a name of its own.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub external: bool,
    #[serde(rename = "SNI", skip_serializing_if = "String::is_empty")]
    pub sni: String,
    /// The name of its cluster, which is its SNI unless it is external.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
}

// serde hands fields over by reference.
fn is_nowhere(datacenter: &Datacenter) -> bool {
    datacenter.as_str().is_empty()
}

/// What names a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) service: String,
    pub(super) subset: String,
    pub(super) datacenter: Datacenter,
    /// Empty: none, it is one of ours.
    pub(super) peer: String,
}

/// What of a place another entry changes; empty fields change nothing.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Change<'a> {
    pub(super) service: &'a str,
    pub(super) subset: &'a str,
    pub(super) datacenter: &'a str,
    pub(super) peer: &'a str,
}

impl Place {
    pub(super) fn id(&self) -> String {
        let subset = if self.subset.is_empty() { String::new() } else { format!("{}.", self.subset) };
        if !self.peer.is_empty() {
            return format!("{subset}{}.default.default.external.{}", self.service, self.peer);
        }
        format!("{subset}{}.default.default.{}", self.service, self.datacenter)
    }

    /// `[<subset>.]<service>.<namespace>.<datacenter>.internal.<trust domain>`; a peer's is not known here.
    pub(super) fn sni(&self, trust_domain: &str) -> String {
        if !self.peer.is_empty() {
            return String::new();
        }
        let subset = if self.subset.is_empty() { String::new() } else { format!("{}.", self.subset) };
        format!("{subset}{}.default.{}.internal.{trust_domain}", self.service, self.datacenter)
    }

    /// The place with some of it changed. A subset is a service's own: it does not outlive a change of the service.
    pub(super) fn changed(&self, change: Change<'_>) -> Self {
        let mut place = self.clone();
        if !change.service.is_empty() && change.service != place.service {
            change.service.clone_into(&mut place.service);
            place.subset.clear();
        }
        if !change.subset.is_empty() {
            change.subset.clone_into(&mut place.subset);
        }
        if !change.datacenter.is_empty() {
            place.datacenter = change.datacenter.into();
        }
        if !change.peer.is_empty() {
            change.peer.clone_into(&mut place.peer);
            place.subset.clear();
        }
        place
    }
}
