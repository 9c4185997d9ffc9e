//! The identifiers that Consul shows for roots and keys.

use sha1::{Digest as _, Sha1};
use sha2::Sha256;

/// Bytes as lower-case hex pairs joined by colons.
#[must_use]
pub fn colon_hex(bytes: &[u8]) -> String {
    let pairs: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    pairs.join(":")
}

/// A root's id: the SHA-1 of its DER.
#[must_use]
pub fn root_id(certificate_der: &[u8]) -> String {
    colon_hex(&Sha1::digest(certificate_der))
}

/// The key id that certificates of this CA carry: the SHA-256 of the SubjectPublicKeyInfo.
#[must_use]
pub fn key_id(spki_der: &[u8]) -> Vec<u8> {
    Sha256::digest(spki_der).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_colon_hex_of_the_digest() {
        assert_eq!(root_id(b"abc"), "a9:99:3e:36:47:06:81:6a:ba:3e:25:71:78:50:c2:6c:9c:d0:d8:9d");
        assert_eq!(key_id(b"abc").len(), 32);
        assert_eq!(colon_hex(&[0, 255]), "00:ff");
    }
}
