//! Tokens. A secret is told once, to whoever makes the token; afterwards only its digest is known.

use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;
use weft_model::acl::{AclOp, Link, Token, TokenForm, is_reserved};
use weft_model::catalog::Indexed;
use weft_model::names::parse_uuid;
use weft_model::secret::Secret;
use weft_model::{GoDuration, Timestamp};
use weft_state::{StateView, secret_hash};

use super::body::{LinkBody, NodeIdentityBody, ServiceIdentityBody, TemplatedPolicyBody, identities, links};
use super::{id, now, propose};
use crate::answer::{Answer, Outcome};
use crate::call::Call;
use crate::refusal::Refusal;
use crate::wire::acl::{Expanded, HIDDEN, PolicyRow, RoleRow, TokenRow};

const DECODE_FAILED: &str = "Bad request: Token decoding failed";

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct TokenBody {
    #[serde(rename = "AccessorID")]
    accessor_id: String,
    #[serde(rename = "SecretID")]
    secret_id: String,
    description: String,
    policies: Vec<LinkBody>,
    roles: Vec<LinkBody>,
    service_identities: Vec<ServiceIdentityBody>,
    node_identities: Vec<NodeIdentityBody>,
    templated_policies: Vec<TemplatedPolicyBody>,
    local: bool,
    auth_method: String,
    #[serde(rename = "ExpirationTTL")]
    expiration_ttl: Value,
    expiration_time: Option<String>,
    #[serde(rename = "ID")]
    _id: Value,
    #[serde(rename = "Rules")]
    _rules: Value,
    #[serde(rename = "Namespace")]
    _namespace: Value,
    #[serde(rename = "Partition")]
    _partition: Value,
    #[serde(rename = "AuthMethodNamespace")]
    _auth_method_namespace: Value,
    #[serde(rename = "CreateTime")]
    _create_time: Value,
    #[serde(rename = "Hash")]
    _hash: Value,
    #[serde(rename = "CreateIndex")]
    _create_index: Value,
    #[serde(rename = "ModifyIndex")]
    _modify_index: Value,
}

impl TokenBody {
    fn into_token(self, accessor: Uuid, created: Timestamp) -> Result<Token, Refusal> {
        let expires = self.expires(created)?;
        let identities = identities(self.service_identities, self.node_identities, self.templated_policies);
        Ok(Token {
            accessor,
            description: self.description,
            policies: links("policy", self.policies)?,
            roles: links("role", self.roles)?,
            identities,
            local: self.local,
            auth_method: self.auth_method,
            expires,
            created,
            ..Token::default()
        })
    }

    fn expires(&self, created: Timestamp) -> Result<Option<Timestamp>, Refusal> {
        let refused = |text: String| Refusal::bad_request(format!("{DECODE_FAILED}: {text}"));
        let (is_negative, ttl) = match &self.expiration_ttl {
            Value::String(text) if !text.is_empty() => {
                let magnitude = text.strip_prefix('-');
                (magnitude.is_some(), GoDuration::parse(magnitude.unwrap_or(text)).map_err(refused)?)
            }
            Value::Number(nanos) => {
                let magnitude = nanos.as_i64().unwrap_or(i64::MAX);
                let ttl = GoDuration(std::time::Duration::from_nanos(magnitude.unsigned_abs()));
                (magnitude < 0, ttl)
            }
            Value::Null | Value::Bool(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
                (false, GoDuration::default())
            }
        };
        let time = match self.expiration_time.as_deref() {
            None | Some("" | "0001-01-01T00:00:00Z") => None,
            Some(text) => {
                let time: jiff::Timestamp = text.parse().map_err(|error| refused(format!("{error}")))?;
                Some(Timestamp(i64::try_from(time.as_nanosecond()).unwrap_or(i64::MAX)))
            }
        };
        if is_negative {
            return Err(Refusal::failed(format!("Token Expiration TTL '-{ttl}' should be > 0")));
        }
        match (ttl.is_zero(), time) {
            (true, time) => Ok(time),
            (false, None) => Ok(Some(created.plus(ttl.0))),
            (false, Some(_)) => Err(Refusal::failed("Token Expiration TTL and Expiration Time cannot both be set")),
        }
    }
}

/// Makes a token, or replaces the one in the path.
pub(crate) async fn put(call: Call) -> Outcome {
    if call.rest.is_empty() { create(&call).await } else { update(&call).await }
}

async fn create(call: &Call) -> Outcome {
    let body: TokenBody = call.decode_as(DECODE_FAILED)?;
    let accessor = match body.accessor_id.as_str() {
        "" => Uuid::new_v4(),
        text => accessor(text)?,
    };
    let secret = match body.secret_id.as_str() {
        "" => Uuid::new_v4().to_string(),
        given => checked_secret(given)?.to_owned(),
    };
    if !body.auth_method.is_empty() {
        return Err(Refusal::failed("AuthMethod field is disallowed outside of Login"));
    }
    let mut token = body.into_token(accessor, now())?;
    token.secret = secret_hash(&Secret::from(secret.as_str()));
    propose(call, AclOp::TokenSet { token: Box::new(token), form: TokenForm::Create }).await?;
    written(call, accessor, secret)
}

fn accessor(text: &str) -> Result<Uuid, Refusal> {
    parse_uuid(text).map_err(|error| {
        Refusal::failed(format!("Failed acl token lookup by accessor: failed acl token lookup: {error}"))
    })
}

fn checked_secret(text: &str) -> Result<&str, Refusal> {
    match parse_uuid(text) {
        Ok(id) if is_reserved(id) => Err(Refusal::failed(
            "Invalid Token: UUIDs with the prefix \"00000000-0000-0000-0000-0000000000\" are reserved",
        )),
        Ok(_) => Ok(text),
        Err(_) => Err(Refusal::failed("Invalid Token: SecretID is not a valid UUID")),
    }
}

async fn update(call: &Call) -> Outcome {
    let body: TokenBody = call.decode_as(DECODE_FAILED)?;
    if !body.accessor_id.is_empty() && body.accessor_id != call.rest {
        return Err(Refusal::bad_request("Bad request: Token Accessor ID in URL and payload do not match"));
    }
    let accessor = accessor(&call.rest)?;
    // What is hidden from readers may be sent back.
    let given = Some(body.secret_id.clone()).filter(|given| !given.is_empty() && given != HIDDEN);
    let mut token = body.into_token(accessor, now())?;
    if let Some(given) = &given {
        token.secret = secret_hash(&Secret::from(given.as_str()));
    }
    propose(call, AclOp::TokenSet { token: Box::new(token), form: TokenForm::Update }).await?;
    let state = call.host.store.current();
    let view = StateView::new(&state);
    let stored = view.token(accessor).ok_or_else(|| Refusal::forbidden("ACL not found"))?;
    let secret = given.unwrap_or_else(|| secret_for(call, &stored));
    Ok(Answer::json(TokenRow::new(&view, &stored, Some(secret))))
}

/// The secret as this caller may see it: their own they know.
fn secret_for(call: &Call, token: &Indexed<Token>) -> String {
    if token.value.accessor == Token::ANONYMOUS {
        Token::ANONYMOUS_SECRET.to_owned()
    } else if secret_hash(&call.token) == token.value.secret {
        call.token.reveal().to_owned()
    } else {
        HIDDEN.to_owned()
    }
}

/// A token that this request has made, with its secret.
pub(super) fn written(call: &Call, accessor: Uuid, secret: String) -> Outcome {
    let state = call.host.store.current();
    let view = StateView::new(&state);
    let stored = view.token(accessor).ok_or_else(|| Refusal::forbidden("ACL not found"))?;
    Ok(Answer::json(TokenRow::new(&view, &stored, Some(secret))))
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct CloneBody {
    description: String,
    #[serde(rename = "Namespace")]
    _namespace: Value,
}

/// Makes a token that may do what another may.
pub(crate) async fn clone(call: Call) -> Outcome {
    let body: CloneBody = call.decode_as(DECODE_FAILED)?;
    let accessor = accessor(&call.rest)?;
    let state = call.host.store.current();
    let former = StateView::new(&state).token(accessor).filter(|token| !token.value.is_expired(now()));
    let former = former.ok_or_else(|| Refusal::forbidden("ACL not found"))?.value;
    if former.accessor == Token::ANONYMOUS {
        return Err(Refusal::failed("Cannot clone the anonymous token"));
    }
    if !former.auth_method.is_empty() {
        return Err(Refusal::failed("Cannot clone a token created from an auth method"));
    }
    let secret = Uuid::new_v4().to_string();
    let created = now();
    let lived = former.expires.map(|expires| expires.since(former.created));
    let known = StateView::new(&state);
    let by_id = |links: Vec<Link>| links.into_iter().map(|link| Link::to(link.id)).collect();
    let token = Token {
        accessor: Uuid::new_v4(),
        secret: secret_hash(&Secret::from(secret.as_str())),
        description: if body.description.is_empty() { former.description.clone() } else { body.description },
        policies: by_id(known.named_policies(&former.policies)),
        roles: by_id(known.named_roles(&former.roles)),
        expires: lived.map(|lived| created.plus(lived)),
        created,
        ..(*former).clone()
    };
    let accessor = token.accessor;
    propose(&call, AclOp::TokenSet { token: Box::new(token), form: TokenForm::Create }).await?;
    written(&call, accessor, secret)
}

/// One token; with `expanded` all that it stands for.
pub(crate) fn get(call: &Call, view: &StateView<'_>) -> Outcome {
    let token = view.token(id(call, "token", "token ID")?).filter(|token| !token.value.is_expired(now()));
    // An answer and not a refusal: it carries the index.
    let Some(token) = token else { return Ok(Refusal::forbidden("ACL not found").into()) };
    let mut row = TokenRow::new(view, &token, Some(secret_for(call, &token)));
    if call.flag("expanded")? {
        row.expanded = Some(expanded(call, view, &token.value));
    }
    Ok(Answer::json(row))
}

fn expanded(call: &Call, view: &StateView<'_>, token: &Token) -> Expanded {
    let roles: Vec<_> = token.roles.iter().filter_map(|link| view.role(link.id)).collect();
    let of_roles = roles.iter().flat_map(|role| role.value.policies.clone());
    let mut policies: Vec<_> = token.policies.iter().cloned().chain(of_roles).map(|link| link.id).collect();
    policies.sort_unstable();
    policies.dedup();
    let policies = policies.into_iter().filter_map(|id| view.policy(id));
    Expanded {
        expanded_policies: policies.map(|policy| PolicyRow::whole(&policy)).collect(),
        expanded_roles: roles.iter().map(|role| RoleRow::new(view, role)).collect(),
        agent_acl_default_policy: match call.host.agent.default_policy {
            weft_model::intention::DefaultPolicy::Allow => "allow",
            weft_model::intention::DefaultPolicy::Deny => "deny",
        },
        agent_acl_down_policy: "extend-cache",
        resolved_by_agent: call.own_node().as_str().to_owned(),
    }
}

/// The token of the request.
pub(crate) fn itself(call: &Call, view: &StateView<'_>) -> Outcome {
    call.gate(view.state())?;
    let found = if call.token.is_empty() { None } else { view.token_by_secret(&secret_hash(&call.token)) };
    // Both may be stored: the anonymous one is nobody's own.
    let Some(token) = found.filter(|token| token.value.accessor != Token::ANONYMOUS) else {
        return Ok(Refusal::forbidden("ACL not found").into());
    };
    Ok(Answer::json(TokenRow::new(view, &token, Some(call.token.reveal().to_owned()))))
}

/// All tokens, or those with a policy, a role, a service or from an auth method.
pub(crate) fn list(call: &Call, view: &StateView<'_>) -> Outcome {
    let mut tokens = view.tokens();
    let now = now();
    tokens.retain(|token| !token.value.is_expired(now) && is_asked_for(call, &token.value));
    let rows: Vec<_> = tokens.iter().map(|token| TokenRow::new(view, token, None)).collect();
    Ok(Answer::json(rows))
}

fn is_asked_for(call: &Call, token: &Token) -> bool {
    let fits = |name: &str, holds: &dyn Fn(&str) -> bool| match call.query.text(name) {
        "" => true,
        wanted => holds(wanted),
    };
    fits("policy", &|id| token.policies.iter().any(|link| link.id.to_string() == id))
        && fits("role", &|id| token.roles.iter().any(|link| link.id.to_string() == id))
        && fits("servicename", &|name| token.identities.services.iter().any(|identity| identity.service == name))
        && fits("authmethod", &|name| token.auth_method == name)
}

/// Ends a token; what is not there is not an error.
pub(crate) async fn delete(call: Call) -> Outcome {
    let text = call.path_name("Bad request: Missing token ID")?;
    let accessor = parse_uuid(text).map_err(|_| Refusal::failed("Accessor ID is missing or an invalid UUID"))?;
    let state = call.host.store.current();
    let own = StateView::new(&state).token_by_secret(&secret_hash(&call.token));
    if own.is_some_and(|own| own.value.accessor == accessor) {
        return Err(Refusal::failed("Deletion of the request's authorization token is not permitted"));
    }
    propose(&call, AclOp::TokenDelete(accessor)).await?;
    Ok(Answer::json(true))
}
