//! What is kept of a token's secret.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A digest of a secret. Secrets are random enough for a digest alone to hide them.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SecretHash(pub [u8; 32]);

impl SecretHash {
    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0 == [0; 32]
    }
}

impl fmt::Debug for SecretHash {
    /// Not even the digest has a place in a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretHash(hidden)")
    }
}
