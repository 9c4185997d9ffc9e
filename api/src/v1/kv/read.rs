//! A key, a tree, or the names in a tree.

use http::StatusCode;
use http::header::CONTENT_SECURITY_POLICY;
use weft_model::acl::Wanted;
use weft_state::StateView;

use crate::access;
use crate::answer::{Answer, Outcome};
use crate::call::Call;
use crate::wire::kv::KvRows;

/// A key; with `recurse` all below it, with `keys` only their names. What is not there is answered with
/// 404 and an index, so that it can be waited for.
pub(crate) fn get(call: &Call, view: &StateView<'_>) -> Outcome {
    if call.query.has("keys") {
        return keys(call, view);
    }
    if call.query.has("recurse") {
        let mut rows = view.kv_list(&call.rest);
        let gate = call.gate(view.state())?;
        gate.retain(&mut rows, |(key, _)| access::key(key, Wanted::Read));
        return Ok(if rows.is_empty() { missing() } else { Answer::json(KvRows(rows)) });
    }
    let key = call.path_name("Missing key name")?;
    Ok(match view.kv(key) {
        None => missing(),
        // A browser is not to run what somebody has stored.
        Some(entry) if call.query.has("raw") => {
            Answer::bytes("text/plain", entry.value.value.clone()).constant(CONTENT_SECURITY_POLICY, "sandbox")
        }
        Some(entry) => Answer::json(KvRows(vec![(key.into(), entry)])),
    })
}

fn keys(call: &Call, view: &StateView<'_>) -> Outcome {
    // Misspelt in Consul's first versions, and read until today.
    let separator = call.query.get("separator").or_else(|| call.query.get("seperator")).unwrap_or_default();
    let mut keys = view.kv_keys(&call.rest, separator);
    let gate = call.gate(view.state())?;
    gate.retain(&mut keys, |key| access::key(key, Wanted::Read));
    Ok(if keys.is_empty() && !call.rest.is_empty() { missing() } else { Answer::json(keys) })
}

fn missing() -> Answer {
    Answer::empty().status(StatusCode::NOT_FOUND)
}
