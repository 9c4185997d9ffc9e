//! `/v1/agent/connect`: identities for applications that speak mutual TLS themselves, and the question
//! whether a caller may come in.

use http::header::HeaderName;
use serde::{Deserialize, Serialize};
use tokio::time::timeout_at;
use weft_ca::SpiffeId;
use weft_ca::spiffe::Identity;
use weft_mesh::authz::deciding;
use weft_model::ServiceName;
use weft_model::acl::Wanted;
use weft_model::intention::{Action, DefaultPolicy, Intention, Rule};
use weft_state::StateView;

use crate::access;
use crate::answer::{Answer, Outcome};
use crate::blocking;
use crate::call::Call;
use crate::refusal::Refusal;
use crate::v1::connect::{ca, decide};
use crate::wire::ca::LeafRow;

const INDEX: HeaderName = HeaderName::from_static("x-consul-index");

/// The roots as the agent has them.
pub(crate) fn roots(call: &Call, view: &StateView<'_>) -> Outcome {
    ca::roots(call, view).map(Answer::cache_hit)
}

/// The leaf of a service, which need not be registered. With an index, waits for the next one.
pub(crate) async fn leaf(call: Call) -> Outcome {
    if call.rest.is_empty() {
        return Err(Refusal::failed("URI must be either service or agent"));
    }
    let service = ServiceName::from(&call.rest);
    let authority = &call.host.authority;
    let mut issued = authority.leaf(service.clone()).await?;
    let asked = call.options.index;
    if asked > 0 && issued.index <= asked {
        let deadline = blocking::deadline(call.options.wait);
        let newer = tokio::select! {
            newer = timeout_at(deadline, authority.leaf_after(service.clone(), asked)) => newer.ok(),
            () = call.host.store.waits_ended() => None,
        };
        issued = match newer {
            Some(newer) => newer?,
            None => authority.leaf(service).await?,
        };
    }
    let index = issued.index.max(1).to_string();
    Ok(Answer::json(LeafRow::from(issued)).header(INDEX, &index).cache_hit())
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct AuthorizeRequest {
    target: String,
    #[serde(rename = "ClientCertURI")]
    client_cert_uri: String,
    #[serde(rename = "ClientCertSerial")]
    _client_cert_serial: String,
    #[serde(rename = "Namespace")]
    _namespace: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Authorization {
    authorized: bool,
    reason: String,
}

/// Whether the bearer of a certificate may call a service here.
pub(crate) async fn authorize(call: Call) -> Outcome {
    let bad = |text: &str| Refusal::bad_request(format!("Bad request: {text}"));
    let request: AuthorizeRequest = call.decode_as("Bad request: Request decode failed")?;
    if request.target.is_empty() {
        return Err(bad("Target service must be specified"));
    }
    let id: SpiffeId =
        request.client_cert_uri.parse().map_err(|_| bad("ClientCertURI not a valid Connect identifier"))?;
    let source = match id.identity() {
        Identity::Service { service, .. } => service.clone(),
        Identity::Signing => return Err(bad("ClientCertURI not a valid Connect identifier")),
        Identity::Agent { .. } | Identity::Server { .. } | Identity::MeshGateway { .. } => {
            return Err(bad("ClientCertURI not a valid Service identifier"));
        }
    };
    let (state, target) = (call.host.store.current(), ServiceName::from(&request.target));
    call.require(&state, &access::service(&request.target, Wanted::Write))?;
    let view = StateView::new(&state);
    let own = view.ca().map(|ca| ca.value.trust_domain.clone()).unwrap_or_default();
    let verdict = if id.trust_domain().as_str() == own {
        decision(&call, &view, &source, &target)
    } else {
        let reason = format!("The identity is of the trust domain {}, not of {own}", id.trust_domain());
        Authorization { authorized: false, reason }
    };
    Ok(Answer::json(verdict).cache_hit())
}

fn decision(call: &Call, view: &StateView<'_>, source: &ServiceName, target: &ServiceName) -> Authorization {
    let default = call.host.agent.default_policy;
    let authorized = decide(view, source, target, default);
    let intentions = view.intentions_to(target);
    let reason = match (deciding(&intentions, source), default) {
        (Some(intention), _) => format!("Matched intention: {}", shown(intention)),
        (None, DefaultPolicy::Allow) => "ACLs disabled, access is allowed by default".to_owned(),
        (None, DefaultPolicy::Deny) => "Default behavior configured by ACLs".to_owned(),
    };
    Authorization { authorized, reason }
}

fn shown(intention: &Intention) -> String {
    let action = match intention.rule {
        Rule::Action(Action::Allow) => "ALLOW",
        Rule::Action(Action::Deny) => "DENY",
        Rule::Permissions(_) => "PERMISSIONS",
    };
    let id = intention.legacy.as_ref().map_or("", |legacy| &legacy.id);
    format!(
        "{action} default/{} => default/{} (ID: {id}, Precedence: {})",
        intention.source, intention.destination, intention.precedence
    )
}
