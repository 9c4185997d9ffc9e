//! `/v1/session`: who may hold locks.

use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;
use weft_model::acl::Wanted;
use weft_model::catalog::Indexed;
use weft_model::health::SERF_HEALTH;
use weft_model::session::{Behavior, ServiceCheck};
use weft_model::{CheckId, Command, GoDuration, NodeName, Session, SessionId};
use weft_state::StateView;

use crate::access;
use crate::answer::{Answer, Outcome};
use crate::body;
use crate::call::Call;
use crate::refusal::Refusal;
use crate::wire::Identified;
use crate::wire::session::SessionRows;

const DECODE_FAILED: &str = "Request decode failed";

/// The body of a creation. Consul passes over fields that it does not know here, and so do we.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct CreateRequest {
    name: String,
    node: NodeName,
    lock_delay: Value,
    behavior: String,
    #[serde(rename = "TTL")]
    ttl: String,
    /// What `NodeChecks` was called once.
    checks: Option<Vec<CheckId>>,
    node_checks: Option<Vec<CheckId>>,
    service_checks: Vec<ServiceCheckRequest>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct ServiceCheckRequest {
    #[serde(rename = "ID")]
    id: CheckId,
    namespace: String,
    #[serde(rename = "Name")]
    _name: Value,
}

const KNOWN: [&str; 8] = ["Name", "Node", "LockDelay", "Behavior", "TTL", "Checks", "NodeChecks", "ServiceChecks"];

/// Creates a session; without a body one with all that is usual.
pub(crate) async fn create(call: Call) -> Outcome {
    let session = request(&call)?.into_session(&call)?;
    call.require_now(&access::session(session.node.as_str(), Wanted::Write))?;
    let id = session.id;
    call.propose(Command::SessionCreate(Box::new(session))).await?;
    Ok(Answer::json(Identified { id: id.to_string() }))
}

fn request(call: &Call) -> Result<CreateRequest, Refusal> {
    if call.body.is_empty() {
        return Ok(CreateRequest::default());
    }
    let mut document = call.json(DECODE_FAILED)?;
    if let Some(fields) = document.as_object_mut() {
        fields.retain(|field, _| KNOWN.iter().any(|known| known.eq_ignore_ascii_case(field)));
    }
    body::decode_value(document, DECODE_FAILED)
}

impl CreateRequest {
    fn into_session(self, call: &Call) -> Result<Session, Refusal> {
        let node_checks = self.node_checks.or(self.checks).unwrap_or_else(|| vec![SERF_HEALTH.into()]);
        let service_check = |check: ServiceCheckRequest| ServiceCheck { id: check.id, namespace: check.namespace };
        Ok(Session {
            id: SessionId(Uuid::new_v4()),
            lock_delay: lock_delay(&self.lock_delay)?,
            behavior: Behavior::parse(&self.behavior).map_err(Refusal::failed)?,
            ttl: Session::parse_ttl(&self.ttl, call.host.agent.terms.session_ttl_min).map_err(Refusal::failed)?,
            name: self.name,
            node: if self.node.as_str().is_empty() { call.own_node().clone() } else { self.node },
            ttl_text: self.ttl,
            node_checks,
            service_checks: self.service_checks.into_iter().map(service_check).collect(),
        })
    }
}

/// A text as Go writes durations. A number below 1000 means seconds, a larger one nanoseconds.
fn lock_delay(value: &Value) -> Result<GoDuration, Refusal> {
    const SECONDS_BELOW: u64 = 1000;
    let refused = |text: String| Refusal::bad_request(format!("{DECODE_FAILED}: {text}"));
    match value {
        Value::Null => Ok(GoDuration(Session::LOCK_DELAY_DEFAULT)),
        Value::String(text) => GoDuration::parse(text).map_err(refused),
        Value::Number(number) => match number.as_u64() {
            Some(seconds) if seconds < SECONDS_BELOW => Ok(GoDuration::from_secs(seconds)),
            Some(nanos) => Ok(GoDuration(std::time::Duration::from_nanos(nanos))),
            None => Err(refused(format!("LockDelay cannot be {number}"))),
        },
        Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
            Err(refused("LockDelay is neither a duration nor a number".to_owned()))
        }
    }
}

/// Ends a session; what is not there is not an error.
pub(crate) async fn destroy(call: Call) -> Outcome {
    let id = id(&call)?;
    vet(&call, id)?;
    call.propose(Command::SessionDestroy(id)).await?;
    Ok(Answer::json(true))
}

/// Restarts a session's time. The leader keeps it, and answers only while it surely leads.
pub(crate) async fn renew(call: Call) -> Outcome {
    let id = id(&call)?;
    vet(&call, id)?;
    let missing = || Refusal::not_found(format!("Session id '{id}' not found"));
    if !call.host.cluster.renew_session(id.0).await? {
        return Err(missing());
    }
    let mut session = StateView::new(&call.host.store.current()).session(id);
    if session.is_none() {
        let state = call.caught_up().await?;
        session = StateView::new(&state).session(id);
    }
    Ok(Answer::json(SessionRows(vec![session.ok_or_else(missing)?])))
}

/// One session, as a list of at most one.
pub(crate) fn info(call: &Call, view: &StateView<'_>) -> Outcome {
    shown(call, view, view.session(id(call)?).into_iter().collect())
}

/// The sessions of a node.
pub(crate) fn of_node(call: &Call, view: &StateView<'_>) -> Outcome {
    let node = NodeName::from(call.path_name("Missing node name")?);
    shown(call, view, view.node_sessions(&node))
}

/// All sessions.
pub(crate) fn list(call: &Call, view: &StateView<'_>) -> Outcome {
    shown(call, view, view.sessions())
}

fn shown(call: &Call, view: &StateView<'_>, mut sessions: Vec<Indexed<Session>>) -> Outcome {
    let gate = call.gate(view.state())?;
    gate.retain(&mut sessions, |session| access::session(session.value.node.as_str(), Wanted::Read));
    Ok(Answer::json(SessionRows(sessions)))
}

/// Asks whether the caller may write a session, if there is such a one.
fn vet(call: &Call, id: SessionId) -> Result<(), Refusal> {
    let state = call.host.store.current();
    call.nothing_to_ask();
    match StateView::new(&state).session(id) {
        Some(session) => call.require(&state, &access::session(session.value.node.as_str(), Wanted::Write)),
        None => Ok(()),
    }
}

fn id(call: &Call) -> Result<SessionId, Refusal> {
    SessionId::parse(call.path_name("Missing session")?).map_err(Refusal::failed)
}
