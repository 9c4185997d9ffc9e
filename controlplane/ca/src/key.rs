//! Key pairs: making one, reading one, and its PEM as Consul writes it.

mod spec;
mod traditional;

use std::fmt;

use rcgen::{KeyPair, PublicKeyData, RsaKeySize};
use rustls_pki_types::pem::SectionKind;
use weft_model::ca::PrivateKeyPem;
use zeroize::Zeroize;

use crate::error::CaError;
use crate::pem;
use crate::seal;

pub use spec::KeySpec;

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

impl Drop for CaKey {
    fn drop(&mut self) {
        self.pem.0.zeroize();
        self.pair.zeroize();
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
        if seal::is_sealed(key) {
            let id = seal::sealed_with(key).unwrap_or("of an unknown form");
            return Err(format!("the key is sealed (key {id}, see connect.ca_seal_key_file) and was not opened here"));
        }
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
        let pem = PrivateKeyPem(traditional::pem(key, &pair, spec).ok_or("not a usable private key")?);
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
