//! `/v1/exported-services` and `/v1/imported-services`: what is exported to peers, by service, and what comes from them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use weft_model::config_entry::{ExportedServices, Kind};
use weft_state::StateView;

use super::catalog::gateway;
use crate::answer::{Answer, Outcome};
use crate::call::Call;

/// What is imported from peers: nothing, as there are none.
pub(crate) fn imported(_: &Call, _: &StateView<'_>) -> Outcome {
    Ok(Answer::json(<[(); 0]>::default()))
}

/// What is exported, and to whom; `*` stands for all services there are.
pub(crate) fn list(_: &Call, view: &StateView<'_>) -> Outcome {
    let mut peers = BTreeMap::<String, BTreeSet<String>>::new();
    for entry in view.config_entries(Kind::ExportedServices) {
        let Some(entry) = entry.value.document::<ExportedServices>() else { continue };
        for exported in &entry.services {
            let consumers = || exported.consumers.iter().map(|consumer| consumer.peer.clone());
            if exported.name == "*" {
                for service in gateway::ordinary_services(view) {
                    peers.entry(service.to_string()).or_default().extend(consumers());
                }
            } else {
                peers.entry(exported.name.clone()).or_default().extend(consumers());
            }
        }
    }
    let rows = peers.into_iter().map(|(service, peers)| json!({"Service": service, "Consumers": {"Peers": peers}}));
    Ok(Answer::json(rows.collect::<Vec<_>>()))
}
