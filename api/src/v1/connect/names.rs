//! Names of intentions in parameters, and the one function that decides whether a call is allowed.

use weft_model::ServiceName;
use weft_model::intention::DefaultPolicy;
use weft_state::StateView;

use crate::call::Call;
use crate::refusal::Refusal;

/// The parameter `name`, which has to be given.
pub(super) fn required<'a>(call: &'a Call, name: &str) -> Result<&'a str, Refusal> {
    match call.query.get(name) {
        Some(value) if !value.is_empty() => Ok(value),
        Some(_) | None => Err(Refusal::failed(format!("required query parameter '{name}' not set"))),
    }
}

/// Reads `name`, `namespace/name` or `partition/namespace/name`; there is one namespace and one partition.
pub(super) fn service(parameter: &str, text: &str) -> Result<ServiceName, Refusal> {
    let refuse = |reason: &str| Refusal::failed(format!("{parameter} {text:?} is invalid: {reason}"));
    if text.starts_with("peer:") {
        return Err(refuse("cannot specify a peer here"));
    }
    let parts: Vec<&str> = text.split('/').collect();
    let (outer, name) = match parts.as_slice() {
        [outer @ .., name] if outer.len() <= 2 => (outer, *name),
        _ => return Err(refuse("input can contain at most two '/'")),
    };
    if let Some(unknown) = outer.iter().find(|part| **part != "default") {
        return Err(refuse(&format!("{unknown:?} is not known here, only \"default\"")));
    }
    if name.is_empty() {
        return Err(refuse("the name is empty"));
    }
    Ok(name.into())
}

/// Whether `source` may call `destination`, as the proxies enforce it.
pub(crate) fn decide(
    view: &StateView<'_>,
    source: &ServiceName,
    destination: &ServiceName,
    default: DefaultPolicy,
) -> bool {
    weft_mesh::authz::check(view, source, destination, default)
}
