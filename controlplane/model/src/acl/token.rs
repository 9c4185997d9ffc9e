//! Tokens.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::identity::Identities;
use super::link::Link;
use super::secret_hash::SecretHash;
use crate::time::{GoDuration, Timestamp};

/// What a secret stands for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Token {
    /// Its public name.
    pub accessor: Uuid,
    pub secret: SecretHash,
    pub description: String,
    pub policies: Vec<Link>,
    pub roles: Vec<Link>,
    pub identities: Identities,
    /// Of this datacenter alone.
    pub local: bool,
    /// By which login it came; empty: by none.
    pub auth_method: String,
    /// From then on it is no token any more.
    pub expires: Option<Timestamp>,
    pub created: Timestamp,
}

/// How a token comes into the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TokenForm {
    Create,
    /// By an auth method. Roles and policies that do not exist grant nothing.
    Login,
    /// In the place of the one with this accessor; an empty secret leaves the secret.
    Update,
}

impl Token {
    /// What requests without a token have.
    pub const ANONYMOUS: Uuid = Uuid::from_u128(2);
    /// The secret of the anonymous token.
    pub const ANONYMOUS_SECRET: &'static str = "anonymous";

    /// Checks that a new token lives neither too short nor too long.
    ///
    /// # Errors
    /// What is wrong, in Consul's words.
    pub fn check_expiry(&self) -> Result<(), String> {
        const LEAST: GoDuration = GoDuration(Duration::from_secs(60));
        const MOST: GoDuration = GoDuration(Duration::from_secs(24 * 3600));
        let Some(expires) = self.expires else { return Ok(()) };
        if expires <= self.created {
            return Err("ExpirationTime cannot be before CreateTime".to_owned());
        }
        let left = GoDuration(expires.since(self.created));
        if left.0 < LEAST.0 {
            return Err(format!("ExpirationTime cannot be less than {LEAST} in the future (was {left})"));
        }
        if left.0 > MOST.0 {
            return Err(format!("ExpirationTime cannot be more than {MOST} in the future (was {left})"));
        }
        Ok(())
    }

    /// Whether it is past its time.
    #[must_use]
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }
}

/// Ids that are kept for built-in things.
#[must_use]
pub fn is_reserved(id: Uuid) -> bool {
    id.as_u128() <= 0xff
}
