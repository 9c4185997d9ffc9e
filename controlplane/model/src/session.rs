//! Sessions: who may hold locks, and when that ends.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::names::{CheckId, NodeName, parse_uuid};
use crate::time::GoDuration;

/// The id of a session. Chosen by the proposer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SessionId(pub Uuid);

/// What becomes of the keys that a session holds when it ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Behavior {
    /// They stay, unlocked.
    #[default]
    Release,
    Delete,
}

/// A check of an instance that a session depends on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ServiceCheck {
    #[serde(rename = "ID")]
    pub id: CheckId,
    #[serde(default)]
    pub namespace: String,
}

/// A holder of locks. It ends when it is destroyed, when its time passes without renewal, when its
/// node goes, and when one of its checks turns critical or goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    pub id: SessionId,
    pub name: String,
    pub node: NodeName,
    /// For how long after the end nobody can lock what the session held.
    pub lock_delay: GoDuration,
    pub behavior: Behavior,
    /// A session without renewal lives at least this long. `None`: it needs no renewal.
    pub ttl: Option<GoDuration>,
    /// The time to live as it was written; answers repeat it.
    pub ttl_text: String,
    pub node_checks: Vec<CheckId>,
    pub service_checks: Vec<ServiceCheck>,
}

impl SessionId {
    /// Reads a session's id.
    ///
    /// # Errors
    /// Consul's words for what is no id.
    pub fn parse(text: &str) -> Result<Self, String> {
        parse_uuid(text).map(Self).map_err(|reason| format!("failed session lookup: {reason}"))
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl Behavior {
    /// Consul's word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::Delete => "delete",
        }
    }

    /// Reads Consul's word; empty is the default.
    ///
    /// # Errors
    /// Consul's refusal.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text {
            "" | "release" => Ok(Self::Release),
            "delete" => Ok(Self::Delete),
            other => Err(format!("Invalid Behavior setting '{other}'")),
        }
    }
}

impl Session {
    /// The shortest time to live.
    pub const TTL_MIN: Duration = Duration::from_secs(10);
    /// The longest time to live.
    pub const TTL_MAX: Duration = Duration::from_secs(86_400);
    /// When nothing else is asked for.
    pub const LOCK_DELAY_DEFAULT: Duration = Duration::from_secs(15);
    /// A longer one is accepted and kept this long.
    pub const LOCK_DELAY_MAX: Duration = Duration::from_secs(60);

    /// Reads a time to live of at least `least`; empty and zero: none.
    ///
    /// # Errors
    /// Consul's refusal.
    pub fn parse_ttl(text: &str, least: Duration) -> Result<Option<GoDuration>, String> {
        if text.is_empty() {
            return Ok(None);
        }
        let ttl = GoDuration::parse(text).map_err(|error| format!("Session TTL '{text}' invalid: {error}"))?;
        if !ttl.is_zero() && !(least..=Self::TTL_MAX).contains(&ttl.0) {
            return Err(format!(
                "Invalid Session TTL '{}', must be between [{}={}]",
                ttl.0.as_nanos(),
                GoDuration(least),
                GoDuration(Self::TTL_MAX)
            ));
        }
        Ok((!ttl.is_zero()).then_some(ttl))
    }

    /// All checks that the session depends on.
    pub fn checks(&self) -> impl Iterator<Item = &CheckId> {
        self.node_checks.iter().chain(self.service_checks.iter().map(|check| &check.id))
    }
}
