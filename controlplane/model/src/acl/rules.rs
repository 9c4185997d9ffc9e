//! The rule language: HCL or JSON in, rules out; and how the rules of several policies meet.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::disposition::Disposition;
use super::pairs;
use super::resource::{Labelled, Plain};
use crate::faults::Faults;
use crate::hcl;

/// What a policy says of one name or prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    pub policy: Disposition,
    /// Services only: what it says of the intentions towards them, where that differs.
    pub intentions: Option<Disposition>,
}

/// The rules of one policy, or of all policies of a token.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    pub(crate) plain: BTreeMap<Plain, Disposition>,
    #[serde(with = "pairs")]
    pub(crate) exact: BTreeMap<(Labelled, String), Rule>,
    #[serde(with = "pairs")]
    pub(crate) prefix: BTreeMap<(Labelled, String), Rule>,
}

impl Rules {
    /// Reads a policy's text.
    ///
    /// # Errors
    /// Each thing that cannot be read.
    pub fn parse(text: &str) -> Result<Self, Faults> {
        let mut faults = Faults::default();
        let document = match text.trim_start().starts_with('{') {
            true => serde_json::from_str(text).map_err(|error| error.to_string()),
            false => hcl::parse(text).map_err(|error| error.to_string()),
        };
        let mut rules = Self::default();
        match document {
            Ok(document) => rules.read(&document, &mut faults),
            Err(error) => faults.say(error),
        }
        faults.into_result().map(|()| rules)
    }

    fn read(&mut self, document: &Map<String, Value>, faults: &mut Faults) {
        for (key, value) in document {
            let read = if let Some(resource) = Plain::parse(key) {
                disposition(value, false).map(|policy| self.set_plain(resource, policy))
            } else if let Some(resource) = Labelled::parse(key) {
                each_label(value, &mut |label, block| {
                    rule(resource, block).map(|rule| self.set(resource, label, false, rule))
                })
            } else if let Some(resource) = key.strip_suffix("_prefix").and_then(Labelled::parse) {
                each_label(value, &mut |label, block| {
                    rule(resource, block).map(|rule| self.set(resource, label, true, rule))
                })
            } else {
                Err("is not a resource that rules are about".to_owned())
            };
            if let Err(fault) = read {
                faults.say(format!("{key}: {fault}"));
            }
        }
    }

    pub(crate) fn set_plain(&mut self, resource: Plain, policy: Disposition) {
        let place = self.plain.entry(resource).or_insert(policy);
        *place = (*place).max(policy);
    }

    /// Adds a rule; where there is one already, the stricter of both holds.
    pub fn set(&mut self, resource: Labelled, label: &str, is_prefix: bool, rule: Rule) {
        let rules = if is_prefix { &mut self.prefix } else { &mut self.exact };
        let place = rules.entry((resource, label.to_owned())).or_insert(rule);
        place.policy = place.policy.max(rule.policy);
        place.intentions = place.intentions.max(rule.intentions);
    }

    /// Adds the rules of another policy.
    pub fn merge(&mut self, other: &Self) {
        for (resource, policy) in &other.plain {
            self.set_plain(*resource, *policy);
        }
        for ((resource, label), rule) in &other.exact {
            self.set(*resource, label, false, *rule);
        }
        for ((resource, label), rule) in &other.prefix {
            self.set(*resource, label, true, *rule);
        }
    }

    /// The same rules for prefixes where they are for names: what rules of Consul before 1.4 meant.
    #[must_use]
    pub fn from_legacy(mut self) -> Self {
        for ((resource, label), rule) in std::mem::take(&mut self.exact) {
            self.set(resource, &label, true, rule);
        }
        self
    }

    /// The rule for a name: its own, otherwise that of the longest prefix.
    #[must_use]
    pub fn of(&self, resource: Labelled, name: &str) -> Option<Rule> {
        let exact = self.exact.get(&(resource, name.to_owned()));
        exact.copied().or_else(|| self.of_prefix(resource, name))
    }

    /// The rule of the longest prefix of a name.
    #[must_use]
    pub fn of_prefix(&self, resource: Labelled, name: &str) -> Option<Rule> {
        // Prefixes of a name are few and short: try each length from the longest.
        let ends = (0..=name.len()).rev().filter(|end| name.is_char_boundary(*end));
        let mut rules = ends.map(|end| self.prefix.get(&(resource, name[..end].to_owned())));
        rules.find_map(Option::<&Rule>::copied)
    }

    /// The rules for names and prefixes that start with `start`.
    pub(crate) fn below<'a>(&'a self, resource: Labelled, start: &'a str) -> impl Iterator<Item = &'a Rule> {
        let within = move |rules: &'a BTreeMap<(Labelled, String), Rule>| {
            let from = rules.range((resource, start.to_owned())..);
            from.take_while(move |((of, label), _)| *of == resource && label.starts_with(start)).map(|(_, rule)| rule)
        };
        within(&self.exact).chain(within(&self.prefix))
    }

    /// All rules for a kind of resource.
    pub(crate) fn all(&self, resource: Labelled) -> impl Iterator<Item = &Rule> {
        self.below(resource, "")
    }
}

/// A block with labels is an object, or a list of objects where the block is repeated.
fn each_label(value: &Value, read: &mut impl FnMut(&str, &Value) -> Result<(), String>) -> Result<(), String> {
    match value {
        Value::Array(blocks) => blocks.iter().try_for_each(|block| each_label(block, read)),
        Value::Object(labels) => labels.iter().try_for_each(|(label, block)| {
            let blocks = block.as_array().map_or_else(|| std::slice::from_ref(block), Vec::as_slice);
            let read = blocks.iter().try_for_each(|block| read(label, block));
            read.map_err(|fault| format!("{label:?}: {fault}"))
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            Err("must be a block with a label".to_owned())
        }
    }
}

fn rule(resource: Labelled, block: &Value) -> Result<Rule, String> {
    let block = block.as_object().ok_or("must be a block")?;
    let mut policy = None;
    let mut intentions = None;
    for (key, value) in block {
        match key.as_str() {
            "policy" => policy = Some(disposition(value, resource == Labelled::Key)?),
            "intentions" if resource == Labelled::Service => {
                intentions = Some(disposition(value, false).map_err(|fault| format!("intentions: {fault}"))?);
            }
            // Consul Enterprise's; without effect in Consul as well.
            "sentinel" => {}
            other => return Err(format!("{other}: is not a known setting")),
        }
    }
    Ok(Rule { policy: policy.ok_or("policy: is missing")?, intentions })
}

fn disposition(value: &Value, may_list: bool) -> Result<Disposition, String> {
    let known = if may_list { "read, list, write or deny" } else { "read, write or deny" };
    let fault = || format!("policy must be one of {known}, not {value}");
    let found = value.as_str().and_then(Disposition::parse).ok_or_else(fault)?;
    if found == Disposition::List && !may_list { Err(fault()) } else { Ok(found) }
}
