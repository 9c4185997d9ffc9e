//! Binding rules.

use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;
use weft_model::acl::{AclOp, BindingRule};
use weft_model::catalog::Indexed;
use weft_model::names::parse_uuid;
use weft_state::StateView;

use super::body::VariablesBody;
use super::{binding, id, propose};
use crate::answer::{Answer, Outcome};
use crate::call::Call;
use crate::refusal::Refusal;
use crate::wire::acl::RuleRow;

const DECODE_FAILED: &str = "Bad request: BindingRule decoding failed";

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct RuleBody {
    #[serde(rename = "ID")]
    id: String,
    description: String,
    auth_method: String,
    selector: String,
    bind_type: String,
    bind_name: String,
    bind_vars: Option<VariablesBody>,
    #[serde(rename = "Namespace")]
    _namespace: Value,
    #[serde(rename = "Partition")]
    _partition: Value,
    #[serde(rename = "CreateIndex")]
    _create_index: Value,
    #[serde(rename = "ModifyIndex")]
    _modify_index: Value,
}

/// Makes a binding rule, or replaces the one in the path.
pub(crate) async fn put(call: Call) -> Outcome {
    let body: RuleBody = call.decode_as(DECODE_FAILED)?;
    if !body.id.is_empty() && body.id != call.rest {
        return Err(Refusal::bad_request("Bad request: BindingRule ID in URL and payload do not match"));
    }
    let create = call.rest.is_empty();
    let id = match create {
        true => Uuid::new_v4(),
        false => parse_uuid(&call.rest).map_err(|_| Refusal::failed("Binding Rule ID invalid UUID"))?,
    };
    let mut rule = BindingRule {
        id,
        description: body.description,
        auth_method: body.auth_method,
        selector: body.selector,
        bind_type: body.bind_type,
        bind_name: body.bind_name,
        bind_vars: body.bind_vars.map(|variables| variables.name),
    };
    check(&call, &mut rule)?;
    propose(&call, AclOp::RuleSet { rule: Box::new(rule), create }).await?;
    let state = call.host.store.current();
    Ok(shown(StateView::new(&state).binding_rule(id)))
}

/// Checks a rule against its auth method; what has no method is refused when it is applied.
fn check(call: &Call, rule: &mut BindingRule) -> Result<(), Refusal> {
    let state = call.host.store.current();
    let view = StateView::new(&state);
    if rule.auth_method.is_empty()
        && let Some(former) = view.binding_rule(rule.id)
    {
        rule.auth_method.clone_from(&former.value.auth_method);
    }
    let Some(method) = view.auth_method(&rule.auth_method) else { return Ok(()) };
    rule.validate().map_err(Refusal::failed)?;
    binding::check(rule, &call.host.access.variables(&method.value)).map_err(Refusal::failed)
}

fn shown(rule: Option<Indexed<BindingRule>>) -> Answer {
    match rule {
        Some(rule) => Answer::json(RuleRow::from(&rule)),
        None => Answer::empty().status(http::StatusCode::NOT_FOUND),
    }
}

/// One binding rule.
pub(crate) fn get(call: &Call, view: &StateView<'_>) -> Outcome {
    Ok(shown(view.binding_rule(id(call, "binding rule", "binding rule ID")?)))
}

/// All binding rules, or those of an auth method.
pub(crate) fn list(call: &Call, view: &StateView<'_>) -> Outcome {
    let method = call.query.text("authmethod");
    let mut rules = view.binding_rules();
    rules.retain(|rule| method.is_empty() || rule.value.auth_method == method);
    Ok(Answer::json(rules.iter().map(RuleRow::from).collect::<Vec<_>>()))
}

/// Removes a binding rule; what is not there is not an error.
pub(crate) async fn delete(call: Call) -> Outcome {
    let id = id(&call, "binding rule", "binding rule ID")?;
    propose(&call, AclOp::RuleDelete(id)).await?;
    Ok(Answer::json(true))
}
