//! What bodies of tokens and roles have in common. What readers are shown may be sent back.

use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;
use weft_model::acl::{Identities, Link, NodeIdentity, ServiceIdentity, TemplatedPolicy};
use weft_model::names::parse_uuid;

use crate::refusal::Refusal;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct LinkBody {
    #[serde(rename = "ID")]
    id: String,
    name: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct ServiceIdentityBody {
    service_name: String,
    datacenters: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct NodeIdentityBody {
    node_name: String,
    datacenter: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct TemplatedPolicyBody {
    template_name: String,
    #[serde(rename = "TemplateID")]
    _template_id: Value,
    template_variables: Option<VariablesBody>,
    datacenters: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct VariablesBody {
    pub(super) name: String,
}

pub(super) fn identities(
    services: Vec<ServiceIdentityBody>,
    nodes: Vec<NodeIdentityBody>,
    templates: Vec<TemplatedPolicyBody>,
) -> Identities {
    let service =
        |body: ServiceIdentityBody| ServiceIdentity { service: body.service_name, datacenters: body.datacenters };
    let node = |body: NodeIdentityBody| NodeIdentity { node: body.node_name, datacenter: body.datacenter };
    let template = |body: TemplatedPolicyBody| TemplatedPolicy {
        template: body.template_name,
        name: body.template_variables.unwrap_or_default().name,
        datacenters: body.datacenters,
    };
    Identities {
        services: services.into_iter().map(service).collect(),
        nodes: nodes.into_iter().map(node).collect(),
        templates: templates.into_iter().map(template).collect(),
    }
}

/// Links as they were sent: the id counts before the name.
pub(super) fn links(noun: &str, bodies: Vec<LinkBody>) -> Result<Vec<Link>, Refusal> {
    let link = |body: LinkBody| match body.id.as_str() {
        "" => Ok(Link::named(&body.name)),
        // What is no id is the id of nothing.
        id => match parse_uuid(id) {
            Ok(id) if id != Uuid::nil() => Ok(Link::to(id)),
            Ok(_) | Err(_) => Err(Refusal::failed(format!("No such ACL {noun} with ID {id:?}"))),
        },
    };
    bodies.into_iter().map(link).collect()
}
