//! Auth methods.

use serde::Deserialize;
use serde_json::{Map, Value};
use weft_model::GoDuration;
use weft_model::acl::{AclOp, AuthMethod};
use weft_model::catalog::Indexed;
use weft_state::StateView;

use super::propose;
use crate::answer::{Answer, Outcome};
use crate::call::Call;
use crate::refusal::Refusal;
use crate::wire::acl::{HIDDEN, MethodRow};

const DECODE_FAILED: &str = "Bad request: AuthMethod decoding failed";

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct MethodBody {
    name: String,
    #[serde(rename = "Type")]
    kind: String,
    display_name: String,
    description: String,
    #[serde(rename = "MaxTokenTTL")]
    max_token_ttl: GoDuration,
    token_locality: String,
    config: Map<String, Value>,
    #[serde(rename = "NamespaceRules")]
    _namespace_rules: Value,
    #[serde(rename = "Namespace")]
    _namespace: Value,
    #[serde(rename = "Partition")]
    _partition: Value,
    #[serde(rename = "CreateIndex")]
    _create_index: Value,
    #[serde(rename = "ModifyIndex")]
    _modify_index: Value,
}

/// Makes or replaces an auth method.
pub(crate) async fn put(call: Call) -> Outcome {
    let body: MethodBody = call.decode_as(DECODE_FAILED)?;
    if !call.rest.is_empty() && !body.name.is_empty() && body.name != call.rest {
        return Err(Refusal::bad_request("Bad request: AuthMethod Name in URL and payload do not match"));
    }
    let mut method = AuthMethod {
        name: if body.name.is_empty() { call.rest.clone() } else { body.name },
        kind: body.kind,
        display_name: body.display_name,
        description: body.description,
        max_token_ttl: body.max_token_ttl,
        token_locality: body.token_locality,
        config: body.config,
    };
    let state = call.host.store.current();
    let former = StateView::new(&state).auth_method(&method.name);
    if let Some(former) = &former {
        if method.kind.is_empty() {
            method.kind.clone_from(&former.value.kind);
        }
        if method.kind != former.value.kind {
            return Err(Refusal::failed("the Type field of an Auth Method is immutable"));
        }
        keep_hidden(&mut method.config, &former.value.config);
    }
    method.validate().map_err(Refusal::failed)?;
    let fault = |text: String| Refusal::failed(format!("Invalid Auth Method: {text}"));
    let method = call.host.access.check_method(method, &state).map_err(fault)?;
    let name = method.name.clone();
    propose(&call, AclOp::MethodSet(Box::new(method))).await?;
    let state = call.host.store.current();
    Ok(shown(StateView::new(&state).auth_method(&name)))
}

/// What is hidden from readers may be sent back. It is kept in the form in which it is stored.
fn keep_hidden(config: &mut Map<String, Value>, former: &Map<String, Value>) {
    for (key, value) in config {
        if value == HIDDEN {
            let kept = former.iter().find(|(known, _)| known.eq_ignore_ascii_case(key));
            *value = kept.map_or(Value::Null, |(_, kept)| kept.clone());
        }
    }
}

fn shown(method: Option<Indexed<AuthMethod>>) -> Answer {
    match method {
        Some(method) => Answer::json(MethodRow::whole(&method)),
        None => Answer::empty().status(http::StatusCode::NOT_FOUND),
    }
}

/// One auth method.
pub(crate) fn get(call: &Call, view: &StateView<'_>) -> Outcome {
    Ok(shown(view.auth_method(call.path_name("Bad request: Missing auth method name")?)))
}

/// All auth methods.
pub(crate) fn list(_: &Call, view: &StateView<'_>) -> Outcome {
    Ok(Answer::json(view.auth_methods().iter().map(MethodRow::in_list).collect::<Vec<_>>()))
}

/// Removes an auth method with its binding rules and tokens; what is not there is not an error.
pub(crate) async fn delete(call: Call) -> Outcome {
    let name = call.path_name("Bad request: Missing auth method name")?.to_owned();
    propose(&call, AclOp::MethodDelete(name)).await?;
    Ok(Answer::json(true))
}
