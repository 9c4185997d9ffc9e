//! `/v1/config`: config entries of every kind.

use serde_json::Value;
use weft_model::acl::{Need, Plain, Wanted};
use weft_model::config_entry::{ConfigEntry, ENTERPRISE_KINDS, Kind, ServiceIntentions};
use weft_model::{Command, Reply};
use weft_state::StateView;

use crate::access;
use crate::answer::{Answer, Outcome};
use crate::call::Call;
use crate::filter::{self, retain};
use crate::query::go_uint;
use crate::refusal::Refusal;
use crate::wire::Nothing;
use crate::wire::config_entry::{Entries, Entry, entry_value};

const DECODE_FAILED: &str = "Bad request: Request decoding failed";

/// Adds or replaces an entry. All faults of the document are told at once.
pub(crate) async fn put(call: Call) -> Outcome {
    let cas = cas(&call)?;
    let mut document = call.json(DECODE_FAILED)?;
    let refuse = |text: String| Refusal::bad_request(format!("{DECODE_FAILED}: {text}"));
    let Some(fields) = document.as_object_mut() else {
        return Err(refuse("the document is not an object".into()));
    };
    drop_read_only(fields);
    refuse_enterprise(fields)?;
    let entry = ConfigEntry::decode(document).map_err(|error| refuse(error.to_string()))?;
    refuse_legacy(&entry).map_err(refuse)?;
    entry.validate().map_err(|faults| Refusal::failed(faults.to_string()))?;
    if let Some(need) = need(entry.kind(), entry.name(), Wanted::Write) {
        call.require_now(&need)?;
    }
    let reply = call.propose(Command::ConfigUpsert { entry: Box::new(entry), cas }).await?;
    Ok(Answer::json(swapped(&reply)))
}

/// What readers are shown beside the document may be sent back with it.
fn drop_read_only(fields: &mut serde_json::Map<String, Value>) {
    for (key, dropped) in [
        ("CreateIndex", None),
        ("ModifyIndex", None),
        ("Hash", None),
        ("Namespace", Some("default")),
        ("Partition", Some("default")),
    ] {
        if dropped.is_none() || fields.get(key).and_then(Value::as_str) == dropped {
            fields.shift_remove(key);
        }
    }
}

fn refuse_enterprise(fields: &serde_json::Map<String, Value>) -> Result<(), Refusal> {
    let kind = fields.iter().find(|(key, _)| key.eq_ignore_ascii_case("kind")).and_then(|(_, kind)| kind.as_str());
    match ENTERPRISE_KINDS.iter().find(|(name, _)| Some(*name) == kind) {
        Some((_, text)) => Err(Refusal::failed(*text)),
        None => Ok(()),
    }
}

/// Whether there can be no entries of this kind here, though Consul knows it.
fn is_enterprise(kind: &str) -> bool {
    ENTERPRISE_KINDS.iter().any(|(name, _)| *name == kind)
}

/// The ids of old intentions are given by the endpoints that know them, and by nobody else.
fn refuse_legacy(entry: &ConfigEntry) -> Result<(), String> {
    let sources = entry.document::<ServiceIntentions>().map(|entry| entry.sources.as_slice());
    match sources.unwrap_or_default().iter().position(|source| source.legacy.is_some()) {
        Some(position) => Err(format!("1 error occurred:\n\t* invalid config key \"Sources[{position}].Legacy\"\n\n")),
        None => Ok(()),
    }
}

/// The entries of a kind.
pub(crate) fn list(call: &Call, view: &StateView<'_>) -> Outcome {
    let name = call.rest.as_str();
    if name.is_empty() || is_enterprise(name) {
        call.bearer(view.state())?;
        call.nothing_to_ask();
        return Ok(Answer::json(Entries(Vec::new())));
    }
    let kind = kind(name).map_err(Refusal::failed)?;
    let filter = call.filter(filter::entry(kind))?;
    let mut entries = view.config_entries(kind);
    let gate = call.gate(view.state())?;
    entries.retain(|entry| {
        let need = need(entry.value.kind(), entry.value.name(), Wanted::Read);
        need.is_none_or(|need| gate.shows(&need))
    });
    retain(filter.as_ref(), &mut entries, entry_value);
    Ok(Answer::json(Entries(entries)))
}

/// One entry.
pub(crate) fn get(call: &Call, view: &StateView<'_>) -> Outcome {
    let (kind_name, name) = call.path_pair();
    if is_enterprise(kind_name) {
        call.bearer(view.state())?;
        call.nothing_to_ask();
        return Ok(Refusal::not_found(format!("Config entry not found for {kind_name:?} / {name:?}")).into());
    }
    let kind = kind(kind_name).map_err(Refusal::failed)?;
    ask(call, view, kind, name, Wanted::Read)?;
    match view.config_entry(kind, name) {
        Some(entry) => Ok(Answer::json(Entry(entry))),
        // An answer and not a refusal: it carries the index, and can be waited on.
        None => Ok(Refusal::not_found(format!("Config entry not found for {kind_name:?} / {name:?}")).into()),
    }
}

/// Removes an entry; what is not there is not an error.
pub(crate) async fn delete(call: Call) -> Outcome {
    let (kind_name, name) = call.path_pair();
    if !call.rest.contains('/') {
        return Err(Refusal::not_found("Must provide both a kind and name to delete"));
    }
    let kind = kind(kind_name).map_err(Refusal::bad_request)?;
    let cas = cas(&call)?;
    let state = call.host.store.current();
    ask(&call, &StateView::new(&state), kind, name, Wanted::Write)?;
    let reply = call.propose(Command::ConfigDelete { kind, name: name.to_owned(), cas }).await?;
    Ok(if cas.is_some() { Answer::json(swapped(&reply)) } else { Answer::json(Nothing {}) })
}

/// Asks for what an entry needs.
fn ask(call: &Call, view: &StateView<'_>, kind: Kind, name: &str, wanted: Wanted) -> Result<(), Refusal> {
    call.bearer(view.state())?;
    call.nothing_to_ask();
    need(kind, name, wanted).map_or(Ok(()), |need| call.require(view.state(), &need))
}

/// What an entry needs: nothing to read those of the whole mesh, which every proxy is made by.
fn need(kind: Kind, name: &str, wanted: Wanted) -> Option<Need> {
    match (kind, wanted) {
        (Kind::ServiceDefaults | Kind::ServiceRouter | Kind::ServiceSplitter | Kind::ServiceResolver, _) => {
            Some(access::service(name, wanted))
        }
        (Kind::IngressGateway | Kind::TerminatingGateway | Kind::ApiGateway, Wanted::Read | Wanted::List) => {
            Some(access::service(name, wanted))
        }
        (
            Kind::IngressGateway
            | Kind::TerminatingGateway
            | Kind::ApiGateway
            | Kind::HttpRoute
            | Kind::TcpRoute
            | Kind::InlineCertificate
            | Kind::FileSystemCertificate
            | Kind::ExportedServices
            | Kind::JwtProvider,
            _,
        ) => Some(Need::Plain(Plain::Mesh, wanted)),
        (Kind::ServiceIntentions, _) => Some(Need::Intention(name.to_owned(), wanted)),
        (Kind::ProxyDefaults | Kind::Mesh, Wanted::Read | Wanted::List) => None,
        (Kind::ProxyDefaults | Kind::Mesh, Wanted::Write) => Some(Need::Plain(Plain::Mesh, wanted)),
    }
}

fn kind(name: &str) -> Result<Kind, String> {
    Kind::parse(name).ok_or_else(|| format!("invalid config entry kind: {name}"))
}

fn swapped(reply: &Reply) -> bool {
    match reply {
        Reply::Swapped(swapped) => *swapped,
        Reply::Done | Reply::Serial(_) | Reply::Txn(_) | Reply::Assigned(_) => true,
    }
}

fn cas(call: &Call) -> Result<Option<u64>, Refusal> {
    match call.query.text("cas") {
        "" => Ok(None),
        text => go_uint(text).map(Some).map_err(Refusal::failed),
    }
}
