//! Roles.

use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;
use weft_model::acl::{AclOp, Role};
use weft_model::catalog::Indexed;
use weft_model::names::parse_uuid;
use weft_state::StateView;

use super::body::{LinkBody, NodeIdentityBody, ServiceIdentityBody, TemplatedPolicyBody, identities, links};
use super::{id, propose};
use crate::answer::{Answer, Outcome};
use crate::call::Call;
use crate::refusal::Refusal;
use crate::wire::acl::RoleRow;

const DECODE_FAILED: &str = "Bad request: Role decoding failed";

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct RoleBody {
    #[serde(rename = "ID")]
    id: String,
    name: String,
    description: String,
    policies: Vec<LinkBody>,
    service_identities: Vec<ServiceIdentityBody>,
    node_identities: Vec<NodeIdentityBody>,
    templated_policies: Vec<TemplatedPolicyBody>,
    #[serde(rename = "Namespace")]
    _namespace: Value,
    #[serde(rename = "Partition")]
    _partition: Value,
    #[serde(rename = "Hash")]
    _hash: Value,
    #[serde(rename = "CreateIndex")]
    _create_index: Value,
    #[serde(rename = "ModifyIndex")]
    _modify_index: Value,
}

/// Makes a role, or replaces the one in the path.
pub(crate) async fn put(call: Call) -> Outcome {
    let body: RoleBody = call.decode_as(DECODE_FAILED)?;
    if !body.id.is_empty() && body.id != call.rest {
        return Err(Refusal::bad_request("Bad request: Role ID in URL and payload do not match"));
    }
    let create = call.rest.is_empty();
    let id = match create {
        true => Uuid::new_v4(),
        false => parse_uuid(&call.rest).map_err(|_| Refusal::failed("Role ID invalid UUID"))?,
    };
    let role = Role {
        id,
        name: body.name,
        description: body.description,
        policies: links("policy", body.policies)?,
        identities: identities(body.service_identities, body.node_identities, body.templated_policies),
    };
    propose(&call, AclOp::RoleSet { role: Box::new(role), create }).await?;
    let state = call.host.store.current();
    let view = StateView::new(&state);
    Ok(shown(&view, view.role(id)))
}

fn shown(view: &StateView<'_>, role: Option<Indexed<Role>>) -> Answer {
    match role {
        Some(role) => Answer::json(RoleRow::new(view, &role)),
        None => Answer::empty().status(http::StatusCode::NOT_FOUND),
    }
}

/// One role.
pub(crate) fn get(call: &Call, view: &StateView<'_>) -> Outcome {
    Ok(shown(view, view.role(id(call, "role", "role ID")?)))
}

/// One role, by its name.
pub(crate) fn by_name(call: &Call, view: &StateView<'_>) -> Outcome {
    Ok(shown(view, view.role_by_name(call.path_name("Bad request: Missing role Name")?)))
}

/// All roles, or those with a policy.
pub(crate) fn list(call: &Call, view: &StateView<'_>) -> Outcome {
    let mut roles = view.roles();
    let policy = call.query.text("policy");
    roles.retain(|role| policy.is_empty() || role.value.policies.iter().any(|link| link.id.to_string() == policy));
    Ok(Answer::json(roles.iter().map(|role| RoleRow::new(view, role)).collect::<Vec<_>>()))
}

/// Removes a role; what is not there is not an error.
pub(crate) async fn delete(call: Call) -> Outcome {
    let id = id(&call, "role", "role ID")?;
    propose(&call, AclOp::RoleDelete(id)).await?;
    Ok(Answer::json(true))
}
