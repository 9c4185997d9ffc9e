//! Roles: what several tokens have in common.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::identity::Identities;
use super::link::Link;
use super::policy::is_name;

/// Policies and identities under a name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Role {
    pub id: Uuid,
    pub name: String,
    pub description: String,
    pub policies: Vec<Link>,
    pub identities: Identities,
}

impl Role {
    /// Checks its name.
    ///
    /// # Errors
    /// What is wrong, in Consul's words.
    pub fn validate_name(&self) -> Result<(), String> {
        if self.name.is_empty() {
            return Err("Invalid Role: no Name is set".to_owned());
        }
        if !is_name(&self.name, 256) {
            return Err("Invalid Role: invalid Name. Only alphanumeric characters, '-' and '_' are allowed".to_owned());
        }
        Ok(())
    }
}
