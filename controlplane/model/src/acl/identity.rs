//! Rules that are not written out: for a service, for a node, or by a template.

use serde::{Deserialize, Serialize};

use super::builtin::{Template, node_identity, service_identity};
use super::rules::Rules;

/// The rules that a service needs.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(default)]
pub struct ServiceIdentity {
    pub service: String,
    /// Only there; none: everywhere.
    pub datacenters: Vec<String>,
}

/// The rules that an agent needs.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(default)]
pub struct NodeIdentity {
    pub node: String,
    pub datacenter: String,
}

/// The rules of a template, for a name where it has one.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(default)]
pub struct TemplatedPolicy {
    pub template: String,
    pub name: String,
    /// Only there; none: everywhere.
    pub datacenters: Vec<String>,
}

/// All that a token or a role has besides policies and roles.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Identities {
    pub services: Vec<ServiceIdentity>,
    pub nodes: Vec<NodeIdentity>,
    pub templates: Vec<TemplatedPolicy>,
}

impl Identities {
    /// Checks them. `owner` is what they are on, for the texts; a local token has no choice of datacenters.
    ///
    /// # Errors
    /// What is wrong, in Consul's words.
    pub fn validate(&self, owner: &str, local: bool) -> Result<(), String> {
        self.services.iter().try_for_each(|identity| identity.validate(owner, local))?;
        self.nodes.iter().try_for_each(|identity| identity.validate(owner))?;
        self.templates.iter().try_for_each(TemplatedPolicy::validate)
    }

    /// Puts those about the same name together: the one that holds in more places stays.
    pub fn normalize(&mut self) {
        let mut services: Vec<ServiceIdentity> = Vec::new();
        for identity in std::mem::take(&mut self.services) {
            match services.iter_mut().find(|known| known.service == identity.service) {
                Some(known) => merge(&mut known.datacenters, identity.datacenters),
                None => services.push(identity),
            }
        }
        self.services = services;
        let mut nodes: Vec<NodeIdentity> = Vec::new();
        for identity in std::mem::take(&mut self.nodes) {
            if !nodes.contains(&identity) {
                nodes.push(identity);
            }
        }
        self.nodes = nodes;
        let mut templates: Vec<TemplatedPolicy> = Vec::new();
        for policy in std::mem::take(&mut self.templates) {
            match templates.iter_mut().find(|known| known.template == policy.template && known.name == policy.name) {
                Some(known) => merge(&mut known.datacenters, policy.datacenters),
                None => templates.push(policy),
            }
        }
        self.templates = templates;
    }

    /// The rules that they stand for in a datacenter.
    #[must_use]
    pub fn rules(&self, datacenter: &str) -> Rules {
        let mut rules = Rules::default();
        let holds = |places: &[String]| places.is_empty() || places.iter().any(|place| place == datacenter);
        for identity in self.services.iter().filter(|identity| holds(&identity.datacenters)) {
            rules.merge(&service_identity(&identity.service));
        }
        for identity in self.nodes.iter().filter(|identity| identity.datacenter == datacenter) {
            rules.merge(&node_identity(&identity.node));
        }
        for policy in self.templates.iter().filter(|policy| holds(&policy.datacenters)) {
            // A template of a later version grants nothing here.
            if let Some(template) = Template::parse(&policy.template) {
                rules.merge(&template.rules(&policy.name));
            }
        }
        rules
    }
}

impl ServiceIdentity {
    fn validate(&self, owner: &str, local: bool) -> Result<(), String> {
        if self.service.is_empty() {
            return Err(format!("Service identity is missing the service name field on this {owner}"));
        }
        if !self.datacenters.is_empty() && local {
            let name = &self.service;
            return Err(format!("Service identity {name:?} cannot specify a list of datacenters on a local {owner}"));
        }
        if is_identity_name(&self.service) {
            return Ok(());
        }
        let name = &self.service;
        Err(format!(
            "Service identity {name:?} has an invalid name. Only alphanumeric characters, '-' and '_' are allowed"
        ))
    }
}

impl NodeIdentity {
    fn validate(&self, owner: &str) -> Result<(), String> {
        if self.node.is_empty() {
            return Err(format!("Node identity is missing the node name field on this {owner}"));
        }
        if self.datacenter.is_empty() {
            return Err(format!("Node identity is missing the datacenter field on this {owner}"));
        }
        if is_identity_name(&self.node) {
            return Ok(());
        }
        Err("Node identity has an invalid name. Only alphanumeric characters, '-' and '_' are allowed".to_owned())
    }
}

impl TemplatedPolicy {
    fn validate(&self) -> Result<(), String> {
        if self.template.is_empty() {
            return Err("templated policy is missing the template name field on this token".to_owned());
        }
        let Some(template) = Template::parse(&self.template) else {
            return Err(format!("no such ACL templated policy with Name {:?}", self.template));
        };
        match (template.needs_name(), self.name.is_empty()) {
            (true, true) => Err(format!("validation error for templated policy {:?}: name is required", self.template)),
            (true, false) if !is_identity_name(&self.name) => Err(format!(
                "validation error for templated policy {:?}: the name {:?} is invalid: only lowercase alphanumeric \
                 characters, '-' and '_' are allowed",
                self.template, self.name
            )),
            (true | false, _) => Ok(()),
        }
    }
}

/// No list is all places, and so more than any list.
fn merge(known: &mut Vec<String>, others: Vec<String>) {
    if known.is_empty() || others.is_empty() {
        known.clear();
        return;
    }
    for other in others {
        if !known.contains(&other) {
            known.push(other);
        }
    }
}

/// Names that can stand in rules made from them: lowercase, and at most as long as Consul takes them.
#[must_use]
pub fn is_identity_name(name: &str) -> bool {
    let ends = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let bytes = name.as_bytes();
    bytes.len() <= 256
        && ends(bytes.first())
        && ends(bytes.last())
        && bytes.iter().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(byte))
}
