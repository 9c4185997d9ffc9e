//! `/v1/internal/federation-state`: the datacenters by which gateways they are reached. There is this one.

use http::StatusCode;
use weft_model::catalog::ServiceKind;
use weft_state::StateView;

use crate::answer::{Answer, Outcome};
use crate::call::Call;
use crate::wire::federation::{FederationState, Gateways, GatewaysByDatacenter, WholeState};

/// All datacenters.
pub(crate) fn states(call: &Call, view: &StateView<'_>) -> Outcome {
    Ok(Answer::json([own(call, view)]))
}

/// One datacenter.
pub(crate) fn state(call: &Call, view: &StateView<'_>) -> Outcome {
    let name = call.path_name("Bad request: Missing datacenter name")?;
    let state = own(call, view);
    if state.datacenter.as_str() != name {
        return Ok(Answer::empty().status(StatusCode::NOT_FOUND));
    }
    let index = state.modify_index;
    Ok(Answer::json(WholeState { state, index, last_contact: 0, known_leader: true, consistency_level: "" }))
}

/// The gateways alone, as far as the caller may see them.
pub(crate) fn gateways(call: &Call, view: &StateView<'_>) -> Outcome {
    let mut gateways = view.instances_of(ServiceKind::MeshGateway);
    call.gate(view.state())?.instances(&mut gateways);
    let datacenter = call.host.agent.node.datacenter.clone();
    Ok(Answer::json(GatewaysByDatacenter { datacenter, gateways: Gateways(gateways) }))
}

fn own(call: &Call, view: &StateView<'_>) -> FederationState {
    let mesh_gateways = Gateways(view.instances_of(ServiceKind::MeshGateway));
    let datacenter = call.host.agent.node.datacenter.clone();
    FederationState::new(datacenter, mesh_gateways, view.reads().index)
}
