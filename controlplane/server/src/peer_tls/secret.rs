//! The join secret: what all servers of a cluster know and nobody else.

use std::fmt;

use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Keeps what is derived here apart from other uses of the same secret.
const SALT: &[u8] = b"weft servers 1";
const CA_KEY: &[u8] = b"ed25519 key of the servers' CA";

/// Consul's key: 16, 24 or 32 bytes. Its debug form shows nothing.
pub(crate) struct JoinSecret(Vec<u8>);

impl fmt::Debug for JoinSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JoinSecret(hidden)")
    }
}

/// A new join secret, as text.
#[must_use]
pub fn generate() -> String {
    STANDARD.encode(rand::random::<[u8; 32]>())
}

impl JoinSecret {
    /// # Errors
    /// It is no key. The text is not repeated.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let bytes = STANDARD.decode(text.trim()).map_err(|_| "is not base64: weft keygen makes a key".to_owned())?;
        match bytes.len() {
            16 | 24 | 32 => Ok(Self(bytes)),
            length => Err(format!("holds {length} bytes; a key has 16, 24 or 32: weft keygen makes one")),
        }
    }

    /// One that nobody else has.
    pub(super) fn random() -> Self {
        Self(rand::random::<[u8; 32]>().to_vec())
    }

    /// One that everybody has.
    pub(super) fn development() -> Self {
        Self(b"weft: for loopback addresses only".to_vec())
    }

    /// The private key of the servers' CA.
    pub(super) fn ca_seed(&self) -> anyhow::Result<[u8; 32]> {
        struct Seed;
        impl KeyType for Seed {
            fn len(&self) -> usize {
                32
            }
        }
        let failed = |_| anyhow::anyhow!("the servers' key cannot be derived");
        let mut seed = [0; 32];
        let extracted = Salt::new(HKDF_SHA256, SALT).extract(&self.0);
        extracted.expand(&[CA_KEY], Seed).and_then(|okm| okm.fill(&mut seed)).map_err(failed)?;
        Ok(seed)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_consul_are_keys_here() {
        for length in [16, 24, 32] {
            assert!(JoinSecret::read(&STANDARD.encode(vec![7; length])).is_ok());
        }
        assert!(JoinSecret::read(&format!(" {}\n", generate())).is_ok());
        assert_ne!(generate(), generate());
    }

    #[test]
    fn a_fault_does_not_show_what_was_given() {
        for text in ["not base64, but secret", "c2VjcmV0"] {
            let fault = JoinSecret::read(text).unwrap_err();
            assert!(fault.contains("weft keygen") && !fault.contains(text), "{fault}");
        }
        assert_eq!(format!("{:?}", JoinSecret::random()), "JoinSecret(hidden)");
    }

    #[test]
    fn the_same_secret_gives_the_same_key_for_ever() {
        let seed = JoinSecret::read(&STANDARD.encode([7; 32])).unwrap().ca_seed().unwrap();
        assert_eq!(seed, JoinSecret::read(&STANDARD.encode([7; 32])).unwrap().ca_seed().unwrap());
        assert_ne!(seed, JoinSecret::read(&STANDARD.encode([8; 32])).unwrap().ca_seed().unwrap());
        assert_eq!(STANDARD.encode(seed), "tgQLSFTNJ7bn4G9ly9H30OnSD35O4XxoEwolmih5vhM=");
    }
}
