//! The name of a cluster's trust.

use std::fmt;
use std::str::FromStr;

use super::SpiffeError;

/// The name of a cluster's trust: `<uuid>.consul`, lower case.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TrustDomain(String);

impl TrustDomain {
    /// The trust domain of the cluster with this id.
    ///
    /// # Errors
    /// When the id is no host label.
    pub fn of_cluster(cluster_id: &str) -> Result<Self, SpiffeError> {
        format!("{cluster_id}.consul").parse()
    }

    /// The whole name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part before the first dot: the cluster's id.
    #[must_use]
    pub fn cluster_id(&self) -> &str {
        self.0.split('.').next().unwrap_or_default()
    }

    /// The first eight characters of the cluster's id, as common names carry them.
    #[must_use]
    pub fn short(&self) -> &str {
        let id = self.cluster_id();
        id.get(..8).unwrap_or(id)
    }
}

impl FromStr for TrustDomain {
    type Err = SpiffeError;

    fn from_str(text: &str) -> Result<Self, SpiffeError> {
        let label = |label: &str| {
            !label.is_empty()
                && label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        };
        if text.len() > 255 || !text.split('.').all(label) {
            return Err(SpiffeError::TrustDomain(text.to_owned()));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for TrustDomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
