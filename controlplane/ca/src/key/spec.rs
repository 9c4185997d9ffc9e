//! Which kinds of key there are.

use rcgen::{PublicKeyData, SignatureAlgorithm};

use crate::der::{self, INTEGER, SEQUENCE};

/// The kinds of key that the CA makes or signs; everything else is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeySpec {
    /// ECDSA on NIST P-256, the default.
    EcP256,
    /// ECDSA on NIST P-384.
    EcP384,
    /// ECDSA on NIST P-521.
    EcP521,
    /// RSA with 2048 bits.
    Rsa2048,
    /// RSA with 3072 bits; read, not offered by the configuration.
    Rsa3072,
    /// RSA with 4096 bits.
    Rsa4096,
}

impl KeySpec {
    /// The kind for `PrivateKeyType` and `PrivateKeyBits`.
    ///
    /// # Errors
    /// The text that Consul gives, with the lengths that exist here.
    pub fn from_config(key_type: &str, bits: u32) -> Result<Self, String> {
        match (key_type, bits) {
            ("ec", 256) => Ok(Self::EcP256),
            ("ec", 384) => Ok(Self::EcP384),
            ("ec", 521) => Ok(Self::EcP521),
            ("rsa", 2048) => Ok(Self::Rsa2048),
            ("rsa", 4096) => Ok(Self::Rsa4096),
            ("ec", _) => Err("EC key length must be one of (256, 384, 521) bits".into()),
            ("rsa", _) => Err("RSA key length must be 2048 or 4096 bits".into()),
            _ => Err("private key type must be either 'ec' or 'rsa'".into()),
        }
    }

    /// `ec` or `rsa`.
    #[must_use]
    pub fn key_type(self) -> &'static str {
        match self {
            Self::EcP256 | Self::EcP384 | Self::EcP521 => "ec",
            Self::Rsa2048 | Self::Rsa3072 | Self::Rsa4096 => "rsa",
        }
    }

    /// The length of the curve's field or of the modulus.
    #[must_use]
    pub fn bits(self) -> u32 {
        match self {
            Self::EcP256 => 256,
            Self::EcP384 => 384,
            Self::EcP521 => 521,
            Self::Rsa2048 => 2048,
            Self::Rsa3072 => 3072,
            Self::Rsa4096 => 4096,
        }
    }

    /// The kind for leaves under a CA of this kind. TLS libraries of the BoringSSL family do not
    /// take P-521 in a handshake, so leaves stop at P-384.
    #[must_use]
    pub fn for_leaf(self) -> Self {
        match self {
            Self::EcP384 | Self::EcP521 => Self::EcP384,
            Self::EcP256 | Self::Rsa2048 | Self::Rsa3072 | Self::Rsa4096 => self,
        }
    }

    /// The kind of a public key given as SubjectPublicKeyInfo, if it is one of the list.
    pub(crate) fn of_public_key(spki: &[u8]) -> Option<Self> {
        let parsed = rcgen::SubjectPublicKeyInfo::from_der(spki).ok()?;
        let algorithm = parsed.algorithm();
        if algorithm == &rcgen::PKCS_ECDSA_P256_SHA256 {
            Some(Self::EcP256)
        } else if algorithm == &rcgen::PKCS_ECDSA_P384_SHA384 {
            Some(Self::EcP384)
        } else if is_p521(algorithm) {
            Some(Self::EcP521)
        } else if algorithm == &rcgen::PKCS_RSA_SHA256 {
            rsa_spec(parsed.der_bytes())
        } else {
            None
        }
    }

    /// How certificates are signed with such a key.
    pub(super) fn algorithm(self) -> &'static SignatureAlgorithm {
        match self {
            Self::EcP256 => &rcgen::PKCS_ECDSA_P256_SHA256,
            Self::EcP384 => &rcgen::PKCS_ECDSA_P384_SHA384,
            Self::EcP521 => &rcgen::PKCS_ECDSA_P521_SHA512,
            Self::Rsa2048 | Self::Rsa3072 | Self::Rsa4096 => &rcgen::PKCS_RSA_SHA256,
        }
    }
}

/// P-521 has one entry per digest; the first found stands for the curve.
fn is_p521(algorithm: &SignatureAlgorithm) -> bool {
    [&rcgen::PKCS_ECDSA_P521_SHA256, &rcgen::PKCS_ECDSA_P521_SHA384, &rcgen::PKCS_ECDSA_P521_SHA512]
        .into_iter()
        .any(|candidate| candidate == algorithm)
}

/// The modulus length out of an RSAPublicKey.
fn rsa_spec(public_key: &[u8]) -> Option<KeySpec> {
    let parts = der::read_all(der::read_exact(public_key, SEQUENCE)?.content)?;
    let modulus = parts.first().filter(|part| part.tag == INTEGER)?.content;
    let modulus = modulus.strip_prefix(&[0]).unwrap_or(modulus);
    let bits = modulus.len() * 8 - modulus.first()?.leading_zeros() as usize;
    match bits {
        2048 => Some(KeySpec::Rsa2048),
        3072 => Some(KeySpec::Rsa3072),
        4096 => Some(KeySpec::Rsa4096),
        _ => None,
    }
}
