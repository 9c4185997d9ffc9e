//! The key/value store's values: entries, and the operations on them with Consul's verbs.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::session::SessionId;

/// A key. Any text; order is that of its bytes.
pub type Key = Arc<str>;

/// What is stored under a key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KvEntry {
    #[serde(default, skip_serializing_if = "Bytes::is_empty")]
    pub value: Bytes,
    /// The client's own; Consul and we attach no meaning to it.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub flags: u64,
    /// How often the key was locked afresh: the fencing token. A plain write sets it to 0.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub lock_index: u64,
    /// The holder of the lock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionId>,
}

/// What is done to a key, or to all keys that begin with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KvVerb {
    Set,
    /// Writes if the modify index is this one; 0: if the key does not exist.
    Cas {
        index: u64,
    },
    Lock {
        session: SessionId,
    },
    Unlock {
        session: SessionId,
    },
    Delete,
    /// Deletes if the modify index is this one.
    DeleteCas {
        index: u64,
    },
    DeleteTree,
    Get,
    GetTree,
    /// As `Get`, and an entry without a value when there is none.
    GetOrEmpty,
    /// Fails unless the modify index is this one.
    CheckIndex {
        index: u64,
    },
    /// Fails unless this session holds the key; `None`: unless nobody does.
    CheckSession {
        session: Option<SessionId>,
    },
    CheckNotExists,
}

/// One operation on the key/value store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KvOp {
    pub verb: KvVerb,
    pub key: Key,
    /// For the verbs that write.
    #[serde(default)]
    pub value: Bytes,
    /// For the verbs that write.
    #[serde(default)]
    pub flags: u64,
}

impl KvVerb {
    /// Whether the verb can change something.
    #[must_use]
    pub const fn is_write(self) -> bool {
        match self {
            Self::Set
            | Self::Cas { .. }
            | Self::Lock { .. }
            | Self::Unlock { .. }
            | Self::Delete
            | Self::DeleteCas { .. }
            | Self::DeleteTree => true,
            Self::Get
            | Self::GetTree
            | Self::GetOrEmpty
            | Self::CheckIndex { .. }
            | Self::CheckSession { .. }
            | Self::CheckNotExists => false,
        }
    }

    /// Whether the verb removes what is there.
    #[must_use]
    pub const fn is_delete(self) -> bool {
        matches!(self, Self::Delete | Self::DeleteCas { .. } | Self::DeleteTree)
    }

    /// Consul's name of the verb.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Set => "set",
            Self::Cas { .. } => "cas",
            Self::Lock { .. } => "lock",
            Self::Unlock { .. } => "unlock",
            Self::Delete => "delete",
            Self::DeleteCas { .. } => "delete-cas",
            Self::DeleteTree => "delete-tree",
            Self::Get => "get",
            Self::GetTree => "get-tree",
            Self::GetOrEmpty => "get-or-empty",
            Self::CheckIndex { .. } => "check-index",
            Self::CheckSession { .. } => "check-session",
            Self::CheckNotExists => "check-not-exists",
        }
    }
}

impl fmt::Display for KvVerb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl KvOp {
    /// An operation that brings no value.
    #[must_use]
    pub fn new(verb: KvVerb, key: impl Into<Key>) -> Self {
        Self { verb, key: key.into(), value: Bytes::new(), flags: 0 }
    }

    /// A plain write.
    #[must_use]
    pub fn set(key: impl Into<Key>, value: impl Into<Bytes>) -> Self {
        Self { value: value.into(), ..Self::new(KvVerb::Set, key) }
    }
}

// serde hands the field over by reference.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_zero(number: &u64) -> bool {
    *number == 0
}
