//! What can go wrong in the CA, with the texts that reach the user.

use crate::config::faults::ConfigFaults;
use crate::csr::fault::CsrFault;
use crate::seal::SealError;
use crate::spiffe::SpiffeError;

/// A refusal or failure of the CA.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CaError {
    /// The configuration names a provider that does not exist.
    #[error("could not initialize provider: unknown CA provider {0:?}")]
    UnknownProvider(String),
    /// The provider's keys are wrong.
    #[error("error configuring provider: {0}")]
    Config(#[from] ConfigFaults),
    /// The operator's key or certificate cannot be a root. Names the configuration key.
    #[error("error configuring provider: {field}: {reason}")]
    Material {
        /// `PrivateKey` or `RootCert`.
        field: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The signing request was refused.
    #[error("invalid CSR: {0}")]
    Csr(#[from] CsrFault),
    /// A name that fits no SPIFFE id.
    #[error(transparent)]
    Spiffe(#[from] SpiffeError),
    /// The old root cannot vouch for the new one.
    #[error(
        "The current CA Provider does not support cross-signing ({0}). You can try again with \
         ForceWithoutCrossSigning set but this may cause disruption until every leaf is replaced."
    )]
    CrossSigning(String),
    /// The root's key is sealed and cannot be opened here, or it cannot be sealed.
    #[error(transparent)]
    Sealed(#[from] SealError),
    /// There is nothing to sign with.
    #[error("no active root CA")]
    NoActiveRoot,
    /// The root's life is over, or it cannot cover the certificate asked for.
    #[error("the root certificate {id} is not valid at this time")]
    RootNotValid {
        /// The root's id.
        id: String,
    },
    /// A stored value or a cryptographic operation failed. Never contains key material.
    #[error("certificate authority: {0}")]
    Internal(String),
}

impl From<rcgen::Error> for CaError {
    fn from(error: rcgen::Error) -> Self {
        Self::Internal(error.to_string())
    }
}

impl CaError {
    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::Internal(message.into())
    }
}
