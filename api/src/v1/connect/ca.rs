//! `/v1/connect/ca`: roots and the authority's configuration.

use serde::Deserialize;
use serde_json::{Map, Value};
use weft_model::ca::CaConfig;
use weft_model::catalog::Indexed;
use weft_state::StateView;

use crate::answer::{Answer, Outcome};
use crate::call::Call;
use crate::refusal::Refusal;
use crate::wire::ca::{Configuration, RootList};

const PEM: &str = "application/pem-certificate-chain";

/// All roots, or their certificates alone.
pub(crate) fn roots(call: &Call, view: &StateView<'_>) -> Outcome {
    let ca =
        view.ca().unwrap_or_else(|| Indexed { value: std::sync::Arc::default(), create_index: 0, modify_index: 0 });
    if call.flag("pem")? {
        let chain: String = ca.value.roots.iter().map(|root| root.root_cert.as_str()).collect();
        return Ok(Answer::bytes(PEM, chain));
    }
    Ok(Answer::json(RootList(ca)))
}

/// The configuration, without secrets.
pub(crate) fn configuration(_: &Call, view: &StateView<'_>) -> Outcome {
    match view.ca() {
        Some(ca) => Ok(Answer::json(Configuration::from(ca))),
        None => Err(Refusal::failed("CA is uninitialized")),
    }
}

/// The body of a change. What readers are shown may be sent back.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct ConfigureRequest {
    provider: String,
    config: Map<String, Value>,
    force_without_cross_signing: bool,
    #[serde(rename = "State")]
    _state: Value,
    #[serde(rename = "CreateIndex")]
    _create_index: Value,
    #[serde(rename = "ModifyIndex")]
    _modify_index: Value,
}

/// Changes the configuration; the root is rotated where the change asks for it.
pub(crate) async fn configure(call: Call) -> Outcome {
    let ConfigureRequest { provider, config, force_without_cross_signing, .. } =
        call.decode_as("Bad request: Request decode failed")?;
    call.host.authority.configure(CaConfig { provider, config, force_without_cross_signing }).await?;
    Ok(Answer::empty())
}
