//! Getting a token by proving who one is, and giving it back.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;
use weft_model::acl::{AclOp, Token, TokenForm};
use weft_model::secret::Secret;
use weft_state::{StateView, secret_hash};

use super::{binding, now, propose, token};
use crate::access::LoginError;
use crate::answer::{Answer, Outcome};
use crate::call::Call;
use crate::refusal::Refusal;

const DECODE_FAILED: &str = "Bad request: Failed to decode request body";
const META_MAX: usize = 64;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct LoginRequest {
    auth_method: String,
    bearer_token: Secret,
    meta: BTreeMap<String, String>,
    #[serde(rename = "Namespace")]
    _namespace: Value,
    #[serde(rename = "Partition")]
    _partition: Value,
}

/// Makes a token for whom the auth method knows and whom some binding rule grants something.
pub(crate) async fn login(call: Call) -> Outcome {
    let request: LoginRequest = call.decode_as(DECODE_FAILED)?;
    if request.meta.len() > META_MAX {
        return Err(Refusal::failed(format!(
            "Bad request: Node metadata cannot contain more than {META_MAX} key pairs"
        )));
    }
    call.host.cluster.read_index().await.map_err(|_| Refusal::no_leader())?;
    let state = call.host.store.current();
    let method = StateView::new(&state).auth_method(&request.auth_method);
    let method = method.ok_or_else(|| Refusal::forbidden("ACL not found"))?.value;
    let verified = call.host.access.verify((*method).clone(), request.bearer_token).await;
    let verified = verified.map_err(|error| refused(&call, &method.name, error))?;
    let created = now();
    let mut granted = Token {
        accessor: Uuid::new_v4(),
        description: description(&request.meta),
        local: method.token_locality != "global",
        auth_method: method.name.clone(),
        expires: Some(method.max_token_ttl).filter(|ttl| !ttl.is_zero()).map(|ttl| created.plus(ttl.0)),
        created,
        ..Token::default()
    };
    // What has changed while the method was asked counts.
    let state = call.host.store.current();
    for rule in StateView::new(&state).binding_rules() {
        if rule.value.auth_method == method.name {
            binding::grant(&rule.value, &verified, call.host.agent.node.datacenter.as_str(), &mut granted);
        }
    }
    let secret = Uuid::new_v4().to_string();
    granted.secret = secret_hash(&Secret::from(secret.as_str()));
    let accessor = granted.accessor;
    propose(&call, AclOp::TokenSet { token: Box::new(granted), form: TokenForm::Login }).await?;
    tracing::info!(target: "weft::audit", %accessor, method = method.name, "logged in");
    token::written(&call, accessor, secret)
}

fn refused(call: &Call, method: &str, error: LoginError) -> Refusal {
    let (LoginError::Denied(text) | LoginError::Failed(text)) = &error;
    tracing::info!(
        target: "weft::audit",
        method,
        reason = text,
        caller = call.caller.map(tracing::field::display),
        "login refused"
    );
    match error {
        LoginError::Denied(text) => Refusal::forbidden(format!("Permission denied: {text}")),
        LoginError::Failed(text) => Refusal::failed(text),
    }
}

fn description(meta: &BTreeMap<String, String>) -> String {
    const PLAIN: &str = "token created via login";
    match serde_json::to_string(meta) {
        Ok(meta) if meta != "{}" => format!("{PLAIN}: {meta}"),
        Ok(_) | Err(_) => PLAIN.to_owned(),
    }
}

/// Ends the token of the request, when a login has made it.
pub(crate) async fn logout(call: Call) -> Outcome {
    let state = call.host.store.current();
    let token = StateView::new(&state).token_by_secret(&secret_hash(&call.token));
    let token = token.filter(|token| token.value.accessor != Token::ANONYMOUS && !call.token.is_empty());
    let token = token.ok_or_else(|| Refusal::forbidden("ACL not found"))?.value;
    if token.auth_method.is_empty() {
        return Err(Refusal::forbidden("Permission denied"));
    }
    call.nothing_to_ask();
    propose(&call, AclOp::TokenDelete(token.accessor)).await?;
    Ok(Answer::empty())
}
