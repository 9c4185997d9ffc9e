//! `tcp-route`: to which service the connections to a gateway go.

use serde::{Deserialize, Serialize};

use super::Entry;
use super::api_gateway::ResourceReference;
use super::shared::validate_name;
use crate::catalog::Meta;
use crate::faults::Faults;

/// The `tcp-route` config entry.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct TcpRoute {
    pub name: String,
    pub parents: Vec<ResourceReference>,
    pub services: Vec<TcpRouteService>,
    #[serde(skip_serializing_if = "Meta::is_empty")]
    pub meta: Meta,
}

/// Where connections go.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct TcpRouteService {
    pub name: String,
}

impl Entry for TcpRoute {
    fn name(&self) -> &str {
        &self.name
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn normalize(&mut self) {
        name_parents(&mut self.parents);
    }

    fn validate(&self, faults: &mut Faults) {
        validate_name(&self.name, faults);
        validate_parents(&self.parents, faults);
        if self.services.len() > 1 {
            faults.say("tcp-route currently only supports one service");
        }
        if self.services.iter().any(|service| service.name.is_empty()) {
            faults.say("Service name is required");
        }
    }
}

/// A parent is an api-gateway unless it says otherwise.
pub(super) fn name_parents(parents: &mut [ResourceReference]) {
    for parent in parents.iter_mut().filter(|parent| parent.kind.is_empty()) {
        "api-gateway".clone_into(&mut parent.kind);
    }
}

pub(super) fn validate_parents(parents: &[ResourceReference], faults: &mut Faults) {
    for (position, parent) in parents.iter().enumerate() {
        if parent.kind != "api-gateway" {
            faults.say(format!("unsupported parent kind: {:?}, must be 'api-gateway'", parent.kind));
        }
        if parent.name.is_empty() {
            faults.say("route parents must have a name");
        }
        if parents[..position].contains(parent) {
            faults.say("route parents must be unique");
        }
    }
}
