//! `exported-services`: what peers may call. Its name is the partition, of which there is one.

use serde::{Deserialize, Serialize};

use super::Entry;
use super::shared::validate_tenancy;
use crate::catalog::Meta;
use crate::faults::Faults;

/// The `exported-services` config entry.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ExportedServices {
    pub name: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<ExportedService>,
    #[serde(skip_serializing_if = "Meta::is_empty")]
    pub meta: Meta,
}

/// A service, or `*`, and who may see it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ExportedService {
    pub name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub consumers: Vec<Consumer>,
}

/// One who may see it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Consumer {
    #[serde(alias = "PeerName", skip_serializing_if = "String::is_empty")]
    pub peer: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub partition: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub sameness_group: String,
}

impl Entry for ExportedServices {
    fn name(&self) -> &str {
        &self.name
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn normalize(&mut self) {}

    fn validate(&self, faults: &mut Faults) {
        if self.name != "default" {
            faults.add("Name", format!("must be \"default\", the only partition, not {:?}", self.name));
        }
        for (position, service) in self.services.iter().enumerate() {
            let place = format!("Services[{position}]");
            if service.name.is_empty() {
                faults.say(format!("{place}: service name cannot be empty"));
            }
            if service.name == "consul" {
                faults.say(format!("{place}: exporting the \"consul\" service is not allowed"));
            }
            validate_tenancy(&place, &service.namespace, "", faults);
            for (at, consumer) in service.consumers.iter().enumerate() {
                consumer.validate(&format!("{place}.Consumers[{at}]"), faults);
            }
        }
    }
}

impl Consumer {
    fn validate(&self, place: &str, faults: &mut Faults) {
        if self.peer == "*" {
            faults.say(format!("{place}: exporting to all peers (wildcard) is not supported"));
        }
        if self.peer.is_empty() {
            faults.say(format!("{place}: Peer is required"));
        }
        for (field, value) in [("Partition", &self.partition), ("SamenessGroup", &self.sameness_group)] {
            if !value.is_empty() {
                faults.add(format!("{place}.{field}"), "is not known here");
            }
        }
    }
}
