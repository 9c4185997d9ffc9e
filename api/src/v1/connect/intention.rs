//! `/v1/connect/intentions`: lists, matches, and the verdict over a pair of names.

use serde::Serialize;
use weft_model::acl::{Need, Wanted};
use weft_state::StateView;

use super::names::{decide, required, service};
use crate::access;
use crate::answer::{Answer, Outcome};
use crate::call::Call;
use crate::filter::{INTENTION, retain};
use crate::refusal::Refusal;
use crate::wire::intention::{IntentionRows, Matches, intention_value};

/// All intentions.
pub(crate) fn list(call: &Call, view: &StateView<'_>) -> Outcome {
    let filter = call.filter(&INTENTION)?;
    let mut intentions = view.intentions();
    let gate = call.gate(view.state())?;
    intentions.retain(|found| {
        let either = [&found.source, &found.destination].map(|name| read(name.as_str()));
        gate.allows(&either[0]) || gate.shows(&either[1])
    });
    retain(filter.as_ref(), &mut intentions, intention_value);
    Ok(Answer::json(IntentionRows(intentions)))
}

/// The intentions that concern the given names, in the order in which they are tried.
pub(crate) fn matching(call: &Call, view: &StateView<'_>) -> Outcome {
    let by_source = match required(call, "by")? {
        "source" => true,
        "destination" => false,
        _ => return Err(Refusal::failed("'by' parameter must be one of 'source' or 'destination'")),
    };
    required(call, "name")?;
    let mut matches: Vec<(String, IntentionRows)> = Vec::new();
    for text in call.query.all("name") {
        let name = service("name", text)?;
        call.require(view.state(), &read(name.as_str()))?;
        let found = if by_source { view.intentions_from(&name) } else { view.intentions_to(&name) };
        if matches.iter().all(|(known, _)| known != text) {
            matches.push((text.to_owned(), IntentionRows(found)));
        }
    }
    Ok(Answer::json(Matches(matches)))
}

fn read(name: &str) -> Need {
    Need::Intention(name.to_owned(), Wanted::Read)
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Verdict {
    allowed: bool,
}

/// Whether one service may call another, as far as names decide it.
pub(crate) fn check(call: &Call, view: &StateView<'_>) -> Outcome {
    let source = required(call, "source")?;
    let destination = required(call, "destination")?;
    let source_type = call.query.text("source-type");
    if !matches!(source_type, "" | "consul") {
        return Err(Refusal::failed(format!("unsupported SourceType: {source_type:?}")));
    }
    let (source, destination) = (service("source", source)?, service("destination", destination)?);
    // The answer tells no more than a call of the service would.
    call.require(view.state(), &access::service(destination.as_str(), Wanted::Read))?;
    let allowed = decide(view, &source, &destination, call.host.agent.default_policy);
    Ok(Answer::json(Verdict { allowed }))
}
