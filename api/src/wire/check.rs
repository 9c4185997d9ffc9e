//! Health checks. The definition is shown of checks that were written through the catalog.

use serde::{Serialize, Serializer};
use serde_json::Value;
use weft_model::catalog::Indexed;
use weft_model::health::{Check, CheckDefinition, CheckStatus};
use weft_model::{CheckId, NodeName, ServiceId, ServiceName};

use super::{Nothing, rows};

/// A check in every list.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CheckRow<'a> {
    node: &'a NodeName,
    #[serde(rename = "CheckID")]
    check_id: &'a CheckId,
    name: &'a str,
    status: CheckStatus,
    notes: &'a str,
    output: &'a str,
    #[serde(rename = "ServiceID")]
    service_id: &'a ServiceId,
    service_name: &'a ServiceName,
    service_tags: Option<&'a [String]>,
    #[serde(rename = "Type")]
    kind: &'a str,
    definition: Definition<'a>,
    create_index: u64,
    modify_index: u64,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Definition<'a> {
    Public(&'a CheckDefinition),
    Hidden(Nothing),
}

impl<'a> From<&'a Check> for CheckRow<'a> {
    /// As the owning agent shows it: without indexes.
    fn from(check: &'a Check) -> Self {
        Self {
            node: &check.node,
            check_id: &check.id,
            name: &check.name,
            status: check.status,
            notes: &check.notes,
            output: &check.output,
            service_id: &check.service_id,
            service_name: &check.service_name,
            service_tags: Some(&check.service_tags),
            kind: &check.kind,
            definition: match check.definition_public {
                true => Definition::Public(&check.definition),
                false => Definition::Hidden(Nothing {}),
            },
            create_index: 0,
            modify_index: 0,
        }
    }
}

impl<'a> From<&'a Indexed<Check>> for CheckRow<'a> {
    fn from(check: &'a Indexed<Check>) -> Self {
        let (create_index, modify_index) = (check.create_index, check.modify_index);
        Self { create_index, modify_index, ..Self::from(&*check.value) }
    }
}

impl CheckRow<'_> {
    /// With null instead of an empty list, as where Consul shows what it stores.
    #[must_use]
    pub(crate) fn with_nulls(self) -> Self {
        Self { service_tags: self.service_tags.filter(|tags| !tags.is_empty()), ..self }
    }
}

rows!(CheckRows of Indexed<Check> as CheckRow);

/// Checks of one instance.
pub(crate) struct Checks<'a> {
    checks: &'a [Indexed<Check>],
    with_nulls: bool,
}

impl<'a> Checks<'a> {
    pub(crate) fn new(checks: &'a [Indexed<Check>]) -> Self {
        Self { checks, with_nulls: false }
    }

    /// With null instead of empty lists, as where Consul shows what it stores.
    #[must_use]
    pub(crate) fn with_nulls(self) -> Self {
        Self { with_nulls: true, ..self }
    }
}

impl Serialize for Checks<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let rows = self.checks.iter().map(CheckRow::from);
        match self.with_nulls {
            true if self.checks.is_empty() => serializer.serialize_none(),
            true => serializer.collect_seq(rows.map(CheckRow::with_nulls)),
            false => serializer.collect_seq(rows),
        }
    }
}

/// The checks of an agent by their id, as the agent shows them.
pub(crate) struct AgentChecks(pub(crate) Vec<Indexed<Check>>);

impl Serialize for AgentChecks {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|check| (&check.value.id, CheckRow::from(&*check.value))))
    }
}

/// The row as a value, for filters.
pub(crate) fn check_value(check: &Indexed<Check>) -> serde_json::Result<Value> {
    serde_json::to_value(CheckRow::from(check))
}
