//! Running prepared queries. With no other datacenter to ask, there is nowhere to fail over to.

use rand::seq::SliceRandom as _;
use weft_model::catalog::Indexed;
use weft_model::prepared_query::PreparedQuery;
use weft_state::StateView;

use super::vet;
use crate::answer::{Answer, Outcome};
use crate::call::Call;
use crate::query::{go_bool, go_int};
use crate::refusal::Refusal;
use crate::v1::catalog::tagged;
use crate::wire::prepared_query::{AnswerMeta, Execution, Explanation};

/// There is one network segment, which has no name.
const SEGMENT: &str = "";

/// Runs a query, found by its id or name.
pub(crate) fn execute(call: &Call, view: &StateView<'_>) -> Outcome {
    let (limit, connect) = (limit(call)?, connect(call)?);
    let gate = call.gate(view.state())?;
    let Some(query) = resolve(call, view)? else { return Ok(Refusal::not_found("Query not found").into()) };
    let mut instances = view.query_instances(&query.value.service, connect);
    gate.instances(&mut instances);
    instances.shuffle(&mut rand::rng());
    // The request's choice goes before the query's.
    let near = Some(call.query.text("near")).filter(|near| !near.is_empty());
    let near = near.unwrap_or(query.value.service.near.as_str());
    if let Some(node) = view.query_origin(near, call.own_node(), call.caller) {
        view.put_near_first(&node, &mut instances);
    }
    instances.truncate(limit.unwrap_or(usize::MAX));
    tagged::add_virtual(view, instances.iter_mut().map(|instance| &mut instance.service));
    let datacenter = call.host.agent.node.datacenter.clone();
    Ok(Answer::json(Execution { query, instances, datacenter, failovers: 0, meta: meta(call) }))
}

/// A query as it would run: a template comes filled in.
pub(crate) fn explain(call: &Call, view: &StateView<'_>) -> Outcome {
    call.bearer(view.state())?;
    call.nothing_to_ask();
    match resolve(call, view)? {
        Some(query) => Ok(Answer::json(Explanation { query: vet::read(call, view, query)?, meta: meta(call) })),
        None => Ok(Refusal::not_found("Query not found").into()),
    }
}

fn resolve(call: &Call, view: &StateView<'_>) -> Result<Option<Indexed<PreparedQuery>>, Refusal> {
    view.resolve_query(&call.rest, SEGMENT).map_err(Refusal::failed)
}

fn limit(call: &Call) -> Result<Option<usize>, Refusal> {
    match call.query.text("limit") {
        "" => Ok(None),
        text => {
            let limit = go_int(text).map_err(|error| Refusal::failed(format!("Bad limit: {error}")))?;
            Ok(usize::try_from(limit).ok().filter(|limit| *limit > 0))
        }
    }
}

fn connect(call: &Call) -> Result<bool, Refusal> {
    match call.query.text("connect") {
        "" => Ok(false),
        text => go_bool(text).ok_or_else(|| {
            let parsing = format!("strconv.ParseBool: parsing {text:?}: invalid syntax");
            Refusal::failed(format!("Error parsing 'connect' value: {parsing}"))
        }),
    }
}

fn meta(call: &Call) -> AnswerMeta {
    let contact = call.host.cluster.contact();
    AnswerMeta {
        index: 0,
        last_contact: u64::try_from(contact.last_contact.as_millis()).unwrap_or(u64::MAX),
        known_leader: contact.known_leader,
        consistency_level: call.options.consistency.as_str(),
    }
}
