//! The first token.

use serde::Deserialize;
use uuid::Uuid;
use weft_model::acl::{AclOp, Token, is_reserved};
use weft_model::secret::Secret;
use weft_state::{StateView, secret_hash};

use super::{now, propose};
use crate::answer::{Answer, Outcome};
use crate::call::Call;
use crate::refusal::Refusal;
use crate::wire::acl::TokenRow;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct BootstrapRequest {
    bootstrap_secret: String,
}

/// Makes a token that may do everything. Anybody may ask, and only once.
pub(crate) async fn bootstrap(call: Call) -> Outcome {
    let request: BootstrapRequest =
        if call.body.is_empty() { BootstrapRequest::default() } else { call.decode_as("Request decode failed")? };
    let secret = match request.bootstrap_secret.as_str() {
        "" => Uuid::new_v4().to_string(),
        given => match Uuid::try_parse(given) {
            Ok(id) if !is_reserved(id) => given.to_owned(),
            Ok(_) | Err(_) => return Err(Refusal::bad_request("Bad request: BootstrapSecret must be a UUID")),
        },
    };
    let token = Token {
        accessor: Uuid::new_v4(),
        secret: secret_hash(&Secret::from(secret.as_str())),
        description: "Bootstrap Token (Global Management)".to_owned(),
        created: now(),
        ..Token::default()
    };
    let accessor = token.accessor;
    propose(&call, AclOp::Bootstrap { token: Box::new(token), reset: call.host.access.bootstrap_reset() }).await?;
    let state = call.host.store.current();
    let view = StateView::new(&state);
    let token = view.token(accessor).ok_or_else(|| Refusal::forbidden("ACL not found"))?;
    tracing::warn!(target: "weft::audit", %accessor, "access control was bootstrapped");
    let mut row = TokenRow::new(&view, &token, Some(secret.clone()));
    row.id = Some(secret);
    Ok(Answer::json(row))
}
