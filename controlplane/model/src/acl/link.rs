//! How tokens and roles name policies and roles.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A policy or a role, by its id, or where there is none by its name. Stored ones have ids only, so that a
/// new name changes nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(default)]
pub struct Link {
    pub id: Uuid,
    pub name: String,
}

impl Link {
    /// By its id.
    #[must_use]
    pub const fn to(id: Uuid) -> Self {
        Self { id, name: String::new() }
    }

    /// By its name.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self { id: Uuid::nil(), name: name.to_owned() }
    }
}
