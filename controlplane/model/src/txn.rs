//! Transactions: several operations that happen at one index, or not at all.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::catalog::{Indexed, Node, Service};
use crate::health::Check;
use crate::kv::{Key, KvEntry, KvOp};
use crate::names::NodeName;

/// What is done to a node, an instance or a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CatalogVerb {
    Get,
    Set,
    /// Writes if the modify index is this one; 0: if there is none.
    Cas {
        index: u64,
    },
    Delete,
    /// Deletes if the modify index is this one.
    DeleteCas {
        index: u64,
    },
}

/// One operation of a transaction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum TxnOp {
    Kv(KvOp),
    /// The node is found by its id, when one is given, else by its name.
    Node {
        verb: CatalogVerb,
        node: Box<Node>,
    },
    Service {
        verb: CatalogVerb,
        node: NodeName,
        service: Box<Service>,
    },
    Check {
        verb: CatalogVerb,
        check: Box<Check>,
    },
    /// What was sent is no operation: it fails with this text in its place among the others.
    Invalid(String),
}

/// What an operation found or wrote. Deletes give none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum TxnResult {
    /// The value is there only when it was asked for.
    Kv {
        key: Key,
        entry: Indexed<KvEntry>,
    },
    Node(Indexed<Node>),
    Service {
        node: NodeName,
        service: Indexed<Service>,
    },
    Check(Indexed<Check>),
}

/// Why one operation failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TxnError {
    /// The operation's position.
    pub op: usize,
    pub what: String,
}

/// What became of a transaction: the results of all operations, or every operation that failed.
pub type TxnOutcome = Result<Vec<TxnResult>, Vec<TxnError>>;

impl CatalogVerb {
    /// Whether the verb can change something.
    #[must_use]
    pub const fn is_write(self) -> bool {
        match self {
            Self::Get => false,
            Self::Set | Self::Cas { .. } | Self::Delete | Self::DeleteCas { .. } => true,
        }
    }
}

impl TxnOp {
    /// Whether the operation can change something. A transaction without such needs no log.
    #[must_use]
    pub const fn is_write(&self) -> bool {
        match self {
            Self::Kv(op) => op.verb.is_write(),
            Self::Node { verb, .. } | Self::Service { verb, .. } | Self::Check { verb, .. } => verb.is_write(),
            Self::Invalid(_) => false,
        }
    }
}

impl fmt::Display for TxnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "op {}: {}", self.op, self.what)
    }
}
