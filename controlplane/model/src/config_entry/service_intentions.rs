//! `service-intentions`: who may call one destination. The older intention endpoints are views of it.

use serde::{Deserialize, Serialize};

use super::Entry;
use crate::catalog::Meta;
use crate::faults::Faults;
use crate::intention::{self, Action, Intention, Legacy, Permission, Rule};
use crate::names::{ServiceName, WILDCARD};

/// The `service-intentions` config entry; its name is the destination, or `*`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ServiceIntentions {
    pub name: ServiceName,
    /// Kept by falling precedence.
    pub sources: Vec<Source>,
    #[serde(skip_serializing_if = "Meta::is_empty")]
    pub meta: Meta,
}

/// One source and what it may do.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Source {
    pub name: ServiceName,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<Action>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub permissions: Vec<Permission>,
    /// Computed; what a writer sends is replaced.
    pub precedence: u8,
    /// Always `consul`.
    #[serde(rename = "Type")]
    pub source_type: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Set by the id-based endpoints only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub legacy: Option<Legacy>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub peer: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub sameness_group: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub partition: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub namespace: String,
}

impl ServiceIntentions {
    /// Brings the entry into its normal form: defaults filled, precedences computed, sources sorted.
    pub fn normalize(&mut self) {
        for source in &mut self.sources {
            if source.source_type.is_empty() {
                "consul".clone_into(&mut source.source_type);
            }
            source.precedence = intention::precedence(&source.name, &self.name);
            for method in source.permissions.iter_mut().filter_map(|p| p.http.as_mut()).flat_map(|h| &mut h.methods) {
                method.make_ascii_uppercase();
            }
        }
        self.sources.sort_by_key(|source| std::cmp::Reverse(source.precedence));
    }

    /// The intentions of this entry, in its order.
    pub fn intentions(&self, create_index: u64, modify_index: u64) -> impl Iterator<Item = Intention> {
        self.sources.iter().map(move |source| Intention {
            source: source.name.clone(),
            destination: self.name.clone(),
            rule: source.rule(),
            description: source.description.clone(),
            precedence: source.precedence,
            legacy: source.legacy.clone(),
            create_index,
            modify_index,
        })
    }
}

impl Source {
    /// What the source may do. A source without action and permissions denies; validation refuses it.
    #[must_use]
    pub fn rule(&self) -> Rule {
        match self.action {
            Some(action) => Rule::Action(action),
            None if self.permissions.is_empty() => Rule::Action(Action::Deny),
            None => Rule::Permissions(self.permissions.clone()),
        }
    }

    fn validate(&self, place: &str, destination: &ServiceName, faults: &mut Faults) {
        if self.name.is_empty() {
            faults.add(format!("{place}.Name"), "is required");
        }
        if self.name != WILDCARD && self.name.as_str().contains('*') {
            faults.add(format!("{place}.Name"), "wildcard character '*' cannot be used with partial values");
        }
        if self.source_type != "consul" {
            faults.add(format!("{place}.Type"), "must be set to 'consul'");
        }
        if self.description.len() > 512 {
            faults.add(format!("{place}.Description"), "cannot be longer than 512 bytes");
        }
        for (field, value) in [
            ("Peer", &self.peer),
            ("SamenessGroup", &self.sameness_group),
            ("Partition", &self.partition),
            ("Namespace", &self.namespace),
        ] {
            if !matches!(value.as_str(), "" | "default") || (field == "Peer" && !value.is_empty()) {
                faults.add(format!("{place}.{field}"), format!("{value:?} is not known here"));
            }
        }
        match (self.action, self.permissions.is_empty()) {
            (None, true) => faults.add(format!("{place}.Action"), "must be set to 'allow' or 'deny'"),
            (Some(_), false) => faults.add(format!("{place}.Action"), "must be omitted if Permissions are specified"),
            (Some(_), true) => {}
            (None, false) if *destination == WILDCARD => faults
                .add(format!("{place}.Permissions"), "cannot be specified on intentions with wildcarded destinations"),
            (None, false) => {}
        }
        for (position, permission) in self.permissions.iter().enumerate() {
            permission.validate(&format!("{place}.Permissions[{position}]"), faults);
        }
    }
}

impl Entry for ServiceIntentions {
    fn name(&self) -> &str {
        self.name.as_str()
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn normalize(&mut self) {
        Self::normalize(self);
    }

    fn validate(&self, faults: &mut Faults) {
        if self.name.is_empty() {
            faults.say("Name is required");
        }
        if self.name != WILDCARD && self.name.as_str().contains('*') {
            faults.add("Name", "wildcard character '*' cannot be used with partial values");
        }
        if self.sources.is_empty() {
            faults.say("At least one source is required");
        }
        for (position, source) in self.sources.iter().enumerate() {
            let place = format!("Sources[{position}]");
            source.validate(&place, &self.name, faults);
            if self.sources[..position].iter().any(|earlier| earlier.name == source.name) {
                faults.add(&place, format!("defines {:?} more than once", source.name.as_str()));
            }
        }
    }
}
