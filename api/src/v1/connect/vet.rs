//! Who may see and write intentions.

use weft_model::acl::{Need, Wanted};
use weft_state::StateView;

use crate::call::Call;
use crate::refusal::Refusal;

fn need(name: &str, wanted: Wanted) -> Need {
    Need::Intention(name.to_owned(), wanted)
}

/// An intention is seen by whoever may see those of either side.
pub(super) fn read(call: &Call, view: &StateView<'_>, [source, destination]: [&str; 2]) -> Result<(), Refusal> {
    if call.gate(view.state())?.allows(&need(source, Wanted::Read)) {
        return Ok(());
    }
    call.require(view.state(), &need(destination, Wanted::Read))
}

/// It is written by whoever may write those of its destination.
pub(super) fn write(call: &Call, destination: &str) -> Result<(), Refusal> {
    call.require_now(&need(destination, Wanted::Write))
}

/// The same for one that exists, if it does.
pub(super) fn write_by_id(call: &Call, id: &str) -> Result<(), Refusal> {
    let state = call.host.store.current();
    call.nothing_to_ask();
    let intentions = StateView::new(&state).intentions();
    let named = |legacy: &weft_model::intention::Legacy| legacy.id.eq_ignore_ascii_case(id);
    match intentions.iter().find(|intention| intention.legacy.as_ref().is_some_and(named)) {
        Some(intention) => call.require(&state, &need(intention.destination.as_str(), Wanted::Write)),
        None => Ok(()),
    }
}
