//! Policies.

use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;
use weft_model::acl::{AclOp, Policy};
use weft_model::catalog::Indexed;
use weft_model::names::parse_uuid;
use weft_state::StateView;

use super::{id, propose};
use crate::answer::{Answer, Outcome};
use crate::call::Call;
use crate::refusal::Refusal;
use crate::wire::acl::PolicyRow;

const DECODE_FAILED: &str = "Bad request: Policy decoding failed";

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct PolicyBody {
    #[serde(rename = "ID")]
    id: String,
    name: String,
    description: String,
    rules: String,
    datacenters: Vec<String>,
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

/// Makes a policy, or replaces the one in the path.
pub(crate) async fn put(call: Call) -> Outcome {
    let body: PolicyBody = call.decode_as(DECODE_FAILED)?;
    let create = call.rest.is_empty();
    let id = match create {
        true if !body.id.is_empty() => {
            return Err(Refusal::bad_request("Bad request: Cannot specify the ID when creating a new policy"));
        }
        true => Uuid::new_v4(),
        false if !body.id.is_empty() && body.id != call.rest => {
            return Err(Refusal::bad_request("Bad request: Policy ID in URL and payload do not match"));
        }
        false => parse_uuid(&call.rest).map_err(|_| Refusal::failed("Policy ID invalid UUID"))?,
    };
    let PolicyBody { name, description, rules, datacenters, .. } = body;
    let policy = Policy { id, name, description, rules, datacenters };
    propose(&call, AclOp::PolicySet { policy: Box::new(policy), create }).await?;
    let state = call.host.store.current();
    shown(StateView::new(&state).policy(id))
}

fn shown(policy: Option<Indexed<Policy>>) -> Outcome {
    match policy {
        Some(policy) => Ok(Answer::json(PolicyRow::whole(&policy))),
        None => Ok(Refusal::forbidden("ACL not found").into()),
    }
}

/// One policy.
pub(crate) fn get(call: &Call, view: &StateView<'_>) -> Outcome {
    shown(view.policy(id(call, "policy", "policy ID")?))
}

/// One policy, by its name.
pub(crate) fn by_name(call: &Call, view: &StateView<'_>) -> Outcome {
    shown(view.policy_by_name(call.path_name("Bad request: Missing policy Name")?))
}

/// All policies.
pub(crate) fn list(_: &Call, view: &StateView<'_>) -> Outcome {
    Ok(Answer::json(view.policies().iter().map(PolicyRow::in_list).collect::<Vec<_>>()))
}

/// Removes a policy; what is not there is not an error.
pub(crate) async fn delete(call: Call) -> Outcome {
    let id = id(&call, "policy", "policy ID")?;
    propose(&call, AclOp::PolicyDelete(id)).await?;
    Ok(Answer::json(true))
}
