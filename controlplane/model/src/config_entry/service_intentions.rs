//! `service-intentions`: who may call one destination. The older intention endpoints are views of it.

use regex::Regex;
use serde::{Deserialize, Serialize};

use super::{ConfigEntry, Entry};
use crate::catalog::Meta;
use crate::faults::Faults;
use crate::intention::{self, Action, HeaderPermission, HttpPermission, Intention, Legacy, Permission, Rule};
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

impl Permission {
    fn validate(&self, place: &str, faults: &mut Faults) {
        if self.action.is_none() {
            faults.add(format!("{place}.Action"), "must be set to 'allow' or 'deny'");
        }
        match &self.http {
            Some(http) if *http != HttpPermission::default() => http.validate(&format!("{place}.HTTP"), faults),
            _ => faults.add(format!("{place}.HTTP"), "should not be empty"),
        }
    }
}

impl HttpPermission {
    fn validate(&self, place: &str, faults: &mut Faults) {
        let paths = [&self.path_exact, &self.path_prefix, &self.path_regex];
        if paths.iter().filter(|path| !path.is_empty()).count() > 1 {
            faults.add(place, "should only contain at most one of PathExact, PathPrefix, or PathRegex");
        }
        for (field, path) in [("PathExact", &self.path_exact), ("PathPrefix", &self.path_prefix)] {
            if !path.is_empty() && !path.starts_with('/') {
                faults.add(format!("{place}.{field}"), format!("doesn't start with '/': {path:?}"));
            }
        }
        validate_regex(&format!("{place}.PathRegex"), &self.path_regex, faults);
        for (position, header) in self.header.iter().enumerate() {
            header.validate(&format!("{place}.Header[{position}]"), faults);
        }
        for (position, method) in self.methods.iter().enumerate() {
            if method.is_empty() || !method.bytes().all(|b| b.is_ascii_alphabetic() || b == b'-') {
                faults.add(format!("{place}.Methods[{position}]"), format!("{method:?} is not a valid HTTP method"));
            }
            if self.methods[..position].contains(method) {
                faults.add(format!("{place}.Methods"), format!("contains {method:?} more than once"));
            }
        }
    }
}

impl HeaderPermission {
    fn validate(&self, place: &str, faults: &mut Faults) {
        let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~:".contains(&b);
        if self.name.is_empty() {
            faults.add(format!("{place}.Name"), "is required");
        } else if !self.name.bytes().all(token) {
            faults.add(format!("{place}.Name"), format!("{:?} is not a valid header name", self.name));
        }
        let texts = [&self.exact, &self.prefix, &self.suffix, &self.contains, &self.regex];
        let set = texts.iter().filter(|text| !text.is_empty()).count() + usize::from(self.present);
        if set != 1 {
            faults.add(place, "should contain exactly one of Present, Exact, Prefix, Suffix, Contains, or Regex");
        }
        if self.ignore_case && (self.present || !self.regex.is_empty()) {
            faults.add(format!("{place}.IgnoreCase"), "should only be set with Exact, Prefix, Suffix, or Contains");
        }
        validate_regex(&format!("{place}.Regex"), &self.regex, faults);
    }
}

fn validate_regex(place: &str, pattern: &str, faults: &mut Faults) {
    const LONGEST: usize = 1024;
    if pattern.len() > LONGEST {
        faults.add(place, format!("is longer than {LONGEST} bytes"));
    } else if let Err(error) = Regex::new(pattern) {
        let reason = error.to_string();
        faults.add(
            place,
            format!("is not a valid regular expression: {}", reason.lines().last().unwrap_or_default().trim()),
        );
    }
}

impl From<ServiceIntentions> for ConfigEntry {
    fn from(entry: ServiceIntentions) -> Self {
        Self::ServiceIntentions(entry)
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
