//! `/v1/discovery-chain`: where the requests to a service go.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::json;
use weft_model::Datacenter;
use weft_model::acl::Wanted;
use weft_model::catalog::MeshGateway;
use weft_model::config_entry::{ConfigEntry, Kind};
use weft_model::discovery_chain::{CompiledChain, Entries, Overrides, Request, compile};
use weft_model::time::GoDuration;
use weft_state::StateView;

use crate::access;
use crate::answer::{Answer, Outcome};
use crate::call::Call;
use crate::refusal::Refusal;

const DECODE_FAILED: &str = "Bad request: Request decoding failed";

/// What an upstream's settings would change. Consul passes over fields that it does not know here, and so do we.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Customization {
    override_connect_timeout: GoDuration,
    override_protocol: String,
    override_mesh_gateway: MeshGateway,
}

const KNOWN: [&str; 3] = ["OverrideConnectTimeout", "OverrideProtocol", "OverrideMeshGateway"];

/// The entries as a reader sees them, who is woken when they change.
struct Seen<'a, 'state>(&'a StateView<'state>);

impl Entries for Seen<'_, '_> {
    fn entry(&self, kind: Kind, name: &str) -> Option<Arc<ConfigEntry>> {
        self.0.config_entry(kind, name).map(|entry| entry.value)
    }
}

/// The chain of a service; one of which nothing is written has one, too.
pub(crate) fn chain(call: &Call, view: &StateView<'_>) -> Outcome {
    compiled(call, view, Overrides::default())
}

/// The same, as an upstream with settings of its own has it.
pub(crate) fn customized(call: &Call, view: &StateView<'_>) -> Outcome {
    let overrides = overrides(call)?;
    compiled(call, view, overrides)
}

/// The chain of a service as its callers here have it.
pub(crate) fn plain(call: &Call, view: &StateView<'_>, service: &str) -> Result<CompiledChain, String> {
    let datacenter = call.host.agent.node.datacenter.clone();
    compile(&Seen(view), &request(view, service.to_owned(), datacenter, Overrides::default()))
}

fn request(view: &StateView<'_>, service: String, datacenter: Datacenter, overrides: Overrides) -> Request {
    let trust_domain = view.ca().map(|ca| ca.value.trust_domain.clone()).unwrap_or_default();
    Request { service, datacenter, trust_domain, overrides }
}

fn compiled(call: &Call, view: &StateView<'_>, overrides: Overrides) -> Outcome {
    let service = call.path_name("Bad request: Missing chain name")?.to_owned();
    call.require(view.state(), &access::service(&service, Wanted::Read))?;
    let datacenter = match call.query.text("compile-dc") {
        "" => call.host.agent.node.datacenter.clone(),
        named => named.into(),
    };
    let request = request(view, service, datacenter, overrides);
    let chain = compile(&Seen(view), &request).map_err(Refusal::failed)?;
    let mut shown = json!({"Chain": chain});
    let name = request.service.as_str().into();
    let (own, chosen) = (view.virtual_ip(&name), view.chosen_ips(&name));
    if let Some(own) = own {
        shown["Chain"]["AutoVirtualIPs"] = json!([own]);
    }
    if !chosen.is_empty() {
        shown["Chain"]["ManualVirtualIPs"] = json!(chosen);
    }
    Ok(Answer::json(shown))
}

fn overrides(call: &Call) -> Result<Overrides, Refusal> {
    let mut document = call.json(DECODE_FAILED)?;
    if let Some(fields) = document.as_object_mut() {
        fields.retain(|name, _| KNOWN.iter().any(|known| known.eq_ignore_ascii_case(name)));
    }
    let wanted: Customization = crate::body::decode_value(document, DECODE_FAILED)?;
    let mode = wanted.override_mesh_gateway.mode;
    if !["", "none", "local", "remote"].contains(&mode.as_str()) {
        return Err(Refusal::bad_request("Invalid OverrideMeshGateway.Mode parameter"));
    }
    Ok(Overrides {
        connect_timeout: Some(wanted.override_connect_timeout.0).filter(|timeout| !timeout.is_zero()),
        protocol: wanted.override_protocol.to_lowercase(),
        mesh_gateway_mode: mode,
    })
}
