//! Why a signing request is refused.

/// Far above any honest request.
pub(super) const MAX_LENGTH: usize = 16 * 1024;

/// Why a signing request was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CsrFault {
    /// Longer than any honest request.
    #[error("larger than {MAX_LENGTH} bytes")]
    TooLarge,
    /// Not one PEM block with one PKCS#10 request.
    #[error("not a PKCS#10 certificate request: {0}")]
    Malformed(String),
    /// Not signed by the key inside, or with an algorithm that no peer would accept.
    #[error("the signature is not valid")]
    Signature,
    /// A key outside the list.
    #[error("the key must be ECDSA P-256, P-384 or P-521, or RSA with 2048, 3072 or 4096 bits")]
    KeyKind,
    /// No URI, or several.
    #[error("{0} URI names where exactly one is required")]
    UriCount(usize),
    /// The one URI is somebody else.
    #[error("the URI name {found:?} is not the granted identity {granted:?}")]
    ForeignUri {
        /// What the request asks for.
        found: String,
        /// What the caller may have.
        granted: String,
    },
    /// A DNS name or address that was not granted.
    #[error("the name {0:?} was not granted")]
    ForeignName(String),
    /// Mail addresses, directory names and the like.
    #[error("only URI, DNS and IP names are allowed")]
    NameKind,
    /// It wants to sign certificates.
    #[error("an authority's certificate cannot be requested")]
    Authority,
    /// A usage besides client and server authentication.
    #[error("only client and server authentication can be requested")]
    ExtendedKeyUsage,
    /// An extension that has no place in a request.
    #[error("the extension {0} cannot be requested")]
    Extension(String),
    /// The same extension twice, or two lists of extensions.
    #[error("repeated extensions")]
    Repeated,
}
