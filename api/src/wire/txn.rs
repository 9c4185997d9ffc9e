//! What a transaction gave.

use serde::Serialize;
use serde::ser::{SerializeSeq as _, Serializer};
use weft_model::{TxnError, TxnResult};

use super::check::CheckRow;
use super::kv::KvRow;
use super::node::NodeRow;
use super::service::ServiceRow;

/// The answer to a transaction.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct TxnAnswer {
    pub(crate) results: Option<Results>,
    pub(crate) errors: Option<Vec<ErrorRow>>,
    /// Of those that only read.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub(crate) read: Option<ReadMeta>,
}

/// What Consul adds to those that only read.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ReadMeta {
    /// Always 0: transactions cannot be waited for.
    pub(crate) index: u64,
    pub(crate) last_contact: u64,
    pub(crate) known_leader: bool,
    pub(crate) consistency_level: &'static str,
}

/// Held, and written as rows.
pub(crate) struct Results(pub(crate) Vec<TxnResult>);

#[derive(Serialize)]
enum Row<'a> {
    #[serde(rename = "KV")]
    Kv(KvRow<'a>),
    Node(NodeRow<'a>),
    Service(Box<ServiceRow<'a>>),
    Check(Box<CheckRow<'a>>),
}

impl Serialize for Results {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut rows = serializer.serialize_seq(Some(self.0.len()))?;
        for result in &self.0 {
            rows.serialize_element(&match result {
                TxnResult::Kv { key, entry } => Row::Kv(KvRow::new(key, entry)),
                TxnResult::Node(node) => Row::Node(node.into()),
                TxnResult::Service { service, .. } => Row::Service(Box::new(ServiceRow::from(service).with_nulls())),
                TxnResult::Check(check) => Row::Check(Box::new(CheckRow::from(check).with_nulls())),
            })?;
        }
        rows.end()
    }
}

/// An operation that failed.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ErrorRow {
    op_index: usize,
    what: String,
}

impl From<TxnError> for ErrorRow {
    fn from(error: TxnError) -> Self {
        Self { op_index: error.op, what: error.what }
    }
}
