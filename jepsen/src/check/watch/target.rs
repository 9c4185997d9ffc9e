//! What can be watched, and its states over time as the journal has them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::check::truth::Truth;

/// What a blocking query asks about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    Key(String),
    Prefix(String),
    /// The instances of a service with their health.
    Service(String),
}

impl Target {
    /// Reads it off a recorded operation.
    #[must_use]
    pub fn parse(kind: &str, name: &str) -> Option<Self> {
        match kind {
            "key" => Some(Self::Key(name.to_owned())),
            "prefix" => Some(Self::Prefix(name.to_owned())),
            "service" => Some(Self::Service(name.to_owned())),
            _ => None,
        }
    }
}

/// The states of a target: from each index on. An answer shows one of them.
///
/// A state is a sorted map of text to JSON: keys to `[value, index]`, instances `node/id` to `[port, status]`.
pub type States = BTreeMap<u64, BTreeMap<String, Value>>;

/// Replays the journal for a target. Changes that leave it as it was are no states.
#[must_use]
pub fn states(truth: &Truth, target: &Target) -> States {
    let mut now: BTreeMap<String, Value> = BTreeMap::new();
    let mut states = States::from([(0, BTreeMap::new())]);
    let mut services: BTreeMap<String, Value> = BTreeMap::new();
    for (index, changes) in &truth.entries {
        for change in changes {
            match target {
                Target::Key(key) => kv(&mut now, change, *index, |changed| changed == key),
                Target::Prefix(prefix) => kv(&mut now, change, *index, |changed| changed.starts_with(prefix.as_str())),
                Target::Service(name) => {
                    service(&mut services, change);
                    now = instances(&services, name);
                }
            }
        }
        if states.values().next_back() != Some(&now) {
            states.insert(*index, now.clone());
        }
    }
    states
}

fn kv(now: &mut BTreeMap<String, Value>, change: &Value, index: u64, concerns: impl Fn(&str) -> bool) {
    let Some(key) = change.get("kv").and_then(Value::as_str).filter(|key| concerns(key)) else { return };
    match change.get("value") {
        Some(value) => drop(now.insert(key.to_owned(), json!([value, index]))),
        None => drop(now.remove(key)),
    }
}

fn service(all: &mut BTreeMap<String, Value>, change: &Value) {
    let id =
        |of: &Value| format!("{}/{}", of["node"].as_str().unwrap_or_default(), of["id"].as_str().unwrap_or_default());
    if let Some(instance) = change.get("service") {
        all.insert(id(instance), instance.clone());
    } else if let Some(gone) = change.get("gone") {
        all.remove(&id(gone));
    } else if let Some(node) = change.get("node_gone").and_then(Value::as_str) {
        all.retain(|key, _| key.split('/').next() != Some(node));
    } else if let Some(status) = change.get("status")
        && let Some(instance) = all.get_mut(&id(status))
    {
        instance["status"] = status["status"].clone();
    }
}

fn instances(all: &BTreeMap<String, Value>, name: &str) -> BTreeMap<String, Value> {
    let named = all.iter().filter(|(_, instance)| instance["name"] == name);
    named.map(|(id, instance)| (id.clone(), json!([instance["port"], instance["status"]]))).collect()
}
