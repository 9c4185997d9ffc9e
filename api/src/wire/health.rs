//! Instances with their node and checks: the rows of `/v1/health/service`. The most read answer of all is
//! written straight from the state's values.

use serde::Serialize;
use serde_json::Value;
use weft_state::Instance;

use super::check::Checks;
use super::node::NodeRow;
use super::rows;
use super::service::ServiceRow;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct HealthRow<'a> {
    node: NodeRow<'a>,
    service: ServiceRow<'a>,
    checks: Checks<'a>,
}

impl<'a> From<&'a Instance> for HealthRow<'a> {
    fn from(instance: &'a Instance) -> Self {
        Self {
            node: (&instance.node).into(),
            service: (&instance.service).into(),
            checks: Checks::new(&instance.checks),
        }
    }
}

impl HealthRow<'_> {
    /// With null instead of empty lists, as where Consul shows what it stores.
    #[must_use]
    pub(crate) fn with_nulls(self) -> Self {
        Self { service: self.service.with_nulls(), checks: self.checks.with_nulls(), ..self }
    }
}

rows!(HealthRows of Instance as HealthRow);

/// The row as a value, for filters.
pub(crate) fn health_value(instance: &Instance) -> serde_json::Result<Value> {
    serde_json::to_value(HealthRow::from(instance))
}
