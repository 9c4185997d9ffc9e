//! Key pairs: which kinds there are, making one, reading one, and its PEM as Consul writes it.

use std::fmt;

use rcgen::{KeyPair, PublicKeyData, RsaKeySize, SignatureAlgorithm};
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::SectionKind;
use weft_model::ca::PrivateKeyPem;

use crate::der::{self, BIT_STRING, INTEGER, OCTET_STRING, SEQUENCE};
use crate::error::CaError;
use crate::pem;

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

    fn algorithm(self) -> &'static SignatureAlgorithm {
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

/// A key pair of a listed kind. Its debug form shows the kind only.
pub struct CaKey {
    pair: KeyPair,
    spec: KeySpec,
    pem: PrivateKeyPem,
}

impl fmt::Debug for CaKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CaKey").field("spec", &self.spec).finish_non_exhaustive()
    }
}

impl CaKey {
    /// Makes a new key from the system's randomness. Slow for RSA: call it off the hot path.
    ///
    /// # Errors
    /// When the cryptographic library fails.
    pub fn generate(spec: KeySpec) -> Result<Self, CaError> {
        let pair = match spec {
            KeySpec::EcP256 | KeySpec::EcP384 | KeySpec::EcP521 => KeyPair::generate_for(spec.algorithm()),
            KeySpec::Rsa2048 => KeyPair::generate_rsa_for(spec.algorithm(), RsaKeySize::_2048),
            KeySpec::Rsa3072 => KeyPair::generate_rsa_for(spec.algorithm(), RsaKeySize::_3072),
            KeySpec::Rsa4096 => KeyPair::generate_rsa_for(spec.algorithm(), RsaKeySize::_4096),
        }?;
        Self::from_der(&pair.serialize_der()).map_err(CaError::Internal)
    }

    /// Reads a key in PKCS#8, SEC1 or PKCS#1.
    ///
    /// # Errors
    /// What is wrong, without the key's text.
    pub fn from_pem(key: &PrivateKeyPem) -> Result<Self, String> {
        let keys: Vec<_> = pem::decode_all(&key.0)?
            .into_iter()
            .filter(|(kind, _)| {
                matches!(kind, SectionKind::PrivateKey | SectionKind::EcPrivateKey | SectionKind::RsaPrivateKey)
            })
            .collect();
        match keys.as_slice() {
            [(_, der)] => Self::from_der(der),
            [] => Err("no PEM-encoded private key found".into()),
            _ => Err("more than one private key found".into()),
        }
    }

    fn from_der(key: &[u8]) -> Result<Self, String> {
        let pair = KeyPair::try_from(key).map_err(|_| "not a usable private key".to_owned())?;
        let spec = KeySpec::of_public_key(&pair.subject_public_key_info()).ok_or(
            "the key's kind is not supported: PrivateKeyType must be ec (PrivateKeyBits 256, 384, 521) \
             or rsa (PrivateKeyBits 2048, 3072, 4096)",
        )?;
        let pem = PrivateKeyPem(traditional_pem(key, &pair, spec).ok_or("not a usable private key")?);
        Ok(Self { pair, spec, pem })
    }

    /// The kind of this key.
    #[must_use]
    pub fn spec(&self) -> KeySpec {
        self.spec
    }

    /// The private key, as `EC PRIVATE KEY` or `RSA PRIVATE KEY`.
    #[must_use]
    pub fn private_pem(&self) -> &PrivateKeyPem {
        &self.pem
    }

    /// The public key as SubjectPublicKeyInfo.
    #[must_use]
    pub fn public_key(&self) -> Vec<u8> {
        self.pair.subject_public_key_info()
    }

    pub(crate) fn pair(&self) -> &KeyPair {
        &self.pair
    }
}

/// The form that Consul hands out and every old client reads: SEC1 for EC, PKCS#1 for RSA.
fn traditional_pem(key: &[u8], pair: &KeyPair, spec: KeySpec) -> Option<String> {
    let is_pkcs8 = matches!(PrivateKeyDer::try_from(key).ok()?, PrivateKeyDer::Pkcs8(_));
    let inner = if is_pkcs8 { pkcs8_inner(key)? } else { key };
    Some(match spec.key_type() {
        "ec" => pem::encode("EC PRIVATE KEY", &sec1(inner, pair)?),
        _ => pem::encode("RSA PRIVATE KEY", inner),
    })
}

/// The octets inside `PrivateKeyInfo { version, algorithm, OCTET STRING }`.
fn pkcs8_inner(key: &[u8]) -> Option<&[u8]> {
    let parts = der::read_all(der::read_exact(key, SEQUENCE)?.content)?;
    parts.get(2).filter(|part| part.tag == OCTET_STRING).map(|part| part.content)
}

/// An ECPrivateKey with its curve and public key, which PKCS#8 leaves out of the inner structure.
fn sec1(inner: &[u8], pair: &KeyPair) -> Option<Vec<u8>> {
    let parts = der::read_all(der::read_exact(inner, SEQUENCE)?.content)?;
    let secret = parts.get(1).filter(|part| part.tag == OCTET_STRING)?;
    let spki = pair.subject_public_key_info();
    let (algorithm, public) = der::read_public_key(&spki)?;
    let curve = der::read_all(algorithm)?.get(1)?.raw.to_vec();
    let public = der::element(BIT_STRING, &[&[0], public].concat());
    Some(der::sequence(&[
        &der::element(INTEGER, &[1]),
        secret.raw,
        &der::element(0xa0, &curve),
        &der::element(0xa1, &public),
    ]))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_ec_kind_round_trips_through_its_pem() {
        for spec in [KeySpec::EcP256, KeySpec::EcP384, KeySpec::EcP521] {
            let key = CaKey::generate(spec).unwrap();
            assert!(key.private_pem().0.starts_with("-----BEGIN EC PRIVATE KEY-----\n"));
            let again = CaKey::from_pem(key.private_pem()).unwrap();
            assert_eq!((again.spec(), again.public_key()), (spec, key.public_key()));
            assert_eq!(again.private_pem(), key.private_pem());
        }
    }

    #[test]
    fn rsa_round_trips_through_its_pem() {
        let key = CaKey::generate(KeySpec::Rsa2048).unwrap();
        assert!(key.private_pem().0.starts_with("-----BEGIN RSA PRIVATE KEY-----\n"));
        let again = CaKey::from_pem(key.private_pem()).unwrap();
        assert_eq!((again.spec(), again.public_key()), (KeySpec::Rsa2048, key.public_key()));
    }

    #[test]
    fn debug_output_holds_no_key() {
        let key = CaKey::generate(KeySpec::EcP256).unwrap();
        let secret = key.private_pem().0.lines().nth(1).unwrap().to_owned();
        for shown in [format!("{key:?}"), format!("{key:#?}"), format!("{:?}", key.private_pem())] {
            assert!(!shown.contains(&secret) && !shown.contains("BEGIN"), "{shown}");
        }
    }

    #[test]
    fn other_kinds_of_key_are_refused_without_showing_them() {
        let foreign = KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap().serialize_pem();
        let refusal = CaKey::from_pem(&PrivateKeyPem(foreign)).unwrap_err();
        assert!(refusal.contains("PrivateKeyType"), "{refusal}");
        assert!(CaKey::from_pem(&PrivateKeyPem("garbage".into())).is_err());
    }

    #[test]
    fn leaves_stay_within_what_envoys_tls_takes() {
        assert_eq!(KeySpec::EcP521.for_leaf(), KeySpec::EcP384);
        assert_eq!(KeySpec::EcP256.for_leaf(), KeySpec::EcP256);
    }
}
