//! `/v1/coordinate`: where nodes are on the map of round trip times.

use weft_model::Command;
use weft_model::acl::Wanted;
use weft_model::coordinate::NodeCoordinate;
use weft_state::StateView;

use crate::access;
use crate::answer::{Answer, Outcome};
use crate::call::Call;
use crate::refusal::Refusal;
use crate::wire::coordinate::{DatacenterRow, NodeCoordinateRows};

/// The service under which the servers themselves are listed.
const SERVERS: &str = "consul";

/// The servers of each datacenter.
pub(crate) fn datacenters(call: &Call, view: &StateView<'_>) -> Outcome {
    let servers = view.instances(&SERVERS.into());
    let places = servers.iter().filter_map(|server| view.coordinate(&server.node.value.name));
    Ok(Answer::json([DatacenterRow {
        datacenter: call.host.agent.node.datacenter.clone(),
        area_id: "wan",
        coordinates: NodeCoordinateRows(places.collect()),
    }]))
}

/// All nodes with a place.
pub(crate) fn nodes(call: &Call, view: &StateView<'_>) -> Outcome {
    let mut places = view.coordinates();
    places.retain(|place| in_segment(call, place));
    let gate = call.gate(view.state())?;
    gate.retain(&mut places, |place| access::node(&place.node, Wanted::Read));
    Ok(Answer::json(NodeCoordinateRows(places)))
}

/// One node, as a list.
pub(crate) fn node(call: &Call, view: &StateView<'_>) -> Outcome {
    call.require(view.state(), &access::node(&call.rest, Wanted::Read))?;
    let place = view.coordinate(&call.rest.as_str().into()).filter(|place| in_segment(call, place));
    Ok(match place {
        Some(place) => Answer::json(NodeCoordinateRows(vec![place])),
        None => Answer::empty().status(http::StatusCode::NOT_FOUND),
    })
}

fn in_segment(call: &Call, place: &NodeCoordinate) -> bool {
    call.query.get("segment").is_none_or(|segment| segment == place.segment)
}

/// A node's new place.
pub(crate) async fn update(call: Call) -> Outcome {
    let place: NodeCoordinate = call.decode()?;
    if !place.coord.is_valid() {
        return Err(Refusal::failed("incompatible coordinate"));
    }
    call.require_now(&access::node(&place.node, Wanted::Write))?;
    call.propose(Command::CoordinatesUpdate(vec![place])).await?;
    Ok(Answer::empty())
}
