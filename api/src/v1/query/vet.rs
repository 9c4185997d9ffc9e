//! Who may see and write prepared queries: by their name, which is a prefix for templates. One that has none is
//! known by its id alone.

use uuid::Uuid;
use weft_model::acl::{Labelled, Need, Plain, Wanted};
use weft_model::catalog::Indexed;
use weft_model::prepared_query::PreparedQuery;
use weft_state::StateView;

use crate::access;
use crate::call::Call;
use crate::refusal::Refusal;

fn need(query: &PreparedQuery, wanted: Wanted) -> Option<Need> {
    let is_named = !query.name.is_empty() || query.is_template();
    is_named.then(|| access::of(Labelled::Query, &query.name, wanted))
}

/// Leaves the queries that the caller may see.
pub(super) fn filter(
    call: &Call,
    view: &StateView<'_>,
    queries: &mut Vec<Indexed<PreparedQuery>>,
) -> Result<(), Refusal> {
    let gate = call.gate(view.state())?;
    if gate.allows(&Need::Plain(Plain::Acl, Wanted::Write)) {
        return Ok(());
    }
    queries.retain(|query| need(&query.value, Wanted::Read).is_some_and(|need| gate.shows(&need)));
    Ok(())
}

/// A query as the caller may see it.
pub(super) fn read(
    call: &Call,
    view: &StateView<'_>,
    query: Indexed<PreparedQuery>,
) -> Result<Indexed<PreparedQuery>, Refusal> {
    if call.gate(view.state())?.allows(&Need::Plain(Plain::Acl, Wanted::Write)) {
        return Ok(query);
    }
    if let Some(need) = need(&query.value, Wanted::Read) {
        call.require(view.state(), &need)?;
    }
    Ok(query)
}

/// Asks whether the caller may store a query.
pub(super) fn write(call: &Call, query: &PreparedQuery) -> Result<(), Refusal> {
    let state = call.host.store.current();
    call.bearer(&state)?;
    call.nothing_to_ask();
    need(query, Wanted::Write).map_or(Ok(()), |need| call.require(&state, &need))
}

/// Asks whether the caller may change what is stored, if it is.
pub(super) fn write_former(call: &Call, id: Uuid) -> Result<(), Refusal> {
    let state = call.host.store.current();
    call.nothing_to_ask();
    StateView::new(&state).query(id).map_or(Ok(()), |query| write(call, &query.value))
}
