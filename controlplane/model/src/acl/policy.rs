//! Policies: rules under a name.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::builtin::{management, read_only};
use super::rules::Rules;

/// Rules under a name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Policy {
    pub id: Uuid,
    pub name: String,
    pub description: String,
    /// As they were written.
    pub rules: String,
    /// Only there; none: everywhere.
    pub datacenters: Vec<String>,
}

impl Policy {
    /// May do everything.
    pub const MANAGEMENT: Uuid = Uuid::from_u128(1);
    /// May see everything.
    pub const READ_ONLY: Uuid = Uuid::from_u128(2);

    /// The policies that are always there. They are part of the program: nobody changes them.
    #[must_use]
    pub fn builtin() -> &'static [Self; 2] {
        static BUILTIN: LazyLock<[Policy; 2]> = LazyLock::new(|| {
            let policy = |id, name: &str, description: &str, rules: &Rules| Policy {
                id,
                name: name.to_owned(),
                description: description.to_owned(),
                rules: rules.to_string(),
                datacenters: Vec::new(),
            };
            [
                policy(
                    Policy::MANAGEMENT,
                    "global-management",
                    "Builtin Policy that grants unlimited access",
                    &management(),
                ),
                policy(
                    Policy::READ_ONLY,
                    "builtin/global-read-only",
                    "Builtin Policy that grants unlimited read access to all components",
                    &read_only(),
                ),
            ]
        });
        &BUILTIN
    }

    /// The built-in policy with this id.
    #[must_use]
    pub fn builtin_by_id(id: Uuid) -> Option<&'static Self> {
        Self::builtin().iter().find(|policy| policy.id == id)
    }

    /// Checks it.
    ///
    /// # Errors
    /// What is wrong, in Consul's words.
    pub fn validate(&self) -> Result<(), String> {
        if self.name.is_empty() {
            return Err("Invalid Policy: no Name is set".to_owned());
        }
        if !is_name(&self.name, 128) {
            return Err(
                "Invalid Policy: invalid Name. Only alphanumeric characters, '-' and '_' are allowed".to_owned()
            );
        }
        Rules::parse(&self.rules).map(drop).map_err(|faults| format!("Failed to parse ACL rules: {faults}"))
    }
}

/// Names of policies, roles and auth methods.
#[must_use]
pub fn is_name(name: &str, length_max: usize) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    !name.is_empty() && name.len() <= length_max && name.bytes().all(fits)
}
