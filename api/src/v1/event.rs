//! `/v1/event`: messages to all agents. Every agent remembers the newest; each shows those that concern it.

use http::header::HeaderName;
use uuid::Uuid;
use weft_model::Command;
use weft_model::acl::{Labelled, Wanted};
use weft_model::event::UserEvent;
use weft_model::regexp;
use weft_state::StateView;

use crate::access::{self, Gate};
use crate::answer::{Answer, Outcome};
use crate::blocking;
use crate::call::Call;
use crate::refusal::Refusal;
use crate::wire::event::{EventRow, EventRows};

const INDEX: HeaderName = HeaderName::from_static("x-consul-index");

/// Tells all agents.
pub(crate) async fn fire(call: Call) -> Outcome {
    let event = UserEvent {
        id: Uuid::new_v4(),
        name: call.path_name("Missing name")?.to_owned(),
        payload: call.body.clone(),
        node_filter: call.query.text("node").to_owned(),
        service_filter: call.query.text("service").to_owned(),
        tag_filter: call.query.text("tag").to_owned(),
        time: 0,
    };
    validate(&event).map_err(Refusal::failed)?;
    let row = serde_json::to_value(EventRow::from(&event)).map_err(|error| Refusal::failed(error.to_string()))?;
    call.propose(Command::EventFire(Box::new(event))).await?;
    Ok(Answer::json(row))
}

fn validate(event: &UserEvent) -> Result<(), String> {
    for (what, filter) in [("node", &event.node_filter), ("service", &event.service_filter), ("tag", &event.tag_filter)]
    {
        regexp::compile(filter).map_err(|error| format!("Invalid {what} filter: {error}"))?;
    }
    if !event.tag_filter.is_empty() && event.service_filter.is_empty() {
        return Err("Cannot provide tag filter without service filter".into());
    }
    if event.name.len() + event.payload.len() > UserEvent::SIZE_MAX {
        let text = format!("user event exceeds configured limit of {} bytes before encoding", UserEvent::SIZE_MAX);
        return Err(format!("1 error occurred:\n\t* error broadcasting event to segment \"\": {text}\n\n"));
    }
    Ok(())
}

/// The events that concern this agent, oldest first. The index is made of the newest one's id: whoever has it waits for
/// another, not for a greater one.
pub(crate) async fn list(call: Call) -> Outcome {
    let asked = call.options.index;
    let evaluate = |view: &StateView<'_>| Ok(concerning(&call, view, &call.gate(view.state())?));
    let events = if asked == 0 {
        blocking::once(&call.host.store, evaluate)?.0
    } else {
        let deadline = blocking::deadline(call.options.wait);
        blocking::until(&call.host.store, deadline, evaluate, |events, _| index(events) != asked).await?.0
    };
    let index = index(&events);
    Ok(Answer::json(EventRows(events)).number(INDEX, index))
}

fn index(events: &[UserEvent]) -> u64 {
    events.last().map_or(1, |newest| newest.index().max(1))
}

fn concerning(call: &Call, view: &StateView<'_>, gate: &Gate<'_>) -> Vec<UserEvent> {
    let mut events = view.events();
    gate.retain(&mut events, |event| access::of(Labelled::Event, &event.name, Wanted::Read));
    let name = call.query.text("name");
    events.retain(|event| (name.is_empty() || event.name == name) && concerns(call, view, event));
    events
}

fn concerns(call: &Call, view: &StateView<'_>, event: &UserEvent) -> bool {
    // They were compiled before they were stored.
    let fits = |filter: &str, text: &str| regexp::compile(filter).is_ok_and(|filter| filter.is_match(text));
    let node = event.node_filter.is_empty() || fits(&event.node_filter, call.own_node().as_str());
    node && (event.service_filter.is_empty()
        || view.node_services(call.own_node()).iter().any(|service| {
            let (name, tags) = (service.value.name.as_str(), &service.value.tags);
            fits(&event.service_filter, name)
                && (event.tag_filter.is_empty() || tags.iter().any(|tag| fits(&event.tag_filter, tag)))
        }))
}
