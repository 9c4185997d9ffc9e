//! Private keys in the forms from before PKCS#8.

use rcgen::{KeyPair, PublicKeyData};
use rustls_pki_types::PrivateKeyDer;

use super::KeySpec;
use crate::der::{self, BIT_STRING, INTEGER, OCTET_STRING, SEQUENCE};
use crate::pem;

/// The form that Consul hands out and every old client reads: SEC1 for EC, PKCS#1 for RSA.
pub(super) fn pem(key: &[u8], pair: &KeyPair, spec: KeySpec) -> Option<String> {
    let is_pkcs8 = matches!(PrivateKeyDer::try_from(key).ok()?, PrivateKeyDer::Pkcs8(_));
    let inner = if is_pkcs8 { pkcs8_inner(key)? } else { key };
    Some(match spec {
        KeySpec::EcP256 | KeySpec::EcP384 | KeySpec::EcP521 => pem::encode("EC PRIVATE KEY", &sec1(inner, pair)?),
        KeySpec::Rsa2048 | KeySpec::Rsa3072 | KeySpec::Rsa4096 => pem::encode("RSA PRIVATE KEY", inner),
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
