//! What is told of a datacenter to others that would reach it.

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};
use weft_model::Datacenter;
use weft_state::Instance;

use super::health::HealthRow;

/// Nobody notes when: Go's time before all times.
const NEVER: &str = "0001-01-01T00:00:00Z";

/// A datacenter and its mesh gateways.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct FederationState {
    pub(crate) datacenter: Datacenter,
    #[serde(skip_serializing_if = "Gateways::is_empty")]
    mesh_gateways: Gateways,
    updated_at: &'static str,
    primary_modify_index: u64,
    create_index: u64,
    pub(crate) modify_index: u64,
}

impl FederationState {
    pub(crate) fn new(datacenter: Datacenter, mesh_gateways: Gateways, index: u64) -> Self {
        let (primary_modify_index, create_index, modify_index) = (index, 1, index);
        Self { datacenter, mesh_gateways, updated_at: NEVER, primary_modify_index, create_index, modify_index }
    }
}

/// One datacenter, with what Consul puts beside it.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct WholeState {
    pub(crate) state: FederationState,
    pub(crate) index: u64,
    pub(crate) last_contact: u64,
    pub(crate) known_leader: bool,
    pub(crate) consistency_level: &'static str,
}

/// Gateways with their node and checks.
pub(crate) struct Gateways(pub(crate) Vec<Instance>);

impl Gateways {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Gateways {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|gateway| HealthRow::from(gateway).with_nulls()))
    }
}

/// The gateways of the one datacenter under its name; without any there is no name either.
pub(crate) struct GatewaysByDatacenter {
    pub(crate) datacenter: Datacenter,
    pub(crate) gateways: Gateways,
}

impl Serialize for GatewaysByDatacenter {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if !self.gateways.is_empty() {
            map.serialize_entry(&self.datacenter, &self.gateways)?;
        }
        map.end()
    }
}
