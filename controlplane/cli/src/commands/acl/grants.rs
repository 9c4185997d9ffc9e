//! The flags that tokens and roles have in common.

use serde_json::{Map, Value, json};

use crate::failure::Failure;

/// What a token or a role grants.
#[derive(Clone, Debug, Default, clap::Args)]
pub(super) struct Grants {
    /// A policy, by its ID; may be given several times
    #[arg(long, value_name = "ID")]
    policy_id: Vec<String>,
    /// A policy, by its name; may be given several times
    #[arg(long, value_name = "NAME")]
    policy_name: Vec<String>,
    /// What a service needs, perhaps only in some datacenters; may be given several times
    #[arg(long, value_name = "SERVICE[:DC,...]")]
    service_identity: Vec<String>,
    /// What an agent needs; may be given several times
    #[arg(long, value_name = "NODE:DC")]
    node_identity: Vec<String>,
    /// A templated policy
    #[arg(long, value_name = "TEMPLATE")]
    templated_policy: Option<String>,
    /// The name that fills the templated policy in
    #[arg(long, value_name = "name:VALUE", requires = "templated_policy")]
    var: Option<String>,
}

impl Grants {
    /// Adds what is given to a document; the rest of it stays.
    pub(super) fn add_to(&self, document: &mut Map<String, Value>) -> Result<(), Failure> {
        let by_id = self.policy_id.iter().map(|id| json!({"ID": id}));
        let by_name = self.policy_name.iter().map(|name| json!({"Name": name}));
        append(document, "Policies", by_id.chain(by_name));
        append(document, "ServiceIdentities", self.service_identity.iter().map(|given| service(given)));
        let nodes: Vec<_> = self.node_identity.iter().map(|given| node(given)).collect::<Result<_, _>>()?;
        append(document, "NodeIdentities", nodes.into_iter());
        if let Some(template) = &self.templated_policy {
            let mut policy = json!({"TemplateName": template});
            if let Some(given) = &self.var {
                let value = given.strip_prefix("name:");
                let value = value.ok_or_else(|| Failure::new(format!("--var {given:?}: write name:VALUE")))?;
                policy["TemplateVariables"] = json!({"Name": value});
            }
            append(document, "TemplatedPolicies", [policy].into_iter());
        }
        Ok(())
    }
}

fn service(given: &str) -> Value {
    match given.split_once(':') {
        None => json!({"ServiceName": given}),
        Some((name, places)) => {
            json!({"ServiceName": name, "Datacenters": places.split(',').collect::<Vec<_>>()})
        }
    }
}

fn node(given: &str) -> Result<Value, Failure> {
    let (name, place) = given
        .rsplit_once(':')
        .ok_or_else(|| Failure::new(format!("--node-identity {given:?}: write NODE:DATACENTER")))?;
    Ok(json!({"NodeName": name, "Datacenter": place}))
}

/// Adds items to a list of a document.
pub(super) fn append(document: &mut Map<String, Value>, field: &str, items: impl Iterator<Item = Value>) {
    let items: Vec<_> = items.collect();
    if items.is_empty() {
        return;
    }
    let place = document.entry(field).or_insert_with(|| json!([]));
    if let Value::Array(list) = place {
        list.extend(items);
    } else {
        *place = Value::Array(items);
    }
}

/// Sets a text that was given.
pub(super) fn set(document: &mut Map<String, Value>, field: &str, given: Option<&str>) {
    if let Some(given) = given {
        document.insert(field.to_owned(), json!(given));
    }
}
