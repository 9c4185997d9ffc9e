//! `service-resolver`: which instances a service's name stands for, and who steps in for them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Entry;
use super::load_balancer::LoadBalancer;
use super::shared::{is_default, validate_name, validate_tenancy};
use crate::catalog::Meta;
use crate::faults::Faults;
use crate::time::GoDuration;

/// The `service-resolver` config entry.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ServiceResolver {
    pub name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub default_subset: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub subsets: BTreeMap<String, Subset>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redirect: Option<Redirect>,
    /// By subset, or `*`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub failover: BTreeMap<String, ResolverFailover>,
    #[serde(skip_serializing_if = "is_default")]
    pub connect_timeout: GoDuration,
    #[serde(skip_serializing_if = "is_default")]
    pub request_timeout: GoDuration,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub load_balancer: Option<LoadBalancer>,
    #[serde(skip_serializing_if = "Meta::is_empty")]
    pub meta: Meta,
}

/// Some of a service's instances.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Subset {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub filter: String,
    #[serde(skip_serializing_if = "is_default")]
    pub only_passing: bool,
}

/// Another service for all of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Redirect {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub service: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub service_subset: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub partition: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub datacenter: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub peer: String,
}

/// Who steps in.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ResolverFailover {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub service: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub service_subset: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub datacenters: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<ResolverTarget>,
}

/// One that steps in, in the order of the list.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ResolverTarget {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub service: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub service_subset: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub partition: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub datacenter: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub peer: String,
}

impl Entry for ServiceResolver {
    fn name(&self) -> &str {
        &self.name
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn normalize(&mut self) {}

    fn validate(&self, faults: &mut Faults) {
        validate_name(&self.name, faults);
        for subset in self.subsets.keys() {
            let fits = subset.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
            if subset.is_empty() || subset.len() > 63 || !fits || subset.starts_with('-') || subset.ends_with('-') {
                faults.say(format!(
                    "Subset {subset:?} is invalid: must be 1 to 63 lower case letters, digits and '-', which neither begins nor ends it"
                ));
            }
        }
        if !self.knows(&self.default_subset) {
            faults.say(format!("DefaultSubset {:?} is not a valid subset", self.default_subset));
        }
        if let Some(redirect) = &self.redirect {
            self.validate_redirect(redirect, faults);
        }
        for (subset, failover) in &self.failover {
            if subset != "*" && !self.subsets.contains_key(subset) {
                faults.say(format!("Bad Failover[{subset:?}]: not a valid subset"));
            }
            failover.validate(&format!("Bad Failover[{subset:?}]"), faults);
        }
        if let Some(balancer) = &self.load_balancer {
            balancer.validate(faults);
        }
    }
}

impl ServiceResolver {
    /// No subset is one too.
    fn knows(&self, subset: &str) -> bool {
        subset.is_empty() || self.subsets.contains_key(subset)
    }

    fn validate_redirect(&self, redirect: &Redirect, faults: &mut Faults) {
        if *redirect == Redirect::default() {
            faults.say("Redirect is empty");
        }
        if !self.failover.is_empty() {
            faults.say("Redirect and Failover cannot both be set");
        }
        validate_tenancy("Redirect", &redirect.namespace, &redirect.partition, faults);
        if redirect.service.is_empty() {
            for (field, value) in [
                ("ServiceSubset", &redirect.service_subset),
                ("Namespace", &redirect.namespace),
                ("Partition", &redirect.partition),
                ("Peer", &redirect.peer),
            ] {
                if !value.is_empty() {
                    faults.say(format!("Redirect.{field} defined without Redirect.Service"));
                }
            }
        }
        if !redirect.peer.is_empty() {
            for (field, value) in [
                ("ServiceSubset", &redirect.service_subset),
                ("Partition", &redirect.partition),
                ("Datacenter", &redirect.datacenter),
            ] {
                if !value.is_empty() {
                    faults.say(format!("Redirect.Peer cannot be set with Redirect.{field}"));
                }
            }
        }
        if redirect.service == self.name && !self.knows(&redirect.service_subset) {
            faults.say(format!(
                "Redirect.ServiceSubset {:?} is not a valid subset of {:?}",
                redirect.service_subset, self.name
            ));
        }
    }
}

impl ResolverFailover {
    fn validate(&self, place: &str, faults: &mut Faults) {
        let own = [&self.service, &self.service_subset, &self.namespace].iter().any(|field| !field.is_empty());
        let named = own || !self.datacenters.is_empty();
        if !named && self.targets.is_empty() {
            faults
                .say(format!("{place}: one of Service, ServiceSubset, Namespace, Targets, or Datacenters is required"));
        }
        if named && !self.targets.is_empty() {
            faults
                .say(format!("{place}: Targets cannot be set with Datacenters, Service, ServiceSubset, or Namespace"));
        }
        if self.datacenters.iter().any(String::is_empty) {
            faults.say(format!("{place}.Datacenters: found empty datacenter"));
        }
        for (position, target) in self.targets.iter().enumerate() {
            validate_tenancy(&format!("{place}.Targets[{position}]"), &target.namespace, &target.partition, faults);
            let elsewhere = !target.service_subset.is_empty() || !target.datacenter.is_empty();
            if !target.peer.is_empty() && elsewhere {
                faults.say(format!("{place}.Targets[{position}].Peer cannot be set with ServiceSubset or Datacenter"));
            }
        }
    }
}
