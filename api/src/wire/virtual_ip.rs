//! The answer of `/v1/internal/service-virtual-ip`.

use serde::Serialize;
use weft_model::ServiceName;

/// Whether the service is known, and who has lost an address to it; null where nobody has.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Assigned {
    found: bool,
    unassigned_from: Option<Vec<Loser>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Loser {
    service_name: Name,
    /// There are no peers.
    peer: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Name {
    name: ServiceName,
}

impl Assigned {
    /// `None`: there is no such service.
    pub(crate) fn new(losers: Option<Vec<ServiceName>>) -> Self {
        let found = losers.is_some();
        let losers = losers.unwrap_or_default().into_iter();
        let losers: Vec<_> = losers.map(|name| Loser { service_name: Name { name }, peer: "" }).collect();
        Self { found, unassigned_from: (!losers.is_empty()).then_some(losers) }
    }
}
